import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions, PlotPanel } from "../figure/drawing.ts";
import { formatNumber, formatTicks, textWidth } from "../figure/text.ts";
import { tQuantile } from "../math/student.ts";

/** What the drawing needs to know of the spectra of layers. */
export interface DrawnLayers {
  /** Their names. */
  readonly names: readonly string[];
  /** How many numbers each has. */
  readonly dimensions: Int32Array;
  /** The largest eigenvalues of each, descending. */
  readonly eigenvalues: readonly Float64Array[];
  /** Their residuals. */
  readonly residuals: readonly Float64Array[];
  /** Whether they have converged. */
  readonly converged: readonly (readonly boolean[])[];
  /** The traces. */
  readonly traces?: Float64Array;
  /** Their standard errors. */
  readonly traceErrors?: Float64Array;
  /** How many probes they have. */
  readonly probes?: Int32Array;
  /** How many products were computed. */
  readonly products: number;
  /** Whether it was stopped. */
  readonly partial: boolean;
  /** Where the numbers come from. */
  readonly provenance?: { readonly samples?: number; readonly seed?: number };
}

/** A number of a layer, with its interval. */
interface Row {
  layer: string;
  value: number;
  low: number;
  high: number;
  solid: boolean;
}

/** The largest eigenvalues of each layer, and its trace, the first layer on top. */
export function drawLayers(layers: DrawnLayers, { theme }: DrawOptions): Drawing {
  const { names, dimensions, eigenvalues, residuals, converged, traces, products, partial } =
    layers;
  const { samples, seed } = layers.provenance ?? {};
  const labels = names.map((name, i) => `${name} (${dimensions[i].toLocaleString("en")})`);
  const rows = eigenvalues.flatMap((some, i) =>
    Array.from(some, (value, k): Row => ({
      layer: labels[i],
      value,
      low: value - residuals[i][k],
      high: value + residuals[i][k],
      solid: converged[i][k],
    }))
  );
  const traced = Array.from(traces ?? [], (value, i): Row => {
    const probes = layers.probes![i];
    const half = probes > 1 ? tQuantile(0.975, probes - 1) * layers.traceErrors![i] : NaN;
    return { layer: labels[i], value, low: value - half, high: value + half, solid: true };
  });
  const [blue, , green] = theme.series;
  const panel = (title: string, points: Row[], color: string): PlotPanel => ({
    title,
    plot: {
      marginLeft: Math.min(240, 16 + Math.max(...labels.map((label) => textWidth(label)))),
      marginRight: 50,
      marginTop: 20,
      marginBottom: 28,
      height: 60 + 30 * labels.length,
      x: { grid: true, ticks: 6, tickSize: 0, label: null, zero: true, tickFormat: formatTicks() },
      y: { type: "band", domain: labels, label: null, tickSize: 0 },
      marks: [
        Plot.ruleX([0], { stroke: theme.quiet }),
        Plot.ruleY(points, { y: "layer", x1: 0, x2: "value", stroke: color, strokeWidth: 2 }),
        Plot.ruleY(points, {
          y: "layer",
          x1: "low",
          x2: "high",
          stroke: theme.ink,
          strokeWidth: 1,
        }),
        Plot.dot(points, {
          y: "layer",
          x: "value",
          r: 5,
          stroke: color,
          strokeWidth: 2,
          fill: (row: Row) => row.solid ? color : theme.paper,
        }),
        Plot.text(firstOfEach(points), {
          y: "layer",
          x: "high",
          text: ({ value }: Row) => formatNumber(value),
          textAnchor: "start",
          dx: 10,
          fill: theme.ink,
          stroke: theme.halo,
          strokeWidth: 3,
        }),
      ],
    },
  });
  const sharpest = eigenvalues.reduce(
    (best, [value], i) => value > (eigenvalues[best]?.[0] ?? -Infinity) ? i : best,
    0,
  );
  const off = rows.filter(({ solid }) => !solid).length;
  return {
    title: names.length ? `The sharpest layer is ${names[sharpest]}` : "No layer was reached",
    subtitle: [
      "diagonal blocks, each layer by itself (numbers that it has)",
      "whiskers: residuals" + (traces ? ", 95% interval of the trace over probes" : ""),
      ...(off ? [`${off} of ${rows.length} not converged`] : []),
      `${products.toLocaleString("en")} ${products === 1 ? "product" : "products"}`,
      ...(samples === undefined ? [] : [`mean over ${formatNumber(samples, 8)} samples`]),
      ...(seed === undefined ? [] : [`seed ${seed}`]),
      ...(partial ? ["stopped before its end"] : []),
    ].join(" · "),
    summary: [
      `Curvature of ${names.length} layers${partial ? " (stopped)" : ""}`,
      ...(names.length
        ? [names.map((name, i) => `${name} ${formatNumber(eigenvalues[i][0])}`).join(", ")]
        : []),
    ].join(": "),
    panels: names.length === 0 ? [] : [
      panel(eigenvalues[0]?.length > 1 ? "largest eigenvalues" : "largest eigenvalue", rows, blue),
      ...(traces ? [panel("trace", traced, green)] : []),
    ],
  };
}

const firstOfEach = (rows: readonly Row[]) =>
  rows.filter(({ layer }, i) => rows.findIndex((row) => row.layer === layer) === i);
