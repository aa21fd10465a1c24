import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  flatten,
  l1,
  l2,
  layout,
  type Loss,
  mlp,
  modelLoss,
  moons,
  tf,
  train,
  withPenalty,
} from "../../mod.ts";
import type { TrainingPlan } from "../../lib/loss.ts";
import { optimizerStep } from "../../lib/math/optimizer.ts";
import { random } from "../../lib/math/random.ts";
import { isLarge, splitTrainer } from "../../lib/nn/split_trainer.ts";
import { accumulate, type Vector } from "../../lib/vector.ts";

const samples = moons({ train: 61, noise: 0.1 }).train;

/** A net whose own regularizer must be added once, not once a chunk. */
const net = () => {
  const kernelRegularizer = tf.regularizers.l2({ l2: 0.01 });
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 12, activation: "tanh", inputShape: [2], kernelRegularizer }),
      tf.layers.dense({ units: 2 }),
    ],
  });
};

/** The largest difference of two vectors, relative to the largest number in the second. */
const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  assertEquals(a.length, b.length);
  const largest = (x: number[]) => x.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
  return largest(Array.from(a, (x, i) => x - b[i])) / largest(Array.from(b));
};

const rules = {
  sgd: { optimizer: "sgd", momentum: 0 },
  momentum: { optimizer: "sgd", momentum: 0.9 },
  adam: { optimizer: "adam", momentum: 0 },
} as const;

const penalties = [
  [],
  [{ norm: "l1", weight: 0.02 }, { norm: "l2", weight: 0.03 }],
] as const;

for (const [name, rule] of Object.entries(rules)) {
  for (const added of penalties) {
    const what = added.length ? `${name} with penalties` : name;
    Deno.test(`${what}: steps from the gradients of chunks are the recorded steps on whole batches`, async () => {
      const model = net(), theta = flatten(model);
      await using whole = modelLoss(model, samples, { engine: "native" });
      // batches of 40 are 6 chunks of 7 and less, those of 21 three
      await using chunked = modelLoss(model, samples, { engine: "native", batchSize: 7 });
      const plan: TrainingPlan = { ...rule, batchSize: 40, steps: 8, penalties: added };
      const recorded = (await whole.trainer!(theta, plan))!;
      const split = splitTrainer(
        (theta, options) => chunked.valueAndGradient!(theta, options),
        whole.layout,
        { theta, plan },
      );
      for (const [epoch, learningRate] of [0.05, 0.05, 0.01].entries()) {
        const order = random(7, `${epoch}`).permutation(61);
        const batches = [order.subarray(0, 40), order.subarray(40)];
        const states: [number, Vector, Vector?][][] = [[], []];
        const [a, b] = await Promise.all([split, recorded].map((trainer, i) =>
          trainer.run({
            batches,
            learningRate,
            statesAfter: [1],
            visitState: (...state) => states[i].push(state),
          })
        ));
        assert(difference(a.losses, b.losses) < 2e-6);
        assert(difference(a.theta, b.theta) < 2e-6);
        assertEquals([a.diverged, b.diverged], [false, false]);
        const [[[step, halfway, moment]], [[, other, otherMoment]]] = states;
        assertEquals([step, states[0].length, states[1].length], [1, 1, 1]);
        assert(difference(halfway, other) < 2e-6);
        assertEquals([a.secondMoment, moment].map(Boolean), Array(2).fill(name === "adam"));
        if (a.secondMoment) assert(difference(a.secondMoment, b.secondMoment!) < 1e-5);
        if (moment) assert(difference(moment, otherMoment!) < 1e-5);
      }
      assert(difference((await split.run({ batches: [], learningRate: 1 })).theta, theta) > 0.01);
    });
  }
}

Deno.test("a step that is stopped leaves those before it; one that diverges is the last", async () => {
  const model = net(), theta = flatten(model);
  await using loss = modelLoss(model, samples, { engine: "native" });
  const plan = { optimizer: "sgd", momentum: 0, batchSize: 61, steps: 5 } as const;
  const stop = new AbortController();
  const make = (f: typeof loss.valueAndGradient) =>
    splitTrainer((theta, options) => f!(theta, options), loss.layout, { theta, plan });
  const batches = Array.from({ length: 5 }, () => undefined);
  let asked = 0;
  const trainer = make(async (theta, options) => {
    const made = await loss.valueAndGradient!(theta, options);
    if (++asked === 3) stop.abort();
    options?.signal?.throwIfAborted();
    return made;
  });
  const stopped = await trainer.run({ batches, learningRate: 0.1, signal: stop.signal });
  const two = await make(loss.valueAndGradient).run({
    batches: batches.slice(0, 2),
    learningRate: 0.1,
  });
  assertEquals(stopped, two);
  assertEquals(stopped.losses.length, 2);
  const diverged = await make((theta, options) => loss.valueAndGradient!(theta, options)).run({
    batches,
    learningRate: 1e45,
  });
  assertEquals([diverged.diverged, diverged.losses.length], [true, 1]);
});

Deno.test("millions of weights move as one, in turns of the event loop", async () => {
  const n = 2_500_000, over = layout({ w: [n] });
  const theta = Float32Array.from({ length: n }, (_, i) => Math.sin(i));
  const slope = (at: Vector) => at.map((w, i) => w * (1 + i % 3)) as Vector;
  for (const rule of [rules.momentum, rules.adam]) {
    const at = theta.slice(), move = optimizerStep(n, rule);
    for (let step = 0; step < 3; step++) move(at, slope(at), 0.01);
    const { theta: found, secondMoment, losses } = await splitTrainer(
      (theta) => Promise.resolve({ value: 1, gradient: slope(theta) }),
      over,
      { theta, plan: { ...rule, batchSize: 1, steps: 3 } },
    ).run({ batches: [undefined, undefined, undefined], learningRate: 0.01 });
    assertEquals(losses, Float64Array.of(1, 1, 1));
    assertEquals(difference(found, at), 0);
    assertEquals(Boolean(secondMoment), rule === rules.adam);
    if (secondMoment) assertEquals(difference(secondMoment, move.secondMoment!()!), 0);
  }
});

Deno.test("batches are split from two thousand million multiplications on", () => {
  const plan = { optimizer: "sgd", momentum: 0, batchSize: 100, steps: 1 } as const;
  assertEquals([1e7, 2e7, 3e7].map((work) => isLarge(plan, work)), [false, false, true]);
});

/** Samples of 50 numbers; a net that takes them makes 1e5 multiplications with each. */
const many = (n: number) => {
  const { normal } = random(3, "many");
  return {
    inputs: { data: Float32Array.from({ length: n * 50 }, () => normal() + 1), shape: [n, 50] },
    targets: { data: Int32Array.from({ length: n }, (_, i) => i % 10), shape: [n] },
  };
};

Deno.test("training on large batches is what the gradients of these batches make of θ", async () => {
  const n = 20000, model = mlp({ inputs: 50, hidden: [300, 300], outputs: 10 });
  const theta = flatten(model);
  await using plain = modelLoss(model, many(n), { engine: "native" });
  const loss: Loss = withPenalty(withPenalty(plain, l2(1e-3)), l1(1e-5));
  const options = { epochs: 1, learningRate: 0.01, momentum: 0.9, seed: 5, progress: false };
  for (const batchSize of [n, n - 5]) {
    const { final, stepLosses, config } = await train(loss, theta, { ...options, batchSize });
    assertEquals(config.engine, "native");
    const order = random(5, "train/0").permutation(n), at = theta.slice() as Vector;
    const move = optimizerStep(at.length, options), losses: number[] = [];
    for (let from = 0; from < n; from += batchSize) {
      const indices = order.slice(from, from + batchSize);
      const { value, gradient } = await plain.valueAndGradient!(at, { indices });
      losses.push([l2(1e-3), l1(1e-5)].reduce((sum, p) => sum + p.value(loss.layout, at), value));
      for (const p of [l2(1e-3), l1(1e-5)]) accumulate(gradient, p.gradient(loss.layout, at));
      move(at, gradient, 0.01);
    }
    assert(difference(stepLosses, losses) < 1e-6);
    assert(difference(final, at) < 1e-6);
    assert(difference(final, theta) > 1e-3);
  }
});

Deno.test("a batch with a sample twice is no batch of all samples", async () => {
  const n = 20000, model = mlp({ inputs: 50, hidden: [300, 300], outputs: 10 });
  const theta = flatten(model);
  await using loss = modelLoss(model, many(n), { engine: "native" });
  const plan = { optimizer: "sgd", momentum: 0, batchSize: n, steps: 1 } as const;
  const trainer = (await loss.trainer!(theta, plan))!;
  const indices = Int32Array.from({ length: n }, (_, i) => i % 3);
  const { losses } = await trainer.run({ batches: [indices], learningRate: 0.1 });
  assertAlmostEquals(losses[0], await loss.value(theta, { indices }), 1e-4);
  assert(Math.abs(losses[0] - await loss.value(theta)) > 1e-3);
});

Deno.test("batch norm in training mode sees a large batch whole", async () => {
  const n = 20000, data = many(n), momentum = 0.5;
  const model = tf.sequential({
    layers: [
      tf.layers.batchNormalization({ inputShape: [50], momentum }),
      ...[300, 300].map((units) => tf.layers.dense({ units, activation: "relu" })),
      tf.layers.dense({ units: 10 }),
    ],
  });
  const theta = flatten(model);
  await using loss = modelLoss(model, data, { engine: "native", mode: "train", batchSize: n });
  const { final } = await train(loss, theta, { epochs: 1, batchSize: n, progress: false });
  const { offset, shape } = loss.layout.tensors.find(({ name }) => /moving_mean/.test(name))!;
  const mean = Float64Array.from({ length: shape[0] }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += data.inputs.data[i * 50 + j];
    return (1 - momentum) * sum / n;
  });
  assert(difference(final.subarray(offset, offset + shape[0]), mean) < 1e-5);
});
