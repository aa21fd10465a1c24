import * as tf from "../../../lib/tensor/tf.ts";
import { type Arr, at, build, map, mean, reduce, sum, zip } from "./arrays.ts";
import { type Case, distinct, given, type Input, normal } from "./check.ts";

type Reduction = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;
type Values = (values: number[]) => number;

/** A row for each choice of axes. */
const rows = (name: string, op: Reduction, reference: Values, input: Input): Case[] => [
  ...[[0], [1], [2], [0, 2], [0, 1, 2]].map((axes): Case => ({
    name: `${name} over ${axes}`,
    inputs: [input],
    op: (x) => op(x, axes),
    reference: (x: Arr) => reduce(x, axes, reference),
  })),
  {
    name: `${name} over -2, kept`,
    inputs: [input],
    op: (x) => op(x, -2, true),
    reference: (x: Arr) => reduce(x, [1], reference, true),
  },
  {
    name: `${name} of all`,
    inputs: [input],
    op: (x) => op(x),
    reference: (x: Arr) => reduce(x, [0, 1, 2], reference),
  },
];

const logSumExp: Values = (v) => Math.log(sum(v.map(Math.exp)));
const product: Values = (v) => v.reduce((a, b) => a * b, 1);
const softmax = (x: Arr) => {
  const e = map(x, Math.exp);
  return zip(e, reduce(e, [e.shape.length - 1], sum, true), (a, b) => a / b);
};
const scan = (x: Arr, axis: number, exclusive: boolean, reverse: boolean, f: Values) =>
  build(x.shape, (index) => {
    const before = (k: number) =>
      reverse
        ? exclusive ? k > index[axis] : k >= index[axis]
        : exclusive
        ? k < index[axis]
        : k <= index[axis];
    const chosen = Array.from({ length: x.shape[axis] }, (_, k) => k).filter(before);
    return f(chosen.map((k) => at(x, ...index.with(axis, k))));
  });
const scans = (name: string, op: typeof tf.cumsum, f: Values, input: Input): Case[] =>
  [0, 1, 2].flatMap((axis) =>
    [[false, false], [true, false], [false, true], [true, true]].map((
      [exclusive, reverse],
    ): Case => ({
      name: `${name} along ${axis}${exclusive ? ", exclusive" : ""}${reverse ? ", reversed" : ""}`,
      inputs: [input],
      op: (x) => op(x, axis, exclusive, reverse),
      reference: (x: Arr) => scan(x, axis, exclusive, reverse, f),
    }))
  );

/** Reductions, scans, softmax and losses made of them. */
export const reduction: Case[] = [
  ...rows("sum", tf.sum, sum, normal(2, 3, 2)),
  ...rows("mean", tf.mean, mean, normal(2, 3, 2)),
  ...rows("max", tf.max, (v) => Math.max(...v), distinct(2, 3, 2)),
  ...rows("min", tf.min, (v) => Math.min(...v), distinct(2, 3, 2)),
  ...rows("prod", tf.prod, product, normal(2, 3, 2)),
  ...rows("logSumExp", tf.logSumExp, logSumExp, normal(2, 3, 2)),
  ...scans("cumsum", tf.cumsum, sum, normal(2, 3, 2)),
  ...scans("cumprod", tf.cumprod, product, normal(2, 3, 2)),
  {
    name: "prod with zeros",
    inputs: [given([2, 3], [0, 2, 3, 0, 0, 3])],
    op: (x) => tf.prod(x, 1),
    reference: (x: Arr) => reduce(x, [1], product),
  },
  {
    name: "square of max, tied maxima that move together",
    inputs: [given([2], [0.3, 0.4])],
    op: (x) => tf.square(tf.max(tf.stack([x, x]), 0)),
    reference: (x: Arr) => map(x, (v) => v * v),
  },
  {
    name: "all, any",
    inputs: [normal(3, 4)],
    op: (x) => {
      const positive = tf.greater(x, 0);
      const either = tf.cast(tf.logicalOr(tf.all(positive, 1), tf.any(positive, 1)), "float32");
      return tf.mul(tf.sum(x, 1), either);
    },
    reference: (x: Arr) =>
      zip(reduce(x, [1], sum), reduce(x, [1], (v) => +v.some((a) => a > 0)), (a, b) => a * b),
  },
  {
    name: "argMax, argMin",
    inputs: [distinct(2, 3)],
    op: (x) => {
      const code = tf.cast(tf.add(tf.argMax(x, 1), tf.argMin(x, 1)), "float32");
      return tf.mul(tf.sum(x, 1), code);
    },
    reference: (x: Arr) =>
      reduce(x, [1], (v) => sum(v) * (v.indexOf(Math.max(...v)) + v.indexOf(Math.min(...v)))),
  },
  { name: "softmax", inputs: [normal(2, 4)], op: (x) => tf.softmax(x), reference: softmax },
  {
    name: "logSoftmax",
    inputs: [normal(2, 4)],
    op: (x) => tf.logSoftmax(x),
    reference: (x: Arr) => map(softmax(x), Math.log),
  },
  {
    name: "softmax cross-entropy",
    inputs: [normal(2, 3)],
    op: (x) => tf.losses.softmaxCrossEntropy(tf.tensor2d([1, 0, 0, 0, 0, 1], [2, 3]), x),
    reference: (x: Arr) => {
      const p = softmax(x).data;
      return { shape: [], data: Float64Array.of(-(Math.log(p[0]) + Math.log(p[5])) / 2) };
    },
  },
  {
    name: "mean squared error",
    inputs: [normal(2, 3)],
    op: (x) => tf.losses.meanSquaredError(tf.ones([2, 3]), x),
    reference: (x: Arr) => ({
      shape: [],
      data: Float64Array.of(mean([...x.data].map((v) => (v - 1) ** 2))),
    }),
  },
  {
    name: "moments",
    inputs: [normal(3, 4)],
    op: (x) => {
      const { mean, variance } = tf.moments(x, 0);
      return [mean, variance];
    },
    reference: (x: Arr) => [
      reduce(x, [0], mean),
      reduce(x, [0], (v) => mean(v.map((a) => (a - mean(v)) ** 2))),
    ],
  },
  {
    name: "norm",
    inputs: [normal(3, 4)],
    op: (x) => tf.norm(x, "euclidean", 1),
    reference: (x: Arr) => reduce(x, [1], (v) => Math.hypot(...v)),
  },
];
