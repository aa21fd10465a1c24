import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { formatNumber } from "../figure/text.ts";

/** What the drawing needs to know of an audit. */
export interface DrawnAudit {
  readonly checks: readonly {
    readonly name: string;
    readonly value: number;
    readonly expected: number;
    readonly tolerance: number;
    readonly passed: boolean;
  }[];
  readonly passed: boolean;
  readonly partial: boolean;
  readonly provenance?: { readonly engine?: string; readonly precision?: string };
}

/** A table: what was compared, both numbers, how far they are apart and how far they may be. */
export function drawAudit(data: DrawnAudit, { theme, width }: DrawOptions): Drawing {
  const { checks, passed, partial, provenance: { engine, precision } = {} } = data;
  const failed = checks.filter((check) => !check.passed);
  const columns = [
    { head: "compared", at: 0, anchor: "start" as const },
    { head: "one way", at: 0.66, anchor: "end" as const },
    { head: "another way", at: 0.83, anchor: "end" as const },
    { head: "may differ by", at: 1, anchor: "end" as const },
  ];
  const digits = (x: number) => formatNumber(x, 5);
  const cells = checks.flatMap((check, row) => {
    const texts = [
      `${check.passed ? "✓" : "✗"} ${check.name}`,
      digits(check.value),
      digits(check.expected),
      formatNumber(check.tolerance, 2),
    ];
    return texts.map((text, k) => ({ ...columns[k], text, row: row + 1, passed: check.passed }));
  });
  const heads = columns.map(({ head, at, anchor }) => ({ text: head, at, anchor, row: 0 }));
  const texts = (rows: { anchor: "start" | "end" }[], fill: unknown) =>
    (["start", "end"] as const).map((anchor) =>
      Plot.text(rows.filter((row) => row.anchor === anchor), {
        x: "at",
        y: "row",
        text: "text",
        textAnchor: anchor,
        fill: fill as string,
      })
    );
  const title = partial
    ? `Audit: stopped after ${checks.length} checks`
    : passed
    ? `Audit: all ${checks.length} checks passed`
    : `Audit: ${failed.length} of ${checks.length} checks failed`;
  return {
    title,
    subtitle: [
      "the same number by two ways, and how far rounding and truncation may take them apart",
      ...(engine ? [`engine ${engine}`] : []),
      ...(precision ? [precision] : []),
    ].join(" · "),
    summary: failed.length ? `${title}: ${failed.map(({ name }) => name).join("; ")}` : title,
    panels: [{
      plot: {
        marginLeft: 16,
        marginRight: 16,
        marginTop: 8,
        marginBottom: 4,
        height: 30 + 24 * checks.length,
        x: { axis: null, domain: [0, 1] },
        y: { axis: null, domain: [checks.length + 0.5, -0.5] },
        style: { fontSize: width < 480 ? "9px" : "11px" },
        marks: [
          Plot.ruleY([0.5], { stroke: theme.grid }),
          ...texts(heads, theme.quiet),
          ...texts(cells, (d: { passed: boolean }) => d.passed ? theme.ink : theme.accent),
        ],
      },
    }],
  };
}
