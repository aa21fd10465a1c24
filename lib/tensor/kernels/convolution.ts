import { insertZeros } from "../gradients/shape.ts";
import * as tf from "../tf.ts";
import {
  convolutionWindows,
  placed,
  seen,
  taps,
  total,
  withMargins,
  withoutMargins,
} from "../windows.ts";
import type { ComposedKernel } from "./composed.ts";

type Tensor = tf.Tensor;

/** [n, …space, c·m] as [n, …space, c, m]: the outputs of a depthwise convolution by input channel. */
const byChannel = (dy: Tensor, channels: number) =>
  tf.reshape(dy, [...dy.shape.slice(0, -1), channels, -1]);

/** The weights of one tap: the last two axes of the filter. */
const tapOf = (filter: Tensor, tap: number[]) => {
  const weights = filter.shape.slice(-2);
  return tf.reshape(tf.slice(filter, [...tap, 0, 0], [...tap.map(() => 1), ...weights]), weights);
};

/** For each tap, what it sees times dy, summed over samples and windows. */
const filterGradient = (name: string): ComposedKernel => ({
  name,
  compute({ x, dy }, { filterShape, ...attributes }) {
    const windows = convolutionWindows(x.shape, filterShape, attributes);
    const framed = withMargins(x, windows);
    const [cin, cout] = filterShape.slice(-2);
    const outputs = tf.reshape(dy, [-1, cout]);
    const gradients = taps(windows).map((tap) =>
      tf.matMul(tf.reshape(seen(framed, windows, tap), [-1, cin]), outputs, true, false)
    );
    return tf.reshape(tf.stack(gradients), filterShape);
  },
});

export const convolutionKernels: ComposedKernel[] = [
  {
    // A convolution of x by dy, samples taken for channels and the strides for dilations: twice as fast
    // on wasm as a product for each tap.
    name: tf.Conv2DBackpropFilter,
    compute({ x, dy }, { filterShape, ...attributes }) {
      const windows = convolutionWindows(x.shape, filterShape, attributes);
      const picture = tf.transpose(withMargins(x, windows), [3, 1, 2, 0]);
      const filter = tf.transpose(dy, [1, 2, 0, 3]);
      const { strides } = windows;
      const gradient = tf.conv2d(
        picture as tf.Tensor4D,
        filter as tf.Tensor4D,
        1,
        "valid",
        "NHWC",
        strides as [number, number],
      );
      // Rows that no window reaches leave more taps than the filter has.
      const [cin, , , cout]: number[] = gradient.shape;
      const [height, width] = filterShape;
      const taps = tf.slice(gradient, [0, 0, 0, 0], [cin, height, width, cout]);
      return tf.transpose(taps, [1, 2, 0, 3]);
    },
  },
  {
    // A convolution of dy, its strides filled with zeros, with the turned filter: a fast path on wasm.
    name: tf.Conv2DBackpropInput,
    compute({ dy, filter }, { inputShape, ...attributes }) {
      const { strides, size, margins, filter: taps } = convolutionWindows(
        inputShape,
        filter.shape,
        attributes,
      );
      const apart = strides.reduce((t, stride, i) => insertZeros(t, i + 1, stride), dy);
      const { shape }: { shape: number[] } = apart;
      // Each side needs filter − 1 rows less its margin; a margin wider than that cuts rows off.
      const around = size.map((n, i): [number, number] => {
        const before = taps[i] - 1 - margins[i][0];
        return [before, n + taps[i] - 1 - before - shape[i + 1]];
      });
      const outside = around.map((sides) => sides.map((n) => Math.max(n, 0)) as [number, number]);
      const framed = tf.slice(
        tf.pad(apart, [[0, 0], ...outside, [0, 0]]),
        [0, ...around.map(([before]) => Math.max(-before, 0)), 0],
        [shape[0], ...size.map((n, i) => n + taps[i] - 1), shape[3]],
      );
      const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
      return tf.conv2d(framed as tf.Tensor4D, turned as tf.Tensor4D, 1, "valid");
    },
  },
  {
    name: tf.DepthwiseConv2dNativeBackpropInput,
    compute({ dy, filter }, { inputShape, ...attributes }) {
      const windows = convolutionWindows(inputShape, filter.shape, attributes, true);
      const outputs = byChannel(dy, inputShape[3]);
      const parts = taps(windows).map((tap) =>
        placed(tf.sum(tf.mul(outputs, tapOf(filter, tap)), -1), windows, tap)
      );
      return withoutMargins(total(parts), windows);
    },
  },
  {
    name: tf.DepthwiseConv2dNativeBackpropFilter,
    compute({ x, dy }, { filterShape, ...attributes }) {
      const windows = convolutionWindows(x.shape, filterShape, attributes, true);
      const framed = withMargins(x, windows);
      const outputs = byChannel(dy, filterShape[2]);
      const gradients = taps(windows).map((tap) =>
        tf.sum(tf.mul(tf.expandDims(seen(framed, windows, tap), -1), outputs), [0, 1, 2])
      );
      return tf.reshape(tf.stack(gradients), filterShape);
    },
  },

  // The wasm backend's own are wrong as soon as there are several channels or overlapping windows.
  filterGradient(tf.Conv3DBackpropFilterV2),
  {
    name: tf.Conv3DBackpropInputV2,
    compute({ dy, filter }, { inputShape, ...attributes }) {
      const windows = convolutionWindows(inputShape, filter.shape, attributes);
      const [cin, cout] = filter.shape.slice(-2);
      const outputs = tf.reshape(dy, [-1, cout]);
      const parts = taps(windows).map((tap) => {
        const part = tf.matMul(outputs, tapOf(filter, tap), false, true);
        return placed(tf.reshape(part, [...dy.shape.slice(0, -1), cin]), windows, tap);
      });
      return withoutMargins(total(parts), windows);
    },
  },
];
