import type { DrawOptions } from "../figure/drawing.ts";
import { formatNumber, textWidth } from "../figure/text.ts";

/** What the drawings need to know of a landscape. */
export interface DrawnLandscape {
  /** The coordinates along each axis, rising. */
  readonly axes: readonly Float64Array[];
  /** What each axis measures. */
  readonly labels: readonly string[];
  /** The losses, row-major, the first axis slowest. */
  readonly values: Float64Array;
  /** 1 where the loss was computed. */
  readonly done: Uint8Array;
  /** The loss at the origin. */
  readonly center: number;
  /** True if it was stopped before its last point. */
  readonly partial: boolean;
  /** s/√n at each point. */
  readonly standardErrors?: Float64Array;
  /** s/√n·√(1 − n/N) at each point. */
  readonly subsampleErrors?: Float64Array;
  /** The error of the difference to the centre at each point. */
  readonly differenceErrors?: Float64Array;
  /** 95% intervals at each point. */
  readonly intervals?: {
    readonly low: Float64Array;
    readonly high: Float64Array;
    readonly method?: "bootstrap" | "t";
  };
  /** The share of samples that are classified correctly. */
  readonly accuracies?: Float64Array;
  /** Where the numbers come from. */
  readonly provenance?: {
    readonly engine?: string;
    readonly precision?: string;
    /** The seed of the bootstrap. */
    readonly seed?: number;
    readonly samples?: number;
    readonly samplesAvailable?: number;
  };
  /** How it was made, in a few words. */
  readonly caption?: string;
  /** Where it is a way from point to point, with whole numbers at the points: the rise above the straight line. */
  readonly barrier?: number;
  /** The standard error of that rise. */
  readonly barrierError?: number;
  /** What the points of that way are called. */
  readonly names?: readonly string[];
}

/**
 * The points from which a landscape can be drawn: all, or, where it was stopped, the finest lattice through
 * the middle that is complete (landscapes are sampled from coarse to fine).
 */
export function completeLattice(
  { axes, done }: Pick<DrawnLandscape, "axes" | "done">,
): { stride: number; picks: Int32Array[] } {
  const shape = axes.map((axis) => axis.length);
  const longest = Math.max(...shape);
  for (let stride = 1; stride < longest; stride *= 2) {
    const picks = shape.map((n) => lattice(n, stride));
    if (picks.some((pick) => pick.length < 2)) break;
    if (every(picks, shape, (index) => done[index] === 1)) return { stride, picks };
  }
  return { stride: 1, picks: shape.map((n) => lattice(n, 1)) };
}

/** 0 … n − 1 in steps, counted from the middle. */
const lattice = (n: number, stride: number) =>
  Int32Array.from({ length: n }, (_, i) => i).filter((i) => (i - (n >> 1)) % stride === 0);

function every(picks: Int32Array[], shape: number[], test: (index: number) => boolean): boolean {
  const visit = (axis: number, offset: number): boolean =>
    axis === shape.length
      ? test(offset)
      : picks[axis].every((i) => visit(axis + 1, offset * shape[axis] + i));
  return visit(0, 0);
}

/** The values of a plane of points, x first: NaN where the loss is NaN or ±∞ or was not computed. */
export interface Plane {
  /** Coordinates along x, rising. */
  readonly x: Float64Array;
  /** Coordinates along y, rising. */
  readonly y: Float64Array;
  /** The loss at (x[i], y[j]), or NaN: index i·y.length + j. */
  readonly values: Float64Array;
  /** 1 where there is no loss since it was not computed. */
  readonly missing: Uint8Array;
}

/** A landscape of two directions as a plane, coarser where it was stopped. */
export function planeOf(landscape: DrawnLandscape): Plane & { stride: number } {
  const { axes, values, done } = landscape;
  const { stride, picks: [px, py] } = completeLattice(landscape);
  const ny = axes[1].length;
  const indices = [...px].flatMap((i) => [...py].map((j) => i * ny + j));
  return {
    stride,
    x: Float64Array.from(px, (i) => axes[0][i]),
    y: Float64Array.from(py, (j) => axes[1][j]),
    values: Float64Array.from(
      indices,
      (k) => done[k] && Number.isFinite(values[k]) ? values[k] : NaN,
    ),
    missing: Uint8Array.from(indices, (k) => done[k] ? 0 : 1),
  };
}

/** The names of the points that a way leads through, at 0, 1, …; none where it is not such a way. */
export function stationsOf({ axes: [axis], barrier, names }: DrawnLandscape): string[] {
  if (barrier === undefined) return [];
  if (names) return [...names];
  const last = Math.max(1, Math.floor(axis[axis.length - 1]));
  return last === 1
    ? ["first", "second"]
    : Array.from({ length: last + 1 }, (_, k) => `point ${k + 1}`);
}

/** What stands at 0. */
export function originOf(landscape: DrawnLandscape): string {
  if (landscape.barrier === undefined) return "the centre";
  return landscape.names?.[0] ?? "the first point";
}

/** How a landscape was made, and what to be careful about; the parts of a subtitle. */
export function circumstances(
  landscape: DrawnLandscape,
  stride = 1,
  notes: readonly string[] = [],
): string[] {
  const { axes, values, done, center, partial, provenance = {}, caption } = landscape;
  const { samples, samplesAvailable } = provenance;
  const computed = done.reduce((n, d) => n + d, 0);
  const diverged = values.reduce((n, v, i) => n + (done[i] && !Number.isFinite(v) ? 1 : 0), 0);
  return [
    caption,
    partial &&
    `stopped after ${formatNumber(Math.floor(100 * computed / done.length), 2)}% of the points` +
      (stride > 1 ? `: drawn from every ${ordinal(stride)} point along each axis` : ""),
    diverged > 0 &&
    `NaN or ∞ at ${formatNumber(diverged, 6)} of ${formatNumber(done.length, 8)} points`,
    ...notes,
    `loss ${formatNumber(center)} at ${originOf(landscape)}`,
    `${axes.map((axis) => axis.length).join(" × ")} points`,
    samples !== undefined &&
    (samplesAvailable !== undefined && samplesAvailable > samples
      ? `mean over ${formatNumber(samples, 8)} of ${formatNumber(samplesAvailable, 8)} samples`
      : `mean over ${formatNumber(samples, 8)} samples`),
  ].filter((part): part is string => typeof part === "string" && part !== "");
}

const ordinal = (n: number) => n === 2 ? "2nd" : `${n}th`;

/** One line with the headline numbers. */
export function summaryOf(landscape: DrawnLandscape): string {
  const { axes, values, done, center, partial, labels } = landscape;
  const finite = values.filter((v, i) => done[i] && Number.isFinite(v));
  const span = finite.length
    ? `${formatNumber(finite.reduce((a, b) => Math.min(a, b)))} to ${
      formatNumber(finite.reduce((a, b) => Math.max(a, b)))
    }`
    : "nowhere finite";
  const shape = axes.map((axis) => axis.length).join(" × ");
  return `Loss landscape, ${shape} points${partial ? " (stopped)" : ""}: ${
    formatNumber(center)
  } at ${originOf(landscape)}, ` +
    `${span}; ${labels.join("; ")}`;
}

/** Labels without what they share or add: "PC 1 · 88% of the movement" as "PC 1", and what was left out. */
export function shortened(labels: readonly string[]): { short: string[]; rest: string[] } {
  const parts = labels.map((label) => /^(.*?)(?: · |, )(.*)$/.exec(label));
  return {
    short: labels.map((label, k) => parts[k]?.[1] ?? label),
    rest: [
      ...new Set(
        parts.map((part, k) =>
          !part ? "" : ofItsOwn(labels[k]) ? labels[k].replace(" · ", " ") : `axes ${part[2]}`
        ),
      ),
    ].filter((text) => text !== ""),
  };
}

/** Labels that fit beside axes of these lengths in px; what had to be left out goes into the subtitle. */
export function fitted(
  labels: readonly string[],
  lengths: readonly number[],
): { short: readonly string[]; rest: string[] } {
  if (labels.every((label, k) => textWidth(label) <= lengths[k])) {
    return { short: labels, rest: [] };
  }
  return shortened(labels);
}

/** Whether a label tells something of its own axis only. */
const ofItsOwn = (label: string) => label.includes(" · ");

/** Log or linear, where the user says which. */
export function askedScale({ plot }: DrawOptions): "log" | "linear" | undefined {
  const { type } = plot.color ?? {};
  if (type === undefined || type === "log" || type === "linear") return type;
  throw new RangeError(
    `Cannot draw the landscape: color.type must be "log" or "linear", got "${type}"`,
  );
}
