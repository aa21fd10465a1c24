import type { BackendWasm } from "npm:@tensorflow/tfjs-backend-wasm@4.22.0";
import type * as tf from "../tf.ts";

/** The wasm backend casts to bool by dropping bits (0.5 becomes false, −1.5 becomes 255): here x ≠ 0. */
export function castKernel(native: tf.KernelConfig): tf.KernelConfig {
  return {
    ...native,
    kernelFunc({ inputs, attrs, backend }) {
      const x = inputs.x as tf.TensorInfo;
      if (attrs?.dtype !== "bool" || x.dtype === "bool") {
        return native.kernelFunc({ inputs, attrs, backend });
      }
      const wasm = backend as BackendWasm;
      const out = wasm.makeOutput(x.shape, "bool");
      const from = wasm.typedArrayFromHeap(x);
      wasm.typedArrayFromHeap(out).set(from.map((v) => v === 0 ? 0 : 1));
      return out;
    },
  };
}
