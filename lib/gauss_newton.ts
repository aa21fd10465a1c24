import { type Curvature, curvature, type CurvatureOptions } from "./curvature.ts";
import type { Loss } from "./loss.ts";
import type { Vector } from "./vector.ts";

/**
 * The generalised Gauss–Newton matrix of a loss at θ as an operator: (1/N)·Σ Jᵢᵀ·∇²ℓᵢ·Jᵢ, with Jᵢ the
 * Jacobian of the outputs for sample i and ∇²ℓᵢ the second derivatives of its loss by the outputs (Schraudolph,
 * 2002; Martens, 2020). It is what remains of the Hessian where the network is taken to be linear in θ: never
 * negative where ℓ is convex in the outputs, and the Hessian itself where the samples are fitted. Penalties and
 * regularizers add their own Hessian.
 *
 * Cost of a product: some five evaluations of the loss. θ is copied.
 *
 * @param options.parameters names of tensors of the layout; default all
 * @throws {TypeError} if the loss does not know its outputs: those of `modelLoss`, and of `functionLoss` with a
 * criterion, do.
 * @throws {RangeError} if θ does not fit the layout, a name is not in it, or nothing is left to move.
 *
 * ```ts
 * import { flatten, gaussNewton, mlp, modelLoss, moons, spectrum } from "../mod.ts";
 * import { assert } from "@std/assert";
 *
 * const model = mlp({ inputs: 2, hidden: [8], outputs: 2 });
 * await using loss = modelLoss(model, moons().train);
 * const { bottom, bottomResiduals } = await spectrum(gaussNewton(loss, flatten(model)), { probes: 0 });
 * assert(bottom[0] >= -bottomResiduals[0] - 1e-6); // never negative
 * ```
 */
export function gaussNewton(loss: Loss, theta: Vector, options: CurvatureOptions = {}): Curvature {
  return curvature(loss, theta, "gaussNewton", options);
}
