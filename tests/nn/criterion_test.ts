import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { flatten, mlp, modelLoss, moons, type Samples, tf } from "../../mod.ts";
import { random } from "../../lib/math/random.ts";

const { train } = moons({ train: 100, test: 20 });

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
