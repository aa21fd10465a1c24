import { movement } from "./checkpoints.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { checkVector, type Layout } from "./layout.ts";
import { describe, optionsOf } from "./options.ts";
import { drawPlane } from "./plane_through/draw.ts";
import type { Slice } from "./slice.ts";
import { accumulate, dot, firstNotFinite, norm, unit, type Vector } from "./vector.ts";

/** The plane through three points of weight space: a {@link Slice} with orthonormal directions. */
export interface PlaneThrough extends Slice, Figure {
  /** The first point. */
  readonly origin: Vector;
  /** From the first point to the second, and at right angles to it on the third one's side; of length 1. */
  readonly directions: readonly Float64Array[];
  /** Where the three points are: (0, 0), (x, 0) and (x, y) with y above 0, as distances in θ. */
  readonly coordinates: readonly Float64Array[];
  /** What the three points are called. */
  readonly names: readonly string[];
  /** What each axis is. */
  readonly labels: readonly string[];
}

/** The options of {@link planeThrough}. */
export interface PlaneOptions {
  /** What the points are called, default "a", "b" and "c". */
  names?: readonly string[];
  /** The layout of the points: says what is `state`, which the plane leaves as it is at the first point. */
  layout?: Layout;
}

const doing = "lay a plane through three points";

/**
 * The plane through three points, such as optima of three seeds, or two and the bend of a curve between them
 * (Garipov et al., 2018): with the first as origin, the first direction towards the second, and the second at
 * right angles to it, by Gram–Schmidt. Coordinates are distances in θ, so that angles and shapes are true.
 *
 * As a range it holds its three points: `landscape(loss, plane, { range: { include: plane } })`; laid over that
 * it names them: `surface.plot({ overlay: [plane] })`.
 *
 * With batch norm all of the plane has the moving statistics of the first point, and the loss at the other two
 * is not their own.
 *
 * Cost: a few passes over the points.
 *
 * @throws {RangeError} if points do not fit each other or the layout, are not finite, or lie on one line.
 *
 * ```ts
 * import { planeThrough } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b, c] = [[0, 0, 1], [3, 0, 1], [1, 2, 1]].map((x) => Float64Array.from(x));
 * const { coordinates } = planeThrough(a, b, c);
 * assertEquals(coordinates, [Float64Array.of(0, 0), Float64Array.of(3, 0), Float64Array.of(1, 2)]);
 * ```
 */
export function planeThrough(
  a: Vector,
  b: Vector,
  c: Vector,
  options: PlaneOptions = {},
): PlaneThrough {
  const { names = ["a", "b", "c"], layout } = optionsOf(options, doing);
  checkNames(names);
  [a, b, c].forEach((point, k) => checkPoint(point, names[k], a, layout));
  const across = movement(b, a, layout), aside = movement(c, a, layout);
  const [width, reach] = [norm(across), norm(aside)];
  const u = unit(across);
  const along = width > 0 ? dot(u, aside) : 0;
  // twice, since the first pass leaves rounding along u
  for (let pass = 0; pass < 2; pass++) accumulate(aside, u, -dot(u, aside));
  const height = norm(aside);
  if (!(width > 0 && height > 1e-6 * reach)) {
    throw new RangeError(
      `Cannot ${doing}: ${names.join(", ")} must not lie on one line, ` +
        (width > 0
          ? `but ${names[2]} is within ${height.toPrecision(2)} of it; use interpolate for a line`
          : `but ${names[0]} and ${names[1]} are equal`),
    );
  }
  return figure<Omit<PlaneThrough, keyof Figure>>({
    origin: a,
    directions: [u, unit(aside)],
    coordinates: [[0, 0], [width, 0], [along, height]].map((at) => Float64Array.from(at)),
    names: [...names],
    labels: [
      `distance from ${names[0]} towards ${names[1]}`,
      `distance at right angles towards ${names[2]}`,
    ],
    ...(layout && { digest: layout.digest }),
  }, drawPlane);
}

function checkNames(names: readonly string[]): void {
  if (Array.isArray(names) && names.length === 3 && names.every((n) => typeof n === "string")) {
    return;
  }
  throw new RangeError(
    `Cannot ${doing}: names must be three strings, got ${
      Array.isArray(names) ? `[${names}]` : describe(names)
    }`,
  );
}

function checkPoint(point: Vector, name: string, first: Vector, layout?: Layout): void {
  if (layout) checkVector(layout, point, doing, name);
  if (!(point instanceof Float32Array || point instanceof Float64Array)) {
    throw new TypeError(
      `Cannot ${doing}: ${name} must be a Float32Array or Float64Array, got ${describe(point)}`,
    );
  }
  if (point.length !== first.length) {
    throw new RangeError(
      `Cannot ${doing}: ${name} must have ${first.length} numbers like the first, got ${point.length}`,
    );
  }
  const at = firstNotFinite(point);
  if (at >= 0) throw new RangeError(`Cannot ${doing}: ${name} holds ${point[at]} at ${at}`);
}
