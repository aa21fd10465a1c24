/** Losses, gradients and Hessian-vector products against PyTorch in float64: see tests/references. */
import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import {
  assign,
  flatten,
  functionLoss,
  layout,
  layoutOf,
  type Loss,
  modelLoss,
  tf,
} from "../../mod.ts";
import { layerMakers, lossOf, modelOf, samplesOf } from "../references/network.ts";
import { convs, mlps, type NetworkCase, physics, relativeDistance } from "../references/cases.ts";

/** Relative, norm-wise. Float32 leaves 1e-7 of a loss and 5e-7 of its derivatives here. */
const tolerance = { value: 1e-6, gradient: 3e-6, product: 3e-6 };

const bits = (array: ArrayBufferView) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();

const networks = [...mlps, ...convs];

for (const network of networks) {
  Deno.test(`loss, gradient and Hessian-vector product agree with PyTorch: ${network.name}`, async () => {
    const { criterion, mode } = network;
    const model = modelOf(network), samples = samplesOf(network);
    const theta = Float32Array.from(network.theta), v = Float32Array.from(network.v);
    const held = [theta, v, samples.inputs.data, samples.targets.data];
    const before = [...held.map(bits), bits(flatten(model))];

    await using loss = modelLoss(model, samples, { criterion, mode });
    assertEquals(loss.layout.size, theta.length);
    assertEquals(loss.samples, network.inputs.shape[0]);
    assertAlmostEquals(await loss.value(theta) / network.value, 1, tolerance.value);
    assertLess(relativeDistance(await loss.gradient(theta), network.gradient), tolerance.gradient);
    assertLess(relativeDistance(await loss.product(theta, v), network.product), tolerance.product);

    const { perSample, accuracy, standardError, ...rest } = await loss.evaluate(theta, {
      perSample: true,
    });
    assertAlmostEquals(rest.loss / network.value, 1, tolerance.value);
    assertLess(relativeDistance(perSample!, network.perSample), tolerance.value);
    assertEquals(accuracy === undefined, network.accuracy === undefined);
    if (network.accuracy !== undefined) assertAlmostEquals(accuracy!, network.accuracy, 1e-7);
    assertAlmostEquals(standardError! / network.standardError, 1, 1e-5);

    assertEquals([...held.map(bits), bits(flatten(model))], before);
  });
}

const networkNamed = (part: string) => networks.find(({ name }) => name.includes(part))!;

async function assertAgrees(loss: Loss, { theta, v, value, gradient, product }: NetworkCase) {
  const at = Float32Array.from(theta);
  assertAlmostEquals(await loss.value(at) / value, 1, tolerance.value);
  assertLess(relativeDistance(await loss.gradient(at), gradient), tolerance.gradient);
  assertLess(
    relativeDistance(await loss.product(at, Float32Array.from(v)), product),
    tolerance.product,
  );
}

Deno.test("moving statistics are the state at the end of θ, and a product takes no notice of v there", async () => {
  const network = networkNamed("residual block");
  await using loss = lossOf(network);
  const { tensors } = loss.layout;
  const states = tensors.filter(({ offset }) => offset >= network.trainable);
  assertEquals(states.map(({ role }) => role), ["state", "state", "state", "state"]);
  assertEquals(states.map(({ shape }) => shape), [[3], [3], [3], [3]]);
  assert(tensors.every(({ role, offset }) => role === "state" || offset < network.trainable));
  const v = Float32Array.from(network.v).fill(1, network.trainable);
  const product = await loss.product(Float32Array.from(network.theta), v);
  assertLess(relativeDistance(product, network.product), tolerance.product);
  assert(product.subarray(network.trainable).every((x) => x === 0));
});

Deno.test("batches of unequal size are weighted by their size", async () => {
  const network = networkNamed("tanh MLP, cross-entropy");
  await using loss = lossOf(network, { batchSize: 7 });
  await assertAgrees(loss, network);
});

Deno.test("one-hot targets and integer classes are the same", async () => {
  const network = networkNamed("tanh MLP, cross-entropy");
  const { inputs, targets } = samplesOf(network);
  const oneHot = new Float32Array(targets.data.length * 3);
  targets.data.forEach((c, i) => oneHot[3 * i + c] = 1);
  const samples = { inputs, targets: { shape: [targets.data.length, 3], data: oneHot } };
  await using loss = modelLoss(modelOf(network), samples);
  await assertAgrees(loss, network);
});

Deno.test("samples may be tensors, and a sequential model is as good as a functional one", async () => {
  const network = networkNamed("relu MLP, cross-entropy");
  const model = tf.sequential({
    layers: network.layers.map(({ kind, ...config }, i) =>
      layerMakers[kind]({ ...config, ...(i === 0 && { inputShape: network.inputShape }) })
    ),
  });
  const { inputs, targets } = network;
  const samples = {
    inputs: tf.tensor(inputs.data, inputs.shape),
    targets: tf.tensor(targets.data, targets.shape, "int32"),
  };
  await using loss = modelLoss(model, samples);
  await assertAgrees(loss, network);
  assertEquals(samples.inputs.dataSync(), Float32Array.from(inputs.data));
  tf.dispose(samples);
});

Deno.test("what assign wrote, flatten reads bit for bit, and the model computes with it", () => {
  for (
    const network of [
      networkNamed("residual block"),
      networkNamed("depthwise"),
      networkNamed("layer norm"),
    ]
  ) {
    const model = modelOf(network), theta = Float32Array.from(network.theta);
    assign(model, theta);
    assertEquals(bits(flatten(model)), bits(theta));
    assertEquals(layoutOf(model).size, theta.length);
    const outputs = tf.tidy(() =>
      (model.predict(tf.tensor(network.inputs.data, network.inputs.shape)) as tf.Tensor).dataSync()
    );
    assertLess(relativeDistance(outputs, network.outputs), 1e-5);
  }
});

Deno.test("a loss written as a function of named tensors agrees with PyTorch", async () => {
  const network = networkNamed("tanh MLP, cross-entropy");
  const shapes = layout({ w1: [4, 8], b1: [8], w2: [8, 8], b2: [8], w3: [8, 3], b3: [3] });
  const samples = samplesOf(network);
  await using loss = functionLoss(shapes, (p, { x, y }) => {
    const dense = (h: tf.Tensor, i: number) => tf.add(tf.matMul(h, p[`w${i}`]), p[`b${i}`]);
    const z = dense(tf.tanh(dense(tf.tanh(dense(x, 1)), 2)), 3);
    const right = tf.sum(tf.mul(z, tf.oneHot(tf.cast(y, "int32"), 3)), 1);
    return tf.sub(tf.log(tf.sum(tf.exp(z), 1)), right);
  }, { samples: { x: samples.inputs, y: samples.targets } });
  assertEquals(loss.samples, 24);
  await assertAgrees(loss, network);
});

Deno.test("a physics-informed loss, with two derivatives by the input, agrees with PyTorch", async () => {
  const { points, tensors } = physics;
  const shapes = layout(
    Object.fromEntries(
      Object.entries(tensors).map((
        [name, shape],
      ) => [name, { shape, role: name.startsWith("b") ? "bias" as const : "weight" as const }]),
    ),
  );
  const x = { shape: [points.length, 1], data: Float32Array.from(points) };
  const ends = { shape: [2, 1], data: Float32Array.of(0, 1) };
  await using loss = functionLoss(shapes, (p, { x, ends }) => {
    const dense = (h: tf.Tensor, i: number) => tf.add(tf.matMul(h, p[`w${i}`]), p[`b${i}`]);
    const u = (x: tf.Tensor) => dense(tf.tanh(dense(tf.tanh(dense(x, 1)), 2)), 3);
    const slope = tf.grad((x) => tf.sum(u(x)));
    const second = tf.grad((x) => tf.sum(slope(x)))(x);
    const source = tf.mul(Math.PI ** 2, tf.sin(tf.mul(Math.PI, x)));
    const inside = tf.mean(tf.square(tf.add(second, source)));
    return tf.add(inside, tf.sum(tf.square(u(ends))));
  }, { samples: { x, ends } });

  const theta = Float32Array.from(physics.theta), v = Float32Array.from(physics.v);
  const held = [theta, v, x.data, ends.data];
  const before = held.map(bits);
  assertEquals(loss.samples, undefined);
  assertAlmostEquals(await loss.value(theta) / physics.value, 1, tolerance.value);
  assertLess(relativeDistance(await loss.gradient(theta), physics.gradient), tolerance.gradient);
  assertLess(relativeDistance(await loss.product(theta, v), physics.product), tolerance.product);
  const evaluation = await loss.evaluate(theta);
  assertAlmostEquals(evaluation.loss / physics.value, 1, tolerance.value);
  assertEquals([evaluation.standardError, evaluation.accuracy], [undefined, undefined]);
  assertEquals(held.map(bits), before);
});
