import type { CurvatureMatrix } from "../loss.ts";
import { constant } from "../tensor/engine.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as tf from "../tensor/tf.ts";

/**
 * Per-sample losses from a model's outputs and the targets of the same samples: [n, …] and [n, …] in,
 * [n] out. Written with tfjs ops, so that it has derivatives.
 */
export type Criterion = (outputs: Tensor, targets: Tensor) => Tensor;

/** The criteria that have a name. The cross-entropies take logits. */
export type CriterionName = "crossEntropy" | "binaryCrossEntropy" | "meanSquaredError";

/** A criterion with the accuracy that goes with it. */
export interface Scored {
  criterion: Criterion;
  /** 1 where a sample is classified correctly. */
  correct?: (outputs: Tensor, targets: Tensor) => Tensor;
}

/**
 * The curvature matrices of losses that are a criterion of outputs. exp(−ℓ) of the named criteria is an
 * exponential family in the outputs; of a criterion or a hook of one's own nobody knows that.
 */
export function matricesOf(
  criterion: CriterionName | Criterion,
  hooked = false,
): readonly CurvatureMatrix[] {
  const known = typeof criterion === "string" && !hooked;
  return ["gaussNewton", "empiricalFisher", ...(known ? ["modelFisher" as const] : [])];
}

/** Classes as one-hot rows: [n] integers or [n, C] as they are. */
function oneHot(targets: Tensor, classes: number): Tensor {
  if (targets.shape.length > 1 && targets.shape[1] === classes) return tf.cast(targets, "float32");
  return tf.cast(tf.oneHot(tf.cast(tf.reshape(targets, [-1]), "int32"), classes), "float32");
}

/** Targets in the shape of the outputs, where they hold as many numbers. */
const shapedLike = (targets: Tensor, outputs: Tensor) =>
  tf.reshape(tf.cast(targets, "float32"), outputs.shape);

/** The mean over all axes but the first. */
function perSample(x: Tensor): Tensor {
  return x.shape.length > 1 ? tf.mean(tf.reshape(x, [x.shape[0], -1]), 1) : x;
}

/** The criteria by name. */
export const criteria: Record<CriterionName, Scored> = {
  // Σ y·(log Σ exp z − z); the shift by the maximum changes no value, so it needs no derivative
  crossEntropy: {
    criterion(outputs, targets) {
      const shifted = tf.sub(outputs, constant(() => tf.max(outputs, 1, true)));
      const total = tf.log(tf.sum(tf.exp(shifted), 1, true));
      return tf.sum(tf.mul(oneHot(targets, outputs.shape[1]!), tf.sub(total, shifted)), 1);
    },
    correct(outputs, targets) {
      const truth = tf.argMax(oneHot(targets, outputs.shape[1]!), 1);
      return tf.equal(tf.argMax(outputs, 1), truth);
    },
  },
  // y·softplus(−z) + (1 − y)·softplus(z): smooth at z = 0, where the form with |z| has no curvature, and
  // without the difference of large numbers that softplus(z) − z·y is for confident samples
  binaryCrossEntropy: {
    criterion(z, targets) {
      const y = shapedLike(targets, z);
      const positive = tf.mul(y, tf.softplus(tf.neg(z)));
      return perSample(tf.add(positive, tf.mul(tf.sub(1, y), tf.softplus(z))));
    },
    correct(z, targets) {
      const right = tf.equal(tf.greater(z, 0), tf.greater(shapedLike(targets, z), 0.5));
      return tf.equal(perSample(tf.cast(right, "float32")), 1);
    },
  },
  meanSquaredError: {
    criterion: (outputs, targets) =>
      perSample(tf.square(tf.sub(outputs, shapedLike(targets, outputs)))),
  },
};
