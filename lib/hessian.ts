import { type Curvature, curvature, type CurvatureOptions } from "./curvature.ts";
import type { Loss } from "./loss.ts";
import type { Vector } from "./vector.ts";

/**
 * The Hessian of a loss at θ as an operator: exact products H·v by differentiating twice (Pearlmutter, 1994),
 * never the matrix. With `parameters` it is the block of these tensors, all others held fixed; vectors keep
 * the size of θ and are zero elsewhere, so that eigenvectors are directions of a slice. `state` is left out
 * always.
 *
 * Cost of a product: some four evaluations of the loss. θ is copied.
 *
 * @param options.parameters names of tensors of the layout; default all
 * @throws {RangeError} if θ does not fit the layout, a name is not in it, or nothing is left to move.
 *
 * ```ts
 * import { factorization, hessian } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const saddle = hessian(factorization(), Float64Array.of(0, 0));
 * assertEquals(await saddle.product(Float64Array.of(1, 1)), Float64Array.of(-1, -1));
 * ```
 */
export function hessian(loss: Loss, theta: Vector, options: CurvatureOptions = {}): Curvature {
  return curvature(loss, theta, "hessian", options);
}
