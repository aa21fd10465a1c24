import { checkLayout, checkVector, clearState, type Layout, type Role, roles } from "./layout.ts";
import { random } from "./math/random.ts";
import { checkInteger, describe, largestVector, optionsOf } from "./options.ts";
import { named } from "./slice.ts";
import { added, dot, firstNotFinite, norm, scaled, sizeOf, type Vector } from "./vector.ts";

/** What of a direction is given the length of the weights: each filter, each tensor, or nothing. */
export type Normalization = "filter" | "layer" | "none";

/** How a direction is fitted to the weights it starts from. */
export interface NormalizeOptions {
  /** Default `"filter"`. */
  normalize?: Normalization;
  /** Roles that are not moved; default bias and norm. `state` never moves. */
  ignore?: readonly Role[];
}

/** The options of {@link randomDirections}. */
export interface DirectionOptions extends NormalizeOptions {
  /** How many, default 2. */
  count?: number;
  /** Whether they are made orthogonal to each other, default false. */
  orthogonal?: boolean;
  /** Default 42. */
  seed?: number;
}

/**
 * Gaussian directions, fitted to the weights at `origin` so that one step along them is as large as the
 * weights are (Li et al., 2018):
 *
 * - `"filter"`: each output unit (the slice at one index of a tensor's `unitAxis`) is scaled to the norm of
 *   the unit's weights. What has no unit axis is one unit. One unit of a coordinate is a relative change of
 *   every filter by 100%, which makes networks of different scale comparable.
 * - `"layer"`: each tensor is scaled to its weights' norm.
 * - `"none"`: the direction has length 1, and coordinates are distances in the space of weights.
 *
 * `state` and what is in `ignore` are zero. Random directions in many dimensions are nearly orthogonal
 * (cosine 1/√n); `orthogonal` makes them exactly so, by Gram–Schmidt within each unit (tensor, vector)
 * *before* it is scaled, so that the normalization stays exact. Only units with fewer weights than there are
 * directions cannot be orthogonal each; if there are such, whole directions are made orthogonal afterwards:
 * their lengths stay, the norms of units only nearly.
 *
 * Cost: count·n normal draws. The first direction is the same for every `count`.
 *
 * @param layout where tensors and their units are
 * @param origin the weights
 * @returns `count` vectors in double precision: what is rounded is a point, once
 * @throws {RangeError} if origin does not fit the layout, nothing is left to move, or all that may move is 0.
 *
 * ```ts
 * import { initialize, layout, randomDirections } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const net = layout({ w: [20, 3], b: { shape: [3], role: "bias" } });
 * const theta = initialize(net);
 * const [direction] = randomDirections(net, theta, { seed: 7 });
 * const firstUnit = (v: ArrayLike<number>) => Math.hypot(...Array.from({ length: 20 }, (_, i) => v[3 * i]));
 * assertAlmostEquals(firstUnit(direction), firstUnit(theta), 1e-6);
 * ```
 */
export function randomDirections(
  layout: Layout,
  origin: Vector,
  options: DirectionOptions = {},
): Float64Array[] {
  const doing = "draw directions";
  const { count = 2, orthogonal = false, seed = 42, ...fit } = optionsOf(options, doing);
  checkLayout(layout, doing);
  const most = Math.max(1, Math.floor(largestVector / layout.size));
  checkInteger(count, "count", doing, { least: 1, most });
  const units = unitsOf(layout, origin, fit, doing);
  if (orthogonal && units.moved < count) {
    throw new RangeError(
      `Cannot ${doing}: only ${units.moved} numbers may move, too few for ${count} orthogonal directions`,
    );
  }
  const { normal } = random(seed, "randomDirections");
  const directions: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const direction = Float64Array.from(units.unit, (u) => u < 0 ? 0 : normal());
    if (orthogonal) {
      for (const earlier of directions) removeWithinUnits(direction, earlier, units, count);
    }
    scaleUnits(direction, units);
    directions.push(direction);
  }
  const { normalize = "filter" } = fit;
  return (orthogonal ? orthogonalized(directions) : directions).map((direction, k) =>
    named(
      direction,
      `random direction${count > 1 ? ` ${k + 1}` : ""} (seed ${seed}), ${unitsInWords[normalize]}`,
    )
  );
}

/** What 1 means along a direction. */
const unitsInWords: Record<Normalization, string> = {
  filter: "in units of each filter's norm",
  layer: "in units of each layer's norm",
  none: "as a distance in θ",
};

/**
 * A direction of one's own, with the scaling of {@link randomDirections}: zero on `state` and on what is
 * ignored, and in each unit as long as the weights at `origin` (`"none"`: of length 1).
 *
 * @throws {RangeError} if origin or direction does not fit the layout, or nothing is left to move.
 *
 * ```ts
 * import { layout, normalizedDirection } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const net = layout({ w: { shape: [2, 2], unitAxis: 0 } });
 * const direction = normalizedDirection(net, Float64Array.of(3, 4, 0, 2), Float64Array.of(1, 0, 0, 1));
 * assertEquals(direction, Float64Array.of(5, 0, 0, 2));
 * ```
 */
export function normalizedDirection(
  layout: Layout,
  origin: Vector,
  direction: Vector,
  options: NormalizeOptions = {},
): Float64Array {
  const doing = "normalize the direction";
  checkLayout(layout, doing);
  checkVector(layout, direction, doing, "the direction");
  const units = unitsOf(layout, origin, optionsOf(options, doing), doing);
  const out = Float64Array.from(direction, (x, i) => units.unit[i] < 0 ? 0 : x);
  scaleUnits(out, units);
  return out;
}

/**
 * The differences ends − origin: coordinate 1 along the k-th of them is the k-th end.
 *
 * @param options.layout if given, the directions are zero on `state`
 * @throws {RangeError} if an end has another length than origin, or equals it.
 *
 * ```ts
 * import { directionsBetween } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [direction] = directionsBetween(Float64Array.of(1, 1), [Float64Array.of(3, 0)]);
 * assertEquals(direction, Float64Array.of(2, -1));
 * ```
 */
export function directionsBetween(
  origin: Vector,
  ends: readonly Vector[],
  options: { layout?: Layout } = {},
): Float64Array[] {
  const doing = "take the directions between weights";
  const { layout } = optionsOf(options, doing);
  if (!Array.isArray(ends) || ends.length === 0) {
    throw new RangeError(
      `Cannot ${doing}: ends must be a list of one or more vectors, got ${
        Array.isArray(ends) ? "an empty list" : describe(ends)
      }`,
    );
  }
  [origin, ...ends].forEach((vector: Vector, k) => {
    if (vector instanceof Float32Array || vector instanceof Float64Array) return;
    throw new TypeError(
      `Cannot ${doing}: ${k ? `end ${k}` : "origin"} must be a Float32Array or Float64Array, got ${
        describe(vector)
      }`,
    );
  });
  if (layout) checkVector(layout, origin, doing, "origin");
  return ends.map((end: Vector, k) => {
    if (end.length !== origin.length) {
      throw new RangeError(
        `Cannot ${doing}: end ${
          k + 1
        } must have ${origin.length} numbers like origin, got ${end.length}`,
      );
    }
    const direction = Float64Array.from(end, (x, i) => x - origin[i]);
    if (layout) clearState(layout, direction);
    const at = firstNotFinite(direction);
    if (at >= 0) {
      throw new RangeError(
        `Cannot ${doing}: origin or end ${k + 1} is not finite at ${at}, got ${origin[at]} and ${
          end[at]
        }`,
      );
    }
    if (norm(direction) === 0) {
      throw new RangeError(`Cannot ${doing}: end ${k + 1} equals origin; leave it out`);
    }
    return named(direction, `towards end ${k + 1}, which is at 1`);
  });
}

/** The pieces of a direction that are scaled as one. */
export interface Units {
  /** The unit of each number; −1 where it may not move. */
  unit: Int32Array;
  /** How many numbers each unit has. */
  sizes: Int32Array;
  /** The length that each unit is to get. */
  lengths: Float64Array;
  /** How many numbers may move. */
  moved: number;
}

/** The units of a layout that are scaled as one, and the lengths of `origin` in them. */
export function unitsOf(
  layout: Layout,
  origin: Vector,
  { normalize = "filter", ignore = ["bias", "norm"] }: NormalizeOptions,
  doing: string,
): Units {
  checkVector(layout, origin, doing, "origin");
  if (!["filter", "layer", "none"].includes(normalize)) {
    throw new RangeError(
      `Cannot ${doing}: normalize must be "filter", "layer" or "none", got ${normalize}`,
    );
  }
  const list = Array.isArray(ignore),
    unknown = list && ignore.find((role) => !roles.includes(role));
  if (!list || unknown !== undefined) {
    throw new RangeError(
      `Cannot ${doing}: ignore must be a list of roles (${roles.join(", ")}), got ${
        list ? `"${unknown}"` : describe(ignore)
      }`,
    );
  }
  const unit = new Int32Array(layout.size).fill(-1);
  let count = 0;
  for (const { shape, offset, role, unitAxis } of layout.tensors) {
    if (role === "state" || ignore.includes(role)) continue;
    const axis = normalize === "filter" ? unitAxis : undefined;
    const filters = axis === undefined ? 1 : shape[axis];
    const inner = axis === undefined ? sizeOf(shape) : sizeOf(shape.slice(axis + 1));
    const first = normalize === "none" ? 0 : count;
    const end = offset + sizeOf(shape);
    for (let i = offset; i < end; i++) {
      unit[i] = first + Math.floor((i - offset) / inner) % filters;
    }
    count = first + filters;
  }
  const sizes = new Int32Array(count), lengths = new Float64Array(count);
  unit.forEach((u, i) => {
    if (u < 0) return;
    sizes[u]++;
    lengths[u] += origin[i] ** 2;
  });
  const moved = sizes.reduce((sum, n) => sum + n, 0);
  if (moved === 0) {
    throw new RangeError(
      `Cannot ${doing}: nothing is left to move when ${
        ignore.join(" and ")
      } are ignored; pass ignore: []`,
    );
  }
  if (normalize === "none") return { unit, sizes, lengths: Float64Array.of(1), moved };
  if (lengths.every((x) => x === 0)) {
    throw new RangeError(
      `Cannot ${doing}: origin is 0 everywhere, so there is no length to normalize to; ` +
        'pass normalize: "none"',
    );
  }
  return { unit, sizes, lengths: lengths.map(Math.sqrt), moved };
}

/** Gives each unit of a direction its length, in place. A unit that is 0 stays 0. */
function scaleUnits(direction: Float64Array, { unit, lengths }: Units): void {
  const squares = new Float64Array(lengths.length);
  for (let i = 0; i < unit.length; i++) if (unit[i] >= 0) squares[unit[i]] += direction[i] ** 2;
  const scales = squares.map((s, u) => s === 0 ? 0 : lengths[u] / Math.sqrt(s));
  for (let i = 0; i < unit.length; i++) if (unit[i] >= 0) direction[i] *= scales[unit[i]];
}

/** Makes each unit that is large enough orthogonal to the same unit of an earlier direction, in place. */
function removeWithinUnits(
  direction: Float64Array,
  earlier: Float64Array,
  { unit, sizes }: Units,
  count: number,
): void {
  const along = new Float64Array(sizes.length), squares = along.slice();
  for (let i = 0; i < unit.length; i++) {
    const u = unit[i];
    if (u < 0) continue;
    along[u] += direction[i] * earlier[i];
    squares[u] += earlier[i] ** 2;
  }
  for (let i = 0; i < unit.length; i++) {
    const u = unit[i];
    if (u < 0 || sizes[u] < count || squares[u] === 0) continue;
    direction[i] -= along[u] / squares[u] * earlier[i];
  }
}

/** Gram–Schmidt on whole directions that keeps their lengths; what is orthogonal already stays as it is. */
function orthogonalized(directions: Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const direction of directions) {
    const length = norm(direction);
    let rest = direction;
    // twice is enough (Kahan; Parlett, 1980)
    for (let pass = 0; pass < 2; pass++) {
      for (const other of done) {
        const share = dot(rest, other) / dot(other, other);
        if (Math.abs(share) > 1e-15) rest = added(rest, other, -share);
      }
    }
    done.push(rest === direction ? direction : scaled(rest, length / norm(rest)));
  }
  return done;
}
