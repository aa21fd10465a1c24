import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions, PlotPanel } from "../../lib/figure/drawing.ts";
import { chartFrame } from "../../lib/figure/loss_axis.ts";
import { formatNumber } from "../../lib/figure/text.ts";
import { type Figure, figure } from "../../mod.ts";
import type { Lineup } from "./rounds.ts";
import { undisturbed } from "./undisturbed.ts";

/** What a landscape is made larger in. */
export type CostAxis = "points" | "samples" | "parameters" | "workers";

/** The time of a landscape of some size. */
export interface CostPoint {
  /** What is varied. */
  axis: CostAxis;
  /** How much of it. */
  x: number;
  /** Seconds; for workers, points a second. */
  y: number;
  /** What a core could do around it, in GFLOP/s. */
  peak?: number;
}

/** Parameters of an MLP 2→h→h→2. */
const parametersOf = (h: number) => 3 * h + h * (h + 1) + 2 * (h + 1);

/** Measures landscapes of growing size, each once; call it again for another round. */
export async function costs(
  { ask }: Lineup,
  { cores, limit, tries }: { cores: number; limit: number; tries: number },
  only: readonly CostAxis[],
): Promise<CostPoint[]> {
  const found: CostPoint[] = [];
  const base = { what: "surface", workload: "W1", seconds: 0.3 };
  const add = async (axis: CostAxis, x: number, y: () => Promise<number>) => {
    if (!only.includes(axis)) return;
    const { value, peak } = await undisturbed(y, { cores, tries });
    const point = { axis, x, y: value, peak };
    console.error(`cost · ${axis} ${x}: ${point.y.toPrecision(3)}`);
    found.push(point);
  };
  for (const resolution of [21, 41, 58, 71, 82, 92]) {
    const points = resolution ** 2;
    await add(
      "points",
      points,
      async () => await ask({ ...base, resolution }, cores, limit) * points / 1000,
    );
  }
  for (const samples of [1000, 2000, 4000, 6000, 8000, 10000]) {
    await add(
      "samples",
      samples,
      async () => await ask({ ...base, samples, resolution: 25 }, cores, limit) * 625 / 1000,
    );
  }
  for (const h of [50, 150, 220, 270, 310, 350]) {
    await add(
      "parameters",
      parametersOf(h),
      async () =>
        await ask({ ...base, widths: [2, h, h, 2], resolution: 25 }, cores, limit) * 625 / 1000,
    );
  }
  for (let workers = 1; workers <= cores; workers++) {
    await add(
      "workers",
      workers,
      async () => 1000 / await ask({ ...base, workload: "W2", resolution: 21 }, workers, limit),
    );
  }
  return found;
}

/** A straight line through points, by least squares, and the share of the variance that it explains. */
export function lineThrough(points: readonly { x: number; y: number }[]) {
  const mean = (f: (p: { x: number; y: number }) => number) =>
    points.reduce((sum, p) => sum + f(p), 0) / points.length;
  const [x, y] = [mean((p) => p.x), mean((p) => p.y)];
  const slope = mean((p) => (p.x - x) * (p.y - y)) / mean((p) => (p.x - x) ** 2);
  const intercept = y - slope * x;
  const left = mean((p) => (p.y - intercept - slope * p.x) ** 2);
  return { slope, intercept, r2: 1 - left / mean((p) => (p.y - y) ** 2) };
}

const panels: Record<CostAxis, { title: string; label: string; per: (slope: number) => string }> = {
  points: {
    title: "seconds, W1 with 1,000 samples",
    label: "points",
    per: (slope) => `${formatNumber(1e3 * slope, 2)} ms a point`,
  },
  samples: {
    title: "seconds, W1 at 625 points",
    label: "samples",
    per: (slope) => `${formatNumber(1e9 * slope / 625, 2)} ns a sample and point`,
  },
  parameters: {
    title: "seconds, MLP 2→h→h→2 at 625 points",
    label: "parameters",
    per: (slope) => `${formatNumber(1e9 * slope / 625, 2)} ns a parameter and point`,
  },
  workers: {
    title: "points a second, W2",
    label: "workers, one a core",
    per: (slope) => `${formatNumber(slope, 3)} points a second a worker`,
  },
};

/** The median of what was measured at each size. */
export function medians(points: readonly CostPoint[], axis: CostAxis): { x: number; y: number }[] {
  const at = Map.groupBy(points.filter((p) => p.axis === axis), ({ x }) => x);
  return [...at].map(([x, all]) => {
    const sorted = all.map(({ y }) => y).sort((a, b) => a - b), middle = sorted.length >> 1;
    return { x, y: sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2 };
  }).sort((a, b) => a.x - b.x);
}

/** What a landscape costs against its size, with straight lines. */
export function costFigure(points: readonly CostPoint[], machine: string): Figure {
  return figure({ points, machine }, drawCosts);
}

function drawCosts(
  { points, machine }: { points: readonly CostPoint[]; machine: string },
  { theme, width }: DrawOptions,
): Drawing {
  const rounds = Math.max(
    0,
    ...Map.groupBy(points, ({ axis, x }) => `${axis} ${x}`).values().map((all) => all.length),
  );
  const { margins, xAxis } = chartFrame();
  const axes = (Object.keys(panels) as CostAxis[]).filter((axis) => medians(points, axis).length);
  const fits = axes.map((axis) => lineThrough([...anchor(axis), ...medians(points, axis)]));
  const panel = (axis: CostAxis, k: number): PlotPanel => {
    const at = medians(points, axis), all = points.filter((p) => p.axis === axis);
    const fit = fits[k], { title, label, per } = panels[axis], most = at.at(-1)!.x;
    const line = [0, most].map((x) => ({ x, y: fit.intercept + fit.slope * x }));
    return {
      title,
      plot: {
        ...margins,
        marginBottom: 42,
        height: 210,
        x: {
          ...xAxis,
          label,
          domain: [0, most * 1.04],
          ...(axis === "workers" && { ticks: at.map(({ x }) => x) }),
        },
        y: {
          grid: true,
          tickSize: 0,
          ticks: 4,
          label: null,
          domain: [0, Math.max(...all.map(({ y }) => y)) * 1.12],
          tickFormat: (value: number) => formatNumber(value),
        },
        marks: [
          Plot.line(line, { x: "x", y: "y", stroke: theme.quiet, strokeWidth: 1.2 }),
          Plot.dot(all, { x: "x", y: "y", r: 2, fill: theme.quiet, fillOpacity: 0.5 }),
          Plot.dot(at, { x: "x", y: "y", r: 3.5, fill: theme.accent }),
          Plot.text([0], {
            frameAnchor: "top-left",
            dx: 8,
            dy: 4,
            lineHeight: 1.35,
            text: () =>
              axis === "workers" ? speedup(at) : `${per(fit.slope)}\nR² ${fit.r2.toFixed(4)}`,
            textAnchor: "start",
            fill: theme.ink,
            stroke: theme.paper,
            strokeWidth: 4,
          }),
        ],
      },
    };
  };
  return {
    title: "A landscape's cost grows as its points, samples and parameters",
    subtitle:
      `Whole landscapes with workers running; ${
        rounds === 1 ? "one round" : `medians of ${rounds} rounds`
      }, single rounds ` +
      `behind, lines by least squares · ${machine}`,
    summary: axes.map((axis, k) => `${axis}: R² ${fits[k].r2.toFixed(4)}`).join(", "),
    key: [
      { label: "median", swatch: "dot", color: theme.accent },
      { label: "single rounds", swatch: "dot", color: theme.quiet },
      { label: "straight line", swatch: "line", color: theme.quiet },
    ],
    panels: axes.map(panel),
    columns: width >= 500 ? 2 : 1,
  };
}

/** No workers compute no points: with few cores that point carries the line. */
const anchor = (axis: CostAxis) => axis === "workers" ? [{ x: 0, y: 0 }] : [];

const speedup = (at: readonly { y: number }[]) =>
  `${at.length} workers: ${(at.at(-1)!.y / at[0].y).toFixed(2)} times\nthe points of one`;
