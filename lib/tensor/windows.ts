import type { Attributes } from "./engine.ts";
import { insertZeros } from "./gradients/shape.ts";
import { explicitPad } from "./kernels/padding.ts";
import * as tf from "./tf.ts";

type Tensor = tf.Tensor;

/** How the windows of a filter lie on a picture [n, …space, c]: one number for each axis of space. */
export interface Windows {
  /** The size of the picture. */
  size: number[];
  /** How many windows there are. */
  count: number[];
  /** The size of the filter. */
  filter: number[];
  /** From one window to the next. */
  strides: number[];
  /** From one tap to the next. */
  dilations: number[];
  /** The margins before and after the picture. */
  margins: [number, number][];
}

/** The windows of a convolution with a filter of this shape. */
export function convolutionWindows(
  shape: number[],
  filter: number[],
  { strides, pad, dilations, dimRoundingMode }: Attributes,
  depthwise = false,
): Windows {
  const { backend_util: util } = tf;
  return windowsOf(
    shape.length === 5
      ? util.computeConv3DInfo(shape as Five, filter as Five, strides, dilations ?? 1, pad)
      : util.computeConv2DInfo(
        shape as Four,
        filter as Four,
        strides,
        dilations ?? 1,
        explicitPad(pad),
        dimRoundingMode,
        depthwise,
      ),
  );
}

/** The windows of a pooling. */
export function poolWindows(
  shape: number[],
  { filterSize, strides, pad, dimRoundingMode }: Attributes,
): Windows {
  const { backend_util: util } = tf;
  return windowsOf(
    shape.length === 5
      ? util.computePool3DInfo(shape as Five, filterSize, strides, 1, pad, dimRoundingMode)
      : util.computePool2DInfo(
        shape as Four,
        filterSize,
        strides,
        1,
        explicitPad(pad),
        dimRoundingMode,
      ),
  );
}

type Four = [number, number, number, number];
type Five = [number, number, number, number, number];

function windowsOf(info: tf.backend_util.Conv2DInfo | tf.backend_util.Conv3DInfo): Windows {
  const { padInfo } = info;
  const deep = "inDepth" in info ? info : undefined;
  const along = <T>(depth: T | undefined, height: T, width: T) =>
    depth === undefined ? [height, width] : [depth, height, width];
  return {
    size: along(deep?.inDepth, info.inHeight, info.inWidth),
    count: along(deep?.outDepth, info.outHeight, info.outWidth),
    filter: along(deep?.filterDepth, info.filterHeight, info.filterWidth),
    strides: along(deep?.strideDepth, info.strideHeight, info.strideWidth),
    dilations: along(deep?.dilationDepth, info.dilationHeight, info.dilationWidth),
    margins: along<[number, number]>(
      deep && [deep.padInfo.front, deep.padInfo.back],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
    ),
  };
}

/** The taps of a filter, row by row. */
export function taps({ filter }: Windows): number[][] {
  return filter.reduce<number[][]>(
    (list, n) => list.flatMap((tap) => Array.from({ length: n }, (_, i) => [...tap, i])),
    [[]],
  );
}

/** The size of the picture with its margins: all that some window reads. */
const framedSize = (w: Windows) =>
  w.size.map((n, i) =>
    Math.max(
      n + w.margins[i][0] + w.margins[i][1],
      (w.count[i] - 1) * w.strides[i] + (w.filter[i] - 1) * w.dilations[i] + 1,
    )
  );

/** The picture with margins of `value` around it. */
export function withMargins(x: Tensor, w: Windows, value = 0): Tensor {
  const frame = framedSize(w);
  if (frame.every((n, i) => n === w.size[i])) return x;
  const margins = frame.map((n, i): [number, number] => {
    const [before] = w.margins[i];
    return [before, n - before - w.size[i]];
  });
  return tf.pad(x, [[0, 0], ...margins, [0, 0]], value);
}

/** The picture without its margins. */
export function withoutMargins(x: Tensor, w: Windows): Tensor {
  const { shape }: { shape: number[] } = x;
  return tf.slice(x, [0, ...w.margins.map(([before]) => before), 0], [
    shape[0],
    ...w.size,
    shape.at(-1)!,
  ]);
}

/** What one tap sees in each window, [n, …count, c], of a picture with margins. */
export function seen(x: Tensor, w: Windows, tap: number[]): Tensor {
  const { shape }: { shape: number[] } = x;
  const begin = [0, ...tap.map((t, i) => t * w.dilations[i]), 0];
  if (w.strides.every((s) => s === 1)) {
    return tf.slice(x, begin, [shape[0], ...w.count, shape.at(-1)!]);
  }
  const end = w.count.map((n, i) => begin[i + 1] + (n - 1) * w.strides[i] + 1);
  return tf.stridedSlice(x, begin, [shape[0], ...end, shape.at(-1)!], [1, ...w.strides, 1]);
}

/** The adjoint of {@link seen}: each window's value where the tap saw it, zeros elsewhere. */
export function placed(y: Tensor, w: Windows, tap: number[]): Tensor {
  const apart = w.strides.reduce((t, stride, i) => insertZeros(t, i + 1, stride), y);
  const { shape }: { shape: number[] } = apart;
  const around = framedSize(w).map((n, i): [number, number] => {
    const before = tap[i] * w.dilations[i];
    return [before, n - before - shape[i + 1]];
  });
  return tf.pad(apart, [[0, 0], ...around, [0, 0]]);
}

/** The sum of a list of tensors of one shape. */
export function total(parts: Tensor[]): Tensor {
  return parts.reduce((a, b) => tf.add(a, b));
}
