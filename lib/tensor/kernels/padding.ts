import * as tf from "../tf.ts";

/**
 * A padding given as one number, written out for each side. tfjs takes the filter's height for its width
 * when it computes the output's size from a number, so that a filter that is not square writes beyond its
 * output.
 */
export function explicitPad<P>(pad: P): P | [number, number][] {
  return typeof pad === "number" && pad > 0 ? [[0, 0], [pad, pad], [pad, pad], [0, 0]] : pad;
}

/** The kernels of the wasm backend that read a padding, by name. */
export const paddedKernels: string[] = [
  tf.Conv2D,
  tf.FusedConv2D,
  tf.DepthwiseConv2dNative,
  tf.FusedDepthwiseConv2D,
  tf.MaxPool,
  tf.AvgPool,
];

/** A kernel that is given its padding side by side. */
export function paddedKernel(native: tf.KernelConfig): tf.KernelConfig {
  return {
    ...native,
    kernelFunc: ({ inputs, attrs, backend }) =>
      native.kernelFunc({
        inputs,
        attrs: { ...attrs, pad: explicitPad(attrs?.pad) as tf.Attribute },
        backend,
      }),
  };
}
