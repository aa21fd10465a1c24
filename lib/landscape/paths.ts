import type { DrawOptions, KeyEntry, Overlay } from "../figure/drawing.ts";
import { formatNumber, formatShare } from "../figure/text.ts";
import type { DrawnLandscape } from "./drawn.ts";

/** A path among the overlays. */
export interface DrawnPath {
  /** One point for each checkpoint. */
  readonly coordinates: readonly Float64Array[];
  /** The epoch of each. */
  readonly epochs: ArrayLike<number>;
  /** How far each checkpoint is from the slice. */
  readonly residuals?: ArrayLike<number>;
  /** How far each checkpoint is from the origin of the slice. */
  readonly distances?: ArrayLike<number>;
  /** The share of its squared movement that is along the slice. */
  readonly inPlane?: number;
}

/** A path that is laid on a landscape, with its name where it needs one, and its colour. */
export interface LaidPath extends DrawnPath {
  /** What it is called; undefined where it is the only overlay and nobody named it. */
  readonly name?: string;
  /** Its colour. */
  readonly color: string;
}

/** The paths of as many coordinates among the results that are laid on top. */
export function pathsAmong(
  { overlay, names, theme }: Pick<DrawOptions, "overlay" | "names" | "theme">,
  dimensions: number,
): LaidPath[] {
  return overlay.flatMap((other: Overlay & Partial<DrawnPath>, k) => {
    const { coordinates, epochs, residuals, distances, inPlane } = other;
    // points without epochs, such as those that a plane goes through, are no path
    if (!Array.isArray(coordinates) || !epochs || coordinates[0]?.length !== dimensions) return [];
    return [{
      coordinates,
      epochs,
      residuals,
      distances,
      inPlane,
      name: names[k],
      color: theme.series[(k + 1) % theme.series.length],
    }];
  });
}

/** The paths of which something is inside the window of a landscape, a straight piece between checkpoints at least. */
export function pathsInside(
  paths: readonly LaidPath[],
  { axes }: Pick<DrawnLandscape, "axes">,
): LaidPath[] {
  return paths.filter(({ coordinates }) =>
    coordinates.some((point, k) => insidePart(coordinates[Math.max(0, k - 1)], point, axes))
  );
}

/** From where to where a straight piece is inside the window, as shares of it; undefined where it is not. */
export function insidePart(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  axes: readonly Float64Array[],
): [number, number] | undefined {
  let [enter, leave] = [0, 1];
  for (const [k, axis] of axes.entries()) {
    const [low, high] = [axis[0], axis[axis.length - 1]];
    const step = b[k] - a[k];
    if (step === 0) {
      if (a[k] >= low && a[k] <= high) continue;
      return undefined;
    }
    const [s, t] = [(low - a[k]) / step, (high - a[k]) / step];
    enter = Math.max(enter, Math.min(s, t));
    leave = Math.min(leave, Math.max(s, t));
  }
  return enter <= leave ? [enter, leave] : undefined;
}

/** What one sees of several paths, in words. */
export function severalPaths(count: number): string {
  const number = ["Two", "Three", "Four", "Five"][count - 2] ?? count;
  return `${number} paths of training on one loss surface`;
}

/** Paths with names are told apart by colour; where they begin is said once, here. */
export function pathKey(paths: readonly LaidPath[]): KeyEntry[] {
  const named = paths.filter(({ name }) => name !== undefined);
  if (named.length === 0) return [];
  return [
    ...named.map(({ name, color }) => ({ label: name!, swatch: "line", color } as const)),
    { label: "start", swatch: "ring" },
  ];
}

/**
 * What the picture does not show of its paths: how much of their movement is along the slice, how far off it
 * they are, and where they leave the window. The parts of a subtitle.
 */
export function pathNotes(
  paths: readonly LaidPath[],
  { axes, caption }: DrawnLandscape,
): string[] {
  const slice = ["line", "plane", "volume"][axes.length - 1];
  const outside = (point: Float64Array) =>
    axes.some((axis, k) => !(point[k] >= axis[0] && point[k] <= axis[axis.length - 1]));
  return paths.flatMap(({ coordinates, residuals, distances, inPlane, name }) => {
    const share = inPlane === undefined || Number.isNaN(inPlane) ? undefined : formatShare(inPlane);
    // One path that holds what the caption says already is the run that the axes were fitted to.
    const repeated = paths.length === 1 && share !== undefined && caption?.includes(share);
    const notes = [
      share && !repeated && `${share} of its movement in the ${slice}`,
      residuals &&
      `up to ${formatNumber(highest(residuals), 2)} off ${
        share && !repeated ? "it" : `the ${slice}`
      }`,
      distances &&
      `${residuals ? "" : "up to "}${formatNumber(highest(distances), 2)} from the centre`,
      coordinates.every(outside)
        ? "all outside the window"
        : outside(coordinates[coordinates.length - 1])
        ? "ends outside the window"
        : coordinates.some(outside) && "partly outside the window",
    ].filter((note) => typeof note === "string");
    return notes.length ? [`${name ?? "path"}: ${notes.join(", ")}`] : [];
  });
}

const highest = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => Math.max(a, b));
