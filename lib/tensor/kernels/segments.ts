import * as tf from "../tf.ts";
import type { ComposedKernel } from "./composed.ts";

/** Rows summed by segment; rows of negative segments are dropped. */
export const unsortedSegmentSum: ComposedKernel = {
  name: tf.UnsortedSegmentSum,
  compute({ x, segmentIds }, { numSegments }) {
    const rest = x.shape.slice(segmentIds.rank);
    const width = rest.reduce((n, m) => n * m, 1);
    const ids = tf.reshape(segmentIds, [-1, 1]);
    const kept = tf.cast(tf.greaterEqual(ids, 0), "float32");
    const updates = tf.mul(tf.reshape(x, [ids.shape[0], width]), kept);
    const table = tf.scatterND(tf.maximum(ids, tf.scalar(0, "int32")), updates, [
      numSegments,
      width,
    ]);
    return tf.reshape(table, [numSegments, ...rest]);
  },
};
