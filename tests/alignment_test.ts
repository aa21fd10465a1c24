import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  type Activation,
  alignNeurons,
  assign,
  flatten,
  functionLoss,
  interpolate,
  type LayersModel,
  layout,
  layoutOf,
  mlp,
  modelLoss,
  quadratic,
  resnet20,
  tf,
} from "../mod.ts";
import { part } from "../lib/layout.ts";
import { random } from "../lib/math/random.ts";
import { movedUnits, type Symmetries } from "../lib/symmetry.ts";
import type { Vector } from "../lib/vector.ts";

/** Random inputs and class numbers. */
function samples(n: number, shape: number[], classes: number, seed = 1) {
  const { normal, integer } = random(seed, "samples");
  const size = shape.reduce((a, b) => a * b, n);
  return {
    inputs: { data: Float32Array.from({ length: size }, normal), shape: [n, ...shape] },
    targets: { data: Int32Array.from({ length: n }, () => integer(classes)), shape: [n] },
  };
}

/** Samples of the classes that a network itself gives, so that its loss is low and what lies between networks is worse. */
function ownSamples(model: LayersModel, theta: Float32Array, n: number) {
  const { inputs } = samples(n, model.inputs[0].shape.slice(1) as number[], 2);
  assign(model, theta);
  const outputs = model.predict(tf.tensor(inputs.data, inputs.shape)) as tf.Tensor;
  const targets = { data: Int32Array.from(tf.argMax(outputs, 1).dataSync()), shape: [n] };
  return { inputs, targets };
}

/** Every group in a random order, with random signs where they may change. */
function shuffle({ permutations }: Symmetries, seed: number) {
  const { permutation, sign } = random(seed, "shuffle");
  return permutations.map((group) => ({
    group,
    order: permutation(group.size),
    ...(group.odd && { factors: Float64Array.from({ length: group.size }, sign) }),
  }));
}

/** θ of a model with biases that are not all zero. */
function thetaOf(model: LayersModel, seed: number): Float32Array {
  const theta = flatten(model), { normal } = random(seed, "biases");
  for (const tensor of layoutOf(model).tensors) {
    if (tensor.role === "bias") part(theta, tensor).forEach((_, i, b) => b[i] = 0.3 * normal());
  }
  // sure of what it says
  part(theta, layoutOf(model).tensors.at(-2)!).forEach((x, i, w) => w[i] = 5 * x);
  return theta;
}

const networks: { hidden: number[]; activation: Activation }[] = [
  { hidden: [20], activation: "relu" },
  { hidden: [20], activation: "tanh" },
  { hidden: [12, 30], activation: "relu" },
  { hidden: [30, 7, 16], activation: "tanh" },
  { hidden: [9, 25, 14, 11], activation: "relu" },
  { hidden: [16, 16, 16, 16], activation: "tanh" },
  { hidden: [10, 10], activation: "gelu" },
];

for (const match of ["weights", "activations"] as const) {
  for (const { hidden, activation } of networks) {
    Deno.test(`the shuffled copy of a network is brought back by ${match}: ${activation} ${hidden}`, async () => {
      const model = mlp({ inputs: 5, hidden, outputs: 3, activation, seed: 3 });
      const a = thetaOf(model, 1);
      await using loss = modelLoss(model, ownSamples(model, a, 60), { engine: "wasm" });
      const b = movedUnits(loss.layout, a, shuffle(loss.symmetries!(), 9));
      const given = [a.slice(), b.slice()];
      const before = await interpolate(loss, [a, b], { from: 0, to: 1, resolution: 11 });
      assert(before.barrier > 1e-3, `a barrier of ${before.barrier} before`);
      const back = await alignNeurons(loss, [a, b], { match });
      assertEquals([a, b], given);
      const same = await loss.evaluate(a, { perSample: true });
      const again = await loss.evaluate(back, { perSample: true });
      same.perSample!.forEach((x, i) => assertAlmostEquals(x, again.perSample![i], 1e-6));
      if (back.some((x, i) => x !== a[i])) {
        const after = await interpolate(loss, [a, back], { from: 0, to: 1, resolution: 11 });
        assert(after.barrier <= 1e-6, `a barrier of ${after.barrier} after`);
      }
    });
  }

  Deno.test(`dead units and equal units are brought back by ${match}`, async () => {
    for (const activation of ["relu", "tanh"] as const) {
      const model = mlp({ inputs: 4, hidden: [12, 10], outputs: 3, activation, seed: 5 });
      await using loss = modelLoss(model, samples(50, [4], 3), { engine: "wasm" });
      const a = thetaOf(model, 2),
        [w1, b1, w2, b2, w3] = loss.layout.tensors.map((t) => part(a, t));
      // the first two units of each layer compute the same; the next two nothing
      for (const [kernel, bias, units] of [[w1, b1, 12], [w2, b2, 10]] as const) {
        for (let i = 0; i < kernel.length; i += units) {
          kernel[i + 1] = kernel[i];
          kernel[i + 3] = 0;
        }
        bias[1] = bias[0];
        bias[2] = activation === "relu" ? -100 : bias[2];
        bias[3] = 0;
      }
      // one pair is equal in what goes out too, one dead unit is cut off
      w3.copyWithin(3, 0, 3);
      w2.fill(0, 3 * 10, 4 * 10);
      const b = movedUnits(loss.layout, a, shuffle(loss.symmetries!(), 4));
      const back = await alignNeurons(loss, [a, b], { match });
      assertAlmostEquals(await loss.value(back), await loss.value(a), 1e-6);
      const { barrier } = back.every((x, i) => x === a[i])
        ? { barrier: 0 }
        : await interpolate(loss, [a, back], { from: 0, to: 1, resolution: 11 });
      assert(barrier <= 1e-6, `${activation}: ${barrier}`);
    }
  });

  Deno.test(`the shuffled copy of a ResNet-20 is brought back by ${match}`, async () => {
    const model = resnet20({ shape: [8, 8, 3], classes: 4 });
    await using loss = modelLoss(model, samples(16, [8, 8, 3], 4), { engine: "wasm" });
    const a = flatten(model), { normal } = random(1, "norms");
    for (const tensor of loss.layout.tensors) {
      if (tensor.role === "weight") continue;
      const values = part(a, tensor), variance = /variance/.test(tensor.name);
      values.forEach((x, i) => values[i] = variance ? 1 + Math.abs(normal()) : x + 0.2 * normal());
    }
    const b = movedUnits(loss.layout, a, shuffle(loss.symmetries!(), 9));
    assert(b.some((x, i) => x !== a[i]));
    const back = await alignNeurons(loss, [a, b], { match });
    assertEquals(back, a);
  });
}

Deno.test("other networks come nearer, and stay the functions that they are", async () => {
  const options = { inputs: 6, hidden: [24, 18], outputs: 3 };
  const model = mlp(options);
  await using loss = modelLoss(model, samples(80, [6], 3), { engine: "wasm" });
  const a = thetaOf(model, 1), b = thetaOf(mlp({ ...options, seed: 7 }), 2);
  const far = (x: Vector, y: Vector) => Math.hypot(...x.map((v, i) => v - y[i]));
  for (const match of ["weights", "activations"] as const) {
    const near = await alignNeurons(loss, [a, b], { match });
    assertAlmostEquals(await loss.value(near), await loss.value(b), 1e-6);
    if (match === "weights") assert(far(a, near) < 0.95 * far(a, b));
    assertEquals(await alignNeurons(loss, [a, b], { match }), near);
  }
});

Deno.test("units that an author names are aligned in double precision", async () => {
  const own = layout({ w1: [2, 6], b1: { shape: [6], role: "bias" }, w2: [6, 1] });
  const x = tf.tensor2d([[1, 2], [-1, 0.5], [0.3, -2]]);
  await using loss = functionLoss(
    own,
    ({ w1, b1, w2 }) => tf.sum(tf.square(tf.matMul(tf.tanh(tf.add(tf.matMul(x, w1), b1)), w2))),
    {
      symmetries: [{
        axes: [
          { tensor: "w1", axis: 1 },
          { tensor: "b1", axis: 0 },
          { tensor: "w2", axis: 0, power: -1 },
        ],
        odd: true,
      }],
    },
  );
  const a = Float64Array.from({ length: own.size }, (_, i) => Math.sin(i + 1));
  const b = movedUnits(own, a, shuffle(loss.symmetries!(), 2));
  assertEquals(await alignNeurons(loss, [a, b]), a);
  await assertRejects(
    () => alignNeurons(loss, [a, b], { match: "activations" }),
    RangeError,
    "only losses of layers models",
  );
});

Deno.test("a loss without units, and vectors that do not fit, are refused in words", async () => {
  const loss = quadratic([1, 2]), a = Float64Array.of(1, 2);
  await assertRejects(
    () => alignNeurons(loss, [a, a]),
    RangeError,
    "must know which units may change places, got a loss that was not told",
  );
  await assertRejects(
    () => alignNeurons(loss, [a] as never),
    RangeError,
    "two vectors [a, b], got 1",
  );
  await assertRejects(
    () => alignNeurons(loss, [a, new Float64Array(3)]),
    RangeError,
    "b must have the 2 numbers of the layout, got 3",
  );
  await assertRejects(
    () => alignNeurons(loss, [a, a], { match: "names" as never }),
    RangeError,
    'match must be "weights" or "activations", got string names',
  );
});

Deno.test("alignment that is stopped gives b in some order", async () => {
  const options = { inputs: 6, hidden: [24, 18], outputs: 3 }, model = mlp(options);
  await using loss = modelLoss(model, samples(80, [6], 3), { engine: "wasm" });
  const a = thetaOf(model, 1), b = thetaOf(mlp({ ...options, seed: 7 }), 2);
  for (const match of ["weights", "activations"] as const) {
    const signal = AbortSignal.abort();
    const stopped = await alignNeurons(loss, [a, b], { match, signal });
    assertAlmostEquals(await loss.value(stopped), await loss.value(b), 1e-6);
  }
});
