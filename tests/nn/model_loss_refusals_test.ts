import { assertRejects, assertThrows } from "@std/assert";
import { flatten, mlp, modelLoss, moons, type Samples, tf } from "../../mod.ts";

const model = mlp({ inputs: 2, hidden: [8], outputs: 2, activation: "tanh" });
const { train } = moons({ train: 100, test: 20 });
const theta = flatten(model);

Deno.test("outputs that are probabilities are refused where logits are wanted", async () => {
  const input = tf.input({ shape: [2] });
  // a normalisation written by hand: no layer that could be recognised
  class Normalise extends tf.layers.Layer {
    static className = "NormaliseForTest";
    override call(x: tf.Tensor | tf.Tensor[]) {
      const a = tf.exp(Array.isArray(x) ? x[0] : x);
      return tf.div(a, tf.sum(a, 1, true));
    }
    override computeOutputShape(shape: tf.Shape) {
      return shape;
    }
  }
  const dense = tf.layers.dense({ units: 3 });
  const output = new Normalise({}).apply(dense.apply(input)) as tf.SymbolicTensor;
  const net = tf.model({ inputs: input, outputs: output });
  await using loss = modelLoss(net, train, { criterion: "crossEntropy" });
  await assertRejects(
    () => loss.value(flatten(net)),
    RangeError,
    "takes logits, got probabilities",
  );
});

Deno.test("misuse is said before anything runs", () => {
  const make = (samples: unknown, options = {}) => () =>
    modelLoss(model, samples as Samples, options);
  const { inputs, targets } = train;
  const cases: [() => unknown, string][] = [
    [make({ inputs }), "the samples must have targets, got none"],
    [
      make({
        inputs: { data: inputs.data, shape: [200, 1] },
        targets: { data: new Int32Array(200), shape: [200] },
      }),
      "the model takes inputs of shape [n, 2], got [200, 1]",
    ],
    [
      make({
        inputs,
        targets: { data: targets.data.map((y, i) => i === 5 ? 2 : y), shape: [100] },
      }),
      "class targets must be integers from 0 to 1, got 2 in sample 5",
    ],
    [
      make({ inputs, targets: { data: new Float32Array(300), shape: [100, 3] } }, {
        criterion: "crossEntropy",
      }),
      "targets must be class numbers [n] or one-hot [n, 2], got [100, 3]",
    ],
    [
      make(train, { criterion: "hinge" }),
      'criterion must be one of crossEntropy, binaryCrossEntropy, meanSquaredError or a function, got "hinge"',
    ],
    [make(train, { mode: "test" }), 'mode must be "eval" or "train", got "test"'],
    [make(train, { batchSize: 0 }), "batchSize must be a positive integer, got 0"],
    [
      make(train, { maxBatches: 1.5 }),
      "maxBatches must be a positive integer or null for all, got 1.5",
    ],
    [make(train, { engine: "cuda" }), 'engine must be "auto", "native" or "wasm"'],
  ];
  for (const [f, message] of cases) assertThrows(f, RangeError, message);
  const broken = inputs.data.slice();
  broken[31] = NaN;
  assertThrows(
    make({ inputs: { data: broken, shape: inputs.shape }, targets }),
    RangeError,
    "sample 15",
  );
});

Deno.test("a criterion of the wrong shape, and a θ with NaN, are named", async () => {
  await using loss = modelLoss(model, train, { criterion: (z) => tf.mean(z) });
  await assertRejects(
    () => loss.value(theta),
    RangeError,
    "must give per-sample losses of shape [100], got shape []",
  );
  await using fine = modelLoss(model, train);
  const broken = theta.slice();
  broken[3] = Infinity;
  await assertRejects(() => fine.value(broken), RangeError, "θ holds Infinity at 3");
  await assertRejects(
    () => fine.product(theta, theta.subarray(1)),
    RangeError,
    "v must have the 42 numbers",
  );
});
