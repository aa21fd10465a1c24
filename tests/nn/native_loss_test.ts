import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { pairedError } from "../../lib/math/statistics.ts";
import {
  type Evaluation,
  flatten,
  functionLoss,
  hessian,
  initialize,
  l2,
  landscape,
  layout,
  mlp,
  modelLoss,
  moons,
  randomDirections,
  type Samples,
  spectrum,
  tf,
  withPenalty,
} from "../../mod.ts";

const { train } = moons({ train: 200, test: 20 });
const model = mlp({ inputs: 2, hidden: [16, 16], outputs: 2, activation: "tanh" });
const theta = flatten(model);
const quiet = { progress: false } as const;

/** |Δ| relative to the largest number. */
const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let difference = 0, scale = 0.01;
  for (let i = 0; i < a.length; i++) {
    difference = Math.max(difference, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return difference / scale;
};

Deno.test("the native engine gives the numbers of wasm: values, errors, gradients, products", async () => {
  await using wasm = modelLoss(model, train, { engine: "wasm" });
  await using native = modelLoss(model, train, { engine: "native" });
  const v = theta.map((_, i) => Math.sin(i));
  const [a, b] = await Promise.all(
    [native, wasm].map((loss) => loss.evaluate(theta, { perSample: true })),
  );
  assertAlmostEquals(a.loss, b.loss, 1e-6);
  assertAlmostEquals(a.standardError!, b.standardError!, 1e-6);
  assertEquals(a.accuracy, b.accuracy);
  assert(distance(a.perSample!, b.perSample!) < 1e-5);
  assert(distance(await native.gradient(theta), await wasm.gradient(theta)) < 1e-5);
  assert(distance(await native.product(theta, v), await wasm.product(theta, v)) < 1e-5);
  const indices = Int32Array.of(3, 1, 4, 1, 5);
  assertAlmostEquals(
    await native.value(theta, { indices }),
    await wasm.value(theta, { indices }),
    1e-6,
  );
  assertEquals([native.engine, wasm.engine], ["native", "wasm"]);
});

Deno.test("a surface is the same on both engines, with its errors, and says which computed it", async () => {
  await using wasm = modelLoss(model, train, { engine: "wasm" });
  await using native = modelLoss(model, train, { engine: "native" });
  const slice = { origin: theta, directions: randomDirections(wasm.layout, theta) };
  const [a, b] = [
    await landscape(native, slice, { resolution: [7, 5], ...quiet }),
    await landscape(wasm, slice, { resolution: [7, 5], ...quiet }),
  ];
  for (const name of ["values", "standardErrors", "differenceErrors", "accuracies"] as const) {
    assert(distance(a[name]!, b[name]!) < 1e-5, name);
  }
  assertAlmostEquals(a.values[17], a.center, 1e-6);
  assertEquals([a.provenance.engine, b.provenance.engine], ["native", "wasm"]);
  const again = await landscape(native, slice, { resolution: [7, 5], ...quiet });
  assertEquals(again.values, a.values);
});

Deno.test("a line with few samples keeps per-sample losses for its bootstrap", async () => {
  await using wasm = modelLoss(model, train, { engine: "wasm" });
  await using native = modelLoss(model, train, { engine: "native" });
  const slice = { origin: theta, directions: randomDirections(wasm.layout, theta, { count: 1 }) };
  const [a, b] = [
    await landscape(native, slice, { resolution: 5, ...quiet }),
    await landscape(wasm, slice, { resolution: 5, ...quiet }),
  ];
  assert(distance(a.intervals!.low, b.intervals!.low) < 1e-5);
  assert(distance(a.intervals!.high, b.intervals!.high) < 1e-5);
});

Deno.test("a penalty is added to native points and products", async () => {
  const native = modelLoss(model, train, { engine: "native" });
  const wasm = modelLoss(model, train, { engine: "wasm" });
  const [a, b] = [native, wasm].map((loss) => withPenalty(loss, l2(0.01)));
  const slice = { origin: theta, directions: randomDirections(a.layout, theta, { count: 1 }) };
  const [x, y] = [
    await landscape(a, slice, { resolution: 5, ...quiet }),
    await landscape(b, slice, { resolution: 5, ...quiet }),
  ];
  assert(distance(x.values, y.values) < 1e-5);
  const options = { top: 2, bottom: 0, probes: 0, ...quiet };
  const [s, t] = [
    await spectrum(hessian(a, theta), options),
    await spectrum(hessian(b, theta), options),
  ];
  assert(distance(s.eigenvalues, t.eigenvalues) < 1e-4);
  assertEquals([s.provenance.engine, t.provenance.engine], ["native", "wasm"]);
  await native[Symbol.asyncDispose]();
  await wasm[Symbol.asyncDispose]();
});

Deno.test("the origin of a slice is computed first, natively too, and differences are taken against it", async () => {
  await using native = modelLoss(model, train, { engine: "native" });
  const loss = withPenalty(native, l2(0.01));
  const slice = { origin: theta, directions: randomDirections(loss.layout, theta, { count: 1 }) };
  const told: string[] = [];
  let origin: Evaluation | undefined, error = NaN;
  const computed = await loss.sampleSlice!(slice, {
    count: 2,
    coordinatesAt: (i) => [i],
    perSample: false,
    visitOrigin(evaluation) {
      told.push("origin");
      origin = evaluation;
    },
    visit(i, { differenceError }) {
      told.push(`point ${i}`);
      if (i === 1) error = differenceError!;
    },
  });
  const at = (point: Float32Array) => loss.evaluate(point, { perSample: true });
  const here = await at(theta), there = await at(theta.map((x, i) => x + slice.directions[0][i]));
  assertEquals([computed, told[0], told.length], ["native", "origin", 3]);
  assertAlmostEquals(origin!.loss, here.loss, 1e-6);
  assert(distance(origin!.perSample!, here.perSample!) < 1e-5);
  assertAlmostEquals(error, pairedError(there.perSample!, here.perSample!), 1e-6);
});

Deno.test("double precision is double precision", async () => {
  const net = layout({ w: [3] });
  // Σ exp(wᵢ): value, gradient and product in closed form
  const loss = functionLoss(net, ({ w }) => tf.sum(tf.exp(w)), { precision: "float64" });
  const at = Float64Array.of(0.1, -1.3, 0.7), exp = at.map(Math.exp);
  assertAlmostEquals(await loss.value(at), exp[0] + exp[1] + exp[2], 1e-14);
  const gradient = await loss.gradient(at),
    product = await loss.product(at, Float64Array.of(1, 2, 3));
  exp.forEach((e, i) => {
    assertAlmostEquals(gradient[i], e, 1e-14);
    assertAlmostEquals(product[i], (i + 1) * e, 1e-14);
  });
  assertEquals(loss.precision, "float64");
  assertThrows(
    () => functionLoss(net, ({ w }) => tf.sum(w), { precision: "float64", engine: "wasm" }),
    RangeError,
    'float64 needs "native" or "auto"',
  );
});

Deno.test("a loss that cannot be recorded runs on wasm, and its results say so", async () => {
  const noisy = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, inputShape: [2], activation: "relu" }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  const said: string[] = [], error = console.error;
  console.error = (text: string) => void said.push(text);
  try {
    await using native = modelLoss(noisy, train, { engine: "native", mode: "train" });
    await using wasm = modelLoss(noisy, train, { engine: "wasm", mode: "train" });
    const at = flatten(noisy);
    const slice = { origin: at, directions: randomDirections(native.layout, at, { count: 1 }) };
    const [a, b] = [
      await landscape(native, slice, { resolution: 3, ...quiet }),
      await landscape(wasm, slice, { resolution: 3, ...quiet }),
    ];
    assertEquals(a.values, b.values);
    assertEquals(a.provenance.engine, "wasm");
    assertEquals(said.filter((line) => line.startsWith("Computing on wasm: ")).length, 1);
  } finally {
    console.error = error;
  }
});

Deno.test("auto takes the native engine for long work only", async () => {
  await using loss = modelLoss(model, train);
  const slice = { origin: theta, directions: randomDirections(loss.layout, theta) };
  const small = await landscape(loss, slice, { resolution: 3, ...quiet });
  assertEquals(small.provenance.engine, "wasm");
  const wide: Samples = {
    inputs: { data: new Float32Array(2000 * 400).fill(0.1), shape: [2000, 400] },
    targets: { data: new Int32Array(2000), shape: [2000] },
  };
  const net = mlp({ inputs: 400, hidden: [50], outputs: 2 }), at = flatten(net);
  await using large = modelLoss(net, wide);
  const line = { origin: at, directions: randomDirections(large.layout, at, { count: 1 }) };
  const many = await landscape(large, line, { resolution: 201, ...quiet });
  assertEquals(many.provenance.engine, "native");
});

Deno.test("auto takes it even for a single value or gradient of a large network, and not for a few samples", async () => {
  const n = 1600, inputs = { data: new Float32Array(n * 64), shape: [n, 64] };
  inputs.data.forEach((_, i) => inputs.data[i] = Math.sin(i));
  const samples: Samples = {
    inputs,
    targets: { data: Int32Array.from({ length: n }, (_, i) => i % 3), shape: [n] },
  };
  const net = mlp({ inputs: 64, hidden: [900, 900], outputs: 3, activation: "tanh" });
  const at = flatten(net), indices = Int32Array.of(1, 2, 3);
  await using auto = modelLoss(net, samples);
  await using wasm = modelLoss(net, samples, { engine: "wasm" });
  assertEquals([auto.engine, wasm.engine], ["native", "wasm"]);
  assertEquals(await auto.value(at, { indices }), await wasm.value(at, { indices }));
  const [ours, theirs] = [await auto.gradient(at), await wasm.gradient(at)];
  assert(distance(ours, theirs) < 1e-5);
  assert(ours.some((x, i) => x !== theirs[i]), "something else computed it");
});

Deno.test("Stop keeps what native workers have computed", async () => {
  await using loss = modelLoss(model, train, { engine: "native" });
  const slice = { origin: theta, directions: randomDirections(loss.layout, theta) };
  const stop = new AbortController();
  const progress = { report: ({ done }: { done: number }) => void (done > 50 && stop.abort()) };
  const part = await landscape(loss, slice, { resolution: 101, signal: stop.signal, progress });
  assert(part.partial);
  const done = part.done.reduce((a, b) => a + b, 0);
  assert(done >= 50 && done < 101 * 101);
  part.done.forEach((d, i) => assertEquals(Number.isNaN(part.values[i]), d === 0));
});

Deno.test("a physics-informed loss runs natively too", async () => {
  const net = layout({ w1: [1, 8], b1: { shape: [8], role: "bias" }, w2: [8, 1] });
  const points = { data: Float32Array.from({ length: 12 }, (_, i) => i / 12), shape: [12, 1] };
  const ends = { data: Float32Array.of(0, 1), shape: [2, 1] };
  const make = (engine: "wasm" | "native") =>
    functionLoss(net, (p, { points, ends }) => {
      const u = (x: tf.Tensor) => tf.dot(tf.tanh(tf.add(tf.dot(x, p.w1), p.b1)), p.w2);
      const second = tf.grad((x) => tf.sum(tf.grad((x) => tf.sum(u(x)))(x)))(points);
      return tf.add(tf.mean(tf.square(tf.add(second, 1))), tf.sum(tf.square(u(ends))));
    }, { samples: { points, ends }, engine });
  const [a, b] = [make("native"), make("wasm")], at = initialize(net);
  const v = at.map((_, i) => Math.cos(i));
  assertAlmostEquals(await a.value(at), await b.value(at), 1e-5);
  assert(distance(await a.gradient(at), await b.gradient(at)) < 1e-5);
  assert(distance(await a.product(at, v), await b.product(at, v)) < 1e-5);
});

Deno.test("without its permission the native engine says what it needs, and auto does without", async () => {
  const script = `
    import { modelLoss, mlp, moons, flatten } from "${import.meta.resolve("../../mod.ts")}";
    const model = mlp({ inputs: 2, hidden: [4], outputs: 2 });
    const loss = modelLoss(model, moons().train, { engine: Deno.args[0] });
    try { console.log(typeof await loss.value(flatten(model))); } catch (error) { console.log(error.message); }
  `;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, script);
    const run = async (engine: string) => {
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", "--quiet", file, engine],
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    assertEquals(await run("auto"), "number");
    assertEquals(
      await run("native"),
      'Cannot compute natively: the permission --allow-ffi is not given; give it, or use engine: "auto"',
    );
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a network whose units are all dead on a sample is recorded all the same", async () => {
  const dead = mlp({ inputs: 2, hidden: [7, 5], outputs: 2, seed: 5 });
  await using loss = modelLoss(dead, moons({ train: 50, test: 2 }).train, { engine: "native" });
  await loss.evaluate(flatten(dead));
  assertEquals(loss.engine, "native");
});
