import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Dataset,
  flatten,
  functionLoss,
  initialize,
  l1,
  l2,
  layout,
  mlp,
  modelLoss,
  moons,
  quadratic,
  tf,
  train,
  type TrainModelOptions,
  withPenalty,
} from "../../mod.ts";
import { random } from "../../lib/math/random.ts";

const quiet = { progress: false } as const;
const data = moons({ train: 110, test: 40, noise: 0.1 });
const net = () => mlp({ inputs: 2, hidden: [16, 16], outputs: 2, activation: "tanh" });

/** Pictures of 6×6 with a bright half: left or right. */
const pictures: Dataset = (() => {
  const { uniform } = random(1, "pictures");
  const some = (n: number) => {
    const targets = Int32Array.from({ length: n }, (_, i) => i % 2);
    const inputs = Float32Array.from(
      { length: n * 36 },
      (_, i) => uniform() + (i % 6 < 3 === (targets[Math.floor(i / 36)] === 0) ? 0.5 : 0),
    );
    return {
      inputs: { data: inputs, shape: [n, 6, 6, 1] },
      targets: { data: targets, shape: [n] },
    };
  };
  return { name: "pictures", train: some(54), test: some(20) };
})();

const convolutional = () => {
  const kernelInitializer = () => tf.initializers.glorotNormal({ seed: 3 });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 4,
        kernelSize: 3,
        inputShape: [6, 6, 1],
        // before batch norm a bias has the gradient 0: Adam would follow the signs of rounding errors
        useBias: false,
        kernelInitializer: kernelInitializer(),
      }),
      tf.layers.batchNormalization({ momentum: 0.8 }),
      tf.layers.reLU(),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 2, kernelInitializer: kernelInitializer() }),
    ],
  });
};

/** The largest difference. */
const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  assertEquals(a.length, b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
};

const rules: Record<string, TrainModelOptions> = {
  sgd: { learningRate: 0.1 },
  momentum: { learningRate: 0.05, momentum: 0.9 },
  adam: { optimizer: "adam", learningRate: 0.01 },
};

for (const [rule, settings] of Object.entries(rules)) {
  for (
    const [name, make, on] of [["an MLP", net, data], ["a net", convolutional, pictures]] as const
  ) {
    const what = name === "a net" ? "a convolutional net with batch norm" : name;
    Deno.test(`${rule} moves the weights of ${what} natively as on wasm`, async () => {
      // 4 steps an epoch, the last one on fewer samples
      const options = {
        ...settings,
        epochs: 3,
        batchSize: on === data ? 32 : 16,
        stepSize: 2,
        gamma: 0.5,
        checkpointSteps: [3, 10],
        ...quiet,
      };
      const model = make();
      const native = await train(model, on, { ...options, engine: "native" });
      const wasm = await train(make(), on, { ...options, engine: "wasm" });
      assertEquals([native.config.engine, wasm.config.engine], ["native", "wasm"]);
      assertEquals(native.checkpoints.map((c) => c.step), [0, 3, 10, 12]);
      native.checkpoints.forEach(({ theta }, i) =>
        assert(distance(theta, wasm.checkpoints[i].theta) < 1e-4)
      );
      native.checkpoints.forEach(({ secondMoment }, i) => {
        const other = wasm.checkpoints[i].secondMoment;
        assertEquals([!secondMoment, !other], Array(2).fill(rule !== "adam" || i === 0));
        if (secondMoment) assert(distance(secondMoment, other!) < 1e-4 * Math.max(...other!));
      });
      assert(distance(native.final, native.initial) > 1e-2);
      assert(distance(native.best, wasm.best) < 1e-4);
      assert(distance(native.stepLosses, wasm.stepLosses) < 1e-4);
      native.history.forEach((row, i) =>
        assert(distance(Object.values(row), Object.values(wasm.history[i])) < 1e-4)
      );
      assertEquals(native.history.length, wasm.history.length);
      assertEquals(flatten(model), native.final);
      assert(!native.partial);
    });
  }
}

Deno.test("batch norm sees all samples of a step, however many, and its statistics move on both engines", async () => {
  const n = 200, { inputs, targets } = moons({ train: n, test: 2 }).train;
  const build = () =>
    tf.sequential({
      layers: [
        tf.layers.batchNormalization({ inputShape: [2], momentum: 0, epsilon: 1e-6 }),
        tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }) }),
      ],
    });
  const x = (inputs as { data: Float32Array }).data;
  const mean = [0, 1].map((k) =>
    x.reduce((sum, value, i) => i % 2 === k ? sum + value : sum, 0) / n
  );
  const on = { name: "all", train: { inputs, targets } } as Dataset;
  for (const engine of ["wasm", "native"] as const) {
    const { final } = await train(build(), on, { epochs: 1, batchSize: n, engine, ...quiet });
    assert(distance(final.slice(-4, -2), mean) < 1e-5, engine);
    await using loss = modelLoss(build(), on.train, { mode: "train", batchSize: 64, engine });
    const split = await train(loss, flatten(build()), { epochs: 1, batchSize: n, ...quiet });
    assertEquals(split.config.engine, "wasm");
    assert(distance(split.final.slice(-4, -2), [0, 0]) > 1e-2, engine);
  }
});

Deno.test("native training gives the same run twice, bit for bit, whatever states are asked for", async () => {
  const options = { epochs: 5, batchSize: 16, momentum: 0.9, engine: "native", ...quiet } as const;
  const a = await train(net(), data, options), b = await train(net(), data, options);
  assertEquals([a.final, a.best, a.stepLosses], [b.final, b.best, b.stepLosses]);
  assertEquals(a.history, b.history);
  const c = await train(net(), data, { ...options, checkpointSteps: [1, 2, 17, 30] });
  assertEquals([c.final, c.stepLosses], [a.final, a.stepLosses]);
});

Deno.test("the history holds the losses of the weights at the end of each epoch", async () => {
  const run = await train(net(), data, { epochs: 4, engine: "native", ...quiet });
  await using whole = modelLoss(net(), data.train, { engine: "native" });
  await using test = modelLoss(net(), data.test, { engine: "native" });
  for (const [i, { theta }] of run.checkpoints.entries()) {
    const { loss, accuracy } = await whole.evaluate(theta), row = run.history[i];
    assertEquals([row.trainLoss, row.trainAccuracy], [loss, accuracy]);
    assertEquals(row.testLoss, await test.value(theta));
  }
  assertEquals(await test.value(run.best), Math.min(...run.history.map((row) => row.testLoss!)));
});

Deno.test("Stop keeps the native steps whose weights are known", async () => {
  const stop = new AbortController();
  const progress = { report: ({ done }: { done: number }) => void (done > 40 && stop.abort()) };
  const options = { epochs: 500, batchSize: 8, engine: "native" } as const;
  const run = await train(net(), data, { ...options, signal: stop.signal, progress });
  const steps = run.stepLosses.length;
  assert(run.partial && steps >= 28 && steps < 7000, `${steps}`);
  assertEquals(run.checkpoints.at(-1)!.step, steps);
  assertEquals(run.checkpoints.at(-1)!.theta, run.final);
  const whole = await train(net(), data, {
    ...options,
    epochs: Math.ceil(steps / 14) + 1,
    checkpointSteps: [steps],
    ...quiet,
  });
  assertEquals(whole.checkpoints[1].theta, run.final);
  assertEquals(whole.stepLosses.slice(0, steps), run.stepLosses);
});

Deno.test("a native training that was stopped before it began has its start", async () => {
  const signal = AbortSignal.abort();
  const run = await train(net(), data, { engine: "native", signal, ...quiet });
  assertEquals([run.stepLosses.length, run.checkpoints.length, run.partial], [0, 1, true]);
  assertEquals(run.final, run.initial);
});

Deno.test("a loss of no samples trains natively, and ends where θ stops being finite, as on wasm", async () => {
  const shape = layout({ w: [2] }), start = Float32Array.of(1, -2);
  const make = (engine: "native" | "wasm") =>
    functionLoss(shape, ({ w }) => tf.sum(tf.square(tf.square(w))), { engine });
  for (const options of [{ learningRate: 0.01 }, { learningRate: 1 }]) {
    const [a, b] = [
      await train(make("native"), start, { epochs: 20, ...options, ...quiet }),
      await train(make("wasm"), start, { epochs: 20, ...options, ...quiet }),
    ];
    assertEquals(a.partial, options.learningRate === 1);
    assertEquals([a.partial, a.stepLosses.length], [b.partial, b.stepLosses.length]);
    assertEquals(a.final.every(Number.isFinite), !a.partial);
    assertEquals(a.checkpoints.map((c) => c.step), b.checkpoints.map((c) => c.step));
    assertEquals(a.history.length, b.history.length);
    if (a.partial) continue;
    assert(distance(a.final, b.final) < 1e-5 && distance(a.best, b.best) < 1e-5);
    a.history.forEach((row, i) =>
      assert(Math.abs(row.trainLoss - b.history[i].trainLoss) < 1e-4 * (1 + row.trainLoss))
    );
  }
});

Deno.test("training a network that diverges ends at the same step natively", async () => {
  const options = { epochs: 40, learningRate: 1e30, batchSize: 16, ...quiet };
  const linear = () => mlp({ inputs: 2, hidden: [8], outputs: 2, activation: "relu" });
  const native = await train(linear(), data, { ...options, engine: "native" });
  const wasm = await train(linear(), data, { ...options, engine: "wasm" });
  assert(native.partial && native.final.some((x) => !Number.isFinite(x)));
  assertEquals(native.stepLosses.length, wasm.stepLosses.length);
  assertEquals(native.history.length, wasm.history.length);
});

Deno.test("what a native step would not do as wasm does stays on wasm", async () => {
  const shape = layout({ w: [2] }), start = initialize(shape);
  const loss = functionLoss(shape, ({ w }) => tf.sum(tf.square(w)), { engine: "native" });
  // a penalty that only functions tell of: the gradient of (1 + 1)‖w‖²
  const { norm: _, ...told } = l2(1);
  const penalized = withPenalty(loss, told);
  assertEquals(penalized.trainer, undefined);
  const run = await train(penalized, start, { epochs: 1, learningRate: 0.1, ...quiet });
  run.final.forEach((x, i) => assert(Math.abs(x - 0.6 * start[i]) < 1e-6));
  await assertRejects(
    () => train(loss, start, { engine: "wasm" } as never),
    RangeError,
    "a loss has its own engine",
  );
  const closed = await train(quadratic([1]), Float64Array.of(1), { epochs: 1, ...quiet });
  assertEquals(closed.config.engine, "closed form");
});

Deno.test("steps with l1 and l2 penalties are native, and move the weights as on wasm", async () => {
  const model = convolutional(), start = flatten(model);
  const losses = (["native", "wasm"] as const).map((engine) =>
    modelLoss(model, pictures.train, { mode: "train", batchSize: 54, engine })
  );
  for (const settings of Object.values(rules)) {
    for (const penalties of [[l2(0.02)], [l1(0.003)], [l1(0.002), l2(0.01), l2(0.01)]]) {
      const [native, wasm] = await Promise.all(
        losses.map((loss) =>
          train(penalties.reduce(withPenalty, loss), start, {
            ...settings,
            epochs: 3,
            batchSize: 16,
            stepSize: 2,
            ...quiet,
          })
        ),
      );
      assertEquals([native.config.engine, wasm.config.engine], ["native", "wasm"]);
      assert(distance(native.final, wasm.final) < 1e-4);
      assert(distance(native.stepLosses, wasm.stepLosses) < 1e-4);
    }
  }
  for (const loss of losses) await loss[Symbol.asyncDispose]();
});

Deno.test("auto trains natively where there are many steps, and stays on wasm for few", async () => {
  const few = await train(net(), data, { epochs: 5, ...quiet });
  assertEquals(few.config.engine, "wasm");
  const many = await train(net(), data, { epochs: 30, batchSize: 8, ...quiet });
  assertEquals(many.config.engine, "native");
});

Deno.test("double precision stays double from step to step", async () => {
  const shape = layout({ w: [2] });
  // w ← w − η·2w: in closed form
  const loss = functionLoss(shape, ({ w }) => tf.sum(tf.square(w)), { precision: "float64" });
  const options = { epochs: 10, learningRate: 0.05, ...quiet };
  const { final } = await train(loss, Float64Array.of(1, 1 / 3), options);
  assert(Math.abs(final[0] - 0.9 ** 10) < 1e-14 && Math.abs(final[1] - 0.9 ** 10 / 3) < 1e-14);
});
