import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions, PlotPanel } from "../figure/drawing.ts";
import { chartFrame } from "../figure/loss_axis.ts";
import { formatNumber, formatTicks } from "../figure/text.ts";

/** What the drawing needs to know of an eigenvector plane. */
export interface DrawnEigenPlane {
  /** The curvature along each direction. */
  readonly curvatures: Float64Array;
  /** How far each may be from an eigenvalue. */
  readonly residuals: Float64Array;
  /** The slope along each direction. */
  readonly slopes: Float64Array;
  /** The curvature along a random direction. */
  readonly randomCurvature: number;
  /** The loss along each, and along the random direction. */
  readonly profiles: readonly {
    readonly coordinates: Float64Array;
    readonly along: Float64Array;
    readonly random: Float64Array;
  }[];
  /** The loss at the origin. */
  readonly center: number;
  /** True if it was stopped. */
  readonly partial: boolean;
  /** Where the numbers come from. */
  readonly provenance?: { readonly samples?: number; readonly seed?: number };
}

/** The loss along both eigenvectors with the parabolas of their curvatures, beside a random direction. */
export function drawEigenPlane(plane: DrawnEigenPlane, { theme }: DrawOptions): Drawing {
  const { curvatures, slopes, residuals, randomCurvature, profiles, center, partial, provenance } =
    plane;
  const [high, low] = Array.from(curvatures, (value) => formatNumber(value));
  const { margins, xAxis } = chartFrame();
  const { samples, seed } = provenance ?? {};
  const panels = profiles.map(({ coordinates, along, random }, k): PlotPanel => {
    const rows = Array.from(coordinates, (x, i) => ({
      x,
      along: finite(along[i]),
      random: finite(random[i]),
      parabola: center + slopes[k] * x + curvatures[k] * x * x / 2,
    }));
    // What was not reached is no gap of the loss: the points that were are joined.
    const reached = (y: "along" | "random") =>
      partial ? rows.filter((row) => !Number.isNaN(row[y])) : rows;
    const line = (y: "along" | "random", stroke: string, strokeWidth: number) => [
      Plot.line(reached(y), { x: "x", y, stroke, strokeWidth }),
      ...(partial ? [Plot.dot(reached(y), { x: "x", y, fill: stroke, r: 2.5 })] : []),
    ];
    return {
      title: `loss along the ${k ? "lowest" : "steepest"}, λ = ${k ? low : high}`,
      plot: {
        ...margins,
        marginBottom: 42,
        height: 240,
        x: { ...xAxis, ticks: 5, label: "distance in θ" },
        y: { grid: true, ticks: 4, tickSize: 0, label: null, tickFormat: formatTicks() },
        marks: [
          ...line("random", theme.quiet, 1.4),
          ...line("along", theme.series[0], 2),
          Plot.line(rows, {
            x: "x",
            y: "parabola",
            stroke: theme.accent,
            strokeWidth: 1.4,
            strokeDasharray: "4 3",
          }),
        ],
      },
    };
  });
  // below 0 by more than it may be off
  const falls = curvatures[1] < -residuals[1];
  return {
    title: falls
      ? `Curvature of both signs: ${high} and ${low}`
      : `Curvature from ${low} to ${high}`,
    subtitle: [
      ...(partial ? ["stopped before its end"] : []),
      `a random direction has ${formatNumber(randomCurvature, 2)}`,
      `residuals ${Array.from(residuals, (r) => formatNumber(r, 1)).join(" and ")}`,
      `loss ${formatNumber(center)} at the centre`,
      ...(samples === undefined ? [] : [`mean over ${formatNumber(samples, 8)} samples`]),
      ...(seed === undefined ? [] : [`seed ${seed}`]),
    ].join(" · "),
    summary: `Eigenvector plane: curvature ${high} and ${low}, ${
      formatNumber(randomCurvature, 2)
    } along a random direction`,
    columns: 2,
    key: [
      { label: "along the eigenvector", swatch: "line", color: theme.series[0] },
      { label: "its slope and curvature alone", swatch: "dash", color: theme.accent },
      { label: "along a random direction", swatch: "line", color: theme.quiet },
    ],
    panels,
    marks: [],
  };
}

const finite = (value: number) => Number.isFinite(value) ? value : NaN;
