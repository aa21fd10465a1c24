import type { Attributes } from "../engine.ts";
import { insertZeros } from "../gradients/shape.ts";
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

function convWindows(
  x: number[],
  filter: number[],
  attributes: Attributes,
  depthwise = false,
): Windows {
  const { strides, pad, dilations = 1, dimRoundingMode } = attributes;
  return tf.backend_util.computeConv2DInfo(
    x as Shape,
    filter as Shape,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}

/** [n, h, w, c·m] as [n, h, w, c, m]: the outputs of a depthwise convolution by input channel. */
const byChannel = (dy: Tensor, channels: number) =>
  tf.reshape(dy, [...dy.shape.slice(0, 3), channels, -1]);

export const convolutionKernels: ComposedKernel[] = [
  {
    // One product for all taps: [kh·kw·cin, n·oh·ow] × [n·oh·ow, cout].
    name: tf.Conv2DBackpropFilter,
    compute({ x, dy }, { filterShape, ...attributes }) {
      const windows = convWindows(x.shape, filterShape, attributes);
      const framed = withMargins(x, windows);
      const [cin, cout] = filterShape.slice(2);
      const gradients = taps(windows).map((tap) =>
        tf.matMul(
          tf.reshape(seen(framed, windows, tap), [-1, cin]),
          tf.reshape(dy, [-1, cout]),
          true,
          false,
        )
      );
      return tf.reshape(tf.stack(gradients), filterShape);
    },
  },
  {
    // A convolution of dy, its strides filled with zeros, with the turned filter: a fast path on wasm.
    name: tf.Conv2DBackpropInput,
    compute({ dy, filter }, { inputShape, ...attributes }) {
      const windows = convWindows(inputShape, filter.shape, attributes);
      const { inHeight, inWidth, filterHeight, filterWidth, padInfo } = windows;
      const apart = insertZeros(
        insertZeros(dy, 1, windows.strideHeight),
        2,
        windows.strideWidth,
      );
      const [, height, width]: number[] = apart.shape;
      // Each side needs filter − 1 rows less its margin; a margin wider than that cuts rows off.
      const [top, left] = [filterHeight - 1 - padInfo.top, filterWidth - 1 - padInfo.left];
      const bottom = inHeight + filterHeight - 1 - top - height;
      const right = inWidth + filterWidth - 1 - left - width;
      const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
      const framed = cropped(
        tf.pad(
          apart,
          [[0, 0], [top, bottom], [left, right], [0, 0]].map(([a, b]): [number, number] => [
            Math.max(a, 0),
            Math.max(b, 0),
          ]),
        ),
        Math.max(-top, 0),
        Math.max(-left, 0),
        inHeight + filterHeight - 1,
        inWidth + filterWidth - 1,
      );
      return tf.conv2d(framed as tf.Tensor4D, turned as tf.Tensor4D, 1, "valid");
    },
  },
  {
    name: tf.DepthwiseConv2dNativeBackpropInput,
    compute({ dy, filter }, { inputShape, ...attributes }) {
      const windows = convWindows(inputShape, filter.shape, attributes, true);
      const outputs = byChannel(dy, inputShape[3]);
      const [, , channels, multiplier]: number[] = filter.shape;
      const parts = taps(windows).map((tap) => {
        const weights = tf.reshape(
          tf.slice(filter, [...tap, 0, 0], [1, 1, channels, multiplier]),
          [channels, multiplier],
        );
        return placed(tf.sum(tf.mul(outputs, weights), 4), windows, tap);
      });
      return withoutMargins(total(parts), windows);
    },
  },
  {
    name: tf.DepthwiseConv2dNativeBackpropFilter,
    compute({ x, dy }, { filterShape, ...attributes }) {
      const windows = convWindows(x.shape, filterShape, attributes, true);
      const framed = withMargins(x, windows);
      const outputs = byChannel(dy, filterShape[2]);
      const gradients = taps(windows).map((tap) =>
        tf.sum(tf.mul(tf.expandDims(seen(framed, windows, tap), 4), outputs), [0, 1, 2])
      );
      return tf.reshape(tf.stack(gradients), filterShape);
    },
  },
];

function cropped(x: Tensor, top: number, left: number, height: number, width: number): Tensor {
  const [n, h, w, c]: number[] = x.shape;
  return h === height && w === width ? x : tf.slice(x, [0, top, left, 0], [n, height, width, c]);
}
