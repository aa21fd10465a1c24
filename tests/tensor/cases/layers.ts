import * as tf from "../../../lib/tensor/tf.ts";
import {
  type Arr,
  at,
  build,
  conv2d,
  depthwise,
  map,
  matMul,
  mean,
  reduce,
  reshape,
  zip,
} from "./arrays.ts";
import { between, type Case, type Input, normal } from "./check.ts";

/** A layer as an op of its input and its weights, in the layer's order. */
function row(
  name: string,
  layer: tf.layers.Layer,
  input: Input,
  weights: Input[],
  reference: (x: Arr, ...weights: Arr[]) => Arr,
  options: { training?: boolean; tolerance?: number } = {},
): Case {
  layer.build([null, ...input.shape.slice(1)]);
  return {
    name,
    inputs: [input, ...weights],
    op: (x, ...values) => {
      const variables = layer.weights as unknown as { read: () => tf.Tensor }[];
      variables.forEach((variable, i) => variable.read = () => values[i]);
      return layer.call(x, { training: options.training ?? false }) as tf.Tensor;
    },
    reference,
    tolerance: options.tolerance,
  };
}

const plus = (a: Arr, b: Arr) => zip(a, b, (x, y) => x + y);
const times = (a: Arr, b: Arr) => zip(a, b, (x, y) => x * y);
const relu = (x: Arr) => map(x, (v) => Math.max(v, 0));
const elu = (x: Arr) => map(x, (v) => v > 0 ? v : Math.expm1(v));
const tanh = (x: Arr) => map(x, Math.tanh);
const sigmoid = (x: Arr) => map(x, (v) => 1 / (1 + Math.exp(-v)));
const positive = (...shape: number[]) => between(0.5, 2, ...shape);
const dense = (x: Arr, w: Arr, b: Arr) => plus(matMul(x, w), b);

/** (x − mean)·scale/√(variance + ε) + offset */
const normalized = (x: Arr, mean: Arr, variance: Arr, epsilon = 1e-3) =>
  zip(
    zip(x, mean, (a, m) => a - m),
    variance,
    (a, v) => a / Math.sqrt(v + epsilon),
  );
const variance = (v: number[]) => mean(v.map((a) => (a - mean(v)) ** 2));

/** The time steps of [n, t, c]. */
const steps = (x: Arr) =>
  Array.from(
    { length: x.shape[1] },
    (_, t) => build([x.shape[0], x.shape[2]], ([n, c]) => at(x, n, t, c)),
  );
const columns = (x: Arr, from: number, size: number) =>
  build([...x.shape.slice(0, -1), size], (index) => at(x, ...index.with(-1, index.at(-1)! + from)));
const zeros = (...shape: number[]) => build(shape, () => 0);

const flags = { kernelInitializer: "zeros" as const };
const recurrent = [normal(2, 3, 2)] as const;
let mask: number[] = [];

/** Layers of tfjs as functions of their input and weights. */
export const layers: Case[] = [
  row(
    "dense",
    tf.layers.dense({ units: 3, ...flags }),
    normal(2, 4),
    [normal(4, 3), normal(3)],
    dense,
  ),
  row("dense on sequences", tf.layers.dense({ units: 2, ...flags }), normal(2, 3, 2), [
    normal(2, 2),
    normal(2),
  ], (x, w, b) => reshape(dense(reshape(x, [6, 2]), w, b), [2, 3, 2])),
  ...(["relu", "elu", "tanh"] as const).map((activation) =>
    row(
      `dense with ${activation}`,
      tf.layers.dense({ units: 3, activation, ...flags }),
      normal(2, 4),
      [normal(4, 3), normal(3)],
      (x, w, b) => ({ relu, elu, tanh })[activation](dense(x, w, b)),
    )
  ),
  ...[1, 2].map((dilation) =>
    row(
      `conv2d layer, dilation ${dilation}`,
      tf.layers.conv2d({
        filters: 2,
        kernelSize: 2,
        dilationRate: dilation,
        padding: "same",
        ...flags,
      }),
      normal(1, 4, 4, 2),
      [normal(2, 2, 2, 2), normal(2)],
      (x, f, b) => plus(conv2d(x, f, { pad: "same", dilation }), b),
    )
  ),
  row(
    "conv2d layer with relu",
    tf.layers.conv2d({ filters: 2, kernelSize: 2, strides: 2, activation: "relu", ...flags }),
    normal(1, 4, 4, 2),
    [normal(2, 2, 2, 2), normal(2)],
    (x, f, b) => relu(plus(conv2d(x, f, { stride: 2 }), b)),
  ),
  row(
    "depthwiseConv2d layer",
    tf.layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, depthwiseInitializer: "zeros" }),
    normal(1, 3, 3, 2),
    [normal(2, 2, 2, 2), normal(4)],
    (x, f, b) => plus(depthwise(x, f), b),
  ),
  row(
    "separableConv2d layer",
    tf.layers.separableConv2d({ filters: 2, kernelSize: 2 }),
    normal(1, 3, 3, 2),
    [normal(2, 2, 2, 1), normal(1, 1, 2, 2), normal(2)],
    (x, d, p, b) => plus(conv2d(depthwise(x, d), p), b),
  ),
  row("batch norm, eval", tf.layers.batchNormalization({}), normal(3, 2, 2, 2), [
    positive(2),
    normal(2),
    normal(2),
    positive(2),
  ], (x, gamma, beta, m, v) => plus(times(normalized(x, m, v), gamma), beta)),
  row(
    "batch norm without scale and centre, eval",
    tf.layers.batchNormalization({ scale: false, center: false }),
    normal(3, 2),
    [normal(2), positive(2)],
    (x, m, v) => normalized(x, m, v),
  ),
  row(
    "batch norm, train",
    tf.layers.batchNormalization({}),
    normal(4, 2),
    [positive(2), normal(2), normal(2), positive(2)],
    (x, gamma, beta) =>
      plus(times(normalized(x, reduce(x, [0], mean), reduce(x, [0], variance)), gamma), beta),
    { training: true },
  ),
  row(
    "layer norm",
    tf.layers.layerNormalization({ axis: -1 }),
    normal(3, 4),
    [normal(4), normal(4)],
    (x, gamma, beta) =>
      plus(
        times(normalized(x, reduce(x, [1], mean, true), reduce(x, [1], variance, true)), gamma),
        beta,
      ),
  ),
  row("dropout", tf.layers.dropout({ rate: 0.4, seed: 3 }), normal(4, 5), [], (x) => {
    if (mask.length === 0) {
      mask = [
        ...(tf.layers.dropout({ rate: 0.4, seed: 3 }).call(tf.ones([4, 5]), {
          training: true,
        }) as tf.Tensor).dataSync(),
      ];
    }
    return { ...x, data: x.data.map((v, i) => v * mask[i]) };
  }, { training: true }),
  row(
    "prelu layer",
    tf.layers.prelu({}),
    normal(3, 4),
    [normal(4)],
    (x, a) => zip(x, a, (v, s) => v > 0 ? v : v * s),
  ),
  row(
    "simpleRNN",
    tf.layers.simpleRNN({ units: 2, ...flags, recurrentInitializer: "zeros" }),
    ...recurrent,
    [normal(2, 2), normal(2, 2), normal(2)],
    (x, w, u, b) =>
      steps(x).reduce((h, t) => tanh(plus(dense(t, w, b), matMul(h, u))), zeros(2, 2)),
  ),
  row(
    "lstm",
    tf.layers.lstm({
      units: 2,
      recurrentActivation: "sigmoid",
      ...flags,
      recurrentInitializer: "zeros",
    }),
    ...recurrent,
    [normal(2, 8), normal(2, 8), normal(8)],
    (x, w, u, b) =>
      steps(x).reduce(([h, c], t) => {
        const z = plus(dense(t, w, b), matMul(h, u));
        const [i, f, g, o] = [0, 2, 4, 6].map((k) => columns(z, k, 2));
        const cell = plus(times(sigmoid(f), c), times(sigmoid(i), tanh(g)));
        return [times(sigmoid(o), tanh(cell)), cell];
      }, [zeros(2, 2), zeros(2, 2)])[0],
    { tolerance: 5e-5 },
  ),
  row(
    "gru",
    tf.layers.gru({
      units: 2,
      recurrentActivation: "sigmoid",
      ...flags,
      recurrentInitializer: "zeros",
    }),
    ...recurrent,
    [normal(2, 6), normal(2, 6), normal(6)],
    (x, w, u, b) =>
      steps(x).reduce((h, t) => {
        const a = dense(t, w, b);
        const gates = sigmoid(plus(columns(a, 0, 4), matMul(h, columns(u, 0, 4))));
        const [z, r] = [columns(gates, 0, 2), columns(gates, 2, 2)];
        const candidate = tanh(plus(columns(a, 4, 2), matMul(times(r, h), columns(u, 4, 2))));
        return plus(times(z, h), times(map(z, (v) => 1 - v), candidate));
      }, zeros(2, 2)),
    { tolerance: 5e-5 },
  ),
];
