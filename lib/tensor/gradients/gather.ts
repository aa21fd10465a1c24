import { kernel } from "../engine.ts";
import * as tf from "../tf.ts";
import { mask, type Rule, rule } from "./rule.ts";

const size = (shape: number[]) => shape.reduce((n, m) => n * m, 1);

/** The gradient of gather: dy summed into the places it was taken from. */
function scatter(
  dy: tf.Tensor,
  x: tf.Tensor,
  indices: tf.Tensor,
  axis: number,
  batch: number,
): tf.Tensor {
  const rows = x.shape[axis];
  const [b, outer, inner] = [
    size(x.shape.slice(0, batch)),
    size(x.shape.slice(batch, axis)),
    size(x.shape.slice(axis + 1)),
  ];
  const k = indices.size / b;
  // Batches become further rows of one table: row i of batch j is row j·rows + i.
  const offsets = tf.tensor2d(Int32Array.from({ length: b }, (_, j) => j * rows), [b, 1], "int32");
  const ids = tf.add(tf.reshape(indices, [b, k]), offsets);
  const parts = tf.transpose(tf.reshape(dy, [b, outer, k, inner]), [0, 2, 1, 3]);
  const table = tf.unsortedSegmentSum(
    tf.reshape(parts, [b * k, outer * inner]),
    tf.reshape(ids, [b * k]) as tf.Tensor1D,
    b * rows,
  );
  const back = tf.transpose(tf.reshape(table, [b, rows, outer, inner]), [0, 2, 1, 3]);
  return tf.reshape(back, x.shape);
}

export const gathers: Rule[] = [
  rule(tf.GatherV2, ["x", "indices"], (dy, [x, indices], { axis, batchDims = 0 }) => {
    const [along] = tf.util.parseAxisParam(axis, x.shape);
    return {
      x: () => scatter(dy, x, indices, along, batchDims),
      indices: () => tf.zeros(indices.shape),
    };
  }),
  rule(tf.UnsortedSegmentSum, ["x", "segmentIds"], (dy, [x, ids]) => ({
    // Negative segments are dropped.
    x: () => {
      const kept = tf.reshape(
        mask(() => tf.greaterEqual(ids, 0)),
        [...ids.shape, ...Array(x.shape.length - ids.shape.length).fill(1)],
      );
      return tf.mul(tf.gather(dy, tf.maximum(ids, tf.scalar(0, "int32"))), kept);
    },
    segmentIds: () => tf.zeros(ids.shape),
  })),
  rule(tf.GatherNd, ["params", "indices"], (dy, [params, indices]) => ({
    params: () => kernel(tf.ScatterNd, { indices, updates: dy }, { shape: params.shape }),
    indices: () => tf.zeros(indices.shape),
  })),
  rule(tf.ScatterNd, ["indices"], (dy, [indices]) => ({
    updates: () => tf.gatherND(dy, indices),
    indices: () => tf.zeros(indices.shape),
  })),
];
