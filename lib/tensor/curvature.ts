import type { CurvatureMatrix } from "../loss.ts";
import { type DerivativeOptions, gaussNewtonProduct, hessianProduct } from "./derivatives.ts";
import * as tf from "./tf.ts";

/** Where the losses of a pass come from: the network's outputs, and the losses of such outputs. */
export interface Head {
  /** What comes out of the network, on the first axis the samples. */
  outputs: tf.Tensor;
  /** Per-sample losses of outputs, for the samples of the pass. */
  losses(outputs: tf.Tensor): tf.Tensor;
}

/** What a pass gives, as far as curvature needs it. */
export interface CurvaturePass {
  /** The losses of the samples. */
  losses: tf.Tensor;
  /** What is added once. */
  penalty?: tf.Scalar;
  /** Where the losses come from. */
  head?: Head;
}

/** A loss as a pass over its parameters, and how what it gives becomes one number. */
export interface CurvatureParts {
  /** The pass. */
  pass(parameters: tf.Tensor[]): CurvaturePass;
  /** The sum or mean of losses, and of a penalty, each with its weight; either may be left out. */
  total(parts: { losses?: tf.Tensor; penalty?: tf.Scalar }): tf.Scalar;
}

/**
 * A curvature matrix of a loss times a direction `vs`, one tensor for each of `xs`. The caller disposes what
 * it gets.
 *
 * With z the outputs, ℓ their losses and J = ∂z/∂θ: the Hessian; Gauss–Newton Jᵀ·∇²ℓ·J, with the Hessian of
 * penalties, which see θ directly; the empirical Fisher Σ gᵢ·gᵢᵀ, that is Jᵀ·J of the per-sample losses; the
 * model's Fisher, which is Gauss–Newton without penalties where exp(−ℓ) is an exponential family with z as its
 * natural parameter (Martens, "New insights and perspectives on the natural gradient method", JMLR 2020).
 *
 * @throws {Error} if an op has no exact second derivative, or the outputs of the loss are not known.
 */
export function curvatureProduct(
  matrix: CurvatureMatrix,
  { pass, total }: CurvatureParts,
  xs: tf.Tensor[],
  vs: tf.Tensor[],
  options: DerivativeOptions = {},
): tf.Tensor[] {
  if (matrix === "hessian") return hessianProduct((x) => total(pass(x)), xs, vs, options);
  if (matrix === "empiricalFisher") {
    // the second derivatives of ½·z² are the identity, and take the weights of the total with them
    const half = ([z]: tf.Tensor[]) => total({ losses: tf.mul(tf.square(z), 0.5) });
    return gaussNewtonProduct((x) => pass(x).losses, half, xs, vs, options);
  }
  const headOf = (x: tf.Tensor[]) => {
    const { head } = pass(x);
    if (head) return head;
    throw new Error(`Cannot multiply by the ${matrix} matrix: the loss does not know its outputs`);
  };
  const { losses } = headOf(xs);
  const bend = ([z]: tf.Tensor[]) => total({ losses: losses(z) });
  const product = gaussNewtonProduct((x) => headOf(x).outputs, bend, xs, vs, options);
  if (matrix === "modelFisher" || !pass(xs).penalty) return product;
  const penalties = hessianProduct((x) => total({ penalty: pass(x).penalty }), xs, vs, options);
  return product.map((p, i) => tf.add(p, penalties[i]));
}
