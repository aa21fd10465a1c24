import * as tf from "../tf.ts";
import { flat, float, mask, reduceTo, type Rule, rule } from "./rule.ts";

type Tensor = tf.Tensor;
type Derivative = (dy: Tensor, a: Tensor, b: Tensor) => Tensor;

/** The rule of an op with two broadcast inputs, from dy times each of its partial derivatives. */
const binary = (kernelName: string, a: Derivative, b: Derivative): Rule =>
  rule(kernelName, ["a", "b"], (dy, saved) => {
    const [x, y] = saved;
    return {
      a: () => reduceTo(a(dy, float(x), float(y)), x.shape),
      b: () => reduceTo(b(dy, float(x), float(y)), y.shape),
    };
  });

/** a^(b − 1), but 1 at a = b = 0: there it will be multiplied by b, and 0^−1 would make that NaN. */
const lowerPower = (a: Tensor, b: Tensor) =>
  tf.pow(a, tf.sub(b, mask(() => tf.logicalOr(tf.notEqual(a, 0), tf.notEqual(b, 0)))));

/** log a, and 0 where a ≤ 0, as TensorFlow has it for the derivative of a power by its exponent. */
const logOfPositive = (a: Tensor) => {
  const positive = tf.greater(a, 0);
  return tf.log(tf.where(positive, a, tf.onesLike(a)));
};

/** Where a maximum or minimum is tied, the derivative belongs to a. */
export const binaries: Rule[] = [
  binary(tf.Add, (dy) => dy, (dy) => dy),
  binary(tf.Sub, (dy) => dy, (dy) => tf.neg(dy)),
  binary(tf.Multiply, (dy, _, b) => tf.mul(dy, b), (dy, a) => tf.mul(dy, a)),
  binary(
    tf.RealDiv,
    (dy, _, b) => tf.div(dy, b),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, tf.div(a, b)), b)),
  ),
  binary(
    tf.SquaredDifference,
    (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(a, b), 2)),
    (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(a, b), -2)),
  ),
  binary(
    tf.Pow,
    (dy, a, b) => tf.mul(dy, tf.mul(b, lowerPower(a, b))),
    (dy, a, b) => tf.mul(dy, tf.mul(tf.pow(a, b), logOfPositive(a))),
  ),
  binary(
    tf.Maximum,
    (dy, a, b) => tf.mul(dy, mask(() => tf.greaterEqual(a, b))),
    (dy, a, b) => tf.mul(dy, mask(() => tf.less(a, b))),
  ),
  binary(
    tf.Minimum,
    (dy, a, b) => tf.mul(dy, mask(() => tf.lessEqual(a, b))),
    (dy, a, b) => tf.mul(dy, mask(() => tf.greater(a, b))),
  ),
  binary(
    tf.Mod,
    (dy) => dy,
    (dy, a, b) => tf.neg(tf.mul(dy, mask(() => tf.floor(tf.div(a, b))))),
  ),
  binary(
    tf.Atan2,
    (dy, a, b) => tf.mul(dy, tf.div(b, tf.add(tf.square(a), tf.square(b)))),
    (dy, a, b) => tf.neg(tf.mul(dy, tf.div(a, tf.add(tf.square(a), tf.square(b))))),
  ),
  rule(tf.Prelu, ["x", "alpha"], (dy, [x, alpha]) => {
    const negative = mask(() => tf.lessEqual(x, 0));
    return {
      x: () => tf.mul(dy, tf.add(tf.sub(1, negative), tf.mul(negative, alpha))),
      alpha: () => reduceTo(tf.mul(tf.mul(dy, negative), x), alpha.shape),
    };
  }),
  rule(tf.Select, ["condition"], (dy, [condition]) => {
    // A condition of rank 1 chooses rows.
    const rank = dy.shape.length - condition.shape.length;
    const chosen = tf.reshape(condition, [...condition.shape, ...Array(rank).fill(1)]);
    return {
      condition: () => tf.zeros(condition.shape),
      t: () => tf.where(chosen, dy, tf.zerosLike(dy)),
      e: () => tf.where(chosen, tf.zerosLike(dy), dy),
    };
  }),
  ...[
    tf.FloorDiv,
    tf.Equal,
    tf.NotEqual,
    tf.Greater,
    tf.GreaterEqual,
    tf.Less,
    tf.LessEqual,
    tf.LogicalAnd,
    tf.LogicalOr,
  ].map((name) => flat(name, "a", "b")),
];
