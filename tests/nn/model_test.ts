import { assertEquals, assertThrows } from "@std/assert";
import { assign, flatten, layoutOf, mlp, tf } from "../../mod.ts";

function convNet() {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 3, useBias: false }),
      tf.layers.batchNormalization({}),
      tf.layers.depthwiseConv2d({ kernelSize: 3 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 4 }),
    ],
  });
}

Deno.test("a layout follows model.weights, with roles and unit axes", () => {
  const model = convNet();
  const { tensors, size } = layoutOf(model);
  assertEquals(size, model.countParams());
  assertEquals<unknown>(tensors.map((t) => t.shape), model.weights.map((w) => w.shape));
  assertEquals(
    tensors.map((t) => [t.name.split("/")[1], t.role, t.unitAxis]),
    [
      ["kernel", "weight", 3],
      ["gamma", "norm", undefined],
      ["beta", "norm", undefined],
      ["depthwise_kernel", "weight", 2],
      ["bias", "bias", undefined],
      ["kernel", "weight", 1],
      ["bias", "bias", undefined],
      ["moving_mean", "state", undefined],
      ["moving_variance", "state", undefined],
    ],
  );
});

Deno.test("two models of one architecture have interchangeable vectors", () => {
  assertEquals(layoutOf(convNet()).digest, layoutOf(convNet()).digest);
  const [a, b] = [1, 2].map((seed) => mlp({ inputs: 2, hidden: [5], outputs: 3, seed }));
  assign(b, flatten(a));
  assertEquals(flatten(b), flatten(a));
});

Deno.test("weights of a frozen layer are state", () => {
  const model = mlp({ inputs: 2, hidden: [5], outputs: 3 });
  model.layers[0].trainable = false;
  assertEquals(layoutOf(model).tensors.map((t) => t.role), ["weight", "bias", "state", "state"]);
});

Deno.test("a vector that does not fit changes nothing", () => {
  const model = mlp({ inputs: 2, hidden: [5], outputs: 3 }), before = flatten(model);
  assertThrows(
    () => assign(model, new Float32Array(7)),
    RangeError,
    "Cannot assign the weights: θ must have the 33 numbers of the layout, got 7",
  );
  const broken = before.slice();
  broken[20] = NaN;
  assertThrows(() => assign(model, broken), RangeError, 'θ holds NaN at 20 (in "logits');
  assertEquals(flatten(model), before);
});

Deno.test("what is no model, is not built or has no weights is said so", () => {
  assertThrows(() => flatten({} as tf.LayersModel), TypeError, "expected a tf.LayersModel");
  assertThrows(
    () => flatten(tf.sequential()),
    RangeError,
    "must have at least one layer, got none",
  );
  const empty = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 2] })] });
  assertThrows(() => layoutOf(empty), RangeError, "must have at least one weight, got none");
});
