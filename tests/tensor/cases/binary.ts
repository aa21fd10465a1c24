import * as tf from "../../../lib/tensor/tf.ts";
import { type Arr, at, build, zip } from "./arrays.ts";
import { between, type Case, given, type Input, normal } from "./check.ts";

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const pairs: [string, Input, Input][] = [
  ["same shape", normal(2, 3), normal(2, 3)],
  ["row", normal(2, 3), normal(3)],
  ["column, from the left", normal(2, 1), normal(2, 3)],
  ["scalar", normal(), normal(2, 3)],
  ["outer", normal(3, 1), normal(1, 2)],
];

/** A row for each way of broadcasting. */
const rows = (name: string, op: Binary, reference: (a: number, b: number) => number): Case[] =>
  pairs.map(([how, a, b]) => ({
    name: `${name}, ${how}`,
    inputs: [a, b],
    op,
    reference: (x: Arr, y: Arr) => zip(x, y, reference),
  }));

const row = (
  name: string,
  op: Binary,
  reference: (a: number, b: number) => number,
  a: Input,
  b: Input,
): Case => ({ name, inputs: [a, b], op, reference: (x: Arr, y: Arr) => zip(x, y, reference) });

const compare = (op: Binary): Binary => (a, b) => tf.mul(a, tf.cast(op(a, b), "float32"));
const positive = between(0.5, 2, 2, 3);
const labels = [1, 0, 0, 1, 1, 0];

/** Elementwise ops of two tensors, in every way of broadcasting. */
export const binary: Case[] = [
  ...rows("add", tf.add, (a, b) => a + b),
  ...rows("sub", tf.sub, (a, b) => a - b),
  ...rows("mul", tf.mul, (a, b) => a * b),
  ...rows("div", tf.div, (a, b) => a / b),
  ...rows("squaredDifference", tf.squaredDifference, (a, b) => (a - b) ** 2),
  ...rows("maximum", tf.maximum, Math.max),
  ...rows("minimum", tf.minimum, Math.min),
  ...rows("atan2", tf.atan2, Math.atan2),
  ...rows("pow", (a, b) => tf.pow(tf.exp(a), b), (a, b) => Math.exp(a) ** b),
  row("divNoNan", tf.divNoNan, (a, b) => a / b, normal(2, 3), positive),
  row(
    "mod",
    tf.mod,
    (a, b) => a - b * Math.floor(a / b),
    given([4], [5.3, -5.3, 2.2, 7.1]),
    given([4], [2, 2, 1.5, -3]),
  ),
  row(
    "floorDiv",
    (a, b) => tf.mul(a, tf.floorDiv(a, b)),
    (a, b) => a * Math.floor(a / b),
    given([3], [5.3, -5.3, 2.2]),
    given([3], [2, 2, 1.5]),
  ),
  row(
    "greater",
    compare(tf.greater),
    (a, b) => a > b ? a : 0,
    normal(6),
    given([6], [-0.1, 0.1, -0.1, 0.1, -0.1, 0.1]),
  ),
  row(
    "greaterEqual",
    compare(tf.greaterEqual),
    (a, b) => a >= b ? a : 0,
    normal(6),
    given([], [0.1]),
  ),
  row("less", compare(tf.less), (a, b) => a < b ? a : 0, normal(6), given([], [0.1])),
  row("lessEqual", compare(tf.lessEqual), (a, b) => a <= b ? a : 0, normal(6), given([], [0.1])),
  row("equal", compare(tf.equal), () => 0, normal(6), given([], [0.1])),
  row("notEqual", compare(tf.notEqual), (a) => a, normal(6), given([], [0.1])),
  row(
    "logic",
    (a, b) => {
      const [x, y] = [tf.greater(a, 0), tf.greater(b, 0)];
      const mixed = tf.logicalOr(tf.logicalAnd(x, y), tf.logicalXor(tf.logicalNot(x), y));
      return tf.mul(tf.mul(a, b), tf.cast(mixed, "float32"));
    },
    (a, b) => (a > 0 && b > 0) || ((a <= 0) !== (b > 0)) ? a * b : 0,
    normal(8),
    normal(8),
  ),
  row(
    "where",
    (a, b) => tf.where(tf.greater(a, b), tf.square(a), tf.mul(a, b)),
    (a, b) => a > b ? a * a : a * b,
    normal(2, 3),
    normal(2, 3),
  ),
  {
    name: "where, condition broadcast",
    inputs: [normal(2, 3), normal(2, 3)],
    op: (a, b) => tf.where(tf.tensor1d([1, 0, 1], "bool"), tf.square(a), b),
    reference: (a: Arr, b: Arr) =>
      build([2, 3], ([i, j]) => j === 1 ? at(b, i, j) : at(a, i, j) ** 2),
  },
  row(
    "pow, negative base",
    (a) => tf.pow(a, tf.scalar(3, "int32")),
    (a) => a ** 3,
    normal(6),
    given([], [1]),
  ),
  row("pow, base 0", (a) => tf.pow(a, 2), (a) => a * a, given([3], [0, -1, 2]), given([], [1])),
  {
    name: "pow, exponents 0 and 1 at base 0",
    inputs: [given([4], [0, 0, 0.7, 0.7])],
    op: (a) => tf.pow(a, tf.tensor1d([0, 1, 0, 1])),
    reference: (a: Arr) => build([4], ([i]) => i % 2 ? a.data[i] : 1),
  },
  row("pow of both", tf.pow, (a, b) => a ** b, positive, normal(2, 3)),
  row("pow, a variable exponent of 0", tf.pow, (a, b) => a ** b, positive, given([3], [0, 0, 0])),
  row("prelu", tf.prelu, (a, b) => a > 0 ? a : a * b, normal(4, 3), between(0.1, 0.5, 3)),
  row(
    "a tensor with itself",
    (a) => tf.mul(a, tf.add(a, tf.neg(a))),
    () => 0,
    normal(3),
    given([], [1]),
  ),
  {
    name: "sigmoid cross-entropy, also at logits 0",
    inputs: [given([2, 3], [0, -1, 0, 2, 0.5, -3])],
    op: (z) => tf.losses.sigmoidCrossEntropy(tf.tensor2d(labels, [2, 3]), z),
    reference: (z: Arr) => ({
      shape: [],
      data: Float64Array.of(
        z.data.reduce((sum, x, i) => sum + Math.log1p(Math.exp(x)) - labels[i] * x, 0) / 6,
      ),
    }),
  },
];
