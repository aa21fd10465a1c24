import { insertZeros } from "./gradients/shape.ts";
import * as tf from "./tf.ts";

type Tensor = tf.Tensor;

/** How the windows of a pooling or convolution lie on a picture [n, h, w, c], and its filter's taps. */
export type Windows = tf.backend_util.Conv2DInfo;

/** The taps of a filter, row by row. */
export function taps({ filterHeight, filterWidth }: Windows): [number, number][] {
  return Array.from(
    { length: filterHeight * filterWidth },
    (_, k) => [Math.floor(k / filterWidth), k % filterWidth],
  );
}

/** The size of the picture with its margins: all that some window reads. */
function padded(w: Windows): { height: number; width: number } {
  const reach = (out: number, stride: number, filter: number, dilation: number) =>
    (out - 1) * stride + (filter - 1) * dilation + 1;
  const { top, bottom, left, right } = w.padInfo;
  return {
    height: Math.max(
      w.inHeight + top + bottom,
      reach(w.outHeight, w.strideHeight, w.filterHeight, w.dilationHeight),
    ),
    width: Math.max(
      w.inWidth + left + right,
      reach(w.outWidth, w.strideWidth, w.filterWidth, w.dilationWidth),
    ),
  };
}

/** The picture with margins of `value` around it. */
export function withMargins(x: Tensor, w: Windows, value = 0): Tensor {
  const { height, width } = padded(w);
  const { top, left } = w.padInfo;
  const [bottom, right] = [height - top - w.inHeight, width - left - w.inWidth];
  if (top + bottom + left + right === 0) return x;
  return tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]], value);
}

/** The picture without its margins. */
export function withoutMargins(x: Tensor, w: Windows): Tensor {
  const { top, left } = w.padInfo;
  const [n, , , c]: number[] = x.shape;
  return tf.slice(x, [0, top, left, 0], [n, w.inHeight, w.inWidth, c]);
}

/** What one tap sees in each window: [n, outHeight, outWidth, c] of a picture with margins. */
export function seen(x: Tensor, w: Windows, [i, j]: [number, number]): Tensor {
  const [top, left] = [i * w.dilationHeight, j * w.dilationWidth];
  const [n, , , c]: number[] = x.shape;
  if (w.strideHeight === 1 && w.strideWidth === 1) {
    return tf.slice(x, [0, top, left, 0], [n, w.outHeight, w.outWidth, c]);
  }
  const end = [
    n,
    top + (w.outHeight - 1) * w.strideHeight + 1,
    left + (w.outWidth - 1) * w.strideWidth + 1,
    c,
  ];
  return tf.stridedSlice(x, [0, top, left, 0], end, [1, w.strideHeight, w.strideWidth, 1]);
}

/** The adjoint of {@link seen}: each window's value where the tap saw it, zeros elsewhere. */
export function placed(y: Tensor, w: Windows, [i, j]: [number, number]): Tensor {
  const { height, width } = padded(w);
  const apart = insertZeros(insertZeros(y, 1, w.strideHeight), 2, w.strideWidth);
  const [, h, v]: number[] = apart.shape;
  const [top, left] = [i * w.dilationHeight, j * w.dilationWidth];
  return tf.pad(apart, [
    [0, 0],
    [top, height - top - h],
    [left, width - left - v],
    [0, 0],
  ]);
}

/** The sum of a list of tensors of one shape. */
export function total(parts: Tensor[]): Tensor {
  return parts.reduce((a, b) => tf.add(a, b));
}
