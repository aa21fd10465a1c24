import { isRecorded } from "../engine.ts";
import * as tf from "../tf.ts";
import { flat, float, mask, type Rule, rule } from "./rule.ts";

type Tensor = tf.Tensor;

/** dy·f′(x) */
const smooth = (kernelName: string, derivative: (x: Tensor) => Tensor): Rule =>
  rule(kernelName, ["x"], (dy, [x]) => ({ x: () => tf.mul(dy, derivative(float(x))) }));

/**
 * dy·g(f(x)), where f′ is a function of f. A saved output is a constant to an outer derivative (it is put
 * on the tape before its op), so that it may be used only where none is being recorded.
 */
const throughOutput = (
  kernelName: string,
  f: (x: Tensor) => Tensor,
  derivative: (y: Tensor) => Tensor,
): Rule => ({
  kernelName,
  inputsToSave: ["x"],
  outputsToSave: [true],
  gradFunc: (dy, [x, y]) => ({
    x: () => tf.mul(dy as Tensor, derivative(isRecorded() ? f(x) : y)),
  }),
});

const { SELU_SCALE, SELU_SCALEALPHA } = tf.backend_util;
/** exp(x) for x ≤ 0; finite elsewhere, where a mask will remove it. */
const expOfNegative = (x: Tensor) => tf.exp(tf.minimum(x, 0));
const above = (x: Tensor, bound: number) => mask(() => tf.greater(x, bound));

/** A kink has the derivative 0 of |x| at 0, and of ReLU and its kin the one from the left. */
export const unary: Rule[] = [
  smooth(tf.Abs, (x) => mask(() => tf.sign(x))),
  smooth(tf.Acos, (x) => tf.neg(tf.rsqrt(tf.sub(1, tf.square(x))))),
  smooth(tf.Acosh, (x) => tf.rsqrt(tf.sub(tf.square(x), 1))),
  smooth(tf.Asin, (x) => tf.rsqrt(tf.sub(1, tf.square(x)))),
  smooth(tf.Asinh, (x) => tf.rsqrt(tf.add(tf.square(x), 1))),
  smooth(tf.Atan, (x) => tf.reciprocal(tf.add(tf.square(x), 1))),
  smooth(tf.Atanh, (x) => tf.reciprocal(tf.sub(1, tf.square(x)))),
  smooth(tf.Cos, (x) => tf.neg(tf.sin(x))),
  smooth(tf.Cosh, tf.sinh),
  smooth(tf.Erf, (x) => tf.mul(tf.exp(tf.neg(tf.square(x))), 2 / Math.sqrt(Math.PI))),
  throughOutput(tf.Exp, tf.exp, (y) => y),
  smooth(tf.Expm1, tf.exp),
  rule(tf.Log, ["x"], (dy, [x]) => ({ x: () => tf.div(dy, float(x)) })),
  smooth(tf.Log1p, (x) => tf.reciprocal(tf.add(x, 1))),
  rule(tf.Neg, [], (dy) => ({ x: () => tf.neg(dy) })),
  smooth(tf.Reciprocal, (x) => tf.neg(tf.reciprocal(tf.square(x)))),
  smooth(tf.Rsqrt, (x) => tf.div(tf.rsqrt(x), tf.mul(x, -2))),
  throughOutput(tf.Sigmoid, tf.sigmoid, (y) => tf.mul(y, tf.sub(1, y))),
  smooth(tf.Sin, tf.cos),
  smooth(tf.Sinh, tf.cosh),
  smooth(tf.Softplus, tf.sigmoid),
  smooth(tf.Sqrt, (x) => tf.mul(tf.rsqrt(x), 0.5)),
  smooth(tf.Square, (x) => tf.mul(x, 2)),
  throughOutput(tf.Tan, tf.tan, (y) => tf.add(tf.square(y), 1)),
  throughOutput(tf.Tanh, tf.tanh, (y) => tf.sub(1, tf.square(y))),

  smooth(tf.Relu, (x) => above(x, 0)),
  smooth(tf.Relu6, (x) => mask(() => tf.logicalAnd(tf.greater(x, 0), tf.less(x, 6)))),
  rule(tf.LeakyRelu, ["x"], (dy, [x], { alpha }) => ({
    x: () =>
      tf.mul(dy, mask(() => tf.where(tf.greater(x, 0), tf.onesLike(x), tf.fill(x.shape, alpha)))),
  })),
  smooth(tf.Elu, (x) => {
    const positive = above(x, 0);
    return tf.add(positive, tf.mul(tf.sub(1, positive), expOfNegative(x)));
  }),
  smooth(tf.Selu, (x) => {
    const positive = above(x, 0);
    return tf.add(
      tf.mul(positive, SELU_SCALE),
      tf.mul(tf.mul(tf.sub(1, positive), expOfNegative(x)), SELU_SCALEALPHA),
    );
  }),
  rule(tf.ClipByValue, ["x"], (dy, [x], { clipValueMin, clipValueMax }) => ({
    x: () =>
      tf.mul(
        dy,
        mask(() => tf.logicalAnd(tf.greaterEqual(x, clipValueMin), tf.lessEqual(x, clipValueMax))),
      ),
  })),

  rule(tf.Identity, [], (dy) => ({ x: () => tf.clone(float(dy)) })),
  rule(tf.Cast, [], (dy, _, { dtype }) => ({
    // Rounding to integers is constant almost everywhere; tfjs passes dy through.
    x: () => dtype === "float32" ? tf.clone(float(dy)) : tf.zeros(dy.shape),
  })),
  ...[
    tf.Ceil,
    tf.Floor,
    tf.Round,
    tf.Sign,
    tf.Step,
    tf.IsFinite,
    tf.IsInf,
    tf.IsNan,
    tf.LogicalNot,
    tf.ZerosLike,
    tf.OnesLike,
    tf.ArgMax,
    tf.ArgMin,
    tf.All,
    tf.Any,
  ].map((name) => flat(name, "x")),
  flat(tf.OneHot, "indices"),
];
