import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  flatten,
  functionLoss,
  type LayersModel,
  layout,
  layoutOf,
  mlp,
  modelLoss,
  resnet20,
  symmetries,
  tf,
} from "../../mod.ts";
import { random } from "../../lib/math/random.ts";
import { structureOf } from "../../lib/nn/symmetries.ts";
import { movedUnits, type UnitGroup } from "../../lib/symmetry.ts";
import type { Vector } from "../../lib/vector.ts";

const { layers } = tf;

/** θ with random numbers everywhere, variances among them positive. */
function randomTheta(model: LayersModel, seed: number): Float32Array {
  const { normal } = random(seed, "θ"), theta = flatten(model);
  for (const { name, offset, shape } of layoutOf(model).tensors) {
    const size = shape.reduce((a, b) => a * b, 1);
    for (let i = offset; i < offset + size; i++) {
      theta[i] = /variance/.test(name) ? 0.5 + Math.abs(normal()) : theta[i] + 0.3 * normal();
    }
  }
  return theta;
}

function lossOf(model: LayersModel) {
  const { normal } = random(1, "data"), shape = model.inputs[0].shape.slice(1) as number[];
  const n = 4, size = shape.reduce((a, b) => a * b, n), outputs = model.outputs[0].shape.at(-1)!;
  const array = (length: number, of: number[]) => ({
    data: Float32Array.from({ length }, normal),
    shape: of,
  });
  return modelLoss(model, {
    inputs: array(size, [n, ...shape]),
    targets: array(n * outputs, [n, outputs]),
  }, { criterion: "meanSquaredError", engine: "wasm" });
}

function image() {
  const input = tf.input({ shape: [8, 8, 3] });
  const conv = (name: string, filters: number, options = {}) =>
    layers.conv2d({ name, filters, kernelSize: 3, padding: "same", ...options });
  return { input, conv };
}

const models: Record<string, { model: () => LayersModel; groups: number[]; scalings: number }> = {
  "relu MLP": {
    model: () => mlp({ inputs: 3, hidden: [7, 5], outputs: 2 }),
    groups: [7, 5],
    scalings: 2,
  },
  "tanh MLP": {
    model: () => mlp({ inputs: 3, hidden: [7, 5], outputs: 2, activation: "tanh" }),
    groups: [7, 5],
    scalings: 0,
  },
  "gelu MLP": {
    model: () => mlp({ inputs: 3, hidden: [4], outputs: 2, activation: "gelu" }),
    groups: [4],
    scalings: 0,
  },
  "ResNet-20": {
    model: () => resnet20({ shape: [8, 8, 3], classes: 4 }),
    // the stream of stage 1, which goes on in the middle of those of stages 2 and 3; what these add; blocks
    groups: [16, 16, 16, 16, 16, 32, 32, 32, 32, 64, 64, 64],
    scalings: 12,
  },
  "convolutions, pooling, flatten": {
    model() {
      const { input, conv } = image();
      let x = conv("first", 4, { activation: "tanh" }).apply(input);
      x = layers.averagePooling2d({ poolSize: 2 }).apply(x);
      x = conv("second", 5, { activation: "relu" }).apply(x);
      x = layers.maxPooling2d({ poolSize: 2 }).apply(x);
      x = layers.flatten().apply(x);
      x = layers.dense({ units: 6, activation: "softsign" }).apply(x);
      x = layers.dense({ units: 2 }).apply(x);
      return tf.model({ inputs: input, outputs: x as tf.SymbolicTensor });
    },
    groups: [4, 5, 6],
    scalings: 1,
  },
  "depthwise, separable, PReLU, concatenation": {
    model() {
      const { input, conv } = image();
      const a = conv("a", 4, { useBias: true }).apply(input) as tf.SymbolicTensor;
      const b = layers.depthwiseConv2d({ kernelSize: 3, padding: "same" }).apply(a);
      const c = layers.prelu({ sharedAxes: [1, 2] }).apply(b) as tf.SymbolicTensor;
      const d = layers.separableConv2d({ filters: 5, kernelSize: 3, padding: "same" }).apply(c);
      const e = layers.reLU().apply(d) as tf.SymbolicTensor;
      const joined = layers.concatenate().apply([a, e]);
      const x = layers.globalAveragePooling2d({}).apply(joined);
      return tf.model({
        inputs: input,
        outputs: layers.dense({ units: 2 }).apply(x) as tf.SymbolicTensor,
      });
    },
    groups: [4, 5],
    scalings: 2,
  },
  "norms": {
    model() {
      const input = tf.input({ shape: [6] });
      let x = layers.dense({ units: 5 }).apply(input);
      x = layers.batchNormalization().apply(x);
      x = layers.activation({ activation: "tanh" }).apply(x);
      x = layers.dense({ units: 4 }).apply(x);
      x = layers.layerNormalization().apply(x);
      x = layers.reLU().apply(x);
      return tf.model({
        inputs: input,
        outputs: layers.dense({ units: 3 }).apply(x) as tf.SymbolicTensor,
      });
    },
    groups: [5, 4],
    scalings: 1,
  },
  "a block that is used twice, with a sum and a product": {
    model() {
      const input = tf.input({ shape: [6] });
      const block = tf.sequential({
        layers: [
          layers.dense({ units: 7, activation: "tanh", inputShape: [5] }),
          layers.dense({ units: 5 }),
        ],
      });
      const a = layers.dense({ units: 5 }).apply(input) as tf.SymbolicTensor;
      const b = layers.add().apply([a, block.apply(a) as tf.SymbolicTensor]) as tf.SymbolicTensor;
      const c = layers.add().apply([b, block.apply(b) as tf.SymbolicTensor]) as tf.SymbolicTensor;
      const d = layers.multiply().apply([a, c]);
      return tf.model({
        inputs: input,
        outputs: layers.dense({ units: 3 }).apply(d) as tf.SymbolicTensor,
      });
    },
    groups: [5, 7],
    scalings: 0,
  },
};

/** Every group in a random order, with random signs where units are odd. */
function shuffled(groups: readonly UnitGroup[], seed: number) {
  const { permutation, sign } = random(seed, "shuffle");
  return groups.map((group) => ({
    group,
    order: permutation(group.size),
    ...(group.odd && { factors: Float64Array.from({ length: group.size }, sign) }),
  }));
}

const far = (a: Vector, b: Vector) => a.some((x, i) => Math.abs(x - b[i]) > 1e-3);

for (const [name, { model: make, groups, scalings }] of Object.entries(models)) {
  Deno.test(`units of a network may change places, signs and scales as its graph says: ${name}`, async () => {
    const model = make(), theta = randomTheta(model, 3), own = layoutOf(model);
    await using loss = lossOf(model);
    const found = loss.symmetries!();
    const sizes = found.permutations.map(({ size }) => size);
    assertEquals(sizes.toSorted((a, b) => a - b), groups.toSorted((a, b) => a - b));
    assertEquals(found.scalings.length, scalings);
    const expected = await loss.value(theta);
    for (const seed of [1, 2]) {
      const moved = movedUnits(own, theta, shuffled(found.permutations, seed));
      assert(far(moved, theta));
      assertAlmostEquals(await loss.value(moved), expected, 2e-6 * Math.abs(expected));
      const { uniform } = random(seed, "scales");
      const scaled = movedUnits(
        own,
        theta,
        found.scalings.map((group) => ({
          group,
          factors: Float64Array.from({ length: group.size }, () => 0.5 + uniform()),
        })),
      );
      assert(scalings === 0 || far(scaled, theta));
      assertAlmostEquals(await loss.value(scaled), expected, 5e-6 * Math.abs(expected));
    }
  });
}

Deno.test("what a layer without a rule touches stays where it is", () => {
  const model = tf.sequential({
    layers: [
      layers.dense({ units: 4, inputShape: [3, 2] }),
      layers.gru({ units: 5 }),
      layers.dense({ units: 6, activation: "tanh" }),
      layers.dense({ units: 2 }),
    ],
  });
  assertEquals(structureOf(model).symmetries.permutations.map(({ size, odd }) => [size, odd]), [[
    6,
    true,
  ]]);
});

Deno.test("units of a function are those that its author names", async () => {
  const own = layout({ w1: [2, 4], b1: { shape: [4], role: "bias" }, w2: [4, 1] });
  const hidden = {
    axes: [
      { tensor: "w1", axis: 1 },
      { tensor: "b1", axis: 0 },
      { tensor: "w2", axis: 0, power: -1 as const },
    ],
    homogeneous: true,
  };
  await using loss = functionLoss(
    own,
    ({ w1, b1, w2 }) => tf.sum(tf.matMul(tf.relu(tf.add(tf.matMul([[1, 2]], w1), b1)), w2)),
    { symmetries: [hidden] },
  );
  const { permutations: [group], scalings } = loss.symmetries!();
  assertEquals([group.name, group.size, group.odd, scalings.length], ["w1", 4, false, 1]);
  const theta = Float32Array.from({ length: own.size }, (_, i) => Math.sin(3 * i + 1));
  const moved = movedUnits(own, theta, [{ group, order: [2, 0, 3, 1], factors: [1, 2, 4, 8] }]);
  assertAlmostEquals(await loss.value(moved), await loss.value(theta), 1e-6);
  const wrong = (axes: unknown) => () => symmetries(own, [{ axes } as never]);
  assertThrows(wrong([{ tensor: "w3", axis: 0 }]), RangeError, 'there must be a tensor "w3"');
  assertThrows(wrong([{ tensor: "w1", axis: 2 }]), RangeError, 'one of the 2 of "w1", got 2');
  assertThrows(
    wrong([{ tensor: "w1", axis: 0 }, { tensor: "b1", axis: 0, positions: [0, 1, 2] }]),
    RangeError,
    'got 2 in "w1", 3 in "b1"',
  );
  assertThrows(wrong([{ tensor: "w1", axis: 1, positions: [0, 0] }]), RangeError, "one twice");
});
