/** What cannot be recorded is refused by name, with the reason, and nothing is left behind. */
import { assertEquals, assertThrows } from "@std/assert";
import { type Pass, type RecordableLoss, recordLoss } from "../../lib/engine/record_loss.ts";
import { record } from "../../lib/tensor/record.ts";
import { layout, tf } from "../../mod.ts";
import { noise } from "./losses.ts";

const size = 3;
type Forward = (theta: tf.Tensor, x: tf.Tensor) => tf.Tensor | Pass;

/** A loss of three numbers on rows of three. */
function lossOf(forward: Forward): RecordableLoss {
  return {
    layout: layout({ theta: [size] }),
    perSample: true,
    fields: { x: noise(1, "refused", 8, size) },
    forward([theta], { x }) {
      const result = forward(theta, x);
      return result instanceof tf.Tensor ? { losses: result } : result;
    },
  };
}
const rows = (t: tf.Tensor) => tf.sum(t, 1);

const refused: Record<string, [Forward, string]> = {
  "a value that depends on θ is read": [
    (theta, x) => theta.dataSync()[0] > 0 ? rows(tf.mul(x, theta)) : rows(x),
    "Cannot record: the value of a tensor that depends on the weights or the data is read (it comes from input θ0)",
  ],
  "a value that is computed from the data is read": [
    (theta, x) => tf.mul(rows(tf.mul(x, theta)), tf.max(x).dataSync()[0]),
    "is read (it comes from Max)",
  ],
  "random numbers": [
    (theta, x) => rows(tf.mul(tf.add(x, tf.randomNormal([size])), theta)),
    "Cannot record: randomNormal draws random numbers",
  ],
  "dropout": [
    (theta, x) => rows(tf.dropout(tf.mul(x, theta), 0.5, undefined, 7)),
    "draws random numbers",
  ],
  "a kernel without a translation": [
    (theta, x) => rows(tf.topk(tf.mul(x, theta), 2).values),
    "Cannot record: the kernel TopK has no translation",
  ],
  "data that is not passed in": [
    (theta, x) => rows(tf.mul(tf.mul(x, theta), noiseOf(x.shape))),
    "the numbers of a constant in operation 1 (Mul) (random numbers? data that is not passed in?)",
  ],
  "an operation for each sample": [
    (theta, x) => tf.stack(tf.unstack(x).map((row) => tf.sum(tf.mul(row, theta)))),
    "Cannot record: the loss changes with the number of samples",
  ],
  "a slice that depends on the number of samples": [
    (theta, x) => {
      const half = tf.slice(x, [x.shape[0] / 2, 0]);
      return rows(tf.mul(tf.concat([half, half]), theta));
    },
    "Cannot record: the loss changes with the number of samples, in starts of operation",
  ],
  "losses of another number than the samples": [
    (theta, x) => tf.sum(tf.mul(x, theta), 0),
    "Cannot record: the loss must give [4], got shape [3]",
  ],
};

for (const [name, [forward, reason]] of Object.entries(refused)) {
  Deno.test(`refused: ${name}`, () => {
    const before = tf.memory().numTensors;
    assertThrows(() => recordLoss(lossOf(forward)).value(), Error, reason);
    assertEquals(tf.memory().numTensors, before);
    // The next record is none the worse for it.
    recordLoss(lossOf((theta, x) => rows(tf.mul(x, theta)))).value();
  });
}

/** Other numbers for another number of samples. */
function noiseOf(shape: number[]): tf.Tensor {
  const { data } = noise(shape[0], "constant", ...shape);
  return tf.tensor(data, shape);
}

Deno.test("a recording leaves no tensor behind", () => {
  const loss = lossOf((theta, x) => rows(tf.square(tf.mul(x, theta))));
  recordLoss(loss).product();
  const before = tf.memory().numTensors;
  const recorded = recordLoss(loss);
  recorded.value();
  recorded.gradient();
  recorded.product();
  recorded.step("adam");
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("a record holds what depends on an input, and numbers for the rest", () => {
  const { nodes, constants, values } = record(
    { x: { data: Float32Array.of(1, 2), shape: [2] } },
    ({ x }) => {
      const known = tf.exp(tf.mul(tf.tensor1d([1, 2]), 3));
      return { y: tf.add(tf.square(x), tf.sub(known, known)) };
    },
  );
  assertEquals(nodes.map(({ kernel }) => kernel), ["Input", "Square", "Add"]);
  assertEquals(constants.map(({ data }) => [...data]), [[0, 0]]);
  assertEquals([...values.y], [1, 4]);
});
