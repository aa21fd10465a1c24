import { axisOf, coarseToFine, type Extent } from "./grid.ts";
import { along, type Interpolation } from "./interpolate/along.ts";
import { checkVector, type Layout, part } from "./layout.ts";
import { checkLoss, type Loss } from "./loss.ts";
import { checkInteger, checkPoints as checkCount, describe, optionsOf } from "./options.ts";
import { type Control, steps } from "./progress.ts";
import { largestSingle } from "./range.ts";
import type { Slice } from "./slice.ts";
import { norm, type Vector } from "./vector.ts";

export type { Interpolation } from "./interpolate/along.ts";

/** The options of {@link interpolate}. */
export interface InterpolateOptions extends Control {
  /** Where to begin, at most 0; default −0.5. */
  from?: number;
  /** Where to end, at least the number of the last point; default half beyond it, 1.5 for two points. */
  to?: number;
  /** The number of points, at least 2, default 41. */
  resolution?: number;
  /** `"layer"` keeps the norm of each weight tensor on the way between those of the ends; default `"none"`. */
  normalize?: "none" | "layer";
  /** What the points are called in the figure, one name for each; by default "first" and "second". */
  names?: readonly string[];
  /** The seed of the bootstrap of intervals; default 42. */
  seed?: number;
}

const doing = "interpolate the loss";

/**
 * The loss and accuracy on the straight way between two points of weight space, and a bit beyond
 * (Goodfellow et al., 2015; Frankle et al., 2020): (1 − t)·a + t·b. More points make a way from each to the
 * next, with whole numbers at the points. Whole numbers are always sampled, exactly at the points: the grid
 * point nearest to each is moved onto it, or one is added where the grid is too coarse.
 *
 * Halfway between two networks weights are shorter than at either end, which alone can raise the loss.
 * `normalize: "layer"` takes this away: the straight way gives each weight tensor its direction, and its
 * norm goes from ‖a‖ to ‖b‖ linearly. Moving statistics of batch norm are interpolated too, and kept
 * at those of the outer points beyond them.
 *
 * Cost: one evaluation a point.
 *
 * @param loss any {@link Loss}
 * @param points two or more vectors
 * @throws {RangeError} if there are fewer than two points, one does not fit the layout or equals the one
 * before, names are not as many, resolution is below 2, from is above 0, or to is below the number of the
 * last point.
 *
 * ```ts
 * import { factorization, interpolate } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { barrier } = await interpolate(factorization(), [Float64Array.of(1, 1), Float64Array.of(-1, -1)]);
 * assertEquals(barrier, 0.5);
 * ```
 */
export async function interpolate(
  loss: Loss,
  points: readonly Vector[],
  options: InterpolateOptions = {},
): Promise<Interpolation> {
  checkLoss(loss, doing);
  checkPoints(loss.layout, points);
  const last = points.length - 1;
  const { from = -0.5, to = last + 0.5, resolution = 41, normalize = "none", names, seed = 42 } =
    optionsOf(options, doing);
  checkInteger(seed, "seed", doing);
  const axis = wayOf({ from, to }, last, resolution);
  if (normalize !== "none" && normalize !== "layer") {
    throw new RangeError(`Cannot ${doing}: normalize must be "none" or "layer", got ${normalize}`);
  }
  checkNames(names, points.length);
  for (const end of [from, to]) {
    const theta = pointOn(points, end, loss.layout, normalize === "layer");
    const most = loss.precision === "float32" ? largestSingle : Number.MAX_VALUE;
    if (theta.every((x) => Math.abs(x) <= most)) continue;
    throw new RangeError(
      `Cannot ${doing}: θ at ${end} is too large for ${
        most === largestSingle || theta instanceof Float32Array ? "float32" : "float64"
      }; take from and to nearer to the points`,
    );
  }
  const job = { label: "interpolation", total: axis.length + 1, unit: "points" };
  return await steps(options, job, async (job) => {
    const at = (t: number) => pointOn(points, t, loss.layout, normalize === "layer");
    const straight = points.length === 2 && normalize === "none" &&
      !loss.layout.tensors.some(({ role }) => role === "state");
    return await along(loss, {
      axis,
      range: { from, to },
      label: labelOf(names, points.length),
      order: knotsFirst(axis, last),
      names,
      seed,
      at,
      ...(straight && { within: between(points[0], points[1]) }),
    }, job);
  });
}

function checkNames(names: readonly string[] | undefined, count: number): void {
  if (names === undefined || (Array.isArray(names) && names.length === count)) return;
  throw new RangeError(
    `Cannot ${doing}: names must be one for each of the ${count} points, got ${
      Array.isArray(names) ? names.length : describe(names)
    }`,
  );
}

/** What the axis is. */
function labelOf(names: readonly string[] | undefined, count: number): string {
  const [first, second] = names ?? ["the first point", "the second"];
  if (count === 2) return `from ${first} (0) to ${second} (1)`;
  return names
    ? `through ${names.map((name, k) => `${name} (${k})`).join(", ")}`
    : `through ${count} points`;
}

function checkPoints(layout: Layout, points: readonly Vector[]): void {
  if (!Array.isArray(points) || points.length < 2) {
    throw new RangeError(
      `Cannot ${doing}: it needs a list of two or more vectors, got ${
        Array.isArray(points) ? points.length : describe(points)
      }`,
    );
  }
  points.forEach((point: Vector, k) => {
    checkVector(layout, point, doing, `point ${k + 1}`);
    if (k > 0 && point.every((x, i) => x === points[k - 1][i])) {
      throw new RangeError(`Cannot ${doing}: points ${k} and ${k + 1} are equal; leave one out`);
    }
  });
}

/** An axis with all whole numbers from 0 to `last` on it. */
function wayOf({ from, to }: Extent, last: number, resolution: number): Float64Array {
  if (typeof resolution !== "number") {
    throw new TypeError(
      `Cannot ${doing}: resolution must be a number, got ${describe(resolution)}`,
    );
  }
  if (!(resolution >= 2)) {
    throw new RangeError(`Cannot ${doing}: resolution must be at least 2, got ${resolution}`);
  }
  if (!Number.isInteger(resolution)) {
    throw new RangeError(`Cannot ${doing}: resolution must be an integer, got ${resolution}`);
  }
  checkCount([resolution], doing, 1e6);
  if (!(Number.isFinite(from) && from <= 0)) {
    throw new RangeError(
      `Cannot ${doing}: from must be 0 or less, where the first point is, got ${from}`,
    );
  }
  if (!(Number.isFinite(to) && to >= last)) {
    throw new RangeError(
      `Cannot ${doing}: to must be ${last} or more, where the last point is, got ${to}`,
    );
  }
  const axis = axisOf({ from, to }, resolution);
  const added: number[] = [];
  for (let knot = 0; knot <= last; knot++) {
    if (axis.includes(knot)) continue;
    // the ends and other whole numbers stay where they are
    const free = [...axis.keys()].slice(1, -1).filter((i) => !Number.isInteger(axis[i]));
    const nearest = free.reduce(
      (best, i) => Math.abs(axis[i] - knot) < Math.abs(axis[best] - knot) ? i : best,
      free[0],
    );
    const step = (to - from) / (resolution - 1);
    if (nearest !== undefined && Math.abs(axis[nearest] - knot) < step) axis[nearest] = knot;
    else added.push(knot);
  }
  return added.length ? Float64Array.from([...axis, ...added]).sort() : axis;
}

/** The slice from one point to the next: 0 is a, 1 is b. */
export function between(a: Vector, b: Vector): Slice {
  return { origin: a, directions: [Float64Array.from(b, (x, i) => x - a[i])] };
}

/** The numbers of the points on an axis, those at whole numbers first, the others from coarse to fine. */
export function knotsFirst(axis: Float64Array, last: number): number[] {
  const isKnot = (i: number) => Number.isInteger(axis[i]) && axis[i] >= 0 && axis[i] <= last;
  const order = [...coarseToFine([axis.length])];
  return [...order.filter(isKnot), ...order.filter((i) => !isKnot(i))];
}

/** The point at t, rounded once; exactly `points[t]` where t is a whole number. */
export function pointOn(
  points: readonly Vector[],
  t: number,
  layout: Layout,
  normalized = false,
): Vector {
  const last = points.length - 1;
  const leg = Math.min(Math.max(Math.floor(t), 0), last - 1);
  const a = points[leg], b = points[leg + 1], u = t - leg;
  if (u === 0 || u === 1) return u === 0 ? a : b;
  const theta = a.slice() as Vector;
  for (let i = 0; i < theta.length; i++) theta[i] = (1 - u) * a[i] + u * b[i];
  for (const tensor of layout.tensors) {
    const [mixed, pa, pb] = [part(theta, tensor), part(a, tensor), part(b, tensor)];
    if (tensor.role === "state") {
      // a variance beyond the ends could fall below 0
      const v = Math.min(Math.max(u, 0), 1);
      for (let i = 0; i < mixed.length; i++) mixed[i] = (1 - v) * pa[i] + v * pb[i];
    } else if (normalized && tensor.role === "weight") {
      const length = norm(mixed), wanted = Math.abs((1 - u) * norm(pa) + u * norm(pb));
      if (length > 0) mixed.forEach((x, i) => mixed[i] = x * wanted / length);
    }
  }
  return theta;
}
