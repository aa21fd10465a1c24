import { dot, norm, unit, type Vector } from "../vector.ts";
import { symmetricEigen } from "./symmetric.ts";

/**
 * A function that gives the coordinates c of the point Σ cᵢ·directionᵢ that is nearest to a vector: least
 * squares through the small Gram matrix, so the directions need be neither orthogonal nor of unit length.
 *
 * Cost: k²·n additions once, k·n a call.
 *
 * @throws {RangeError} if the directions are linearly dependent.
 */
export function projection(
  directions: readonly Vector[],
  doing: string,
): (vector: Vector) => Float64Array {
  const lengths = directions.map(norm), units = directions.map(unit);
  const cosines = units.map((a) => units.map((b) => dot(a, b)));
  const { values, vectors } = symmetricEigen(cosines);
  if (!(values[0] > 1e-12)) {
    throw new RangeError(
      `Cannot ${doing}: the directions of the slice must be independent, but one is a combination of the others`,
    );
  }
  return (vector) => {
    const along = units.map((u) => dot(u, vector));
    const c = new Float64Array(directions.length);
    vectors.forEach((q, k) => {
      const weight = dot(q, Float64Array.from(along)) / values[k];
      for (let i = 0; i < c.length; i++) c[i] += weight * q[i] / lengths[i];
    });
    return c;
  };
}
