import * as tf from "../tf.ts";
import {
  placed,
  poolWindows,
  seen,
  taps,
  total,
  type Windows,
  withMargins,
  withoutMargins,
} from "../windows.ts";
import type { ComposedKernel } from "./composed.ts";

type Tensor = tf.Tensor;

/** For each tap, 1 where it holds the first maximum of its window and 0 elsewhere. */
export function winners(input: Tensor, output: Tensor, windows: Windows): Tensor[] {
  const x = withMargins(input, windows, -Infinity);
  let open: Tensor = tf.onesLike(output);
  return taps(windows).map((tap) => {
    const equal = tf.cast(tf.equal(seen(x, windows, tap), output), "float32");
    const won = tf.mul(equal, open);
    open = tf.sub(open, won);
    return won;
  });
}

/** 1 / the number of elements in each window, margins not counted: [1, …count, 1]. */
function shares({ size, count, filter, strides, margins }: Windows): Tensor {
  const numbers = count.map((n, axis) =>
    Array.from({ length: n }, (_, i) => {
      const from = i * strides[axis] - margins[axis][0];
      return Math.min(from + filter[axis], size[axis]) - Math.max(from, 0);
    })
  );
  const values = numbers.reduce((a, b) => a.flatMap((m) => b.map((n) => m * n)));
  return tf.tensor(values.map((n) => 1 / n), [1, ...count, 1]);
}

const maxGradient = (name: string): ComposedKernel => ({
  name,
  compute({ dy, input, output }, attributes) {
    const windows = poolWindows(input.shape, attributes);
    const won = winners(input, output, windows);
    const parts = taps(windows).map((tap, k) => placed(tf.mul(won[k], dy), windows, tap));
    return withoutMargins(total(parts), windows);
  },
});

const averageGradient = (name: string): ComposedKernel => ({
  name,
  compute({ dy, input }, attributes) {
    const windows = poolWindows(input.shape, attributes);
    const share = tf.mul(dy, shares(windows));
    return withoutMargins(total(taps(windows).map((tap) => placed(share, windows, tap))), windows);
  },
});

/**
 * The wasm backend's own kernels give ties to the last maximum, and divide by the whole window where it
 * hangs over the edge, although the forward pass divides by what is inside.
 */
export const poolingKernels: ComposedKernel[] = [
  maxGradient(tf.MaxPoolGrad),
  maxGradient(tf.MaxPool3DGrad),
  averageGradient(tf.AvgPoolGrad),
  averageGradient(tf.AvgPool3DGrad),
];
