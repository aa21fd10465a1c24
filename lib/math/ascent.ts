import { added, dot, type Vector } from "../vector.ts";
import { type Ball, farthest, reach } from "./ball.ts";

/** A function with its gradient at a point. */
export interface Slope {
  /** Its value. */
  value: number;
  /** Its gradient. */
  gradient: Vector;
}

/** Where an ascent ended. */
export interface Ascent {
  /** The highest value that was seen. */
  value: number;
  /** Where. */
  delta: Float64Array;
  /**
   * max over the ball of ⟨g, δ′ − δ⟩: what the slope there still promises, in the units of the value. 0 at a
   * local maximum.
   */
  gap: number;
  /** Whether the gap is within the tolerance, a share of all that the slope could give. */
  converged: boolean;
}

/** How an ascent goes. */
export interface AscentOptions {
  /** Where to begin, inside of the ball. */
  start: Float64Array;
  /** The most gradients. */
  steps: number;
  /** The largest gap of a converged ascent, relative to what the slope gives at the farthest points. */
  tolerance: number;
  /** Called before each gradient; false ends the ascent. */
  go(): boolean;
}

/**
 * A local maximum of f over a ball by projected gradient ascent with the longest steps: from δ to the point of
 * the ball that lies farthest along the gradient (conditional gradient; on a quadratic this is power iteration),
 * halfway and less where that does not lead upwards. For a convex f every step does.
 *
 * A value that is NaN or ∞ is higher than all others, and ends it.
 */
export async function ascent(
  f: (delta: Float64Array) => Promise<Slope>,
  ball: Ball,
  { start, steps, tolerance, go }: AscentOptions,
): Promise<Ascent | undefined> {
  let delta = start, at: Slope | undefined;
  let left = steps;
  const evaluate = async (point: Float64Array) => {
    if (left-- <= 0 || !go()) return undefined;
    return await f(point);
  };
  at = await evaluate(delta);
  if (!at) return undefined;
  for (;;) {
    const farther = farthest(ball, at.gradient), along = reach(ball, at.gradient);
    const gap = Math.max(0, along - dot(at.gradient, delta));
    const here = { value: at.value, delta, gap, converged: gap <= tolerance * along };
    if (here.converged || !Number.isFinite(at.value)) return here;
    let next: Slope | undefined, point = farther;
    for (let share = 1;; share /= 2) {
      if (share < 1 / 16) return here;
      if (share < 1) point = added(scaledBy(delta, 1 - share), farther, share);
      next = await evaluate(point);
      if (!next) return here;
      if (!(next.value <= at.value)) break;
    }
    delta = point;
    at = next;
  }
}

const scaledBy = (vector: Float64Array, scale: number) => vector.map((x) => scale * x);
