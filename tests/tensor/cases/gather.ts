import * as tf from "../../../lib/tensor/tf.ts";
import { type Arr, at, build, sum } from "./arrays.ts";
import { type Case, normal } from "./check.ts";

const ids = [2, 0, 2, 1];
const int = (values: number[], shape = [values.length]) => tf.tensor(values, shape, "int32");

/** Ops with indices. */
export const gather: Case[] = [
  {
    name: "gather, rows more than once",
    inputs: [normal(3, 2)],
    op: (x) => tf.gather(x, int(ids)),
    reference: (x: Arr) => build([4, 2], ([i, j]) => at(x, ids[i], j)),
  },
  {
    name: "gather along the middle axis, table of indices",
    inputs: [normal(2, 3, 2)],
    op: (x) => tf.gather(x, int(ids, [2, 2]), 1),
    reference: (x: Arr) => build([2, 2, 2, 2], ([a, i, j, k]) => at(x, a, ids[2 * i + j], k)),
  },
  {
    name: "gather along the last axis",
    inputs: [normal(2, 3)],
    op: (x) => tf.gather(x, int(ids), -1),
    reference: (x: Arr) => build([2, 4], ([a, i]) => at(x, a, ids[i])),
  },
  {
    name: "gather by batch",
    inputs: [normal(2, 3, 2)],
    op: (x) => tf.gather(x, int(ids, [2, 2]), 1, 1),
    reference: (x: Arr) => build([2, 2, 2], ([a, i, k]) => at(x, a, ids[2 * a + i], k)),
  },
  {
    name: "gather by batch, another axis, fewer batches than indices",
    inputs: [normal(2, 2, 3, 2)],
    op: (x) => tf.gather(x, int([0, 2, 2, 1, 0, 1], [2, 3]), 2, 1),
    reference: (x: Arr) =>
      build([2, 2, 3, 2], ([a, j, i, k]) => at(x, a, j, [0, 2, 2, 1, 0, 1][3 * a + i], k)),
  },
  {
    name: "gather by batch, more batches than indices",
    inputs: [normal(3, 2)],
    op: (x) => tf.gather(x, int([1, 0, 1], [3, 1]), 1, 1),
    reference: (x: Arr) => build([3, 1], ([a]) => at(x, a, [1, 0, 1][a])),
  },
  {
    name: "gatherND",
    inputs: [normal(3, 2, 2)],
    op: (x) => tf.gatherND(x, int([2, 0, 0, 1, 2, 0], [3, 2])),
    reference: (x: Arr) => build([3, 2], ([i, k]) => at(x, [2, 0, 2][i], [0, 1, 0][i], k)),
  },
  {
    name: "scatterND, several into one",
    inputs: [normal(3, 2)],
    op: (x) => tf.scatterND(int([3, 1, 3], [3, 1]), x, [4, 2]),
    reference: (x: Arr) =>
      build([4, 2], ([i, k]) => i === 3 ? at(x, 0, k) + at(x, 2, k) : i === 1 ? at(x, 1, k) : 0),
  },
  {
    name: "unsortedSegmentSum, a negative segment",
    inputs: [normal(4, 2)],
    op: (x) => tf.unsortedSegmentSum(x, int([1, -1, 1, 0]) as tf.Tensor1D, 3),
    reference: (x: Arr) =>
      build([3, 2], ([s, k]) => sum([1, -1, 1, 0].map((id, i) => id === s ? at(x, i, k) : 0))),
  },
  {
    name: "oneHot of what is argMax",
    inputs: [normal(3, 4)],
    op: (x) => tf.sum(tf.mul(x, tf.oneHot(tf.argMax(x, 1), 4)), 1),
    reference: (x: Arr) => build([3], ([i]) => Math.max(...[0, 1, 2, 3].map((j) => at(x, i, j)))),
  },
  {
    name: "embedding layer",
    inputs: [normal(5, 3)],
    op: (x) => {
      const layer = tf.layers.embedding({ inputDim: 5, outputDim: 3 });
      layer.build([2, 2]);
      const [table] = layer.weights as unknown as { read: () => tf.Tensor }[];
      table.read = () => x;
      return layer.call(int([4, 0, 4, 1], [2, 2]), {}) as tf.Tensor;
    },
    reference: (x: Arr) => build([2, 2, 3], ([i, j, k]) => at(x, [4, 0, 4, 1][2 * i + j], k)),
  },
];
