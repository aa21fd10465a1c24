import type { BackendWasm } from "npm:@tensorflow/tfjs-backend-wasm@4.22.0";
import * as tf from "../tf.ts";

/**
 * GatherV2 for the wasm backend, whose own takes the number of batches for the number of indices in a batch:
 * where the two differ it reads beyond its inputs.
 */
export function gatherKernel(native: tf.KernelConfig): tf.KernelConfig {
  return {
    ...native,
    kernelFunc(call) {
      const { batchDims = 0, axis } = call.attrs as { batchDims?: number; axis: number };
      const { x, indices } = call.inputs as Record<"x" | "indices", tf.TensorInfo>;
      if (batchDims === 0) return native.kernelFunc(call);
      const backend = call.backend as BackendWasm;
      const [along] = tf.util.parseAxisParam(axis, x.shape);
      const { batchSize, outerSize, dimSize, sliceSize, outputShape } = tf.backend_util.segment_util
        .collectGatherOpShapeInfo(x as tf.Tensor, indices as tf.Tensor, along, batchDims);
      const out = backend.makeOutput(outputShape, x.dtype);
      // After the allocation, which may move the heap.
      const [from, places, to] = [x, indices, out].map((t) => backend.typedArrayFromHeap(t));
      const count = places.length / batchSize;
      let next = 0;
      for (let batch = 0; batch < batchSize; batch++) {
        for (let outer = 0; outer < outerSize; outer++) {
          const start = (batch * outerSize + outer) * dimSize;
          for (let k = 0; k < count; k++) {
            const row = (start + places[batch * count + k]) * sliceSize;
            for (let i = 0; i < sliceSize; i++) to[next++] = from[row + i];
          }
        }
      }
      return out;
    },
  };
}
