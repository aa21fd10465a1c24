import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { flatten, layoutOf, mlp, modelLoss, moons, type Samples, tf } from "../../mod.ts";

const model = mlp({ inputs: 2, hidden: [8], outputs: 2, activation: "tanh" });
const { train } = moons({ train: 100, test: 20 });
const theta = flatten(model);

Deno.test("a layer that is frozen after the loss was made changes nothing", async () => {
  const net = tf.sequential({
    layers: [
      tf.layers.dense({ units: 2, inputShape: [2], useBias: false, activation: "tanh" }),
      tf.layers.dense({ units: 2, useBias: false }),
    ],
  });
  const at = flatten(net);
  await using loss = modelLoss(net, train);
  const value = await loss.value(at);
  net.layers[0].trainable = false;
  assertEquals(await loss.value(at), value);
});

Deno.test("a layer that stands twice in a model is one", () => {
  const input = tf.input({ shape: [4] });
  const shared = tf.layers.dense({ units: 4, inputShape: [4] });
  const inner = tf.sequential({ layers: [shared] });
  shared.apply(input);
  const twice = inner.apply(shared.apply(input)) as tf.SymbolicTensor;
  const net = tf.model({
    inputs: input,
    outputs: tf.layers.dense({ units: 3 }).apply(twice) as tf.SymbolicTensor,
  });
  assertEquals(layoutOf(net).size, 20 + 15);
});

Deno.test("random layers draw by the seed: the loss in train mode is a function, and leaves nothing", async () => {
  const sequence: Samples = {
    inputs: { data: Float32Array.from({ length: 60 }, (_, i) => Math.sin(i)), shape: [4, 5, 3] },
    targets: { data: Int32Array.of(0, 1, 1, 0), shape: [4] },
  };
  const nets = [
    tf.sequential({
      layers: [
        tf.layers.lstm({ units: 4, inputShape: [5, 3], dropout: 0.4, recurrentDropout: 0.4 }),
        tf.layers.dense({ units: 2 }),
      ],
    }),
    tf.sequential({
      layers: [
        tf.layers.gaussianNoise({ stddev: 1, inputShape: [5, 3] }),
        tf.layers.flatten(),
        tf.layers.alphaDropout({ rate: 0.3 }),
        tf.layers.dense({ units: 2 }),
      ],
    }),
  ];
  for (const net of nets) {
    await using loss = modelLoss(net, sequence, { mode: "train" });
    const at = flatten(net), u = at.map((_, i) => Math.sin(i)), v = at.map((_, i) => Math.cos(i));
    const value = await loss.value(at), before = tf.memory().numTensors;
    assertEquals(await loss.value(at), value);
    const [hu, hv] = [await loss.product(at, u), await loss.product(at, v)];
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((s, x, i) => s + x * b[i], 0);
    assertAlmostEquals(dot(u, hv), dot(v, hu), 1e-4);
    assertEquals(tf.memory().numTensors, before);
  }
});

Deno.test("a model that remembers is no function of θ", () => {
  const net = tf.sequential({
    layers: [
      tf.layers.simpleRNN({ units: 4, stateful: true, batchInputShape: [4, 5, 3] }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  assertThrows(
    () =>
      modelLoss(net, {
        inputs: { data: new Float32Array(60), shape: [4, 5, 3] },
        targets: { data: Int32Array.of(0, 1, 1, 0), shape: [4] },
      }),
    RangeError,
    "is stateful",
  );
});

Deno.test("probabilities are refused wherever the end of a model does not tell, and ends that do not fit", async () => {
  const { inputs, targets } = train;
  const binary: Samples = { inputs, targets };
  const refused = [
    [
      tf.layers.dense({ units: 1, activation: "sigmoid", inputShape: [2] }),
      tf.layers.reshape({ targetShape: [1] }),
    ],
    [
      tf.layers.reshape({ targetShape: [1, 2], inputShape: [2] }),
      tf.layers.simpleRNN({ units: 1, activation: "sigmoid" }),
    ],
  ];
  for (const layers of refused) {
    const net = tf.sequential({ layers });
    await using loss = modelLoss(net, binary);
    await assertRejects(
      () => loss.value(flatten(net)),
      RangeError,
      "got probabilities (all outputs lie between",
    );
  }
  const softmax = tf.sequential({
    layers: [
      tf.layers.dense({ units: 2, activation: "softmax", inputShape: [2] }),
      tf.layers.activation({ activation: "linear" }),
    ],
  });
  await using loss = modelLoss(softmax, train);
  await assertRejects(
    () => loss.value(flatten(softmax)),
    RangeError,
    "every row of the outputs sums to 1",
  );
  const sigmoid = tf.sequential({
    layers: [tf.layers.dense({ units: 2, activation: "sigmoid", inputShape: [2] })],
  });
  assertThrows(
    () => modelLoss(sigmoid, train, { criterion: "crossEntropy" }),
    RangeError,
    "ends in sigmoid",
  );
  const soft = tf.sequential({
    layers: [tf.layers.dense({ units: 1, activation: "softmax", inputShape: [2] })],
  });
  assertThrows(
    () => modelLoss(soft, train, { criterion: "binaryCrossEntropy" }),
    RangeError,
    "ends in softmax",
  );
});

Deno.test("an activation that is used twice is left out nowhere", async () => {
  const input = tf.input({ shape: [2] });
  const softmax = tf.layers.activation({ activation: "softmax" });
  const middle = softmax.apply(tf.layers.dense({ units: 2 }).apply(input));
  const output = softmax.apply(tf.layers.dense({ units: 2 }).apply(middle)) as tf.SymbolicTensor;
  const net = tf.model({ inputs: input, outputs: output });
  await using loss = modelLoss(net, train);
  await assertRejects(() => loss.value(flatten(net)), RangeError, "got probabilities");
});

Deno.test("a model inside a model has the loss of its layers", async () => {
  const weights = { kernelInitializer: tf.initializers.glorotNormal({ seed: 5 }) };
  const first = tf.layers.dense({ units: 4, inputShape: [2], ...weights });
  const flat = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [2], ...weights }),
      tf.layers.dense({ units: 2, inputShape: [4], activation: "softmax", ...weights }),
    ],
  });
  const inner = tf.sequential({
    layers: [tf.layers.dense({ units: 2, inputShape: [4], activation: "softmax", ...weights })],
  });
  const nested = tf.sequential({ layers: [first, inner] });
  await using a = modelLoss(flat, train);
  await using b = modelLoss(nested, train);
  assertEquals(await a.value(flatten(flat)), await b.value(flatten(nested)));
});

Deno.test("where all is frozen, nothing has a slope", async () => {
  const net = tf.sequential({
    layers: [tf.layers.dense({ units: 2, inputShape: [2], trainable: false })],
  });
  await using loss = modelLoss(net, train);
  const at = flatten(net);
  assertEquals([...await loss.gradient(at), ...await loss.product(at, at)], new Array(12).fill(0));
});

Deno.test("hooks and float labels that are misused are told what is wanted", async () => {
  assertThrows(
    () => modelLoss(model, train, { preBatch: 3 as never }),
    TypeError,
    "preBatch must be a function",
  );
  await using lost = modelLoss(model, train, { preBatch: ({ inputs }) => ({ inputs }) });
  await assertRejects(() => lost.value(theta), TypeError, "without targets");
  const labels = { data: Float32Array.from(train.targets.data), shape: [100] };
  await using floats = modelLoss(model, { inputs: train.inputs, targets: labels });
  await using whole = modelLoss(model, train);
  assertEquals(await floats.value(theta), await whole.value(theta));
  assertThrows(
    () => modelLoss(model, train, { criterion: "toString" as never }),
    RangeError,
    "criterion must be one of",
  );
});
