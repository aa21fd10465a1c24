import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { flatten, l2, mlp, modelLoss, moons, type Samples, tf, withPenalty } from "../../mod.ts";

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
