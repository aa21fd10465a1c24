import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { formatNumber } from "../figure/text.ts";

/** A number with its error. */
interface Measured {
  readonly value: number;
  readonly error: number;
}

/** What the drawing needs to know of the invariances. */
export interface DrawnInvariances {
  readonly measures: readonly {
    readonly name: string;
    readonly original: Measured;
    readonly rescaled?: Measured;
    readonly permuted?: Measured;
  }[];
  readonly factor: number;
  readonly partial: boolean;
  readonly provenance?: { readonly seed?: number };
}

/** A measure in one of the ways, as a multiple of what it is at θ. */
interface Row {
  name: string;
  ratio: number;
  low: number;
  high: number;
}

/** Each measure as a multiple of its value at θ: what is off 1 moved although the function did not. */
export function drawInvariances(data: DrawnInvariances, { theme }: DrawOptions): Drawing {
  const { measures, factor, partial, provenance = {} } = data;
  const rows = (way: "rescaled" | "permuted"): Row[] =>
    measures.flatMap(({ name, original, [way]: other }) => {
      const ratio = other ? other.value / original.value : NaN;
      if (!other || !(ratio > 0 && Number.isFinite(ratio))) return [];
      const spread = 2 * Math.hypot(other.error / other.value, original.error / original.value);
      return [{ name, ratio, low: ratio / (1 + spread), high: ratio * (1 + spread) }];
    });
  const rescaled = rows("rescaled"), permuted = rows("permuted");
  const moved = rescaled.filter(({ low, high }) => low > 1.02 || high < 0.98);
  const farthest = moved.reduce<Row | undefined>(
    (far, row) => far && Math.abs(Math.log(far.ratio)) >= Math.abs(Math.log(row.ratio)) ? far : row,
    undefined,
  );
  const ways = [
    { rows: permuted, label: "units in other places", color: theme.series[0], dy: -5 },
    { rows: rescaled, label: "units rescaled", color: theme.accent, dy: 5 },
  ].filter(({ rows }) => rows.length);
  const domain = domainAround([...rescaled, ...permuted]);
  return {
    title: farthest
      ? `${moved.length} of ${rescaled.length} measures move, and the function does not`
      : "No measure moves, as the function does not",
    subtitle: [
      "each measure as a multiple of its value at θ, for the same function written otherwise",
      ...(rescaled.length
        ? [`units multiplied by 1/${formatNumber(factor)} to ${formatNumber(factor)}`]
        : ["no rescaling leaves this network's function alone"]),
      "whiskers: 2 standard errors or residuals",
      ...(provenance.seed === undefined ? [] : [`seed ${provenance.seed}`]),
      ...(partial ? ["stopped before its end"] : []),
    ].join(" · "),
    summary: farthest
      ? `Invariances: ${moved.length} of ${rescaled.length} measures move under a rescaling, ${farthest.name} the most, × ${
        formatNumber(farthest.ratio)
      }`
      : `Invariances: none of ${measures.length} measures moves`,
    key: ways.map(({ label, color }) => ({ label, swatch: "dot", color })),
    panels: [{
      title: "value, as a multiple of that at θ",
      plot: {
        marginLeft: 150,
        marginRight: 60,
        marginTop: 24,
        marginBottom: 36,
        height: 70 + 34 * measures.length,
        x: {
          type: "log",
          grid: true,
          label: null,
          ticks: ticksIn(domain),
          tickSize: 0,
          tickFormat: (x: number) => `× ${formatNumber(x)}`,
          domain,
        },
        y: {
          type: "point",
          domain: measures.map(({ name }) => name),
          label: null,
          tickSize: 0,
          padding: 0.6,
        },
        marks: [
          Plot.ruleX([1], { stroke: theme.quiet, strokeDasharray: "3,3" }),
          ...ways.flatMap(({ rows, color, dy }) => [
            Plot.ruleY(rows, { y: "name", x1: "low", x2: "high", stroke: color, dy }),
            Plot.dot(rows, { y: "name", x: "ratio", r: 4.5, fill: color, dy }),
          ]),
          Plot.text(moved, {
            y: "name",
            x: "high",
            text: ({ ratio }: Row) => `× ${formatNumber(ratio, 2)}`,
            textAnchor: "start",
            dx: 9,
            dy: 5,
            fill: theme.ink,
            stroke: theme.halo,
            strokeWidth: 3,
          }),
        ],
      },
    }],
  };
}

/** Around all, with 1 inside, and wide enough that rounding does not fill the picture. */
function domainAround(rows: readonly Row[]): [number, number] {
  const low = Math.min(0.8, ...rows.map(({ low }) => low));
  const high = Math.max(1.25, ...rows.map(({ high }) => high));
  return [low / 1.1, high * 1.1];
}

/** 1 and its neighbours by powers of ten, with 2 and 5 between them where there are few. */
function ticksIn([low, high]: [number, number]): number[] {
  const steps = Math.log10(high / low) > 3 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: 41 }, (_, k) => 10 ** (k - 20));
  return powers.flatMap((power) => steps.map((s) => s * power)).filter((x) =>
    x >= low && x <= high
  );
}
