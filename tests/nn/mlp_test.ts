import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { type Layout, part } from "../../lib/layout.ts";
import { mlp, type MlpOptions, mlpVariants } from "../../lib/nn/mlp.ts";
import { assign, flatten, layoutOf } from "../../lib/nn/model.ts";
import * as tf from "../../lib/tensor/tf.ts";
import { norm } from "../../lib/vector.ts";

const weights = (model: tf.LayersModel, name: string) =>
  part(flatten(model), layoutOf(model).tensors.find((tensor) => tensor.name === name)!);

const names = (layout: Layout) => layout.tensors.map((tensor) => tensor.name);

function predict(model: tf.LayersModel, inputs: number[][]): number[] {
  return tf.tidy(() => [...(model.predict(tf.tensor2d(inputs)) as tf.Tensor).dataSync()]);
}

/** Φ(x) in double precision: a series near 0, a continued fraction in the tails. */
function normalCdf(x: number): number {
  const density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 4) {
    let term = x, sum = x;
    for (let n = 1; n < 100; n++) sum += term *= x * x / (2 * n + 1);
    return 0.5 + density * sum;
  }
  let fraction = Math.abs(x);
  for (let k = 60; k > 0; k--) fraction = Math.abs(x) + k / fraction;
  return x < 0 ? density / fraction : 1 - density / fraction;
}

Deno.test("the reference Φ has its textbook values", () => {
  const known = [[0, 0.5], [1, 0.8413447460685429], [-2, 0.022750131948179195], [
    -5,
    2.866515718791939e-7,
  ]];
  for (const [x, phi] of known) assertAlmostEquals(normalCdf(x) / phi, 1, 1e-12);
});

Deno.test("GELU is x·Φ(x) to single precision, not its tanh approximation", () => {
  const model = mlp({ inputs: 1, hidden: [1], outputs: 1, activation: "gelu" });
  assign(model, Float32Array.of(1, 0, 1, 0));
  const xs = Array.from({ length: 1001 }, (_, i) => Math.fround((i - 500) / 50));
  const ys = predict(model, xs.map((x) => [x]));
  xs.forEach((x, i) => assertAlmostEquals(ys[i], x * normalCdf(x), 1e-6));
});

Deno.test("the activations compute what they are called", () => {
  const functions = {
    relu: (x: number) => Math.max(x, 0),
    tanh: Math.tanh,
    sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
    linear: (x: number) => x,
  };
  for (const [activation, f] of Object.entries(functions)) {
    const model = mlp({ inputs: 1, hidden: [1], outputs: 1, activation } as MlpOptions);
    assign(model, Float32Array.of(1, 0, 1, 0));
    const ys = predict(model, [[-3], [-0.5], [0], [0.5], [3]]);
    [-3, -0.5, 0, 0.5, 3].forEach((x, i) => assertAlmostEquals(ys[i], f(x), 1e-6));
  }
});

Deno.test("an MLP computes layer after layer, and ends in logits", () => {
  const model = mlp({ inputs: 2, hidden: [3], outputs: 2, seed: 5 });
  assign(model, flatten(model).map((x, i) => x + 0.1 * i));
  const [w1, b1, w2, b2] = layoutOf(model).tensors.map(({ name }) => weights(model, name));
  const input = [0.7, -1.3];
  const hidden = [...b1].map((b, j) => Math.max(0, b + input[0] * w1[j] + input[1] * w1[3 + j]));
  const expected = [...b2].map((b, j) => hidden.reduce((sum, h, i) => sum + h * w2[2 * i + j], b));
  predict(model, [input]).forEach((y, j) => assertAlmostEquals(y, expected[j], 1e-5));
});

Deno.test("weights of a ReLU and a GELU network have He's variance, logits Xavier's", () => {
  for (const activation of ["relu", "gelu"] as const) {
    const model = mlp({ inputs: 200, hidden: [300], outputs: 100, activation });
    const values = weights(model, "hidden1/kernel");
    // Six standard errors of a variance of normal numbers.
    const tolerance = 6 * Math.sqrt(2 / values.length);
    assertAlmostEquals(norm(values) ** 2 / values.length / (2 / 200), 1, tolerance);
    assert(values.some((x) => Math.abs(x) > Math.sqrt(3 * 2 / 200)));
    const logits = weights(model, "logits/kernel");
    assertAlmostEquals(norm(logits) ** 2 / logits.length / (2 / 400), 1, tolerance);
  }
});

Deno.test("weights of a tanh network are Xavier uniform", () => {
  const values = weights(
    mlp({ inputs: 200, hidden: [300], outputs: 1, activation: "tanh" }),
    "hidden1/kernel",
  );
  assertAlmostEquals(norm(values) ** 2 / values.length / (2 / 500), 1, 6 * Math.sqrt(0.8 / 6e4));
  assertLess(Math.max(...values.map(Math.abs)), Math.sqrt(6 / 500));
});

Deno.test("an initializer that is asked for draws every layer", () => {
  const model = mlp({ inputs: 50, hidden: [400], outputs: 50, initializer: "heUniform" });
  for (const [name, inputs] of [["hidden1/kernel", 50], ["logits/kernel", 400]] as const) {
    const values = weights(model, name);
    assertAlmostEquals(
      norm(values) ** 2 / values.length / (2 / inputs),
      1,
      6 * Math.sqrt(0.8 / 2e4),
    );
    assertLess(Math.max(...values.map(Math.abs)), Math.sqrt(6 / inputs));
  }
});

Deno.test("biases begin at 0", () => {
  const model = mlp({ inputs: 2, variant: "medium", outputs: 3 });
  for (const name of ["hidden1/bias", "hidden2/bias", "logits/bias"]) {
    assertEquals(norm(weights(model, name)), 0);
  }
});

Deno.test("the same call gives the same bytes, another seed other weights", () => {
  const options = { inputs: 8, hidden: [16, 16], outputs: 4 };
  assertEquals(flatten(mlp(options)), flatten(mlp({ ...options, seed: 42 })));
  const other = mlp({ ...options, seed: 43 });
  for (const name of ["hidden1/kernel", "hidden2/kernel", "logits/kernel"]) {
    assertNotEquals(weights(mlp(options), name), weights(other, name));
  }
});

Deno.test("each layer has a stream of its own, whatever layers follow", () => {
  const shallow = mlp({ inputs: 16, hidden: [16], outputs: 16 });
  const deep = mlp({ inputs: 16, hidden: [16, 16, 16], outputs: 16 });
  assertEquals(weights(shallow, "hidden1/kernel"), weights(deep, "hidden1/kernel"));
  assertEquals(weights(shallow, "logits/kernel"), weights(deep, "logits/kernel"));
  assertNotEquals(weights(deep, "hidden1/kernel"), weights(deep, "hidden2/kernel"));
  assertNotEquals(weights(deep, "hidden2/kernel"), weights(deep, "hidden3/kernel"));
});

Deno.test("two models of one architecture share names and digest, and no weights", () => {
  const options: MlpOptions = { inputs: 2, hidden: [10, 10], outputs: 2 };
  const a = mlp(options), b = mlp({ ...options, seed: 1 });
  assertEquals(names(layoutOf(a)), [
    "hidden1/kernel",
    "hidden1/bias",
    "hidden2/kernel",
    "hidden2/bias",
    "logits/kernel",
    "logits/bias",
  ]);
  assertEquals(layoutOf(a), layoutOf(b));
  assertEquals([a.name, a.inputNames, a.outputNames], [b.name, b.inputNames, b.outputNames]);
  const before = flatten(b);
  assign(a, new Float32Array(before.length).fill(1));
  assertEquals(flatten(b), before);
  a.dispose();
  assertEquals(flatten(b), before);
  assertEquals(flatten(mlp({ ...options, seed: 1 })), before);
});

Deno.test("building an MLP leaves no tensor behind but its weights", () => {
  const before = tf.memory().numTensors;
  const model = mlp({ inputs: 4, hidden: [5, 6], outputs: 2 });
  assertEquals(tf.memory().numTensors - before, 6);
  model.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("the variants are the five architectures, by name or by their layers", () => {
  assertEquals({ ...mlpVariants }, {
    "shallow-small": [50],
    "shallow-wide": [500],
    "medium": [100, 100],
    "deep-small": [100, 100, 100, 100],
    "deep-large": [250, 250, 250, 250],
  });
  assert(Object.isFrozen(mlpVariants) && Object.values(mlpVariants).every(Object.isFrozen));
  const named = mlp({ inputs: 2, outputs: 2, variant: "deep-small" });
  const listed = mlp({ inputs: 2, outputs: 2, hidden: mlpVariants["deep-small"] });
  assertEquals(flatten(named), flatten(listed));
});

Deno.test("no hidden layer makes a linear model", () => {
  const model = mlp({ inputs: 3, hidden: [], outputs: 1 });
  assign(model, Float32Array.of(1, 2, 3, 4));
  assertAlmostEquals(predict(model, [[1, 1, 2]])[0], 13, 1e-5);
});

Deno.test("what makes no MLP is refused, with what to give instead", () => {
  const good = { inputs: 2, hidden: [3], outputs: 2 };
  const wrong: [Record<string, unknown>, string][] = [
    [{ ...good, inputs: 0 }, "inputs must be a positive integer of at most 1e6, got 0"],
    [{ ...good, outputs: 2.5 }, "outputs must be a positive integer of at most 1e6, got 2.5"],
    [{ ...good, hidden: [3, -1] }, "hidden[1] must be a positive integer of at most 1e6, got -1"],
    [{ ...good, hidden: 100 }, "hidden must be an array of units, like [100, 100], got 100"],
    [{ ...good, activation: "swish" }, "relu, gelu, tanh, sigmoid, linear, got swish"],
    [{ ...good, activation: "toString" }, "got toString"],
    [{ ...good, initializer: "zeros" }, "initializer must be heNormal, heUniform"],
    [{ ...good, seed: 1.5 }, "seed must be an integer, got 1.5"],
    [{ ...good, variant: "medium" }, "give either hidden, for example [100, 100], or variant"],
    [{ inputs: 2, outputs: 2 }, "got neither"],
    [
      { inputs: 2, outputs: 2, variant: "huge" },
      "variant must be one of shallow-small, shallow-wide",
    ],
  ];
  const before = tf.memory().numTensors;
  for (const [options, message] of wrong) {
    assertThrows(() => mlp(options as unknown as MlpOptions), Error, message);
  }
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("an MLP needs no permission", async () => {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    script,
    `import { mlp } from "${new URL("../../lib/nn/mlp.ts", import.meta.url)}";
     console.log(mlp({ inputs: 2, hidden: [3], outputs: 2 }).countParams());`,
  );
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "--config", config, script],
  }).output();
  await Deno.remove(script);
  const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([said.trim(), complained], ["17", ""]);
});
