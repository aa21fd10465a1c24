import * as tf from "../../../lib/tensor/tf.ts";
import { type Arr, at, build, map, reshape, sum, transpose, zip } from "./arrays.ts";
import { type Case, normal } from "./check.ts";

const row = (
  name: string,
  shape: number[],
  op: (x: tf.Tensor) => tf.Tensor | tf.Tensor[],
  reference: (x: Arr) => Arr | Arr[],
): Case => ({ name, inputs: [normal(...shape)], op, reference });

/** The part of a 3-tensor that begins at [i, j, k]. */
const cut = (x: Arr, [i, j, k]: number[], size: number[]) =>
  build(size, ([a, b, c]) => at(x, a + i, b + j, c + k));
const mirror = (i: number, before: number, n: number, edge: number) => {
  const k = i - before;
  return k < 0 ? -k - 1 + edge : k >= n ? 2 * n - 1 - k - edge : k;
};
/** Every element twice: through the op, and beside it. */
const stridedRow = (
  name: string,
  [begin, end, strides]: number[][],
  index: (i: number, j: number) => [number, number],
  size: number[],
  ...masks: number[]
) =>
  row(
    `stridedSlice ${name}`,
    [5, 4],
    (x) => tf.stridedSlice(x, begin, end, strides, ...masks),
    (x) => build(size, ([i, j = 0]) => at(x, ...index(i, j))),
  );

/** Ops that move numbers about. */
export const shape: Case[] = [
  row("reshape", [2, 3], (x) => tf.reshape(x, [3, 2]), (x) => reshape(x, [3, 2])),
  row(
    "expandDims, squeeze",
    [1, 3],
    (x) => tf.expandDims(tf.squeeze(x, [0]), 1),
    (x) => reshape(x, [3, 1]),
  ),
  row("transpose", [2, 3, 2], (x) => tf.transpose(x, [2, 0, 1]), (x) => transpose(x, [2, 0, 1])),
  row("transpose of a matrix", [2, 3], (x) => tf.transpose(x), (x) => transpose(x, [1, 0])),
  row(
    "reverse",
    [2, 3, 2],
    (x) => tf.reverse(x, [0, 2]),
    (x) => build([2, 3, 2], ([i, j, k]) => at(x, 1 - i, j, 1 - k)),
  ),
  row(
    "pad",
    [2, 3],
    (x) => tf.pad(x, [[1, 2], [0, 1]], 0.7),
    (x) => build([5, 4], ([i, j]) => i >= 1 && i < 3 && j < 3 ? at(x, i - 1, j) : 0.7),
  ),
  row(
    "mirrorPad, reflect",
    [3, 4],
    (x) => tf.mirrorPad(x, [[2, 1], [1, 3]], "reflect"),
    (x) => build([6, 8], ([i, j]) => at(x, mirror(i, 2, 3, 1), mirror(j, 1, 4, 1))),
  ),
  row(
    "mirrorPad, symmetric",
    [3, 4],
    (x) => tf.mirrorPad(x, [[2, 1], [0, 4]], "symmetric"),
    (x) => build([6, 8], ([i, j]) => at(x, mirror(i, 2, 3, 0), mirror(j, 0, 4, 0))),
  ),
  row(
    "slice",
    [3, 4, 2],
    (x) => tf.slice(x, [1, 0, 1], [2, -1, 1]),
    (x) => cut(x, [1, 0, 1], [2, 4, 1]),
  ),
  row("slice of rows", [3, 4, 2], (x) => tf.slice(x, 1), (x) => cut(x, [1, 0, 0], [2, 4, 2])),
  stridedRow("with steps", [[0, 1], [5, 4], [2, 2]], (i, j) => [2 * i, 2 * j + 1], [3, 2]),
  stridedRow("backwards", [[4, -1], [0, -4], [-2, -1]], (i, j) => [4 - 2 * i, 3 - j], [2, 3]),
  stridedRow("of one row", [[2, 0], [3, 4], [1, 1]], (i) => [2, i], [4], 0, 0, 0, 0, 1),
  stridedRow("with masks", [[1, 2], [3, 3], [1, 1]], (i, j) => [i, j + 2], [5, 2], 1, 3),
  stridedRow("with an ellipsis", [[0, 1], [0, 3], [1, 1]], (i, j) => [i, j + 1], [5, 2], 0, 0, 1),
  row(
    "tile",
    [2, 1, 3],
    (x) => tf.tile(x, [2, 3, 1]),
    (x) => build([4, 3, 3], ([i, , k]) => at(x, i % 2, 0, k)),
  ),
  row(
    "tile of rank 5",
    [1, 2, 1, 1, 2],
    (x) => tf.tile(x, [2, 1, 1, 2, 2]),
    (x) => build([2, 2, 1, 2, 4], ([, j, , , m]) => at(x, 0, j, 0, 0, m % 2)),
  ),
  row(
    "broadcastTo",
    [2, 1],
    (x) => tf.broadcastTo(x, [3, 2, 2]),
    (x) => build([3, 2, 2], ([, i]) => at(x, i, 0)),
  ),
  {
    name: "concat",
    inputs: [normal(2, 3), normal(2, 1), normal(2, 2)],
    op: (...xs) => tf.concat(xs, -1),
    reference: (a, b, c) =>
      build([2, 6], ([i, j]) => j < 3 ? at(a, i, j) : j < 4 ? at(b, i, 0) : at(c, i, j - 4)),
  },
  {
    name: "concat of rows",
    inputs: [normal(2, 3), normal(1, 3)],
    op: (...xs) => tf.concat(xs, 0),
    reference: (a, b) => build([3, 3], ([i, j]) => i < 2 ? at(a, i, j) : at(b, 0, j)),
  },
  {
    name: "stack",
    inputs: [normal(2, 3), normal(2, 3)],
    op: (...xs) => tf.stack(xs, -1),
    reference: (a, b) => build([2, 3, 2], ([i, j, k]) => at(k ? b : a, i, j)),
  },
  {
    name: "addN",
    inputs: [normal(2, 3), normal(2, 3), normal(2, 3)],
    op: (...xs) => tf.addN(xs),
    reference: (a, b, c) => zip(zip(a, b, (x, y) => x + y), c, (x, y) => x + y),
  },
  row("unstack, one part unused", [3, 2], (x) => {
    const [a, , c] = tf.unstack(x);
    return [tf.mul(a, c), c];
  }, (x) => [build([2], ([i]) => at(x, 0, i) * at(x, 2, i)), build([2], ([i]) => at(x, 2, i))]),
  row(
    "unstack along columns",
    [2, 3],
    (x) => tf.unstack(x, 1),
    (x) => [0, 1, 2].map((j) => build([2], ([i]) => at(x, i, j))),
  ),
  row(
    "split",
    [2, 5],
    (x) => tf.split(x, [2, 1, 2], 1),
    (x) =>
      [[0, 2], [2, 1], [3, 2]].map(([from, n]) => build([2, n], ([i, j]) => at(x, i, j + from))),
  ),
  row(
    "split into equal parts",
    [4, 2],
    (x) => tf.split(x, 2),
    (x) => [0, 2].map((from) => build([2, 2], ([i, j]) => at(x, i + from, j))),
  ),
  row(
    "spaceToBatchND",
    [1, 4, 4, 1],
    (x) => tf.spaceToBatchND(x, [2, 2], [[0, 0], [2, 0]]),
    (x) =>
      build([4, 2, 3, 1], ([b, i, j]) => {
        const [y, v] = [2 * i + Math.floor(b / 2), 2 * j + b % 2 - 2];
        return v < 0 ? 0 : at(x, 0, y, v, 0);
      }),
  ),
  row(
    "batchToSpaceND",
    [4, 2, 2, 1],
    (x) => tf.batchToSpaceND(x, [2, 2], [[0, 1], [1, 0]]),
    (x) =>
      build(
        [1, 3, 3, 1],
        ([, i, j]) =>
          at(x, 2 * (i % 2) + (j + 1) % 2, Math.floor(i / 2), Math.floor((j + 1) / 2), 0),
      ),
  ),
  row(
    "depthToSpace",
    [1, 2, 1, 8],
    (x) => tf.depthToSpace(x as tf.Tensor4D, 2),
    (x) =>
      build([1, 4, 2, 2], ([, i, j, c]) => at(x, 0, i >> 1, j >> 1, (2 * (i % 2) + j % 2) * 2 + c)),
  ),
  row(
    "a chain of shapes",
    [2, 6],
    (x) => {
      const parts = tf.split(tf.reshape(tf.square(x), [2, 2, 3]), 2, 1);
      return tf.sum(tf.mul(parts[0], tf.reverse(parts[1], 2)), [1, 2]);
    },
    (x) =>
      build(
        [2],
        ([i]) => sum([0, 1, 2].map((k) => at(map(x, (v) => v * v), i, k) * at(x, i, 5 - k) ** 2)),
      ),
  ),
];
