import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { flatten, l2, mlp, modelLoss, moons, type Samples, tf, withPenalty } from "../../mod.ts";
import { random } from "../../lib/math/random.ts";

const model = mlp({ inputs: 2, hidden: [8], outputs: 2, activation: "tanh" });
const { train } = moons({ train: 100, test: 20 });
const theta = flatten(model);

/** The mean cross-entropy of the network above, in plain double precision. */
function reference(theta: ArrayLike<number>, { inputs, targets }: typeof train): number[] {
  return Array.from({ length: inputs.shape[0] }, (_, n) => {
    const z = [theta[40], theta[41]];
    for (let j = 0; j < 8; j++) {
      let h = theta[16 + j];
      for (let i = 0; i < 2; i++) h += inputs.data[2 * n + i] * theta[8 * i + j];
      for (let k = 0; k < 2; k++) z[k] += Math.tanh(h) * theta[24 + 2 * j + k];
    }
    return Math.log(Math.exp(z[0]) + Math.exp(z[1])) - z[targets.data[n]];
  });
}

const mean = (xs: ArrayLike<number>) => Array.from(xs).reduce((a, b) => a + b, 0) / xs.length;

Deno.test("value, per-sample losses and their standard error agree with plain arithmetic", async () => {
  await using loss = modelLoss(model, train);
  const expected = reference(theta, train);
  const { loss: value, perSample, standardError, subsampleError } = await loss.evaluate(theta, {
    perSample: true,
  });
  perSample!.forEach((x, i) => assertAlmostEquals(x, expected[i], 1e-6));
  assertAlmostEquals(value, mean(expected), 1e-6);
  const m = mean(expected);
  const s = Math.sqrt(expected.reduce((sum, x) => sum + (x - m) ** 2, 0) / 99);
  assertAlmostEquals(standardError!, s / 10, 1e-6);
  assertEquals(subsampleError, 0);
});

Deno.test("batches are weighted by their size", async () => {
  await using whole = modelLoss(model, train);
  const v = theta.map((_, i) => Math.sin(i));
  for (const batchSize of [1, 7, 64, 1000]) {
    await using loss = modelLoss(model, train, { batchSize });
    assertAlmostEquals(await loss.value(theta), await whole.value(theta), 1e-6);
    const [a, b] = [await loss.gradient(theta), await whole.gradient(theta)];
    a.forEach((x, i) => assertAlmostEquals(x, b[i], 1e-6));
    const [c, d] = [await loss.product(theta, v), await whole.product(theta, v)];
    c.forEach((x, i) => assertAlmostEquals(x, d[i], 1e-5));
  }
});

Deno.test("a subsample is seeded, the same at every θ, and says its error", async () => {
  await using loss = modelLoss(model, train, { batchSize: 10, maxBatches: 4 });
  await using again = modelLoss(model, train, { batchSize: 10, maxBatches: 4 });
  await using other = modelLoss(model, train, { batchSize: 10, maxBatches: 4, seed: 7 });
  assertEquals([loss.samples, loss.samplesAvailable], [40, 100]);
  const { loss: value, standardError, subsampleError } = await loss.evaluate(theta);
  assertAlmostEquals(subsampleError!, standardError! * Math.sqrt(0.6), 1e-12);
  assertEquals(await again.value(theta), value);
  assert(await other.value(theta) !== value);
});

Deno.test("the gradient agrees with central differences of plain arithmetic", async () => {
  await using loss = modelLoss(model, train);
  const gradient = await loss.gradient(theta), h = 1e-5;
  for (const i of [0, 5, 17, 30, 41]) {
    const at = (step: number) => {
      const moved = Float64Array.from(theta);
      moved[i] += step;
      return mean(reference(moved, train));
    };
    assertAlmostEquals(gradient[i], (at(h) - at(-h)) / (2 * h), 1e-6);
  }
});

Deno.test("a loss leaves model, data and θ as they were, bit for bit", async () => {
  const net = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 6,
        inputShape: [2],
        kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }),
      }),
      tf.layers.batchNormalization({}),
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.dense({ units: 2, activation: "softmax" }),
    ],
  });
  const at = flatten(net), before = at.slice();
  const data = structuredClone(train), input = tf.tensor2d(train.inputs.data.slice(), [100, 2]);
  const probe = (net.predict(input) as tf.Tensor).dataSync();
  const config = JSON.stringify(net.getConfig());
  for (const mode of ["eval", "train"] as const) {
    await using loss = modelLoss(net, train, { mode });
    const value = await loss.value(at);
    assertEquals(await loss.value(at), value);
    await loss.gradient(at);
    await loss.product(at, at);
  }
  assertEquals(at, before);
  assertEquals(flatten(net), before);
  assertEquals(structuredClone(train), data);
  assertEquals((net.predict(input) as tf.Tensor).dataSync(), probe);
  assertEquals(JSON.stringify(net.getConfig()), config);
  assertEquals(
    net.weights.filter((w) => Object.hasOwn(w, "read") || Object.hasOwn(w, "write")),
    [],
  );
  input.dispose();
});

Deno.test("a softmax or sigmoid at the end is recognised, and logits are used", async () => {
  const weights = { kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }) };
  const build = (last: tf.layers.Layer[]) =>
    tf.sequential({
      layers: [tf.layers.dense({ units: 3, inputShape: [2], ...weights }), ...last],
    });
  const three: Samples = { inputs: train.inputs, targets: train.targets };
  const models = [
    build([]),
    build([tf.layers.softmax()]),
    build([tf.layers.activation({ activation: "softmax" })]),
    tf.sequential({
      layers: [tf.layers.dense({ units: 3, inputShape: [2], activation: "softmax", ...weights })],
    }),
  ];
  const at = flatten(models[0]), values: number[] = [];
  for (const m of models) {
    await using loss = modelLoss(m, three);
    values.push(await loss.value(at));
  }
  assertEquals(new Set(values).size, 1);
});

Deno.test("outputs that are probabilities are refused where logits are wanted", async () => {
  const input = tf.input({ shape: [2] });
  // a normalisation written by hand: no layer that could be recognised
  class Normalise extends tf.layers.Layer {
    static className = "NormaliseForTest";
    override call(x: tf.Tensor | tf.Tensor[]) {
      const a = tf.exp(Array.isArray(x) ? x[0] : x);
      return tf.div(a, tf.sum(a, 1, true));
    }
    override computeOutputShape(shape: tf.Shape) {
      return shape;
    }
  }
  const dense = tf.layers.dense({ units: 3 });
  const output = new Normalise({}).apply(dense.apply(input)) as tf.SymbolicTensor;
  const net = tf.model({ inputs: input, outputs: output });
  await using loss = modelLoss(net, train, { criterion: "crossEntropy" });
  await assertRejects(
    () => loss.value(flatten(net)),
    RangeError,
    "takes logits, got probabilities",
  );
});

Deno.test("hooks see each batch before and after the model", async () => {
  await using plain = modelLoss(model, train);
  await using doubled = modelLoss(model, train, {
    preBatch: ({ inputs, targets }) => ({ inputs: tf.mul(inputs as tf.Tensor, 1), targets }),
    postBatch: (losses) => tf.mul(losses, 2),
  });
  assertAlmostEquals(await doubled.value(theta), 2 * await plain.value(theta), 1e-6);
  const [a, b] = [await doubled.gradient(theta), await plain.gradient(theta)];
  a.forEach((x, i) => assertAlmostEquals(x, 2 * b[i], 1e-6));
});

Deno.test("accuracy is the share of samples classified correctly", async () => {
  const labels = [0, 0, 1, 1];
  const line: Samples = {
    inputs: { data: Float32Array.of(-1, 2, 1, 3), shape: [4, 1] },
    targets: { data: Int32Array.from(labels), shape: [4] },
  };
  const net = mlp({ inputs: 1, hidden: [], outputs: 1 });
  await using loss = modelLoss(net, line);
  assertEquals((await loss.evaluate(Float32Array.of(1, 0))).accuracy, 0.75);
});

Deno.test("train mode drops by a seed: the loss is a function of θ", async () => {
  const net = tf.sequential({
    layers: [
      tf.layers.dense({ units: 20, inputShape: [2], activation: "relu" }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  const at = flatten(net);
  await using a = modelLoss(net, train, { mode: "train" });
  await using b = modelLoss(net, train, { mode: "train", seed: 5 });
  await using plain = modelLoss(net, train);
  const value = await a.value(at);
  assertEquals(await a.value(at), value);
  assert(await b.value(at) !== value);
  assert(await plain.value(at) !== value);
});

Deno.test("regularizers of layers and penalties are part of the loss and its derivatives", async () => {
  const build = (l2?: number) =>
    tf.sequential({
      layers: [
        tf.layers.dense({
          units: 2,
          inputShape: [2],
          useBias: false,
          ...(l2 && { kernelRegularizer: tf.regularizers.l2({ l2 }) }),
        }),
      ],
    });
  const at = Float32Array.of(0.5, -1, 2, 0.25), square = 0.25 + 1 + 4 + 0.0625;
  await using plain = modelLoss(build(), train);
  await using regular = modelLoss(build(0.1), train);
  const penalized = withPenalty(plain, l2(0.1));
  assertAlmostEquals(await regular.value(at), await plain.value(at) + 0.1 * square, 1e-6);
  assertAlmostEquals(await penalized.value(at), await regular.value(at), 1e-6);
  const v = Float32Array.of(1, 2, 3, 4);
  const [h, g] = [await regular.product(at, v), await penalized.product(at, v)];
  h.forEach((x, i) => assertAlmostEquals(x, g[i], 1e-5));
});

Deno.test("nothing leaks on the backend", async () => {
  const loss = modelLoss(model, train, { batchSize: 30 });
  const v = theta.map((_, i) => Math.cos(i));
  await loss.value(theta);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 20; i++) {
    await loss.evaluate(theta, { perSample: true });
    await loss.gradient(theta);
    await loss.product(theta, v);
    await loss.gradient(theta, { indices: Int32Array.of(3, 1, 4) });
  }
  assertEquals(tf.memory().numTensors, before);
  await loss[Symbol.asyncDispose]();
  assert(tf.memory().numTensors < before);
});

Deno.test("Stop ends an evaluation between batches", async () => {
  await using loss = modelLoss(model, train, { batchSize: 1 });
  const stop = new AbortController();
  stop.abort();
  await assertRejects(() => loss.value(theta, { signal: stop.signal }), DOMException);
});

Deno.test("misuse is said before anything runs", () => {
  const make = (samples: unknown, options = {}) => () =>
    modelLoss(model, samples as Samples, options);
  const { inputs, targets } = train;
  const cases: [() => unknown, string][] = [
    [make({ inputs }), "the samples must have targets, got none"],
    [
      make({
        inputs: { data: inputs.data, shape: [200, 1] },
        targets: { data: new Int32Array(200), shape: [200] },
      }),
      "the model takes inputs of shape [n, 2], got [200, 1]",
    ],
    [
      make({
        inputs,
        targets: { data: targets.data.map((y, i) => i === 5 ? 2 : y), shape: [100] },
      }),
      "class targets must be integers from 0 to 1, got 2 in sample 5",
    ],
    [
      make({ inputs, targets: { data: new Float32Array(300), shape: [100, 3] } }, {
        criterion: "crossEntropy",
      }),
      "targets must be class numbers [n] or one-hot [n, 2], got [100, 3]",
    ],
    [
      make(train, { criterion: "hinge" }),
      'criterion must be one of crossEntropy, binaryCrossEntropy, meanSquaredError or a function, got "hinge"',
    ],
    [make(train, { mode: "test" }), 'mode must be "eval" or "train", got "test"'],
    [make(train, { batchSize: 0 }), "batchSize must be a positive integer, got 0"],
    [
      make(train, { maxBatches: 1.5 }),
      "maxBatches must be a positive integer or null for all, got 1.5",
    ],
    [make(train, { engine: "cuda" }), 'engine must be "auto", "native" or "wasm"'],
  ];
  for (const [f, message] of cases) assertThrows(f, RangeError, message);
  const broken = inputs.data.slice();
  broken[31] = NaN;
  assertThrows(
    make({ inputs: { data: broken, shape: inputs.shape }, targets }),
    RangeError,
    "sample 15",
  );
});

Deno.test("a criterion of the wrong shape, and a θ with NaN, are named", async () => {
  await using loss = modelLoss(model, train, { criterion: (z) => tf.mean(z) });
  await assertRejects(
    () => loss.value(theta),
    RangeError,
    "must give per-sample losses of shape [100], got shape []",
  );
  await using fine = modelLoss(model, train);
  const broken = theta.slice();
  broken[3] = Infinity;
  await assertRejects(() => fine.value(broken), RangeError, "θ holds Infinity at 3");
  await assertRejects(
    () => fine.product(theta, theta.subarray(1)),
    RangeError,
    "v must have the 42 numbers",
  );
});

Deno.test("logistic regression at w = 0 has the Hessian XᵀX/(4N), as one output and as two classes", async () => {
  const n = 60, source = random(1, "test");
  const x = Float32Array.from({ length: 3 * n }, source.normal);
  const samples: Samples = {
    inputs: { data: x, shape: [n, 3] },
    targets: { data: Int32Array.from({ length: n }, () => source.integer(2)), shape: [n] },
  };
  const gram = (i: number, j: number) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += x[3 * k + i] * x[3 * k + j];
    return sum / (4 * n);
  };
  const build = (units: number) =>
    tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [3], useBias: false })] });
  await using one = modelLoss(build(1), samples);
  for (let j = 0; j < 3; j++) {
    const column = await one.product(
      new Float32Array(3),
      Float32Array.from([0, 1, 2], (i) => +(i === j)),
    );
    column.forEach((h, i) => assertAlmostEquals(h, gram(i, j), 1e-6));
  }
  // along (w, −w)/√2 the two-class softmax has twice the curvature: its logit difference moves √2 as fast
  await using two = modelLoss(build(2), samples);
  const v = Float32Array.from([1, -1, 0, 0, 0, 0], (s) => s / Math.SQRT2);
  const product = await two.product(new Float32Array(6), v);
  assertAlmostEquals(product[0] * v[0] + product[1] * v[1], 2 * gram(0, 0), 1e-6);
});

Deno.test("soft targets weigh −log p; rows that are no distribution are refused", async () => {
  const net = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [1] })] });
  const samples = (rows: number[][]): Samples => ({
    inputs: { data: new Float32Array(rows.length).fill(1), shape: [rows.length, 1] },
    targets: { data: Float32Array.from(rows.flat()), shape: [rows.length, 3] },
  });
  const soft = [[0.2, 0.3, 0.5], [0, 1, 0]];
  await using loss = modelLoss(net, samples(soft), { criterion: "crossEntropy" });
  const { perSample } = await loss.evaluate(Float32Array.of(5, 0, 0, 0, 0, 0), { perSample: true });
  const total = Math.log(Math.exp(5) + 2), logP = [5 - total, -total, -total];
  soft.forEach((row, i) =>
    assertAlmostEquals(perSample![i], -row.reduce((s, y, k) => s + y * logP[k], 0), 1e-5)
  );
  for (const wrong of [[7, -3, 0], [1, 1, 0], [0, 0, 0]]) {
    assertThrows(
      () => modelLoss(net, samples([[1, 0, 0], wrong]), { criterion: "crossEntropy" }),
      RangeError,
      `sum to 1 in each sample, got [${wrong.join(", ")}] in sample 1`,
    );
  }
});

Deno.test("the loss of confident samples keeps its digits", async () => {
  const net = mlp({ inputs: 1, hidden: [], outputs: 1 });
  const samples: Samples = {
    inputs: { data: Float32Array.of(1, -1), shape: [2, 1] },
    targets: { data: Int32Array.of(1, 0), shape: [2] },
  };
  await using loss = modelLoss(net, samples);
  for (const z of [1, 10, 15, 20]) {
    const expected = Math.log1p(Math.exp(-z));
    assertAlmostEquals(await loss.value(Float32Array.of(z, 0)) / expected, 1, 1e-4);
  }
});
