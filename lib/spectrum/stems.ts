import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { formatNumber, textWidth } from "../figure/text.ts";
import { circumstances, type DrawnSpectrum, limitInWords, traceInWords } from "./drawn.ts";

/** An eigenvalue with its place in the order of all. */
interface Stem {
  rank: string;
  value: number;
  low: number;
  high: number;
  converged: boolean;
}

const stem = (rank: number, value: number, residual: number, converged: boolean): Stem => ({
  rank: rank.toLocaleString("en"),
  value,
  low: value - residual,
  high: value + residual,
  converged,
});

/** Both ends of a spectrum as stems, each with its residual as a whisker. */
export function drawStems(spectrum: DrawnSpectrum, { theme, width }: DrawOptions): Drawing {
  const { eigenvalues, bottom, dimension, trace, stability, outcome, partial } = spectrum;
  const top = Array.from(
    eigenvalues,
    (value, k) => stem(k + 1, value, spectrum.residuals[k], spectrum.converged[k]),
  );
  const low = Array.from(
    bottom,
    (value, k) =>
      stem(dimension - k, value, spectrum.bottomResiduals[k], spectrum.bottomConverged[k]),
  ).reverse().filter(({ rank }) => top.every((other) => other.rank !== rank));
  const stems = [...top, ...low].filter(({ value }) => Number.isFinite(value));
  const color = ({ value }: Stem) => value < 0 ? theme.accent : theme.series[0];
  const why = outcome === undefined || outcome === "converged" ? "" : ` (${outcome})`;
  const line = stability && limitWithin(stability.value, stems) ? stability : undefined;
  const off = stems.filter(({ converged }) => !converged).length;
  const margins = { marginLeft: 60, marginRight: 40 };
  // Where the stems are close, every second, third … has its number.
  const widest = Math.max(0, ...stems.map(({ value }) => textWidth(formatNumber(value))));
  const every = Math.ceil(
    (widest + 4) * stems.length / (width - margins.marginLeft - margins.marginRight),
  );
  const first = formatNumber(eigenvalues[0]),
    last = (bottom.length ? bottom[0] : eigenvalues.at(-1)) ?? NaN;
  const known = eigenvalues.length + bottom.length;
  const ends = known > 1 ? `${first} to ${formatNumber(last)}` : known > 0 ? first : "not known";
  // below 0 by more than it may be off
  const falls = bottom[0] < -spectrum.bottomResiduals[0];
  return {
    title: falls
      ? "Curvature: where it is steepest, and where it falls away"
      : "Curvature: where it is steepest",
    subtitle: [
      `eigenvalues ${ends}, of ${dimension.toLocaleString("en")}`,
      ...(trace && trace.probes !== 0 ? [traceInWords(trace)] : []),
      "whiskers: residuals",
      ...(off ? [`${off} of ${stems.length} not converged${why}`] : []),
      ...(stability ? [limitInWords(stability)] : []),
      ...circumstances(spectrum),
    ].join(" · "),
    summary: stems.length
      ? `Spectrum${partial ? " (stopped)" : ""}: ${ends}, ${
        off ? `${off} of ${stems.length} not converged` : "converged to a share of the largest"
      }`
      : `Spectrum${partial ? " (stopped)" : ""}: no finite eigenvalue`,
    key: [
      { label: "positive: uphill both ways", swatch: "dot", color: theme.series[0] },
      ...(stems.some(({ value }) => value < 0)
        ? [{ label: "negative: downhill both ways", swatch: "dot" as const, color: theme.accent }]
        : []),
      ...(off ? [{ label: "not converged", swatch: "ring" as const, color: theme.series[0] }] : []),
      ...(line
        ? [{ label: `limit of stability, ${line.rule}`, swatch: "dash" as const, color: theme.ink }]
        : []),
    ],
    panels: [{
      title: "eigenvalue",
      plot: {
        ...margins,
        marginTop: 42,
        insetTop: 12,
        marginBottom: 42,
        height: 260,
        x: {
          type: "point",
          padding: 0.6,
          domain: stems.map(({ rank }) => rank),
          label: "place in the order of all eigenvalues",
          labelAnchor: "center",
          labelArrow: "none",
          tickSize: 0,
        },
        y: { grid: true, ticks: 5, tickSize: 0, label: null, nice: true },
        marks: [
          Plot.ruleY([0], { stroke: theme.quiet }),
          ...(line
            ? [Plot.ruleY([line.value], { stroke: theme.ink, strokeDasharray: "5 3" })]
            : []),
          Plot.ruleX(stems, { x: "rank", y1: 0, y2: "value", stroke: color, strokeWidth: 2 }),
          Plot.ruleX(stems, {
            x: "rank",
            y1: "low",
            y2: "high",
            stroke: theme.ink,
            strokeWidth: 1,
          }),
          Plot.dot(stems, {
            x: "rank",
            y: "value",
            r: 5,
            stroke: color,
            strokeWidth: 2,
            fill: (d: Stem) => d.converged ? color(d) : theme.paper,
          }),
          Plot.text(stems.filter((_, k) => k % every === 0), {
            x: "rank",
            y: "value",
            text: ({ value }: Stem) => formatNumber(value),
            textAnchor: "start",
            dx: 10,
            dy: -9,
            fill: theme.ink,
            stroke: theme.halo,
            strokeWidth: 3,
          }),
        ],
      },
    }],
  };
}

/** Whether the limit of stability is near enough to be drawn with some eigenvalues. */
function limitWithin(limit: number, stems: readonly { value: number }[]): boolean {
  return limit <= 3 * Math.max(0, ...stems.map(({ value }) => value));
}
