import { type Attributes, constant, isRecorded } from "../engine.ts";
import * as tf from "../tf.ts";
import { keptShape, type Rule, rule } from "./rule.ts";

type Tensor = tf.Tensor;

const axesOf = ({ axis, reductionIndices }: Attributes, shape: number[]): number[] =>
  tf.util.parseAxisParam(axis ?? reductionIndices, shape);

/** dy at every element that was reduced to it. */
const spread = (dy: Tensor, shape: number[], axes: number[]) =>
  tf.mul(tf.reshape(dy, keptShape(shape, axes)), tf.ones(shape));

/** dy goes to the extreme element; several equal ones share it. */
const extreme = (kernelName: string): Rule => ({
  kernelName,
  inputsToSave: ["x"],
  outputsToSave: [true],
  gradFunc: (dy, [x, y], attributes) => ({
    x: () => {
      const axes = axesOf(attributes, x.shape);
      const kept = keptShape(x.shape, axes);
      const share = constant(() => {
        const isExtreme = tf.cast(tf.equal(x, tf.reshape(y, kept)), "float32");
        return tf.div(isExtreme, tf.sum(isExtreme, axes, true));
      });
      return tf.mul(tf.reshape(dy as Tensor, kept), share);
    },
  }),
});

/**
 * The gradient of a cumulative product: with prefixes p₀ = 1, pₖ₊₁ = pₖ·xₖ, the adjoint of pₖ is what
 * reaches it from the output plus that of pₖ₊₁ times xₖ. No division, so zeros in x are no exception.
 */
function cumulativeProductGradient(dy: Tensor, x: Tensor, attributes: Attributes): Tensor {
  const { axis, exclusive, reverse } = attributes;
  const order = <T>(list: T[]) => reverse ? list.toReversed() : list;
  const factors = order(tf.unstack(x, axis));
  const seeds = order(tf.unstack(dy, axis));
  const prefixes = [tf.onesLike(factors[0])];
  for (const factor of factors) prefixes.push(tf.mul(prefixes.at(-1)!, factor));
  let adjoint = tf.zerosLike(factors[0]);
  const gradients: Tensor[] = [];
  for (let k = factors.length - 1; k >= 0; k--) {
    if (!exclusive) adjoint = tf.add(adjoint, seeds[k]);
    gradients.unshift(tf.mul(adjoint, prefixes[k]));
    adjoint = tf.mul(adjoint, factors[k]);
    if (exclusive) adjoint = tf.add(adjoint, seeds[k]);
  }
  return tf.stack(order(gradients), axis);
}

/** The product of all other elements along `axes`, at every element. */
function productOfOthers(x: Tensor, axes: number[]): Tensor {
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...others, ...axes];
  const undo = order.map((_, i) => order.indexOf(i));
  const flat = tf.reshape(tf.transpose(x, order), [...others.map((i) => x.shape[i]), -1]);
  const last = others.length;
  const product = tf.mul(tf.cumprod(flat, last, true, false), tf.cumprod(flat, last, true, true));
  return tf.transpose(tf.reshape(product, order.map((i) => x.shape[i])), undo);
}

export const reductions: Rule[] = [
  rule(tf.Sum, ["x"], (dy, [x], attributes) => ({
    x: () => spread(dy, x.shape, axesOf(attributes, x.shape)),
  })),
  rule(tf.Mean, ["x"], (dy, [x], attributes) => ({
    x: () => {
      const axes = axesOf(attributes, x.shape);
      const count = axes.reduce((n, i) => n * x.shape[i], 1);
      return spread(tf.div(dy, count), x.shape, axes);
    },
  })),
  extreme(tf.Max),
  extreme(tf.Min),
  rule(tf.Prod, ["x"], (dy, [x], attributes) => ({
    x: () => {
      const axes = axesOf(attributes, x.shape);
      return tf.mul(tf.reshape(dy, keptShape(x.shape, axes)), productOfOthers(x, axes));
    },
  })),
  rule(tf.Cumsum, [], (dy, _, { axis, exclusive, reverse }) => ({
    x: () => tf.cumsum(dy, axis, exclusive, !reverse),
  })),
  rule(tf.Cumprod, ["x"], (dy, [x], attributes) => ({
    x: () => cumulativeProductGradient(dy, x, attributes),
  })),
  {
    kernelName: tf.Softmax,
    inputsToSave: ["logits"],
    outputsToSave: [true],
    gradFunc: (dy, [logits, output], { dim }) => ({
      logits: () => {
        const y = isRecorded() ? tf.softmax(logits, dim) : output;
        const weighted = tf.mul(dy as Tensor, y);
        return tf.sub(weighted, tf.mul(tf.sum(weighted, dim, true), y));
      },
    }),
  },
];
