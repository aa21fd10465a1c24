import type { Attributes } from "../engine.ts";
import * as tf from "../tf.ts";
import {
  placed,
  seen,
  taps,
  total,
  type Windows,
  withMargins,
  withoutMargins,
} from "../windows.ts";
import type { ComposedKernel } from "./composed.ts";

type Tensor = tf.Tensor;
type Shape = [number, number, number, number];

/** How a pooling's windows lie on its input. */
export function poolWindows(shape: number[], attributes: Attributes): Windows {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  return tf.backend_util.computePool2DInfo(
    shape as Shape,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}

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

/** 1 / the number of elements in each window, margins not counted: [1, outHeight, outWidth, 1]. */
function shares(w: Windows): Tensor {
  const inside = (out: number, stride: number, filter: number, size: number, margin: number) =>
    Array.from({ length: out }, (_, i) => {
      const from = i * stride - margin;
      return Math.min(from + filter, size) - Math.max(from, 0);
    });
  const { top, left } = w.padInfo;
  const rows = inside(w.outHeight, w.strideHeight, w.filterHeight, w.inHeight, top);
  const columns = inside(w.outWidth, w.strideWidth, w.filterWidth, w.inWidth, left);
  const values = rows.flatMap((r) => columns.map((c) => 1 / (r * c)));
  return tf.tensor(values, [1, w.outHeight, w.outWidth, 1]);
}

/**
 * The wasm backend's own kernels give ties to the last maximum, and divide by the whole window where it
 * hangs over the edge, although the forward pass divides by what is inside.
 */
export const poolingKernels: ComposedKernel[] = [
  {
    name: tf.MaxPoolGrad,
    compute({ dy, input, output }, attributes) {
      const windows = poolWindows(input.shape, attributes);
      const won = winners(input, output, windows);
      const parts = taps(windows).map((tap, k) => placed(tf.mul(won[k], dy), windows, tap));
      return withoutMargins(total(parts), windows);
    },
  },
  {
    name: tf.AvgPoolGrad,
    compute({ dy, input }, attributes) {
      const windows = poolWindows(input.shape, attributes);
      const share = tf.mul(dy, shares(windows));
      return withoutMargins(
        total(taps(windows).map((tap) => placed(share, windows, tap))),
        windows,
      );
    },
  },
];
