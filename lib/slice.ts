import { describe } from "./options.ts";
import { firstNotFinite, norm, type Vector } from "./vector.ts";

/**
 * An affine window on the space of weights: the points origin + Σ cᵢ·directionsᵢ. Its dimension is the
 * number of directions. The same `directions` around another origin are the same viewing angle.
 */
export interface Slice {
  /** The point with the coordinates 0. */
  readonly origin: Vector;
  /** One vector per dimension; they need be neither orthogonal nor of unit length. */
  readonly directions: readonly Vector[];
  /** The digest of the layout that the vectors belong to, where it is known. */
  readonly digest?: string;
}

const names = new WeakMap<Vector, string>();

/** Gives a direction the name that axes along it have. Vectors stay plain arrays: the name is kept beside. */
export function named<V extends Vector>(direction: V, name: string): V {
  names.set(direction, name);
  return direction;
}

/** What the axes of a slice are: its own labels, the names of its directions, or their numbers. */
export function axisLabels(
  { directions, labels }: Slice & { readonly labels?: readonly string[] },
): string[] {
  return directions.map((direction, k) =>
    labels?.[k] ?? names.get(direction) ?? `direction ${k + 1}`
  );
}

/** θ at some coordinates of a slice, rounded once, in the precision of its origin. */
export function pointAt(slice: Slice, coordinates: ArrayLike<number>): Vector {
  const theta = slice.origin.slice() as Vector;
  const moves = slice.directions
    .map((direction, axis) => ({ direction, step: coordinates[axis] }))
    .filter(({ step }) => step !== 0);
  for (let i = 0; i < theta.length; i++) {
    let value = theta[i];
    for (const { direction, step } of moves) value += step * direction[i];
    theta[i] = value;
  }
  return theta;
}

/**
 * Checks that slice, run and loss belong together, by the digests of their layouts where they are known:
 * equal lengths do not make vectors interchangeable.
 *
 * @throws {RangeError} that says all of them.
 */
export function checkDigests(digests: Record<string, string | undefined>, doing: string): void {
  const known = Object.entries(digests).filter(([, digest]) => digest !== undefined);
  if (known.every(([, digest]) => digest === known[0][1])) return;
  throw new RangeError(
    `Cannot ${doing}: ${
      known.map(([name]) => `the ${name}`).join(" and ")
    } must have one layout, got ` +
      `${known.map(([name, digest]) => `the digest ${digest} (${name})`).join(" and ")}; ` +
      "take them from models of one architecture",
  );
}

/**
 * Checks that a slice is one, and fits vectors of `size` numbers.
 *
 * @throws {TypeError | RangeError} that names the part that does not fit.
 */
export function checkSlice(slice: Slice, size: number, doing: string): void {
  const { origin, directions } = slice ?? {};
  if (
    !(origin instanceof Float32Array || origin instanceof Float64Array) ||
    !Array.isArray(directions)
  ) {
    throw new TypeError(
      `Cannot ${doing}: a slice is { origin, directions }, got ${describe(slice)}`,
    );
  }
  if (directions.length < 1) {
    throw new RangeError(`Cannot ${doing}: the slice must have at least one direction, got none`);
  }
  const parts: [string, Vector][] = [["origin", origin]];
  directions.forEach((d, i) => parts.push([`direction ${i + 1}`, d]));
  for (const [name, vector] of parts) {
    if (!(vector instanceof Float32Array || vector instanceof Float64Array)) {
      throw new TypeError(
        `Cannot ${doing}: ${name} of the slice must be a Float32Array or Float64Array, got ${
          describe(vector)
        }`,
      );
    }
    if (vector.length !== size) {
      throw new RangeError(
        `Cannot ${doing}: ${name} of the slice must have ${size} numbers like the layout, got ${vector.length}`,
      );
    }
    const i = firstNotFinite(vector);
    if (i >= 0) {
      throw new RangeError(`Cannot ${doing}: ${name} of the slice holds ${vector[i]} at ${i}`);
    }
  }
  directions.forEach((d, i) => {
    if (norm(d) === 0) {
      throw new RangeError(`Cannot ${doing}: direction ${i + 1} of the slice is all zeros`);
    }
  });
}
