import type { SublevelBasin } from "../math/sublevel.ts";
import { sizeOf } from "../vector.ts";
import { sizeAt, type TopologyNoise } from "./noise.ts";

/** What speaks for a basin and what against it. */
export interface Judgement {
  /** The height of its saddle above its minimum; ∞ without a saddle. */
  persistence: number;
  /** What the persistence must exceed. */
  needed: number;
  /** What that is: the noise of the samples, rounding, or what may hide between the points of the grid. */
  limit: "noise" | "rounding" | "grid";
  /** Whether the basin is told from what only looks like one. */
  counts: boolean;
}

/** Whether a basin counts, and what it had to exceed. */
export function judge(
  basin: SublevelBasin,
  { values, shape, noise }: {
    values: Float64Array;
    shape: readonly number[];
    noise: TopologyNoise;
  },
): Judgement {
  const { minimum, saddle } = basin, { kind, threshold, share } = noise;
  const needed = share === undefined ? threshold : share * sizeAt(basin, values);
  const limit = kind === "bootstrap" ? "noise" : "rounding";
  if (saddle < 0) return { persistence: Infinity, needed, limit, counts: true };
  const persistence = values[saddle] - values[minimum], hidden = dip(values, shape, saddle);
  return {
    persistence,
    ...(hidden > needed ? { needed: hidden, limit: "grid" } : { needed, limit }),
    counts: persistence > needed && persistence > hidden,
  };
}

/**
 * How far the loss may fall between the points next to one: ½ Σ max(0, Δₖ²L), with the second difference along
 * each axis, around the nearest point where it is known.
 */
function dip(values: Float64Array, shape: readonly number[], point: number): number {
  let sum = 0, stride = sizeOf(shape);
  for (const n of shape) {
    stride /= n;
    const i = Math.floor(point / stride) % n;
    const bends = [0, -1, 1].filter((shift) => i + shift > 0 && i + shift < n - 1)
      .map((shift) => point + shift * stride)
      .map((p) => values[p - stride] - 2 * values[p] + values[p + stride]);
    sum += Math.max(0, bends.find(Number.isFinite) ?? 0);
  }
  return sum / 2;
}
