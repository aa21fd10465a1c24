import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { formatShare } from "../figure/text.ts";

/** What the drawing needs to know of principal components. */
export interface DrawnComponents {
  /** The share of each component that is a direction. */
  readonly explained: Float64Array;
  /** The same for a random walk. */
  readonly null: Float64Array;
  /** The shares of all components. */
  readonly scree: {
    readonly explained: Float64Array;
    readonly null: Float64Array;
    readonly nullErrors?: Float64Array;
  };
  /** How many distinct checkpoints there were. */
  readonly checkpoints?: number;
  /** How many runs they are of. */
  readonly runs?: number;
}

const words = ["No direction", "One direction", "Two directions", "Three directions"];

/** The share of the movement along each principal component, beside what a random walk would have. */
export function drawScree(components: DrawnComponents, { theme, width }: DrawOptions): Drawing {
  const { explained, scree, checkpoints, runs = 1 } = components;
  const count = Math.min(10, scree.explained.length);
  const rows = Array.from({ length: count }, (_, k) => ({
    component: `${k + 1}`,
    share: 100 * scree.explained[k],
    walk: 100 * scree.null[k],
    low: 100 * Math.max(0, scree.null[k] - 2 * (scree.nullErrors?.[k] ?? 0)),
    high: 100 * (scree.null[k] + 2 * (scree.nullErrors?.[k] ?? 0)),
    kept: k < explained.length,
  }));
  const top = 1.1 * Math.max(...rows.flatMap(({ share, high }) => [share, high]));
  const held = sum(explained);
  const chance = sum(components.null);
  const kept = explained.length;
  const who = words[kept] ?? `${kept} directions`;
  const margins = { marginLeft: 52, marginRight: 20 };
  // Where the bars are narrow, every second, third … has its number.
  const every = Math.ceil(34 * count / (width - margins.marginLeft - margins.marginRight));
  const marks = [
    Plot.barY(rows, {
      x: "component",
      y: "share",
      fill: theme.series[0],
      fillOpacity: (row: { kept: boolean }) => row.kept ? 1 : 0.45,
      insetLeft: 3,
      insetRight: 3,
    }),
    Plot.ruleX(rows, {
      x: "component",
      y1: "low",
      y2: "high",
      stroke: theme.accent,
      strokeWidth: 1.4,
    }),
    Plot.tickY(rows, { x: "component", y: "walk", stroke: theme.accent, strokeWidth: 2.4 }),
    Plot.text(rows.filter((row, k) => row.share >= 0.5 && k % every === 0), {
      x: "component",
      y: (row: { share: number; high: number }) => Math.max(row.share, row.high),
      text: (row: { share: number }) => formatShare(row.share / 100),
      dy: -9,
      fill: theme.series[0],
      fontWeight: 600,
    }),
  ];
  return {
    title: `${who} hold${kept === 1 ? "s" : ""} ${formatShare(held)} of the movement`,
    subtitle: [
      `${runs > 1 ? "random walks" : "a random walk"} with the same step lengths would have ${
        formatShare(chance)
      } there: ` +
      (held > chance + 0.1
        ? "more than chance explains"
        : held > chance
        ? "little more than chance explains"
        : "no more than chance explains"),
      ...(checkpoints ? [`${checkpoints} checkpoints${runs > 1 ? ` of ${runs} runs` : ""}`] : []),
      ...(scree.explained.length > count
        ? [`the first ${count} of ${scree.explained.length} components`]
        : []),
    ].join(" · "),
    summary: `Principal components: ${formatShare(held)} of the movement in ${kept}, ` +
      `a random walk ${formatShare(chance)}`,
    key: [
      {
        label: runs > 1 ? `these ${runs} runs` : "this run",
        swatch: "bar",
        color: theme.series[0],
      },
      {
        label: (runs > 1 ? "random walks" : "a random walk") +
          (scree.nullErrors ? ", ± 2 standard deviations" : ""),
        swatch: "line",
        color: theme.accent,
      },
    ],
    panels: [{
      title: "share of the movement (explained variance)",
      plot: {
        ...margins,
        marginTop: 30,
        marginBottom: 42,
        height: 280,
        x: {
          type: "band",
          domain: rows.map(({ component }) => component),
          label: "principal component",
          labelAnchor: "center",
          labelArrow: "none",
          tickSize: 0,
        },
        y: {
          grid: true,
          ticks: 5,
          tickSize: 0,
          label: null,
          domain: [0, top],
          tickFormat: (v: number) => `${v}%`,
        },
        marks,
      },
    }],
  };
}

const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
