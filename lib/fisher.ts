import { type Curvature, curvature, type CurvatureOptions } from "./curvature.ts";
import type { Loss } from "./loss.ts";
import { describe, optionsOf } from "./options.ts";
import type { Vector } from "./vector.ts";

/** Options of {@link fisher}. */
export interface FisherOptions extends CurvatureOptions {
  /**
   * Which Fisher matrix. `"model"`: with targets that the model itself would draw; `"empirical"`: with the
   * targets of the data. They differ, even at a minimum. Default `"model"`.
   */
  kind?: "empirical" | "model";
}

/**
 * A Fisher information matrix of a loss at θ as an operator. Which one is said, because the two are often
 * confused (Kunstner, Balles and Hennig, "Limitations of the empirical Fisher approximation", 2019):
 *
 * - `"model"`: (1/N)·Σ E[g·gᵀ] over targets drawn from the model's own distribution exp(−ℓ), without sampling:
 *   for the cross-entropies and the squared error it is the Gauss–Newton matrix (Martens, 2020). Where a
 *   criterion is a mean over k outputs, it has the same factor 1/k as the loss.
 * - `"empirical"`: (1/N)·Σ gᵢ·gᵢᵀ, with the gradients at the targets of the data. No approximation of the
 *   Hessian in general: it vanishes where every sample is fitted.
 *
 * Penalties are left out of both.
 *
 * Cost of a product: some five evaluations of the loss. θ is copied.
 *
 * @param options.parameters names of tensors of the layout; default all
 * @throws {TypeError} if the loss is no mean over samples (empirical), or has no likelihood: a criterion of
 * one's own, or a `postBatch` hook (model).
 * @throws {RangeError} if θ does not fit the layout, a name is not in it, or `kind` is another.
 *
 * ```ts
 * import { fisher, flatten, mlp, modelLoss, moons, spectrum } from "../mod.ts";
 * import { assert } from "@std/assert";
 *
 * const model = mlp({ inputs: 2, hidden: [8], outputs: 2 });
 * await using loss = modelLoss(model, moons().train);
 * const { trace } = await spectrum(fisher(loss, flatten(model), { kind: "empirical" }));
 * assert(trace!.value > 0); // the mean of |gᵢ|²
 * ```
 */
export function fisher(loss: Loss, theta: Vector, options: FisherOptions = {}): Curvature {
  const { kind = "model", ...rest } = optionsOf(options, "make the Fisher matrix");
  if (kind !== "model" && kind !== "empirical") {
    throw new RangeError(
      `Cannot make the Fisher matrix: kind must be "empirical" or "model", got ${describe(kind)}`,
    );
  }
  return curvature(loss, theta, kind === "model" ? "modelFisher" : "empiricalFisher", rest);
}
