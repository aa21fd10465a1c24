import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  assign,
  flatten,
  functionLoss,
  initialize,
  layout,
  mlp,
  modelLoss,
  moons,
  quadratic,
  tf,
  train,
} from "../../mod.ts";

const data = moons({ train: 120, test: 60, noise: 0.1 });
const net = (seed = 42) => mlp({ inputs: 2, hidden: [16], outputs: 2, activation: "tanh", seed });
const quiet = { progress: false } as const;

Deno.test("the same call gives the same run, another seed another", async () => {
  const options = { epochs: 3, learningRate: 0.1, momentum: 0.9, batchSize: 32, ...quiet };
  const a = await train(net(), data, options), b = await train(net(), data, options);
  assertEquals(a.final, b.final);
  assertEquals(a.stepLosses, b.stepLosses);
  const c = await train(net(), data, { ...options, seed: 7 });
  assert(c.final.some((x, i) => x !== a.final[i]));
  assertEquals(c.initial, a.initial);
});

Deno.test("a run keeps its history, its checkpoints and the loss of every step", async () => {
  const model = net();
  const run = await train(model, data, { epochs: 4, batchSize: 50, checkpointEvery: 2, ...quiet });
  assertEquals(run.stepLosses.length, 12);
  assertEquals(run.checkpoints.map((c) => [c.epoch, c.step]), [[0, 0], [2, 6], [4, 12]]);
  assertEquals(run.history.map((row) => row.epoch), [0, 1, 2, 3, 4]);
  assertEquals(run.initial, run.checkpoints[0].theta);
  assertEquals(run.final, run.checkpoints.at(-1)!.theta);
  assertEquals(flatten(model), run.final);
  assert(!run.partial);
  await using loss = modelLoss(model, data.train);
  const { loss: value, accuracy } = await loss.evaluate(run.final);
  assertEquals([run.history[4].trainLoss, run.history[4].trainAccuracy], [value, accuracy]);
  const lowest = Math.min(...run.history.map((row) => row.testLoss!));
  await using test = modelLoss(model, data.test);
  assertEquals(await test.value(run.best), lowest);
  assert(run.history[4].trainLoss < 0.7 * run.history[0].trainLoss);
});

Deno.test("checkpoints come at the steps that were asked for", async () => {
  const run = await train(net(), data, {
    epochs: 2,
    batchSize: 60,
    checkpointSteps: [1, 3],
    ...quiet,
  });
  assertEquals(run.checkpoints.map((c) => c.step), [0, 1, 3, 4]);
  assertEquals(run.checkpoints[1].epoch, 0.5);
});

Deno.test("gradient descent on a quadratic follows its closed form, with and without momentum", async () => {
  const loss = quadratic([1, 0.1]), start = Float64Array.of(1, 1);
  const plain = await train(loss, start, { epochs: 20, learningRate: 0.5, ...quiet });
  assertAlmostEquals(plain.final[0], 0.5 ** 20, 1e-12);
  assertAlmostEquals(plain.final[1], 0.95 ** 20, 1e-12);
  assertEquals([...start], [1, 1]);
  const heavy = await train(loss, start, {
    epochs: 20,
    learningRate: 0.5,
    momentum: 0.5,
    ...quiet,
  });
  let [x, m] = [1, 0];
  for (let i = 0; i < 20; i++) [x, m] = [x - 0.5 * (0.5 * m + 0.1 * x), 0.5 * m + 0.1 * x];
  assertAlmostEquals(heavy.final[1], x, 1e-6);
  assertEquals(plain.history.length, 21);
  assertAlmostEquals(plain.history[20].trainLoss, await loss.value(plain.final), 1e-15);
});

Deno.test("Adam's first step has the length of the learning rate, and its twentieth agrees with the paper", async () => {
  const loss = quadratic([1]), rate = 0.01;
  const run = await train(loss, Float64Array.of(1), {
    optimizer: "adam",
    learningRate: rate,
    epochs: 20,
    checkpointEvery: 1,
    ...quiet,
  });
  assertAlmostEquals(run.checkpoints[1].theta[0], 1 - rate, 1e-7);
  let x = 1, m = 0, v = 0;
  for (let t = 1; t <= 20; t++) {
    m = 0.9 * m + 0.1 * x;
    v = 0.999 * v + 0.001 * x * x;
    x -= rate * (m / (1 - 0.9 ** t)) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
  }
  assertAlmostEquals(run.final[0], x, 1e-6);
  // checkpoints keep v̂
  assertEquals(run.checkpoints[0].secondMoment, undefined);
  assertAlmostEquals(run.checkpoints[1].secondMoment![0], 1, 1e-6);
  assertAlmostEquals(run.checkpoints[20].secondMoment![0] / (v / (1 - 0.999 ** 20)), 1, 1e-5);
  const plain = await train(loss, Float64Array.of(1), { epochs: 2, ...quiet });
  assert(plain.checkpoints.every(({ secondMoment }) => secondMoment === undefined));
});

Deno.test("StepLR multiplies the learning rate every so many epochs", async () => {
  const run = await train(net(), data, {
    epochs: 5,
    learningRate: 0.2,
    stepSize: 2,
    gamma: 0.5,
    ...quiet,
  });
  assertEquals(run.history.slice(1).map((row) => row.learningRate), [0.2, 0.2, 0.1, 0.1, 0.05]);
});

Deno.test("a physics-informed loss trains: −u″ = π² sin πx with u = 0 at the ends", async () => {
  const inside = Float32Array.from({ length: 20 }, (_, i) => (i + 0.5) / 20);
  const shape = layout({ w1: [1, 12], b1: { shape: [12], role: "bias" }, w2: [12, 1] });
  const u = (p: Record<string, tf.Tensor>, x: tf.Tensor) =>
    tf.matMul(
      tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, p.w1 as tf.Tensor2D), p.b1)) as tf.Tensor2D,
      p.w2 as tf.Tensor2D,
    );
  const loss = functionLoss(shape, (p, { x, ends }) => {
    const slope = (x: tf.Tensor) => tf.grad((x) => tf.sum(u(p, x)))(x);
    const residual = tf.add(
      tf.grad((x) => tf.sum(slope(x)))(x),
      tf.mul(Math.PI ** 2, tf.sin(tf.mul(Math.PI, x))),
    );
    return tf.add(tf.mean(tf.square(residual)), tf.mul(50, tf.sum(tf.square(u(p, ends)))));
  }, {
    samples: {
      x: { data: inside, shape: [20, 1] },
      ends: { data: Float32Array.of(0, 1), shape: [2, 1] },
    },
  });
  const run = await train(loss, initialize(shape, { seed: 3 }), {
    optimizer: "adam",
    learningRate: 0.02,
    epochs: 150,
    ...quiet,
  });
  assert(run.history.at(-1)!.trainLoss < 0.2 * run.history[0].trainLoss);
});

Deno.test("batch norm's moving statistics are learnt, and nothing else moves them", async () => {
  const build = () =>
    tf.sequential({
      layers: [
        tf.layers.dense({
          units: 4,
          inputShape: [2],
          kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }),
        }),
        tf.layers.batchNormalization({ momentum: 0.5 }),
        tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }) }),
      ],
    });
  const model = build();
  const run = await train(model, data, { epochs: 10, batchSize: 40, learningRate: 0.05, ...quiet });
  const n = run.final.length,
    means = run.final.slice(n - 8, n - 4),
    variances = run.final.slice(n - 4);
  assert(means.some((x) => x !== 0) && variances.every((x) => x > 0 && x !== 1));
  // the first layer's activations have a mean and variance that the moving ones come near
  const h = tf.tidy(() => {
    const x = tf.tensor2d(data.train.inputs.data, [120, 2]);
    const { mean, variance } = tf.moments(
      tf.add(
        tf.matMul(x, model.layers[0].getWeights()[0] as tf.Tensor2D),
        model.layers[0].getWeights()[1],
      ),
      0,
    );
    return { mean: mean.dataSync(), variance: variance.dataSync() };
  });
  means.forEach((x, i) => assertAlmostEquals(x, h.mean[i], 0.3));
  variances.forEach((x, i) => assertAlmostEquals(x, h.variance[i], 0.5 * h.variance[i] + 0.1));
});

Deno.test("Stop keeps what was done", async () => {
  const stop = new AbortController();
  const progress = { report: ({ done }: { done: number }) => void (done === 7 && stop.abort()) };
  const run = await train(net(), data, {
    epochs: 50,
    batchSize: 30,
    signal: stop.signal,
    progress,
  });
  assert(run.partial);
  assertEquals(run.stepLosses.length, 7);
  assertEquals(run.checkpoints.at(-1)!.step, 7);
  assertEquals(run.final, run.checkpoints.at(-1)!.theta);
  const whole = await train(net(), data, {
    epochs: 2,
    batchSize: 30,
    checkpointSteps: [7],
    ...quiet,
  });
  assertEquals(whole.checkpoints[1].theta, run.final);
});

Deno.test("training that diverges is data: the run ends where θ stops being finite", async () => {
  const run = await train(quadratic([1]), Float64Array.of(1), {
    epochs: 5000,
    learningRate: 1e3,
    ...quiet,
  });
  assert(run.partial);
  assert(run.stepLosses.length < 200);
  assert(!Number.isFinite(run.final[0]));
});

Deno.test("another model's data, layout or options are refused", async () => {
  const rejects = (options: object, message: string) =>
    assertRejects(() => train(net(), data, options), RangeError, message);
  await rejects({ epochs: 0 }, "epochs must be a positive integer up to 1e7, got 0");
  await rejects({ learningRate: -1 }, "learningRate must be positive, got -1");
  await rejects({ momentum: 1 }, "momentum must be in [0, 1), got 1");
  await rejects({ optimizer: "lion" }, 'optimizer must be "sgd" or "adam", got "lion"');
  await rejects({ checkpointSteps: [1.5] }, "a list of step numbers");
  await assertRejects(
    () => train(net(), data.train as never),
    TypeError,
    "a data set { train, test }",
  );
  await assertRejects(
    () => train(quadratic([1, 2]), Float64Array.of(1)),
    RangeError,
    "the 2 numbers of the layout, got 1",
  );
  await assertRejects(
    () => train(quadratic([1, 2]), Float64Array.of(1, 2), { test: quadratic([1]) }),
    RangeError,
    "the layout of the training loss",
  );
});

Deno.test("what training cannot honour is refused, not ignored", async () => {
  const dense = (options: object) =>
    tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2], ...options })] });
  const constrained = dense({ kernelConstraint: tf.constraints.nonNeg() });
  await assertRejects(() => train(constrained, data, quiet), RangeError, "has a constraint");
  const theta = Float32Array.of(-1, 2, -3, 4, 0, 0);
  assign(constrained, theta);
  assertEquals(flatten(constrained), theta);
  const frozen = dense({ trainable: false });
  await assertRejects(() => train(frozen, data, quiet), RangeError, "all weights are frozen");
  const rejects = (options: object, message: string) =>
    assertRejects(() => train(net(), data, options), RangeError, message);
  await rejects({ test: quadratic([1]) }, "a model is tested on dataset.test");
  await rejects({ optimizer: "adam", momentum: 0.9 }, "momentum must be left out with adam");
  await rejects({ learningRate: "0.1" }, 'learningRate must be positive, got "0.1"');
  await rejects({ epochs: 1e12 }, "epochs must be a positive integer up to 1e7");
  await rejects({ seed: NaN }, "seed must be an integer, got NaN");
  await assertRejects(
    () => train(quadratic([1]), Float64Array.of(1), { test: 5 as never }),
    TypeError,
    "test must be a loss, got number 5",
  );
});
