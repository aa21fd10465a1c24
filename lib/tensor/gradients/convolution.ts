import { kernel } from "../engine.ts";
import * as tf from "../tf.ts";
import { type Rule, rule } from "./rule.ts";
import { insertZeros } from "./shape.ts";

type Tensor = tf.Tensor;
type Tensor4D = tf.Tensor4D;

const pair = (n: number | number[] | undefined): number[] =>
  Array.isArray(n) ? n : [n ?? 1, n ?? 1];

/** A filter with zeros between its taps, which does undilated what the filter does dilated. */
const dilated = (filter: Tensor, dilations: number[]) =>
  insertZeros(insertZeros(filter, 0, dilations[0]), 1, dilations[1]);

/** The taps of a dilated filter. */
const undilated = (filter: Tensor, [h, w]: number[]) =>
  h === 1 && w === 1 ? filter : tf.stridedSlice(filter, [0, 0, 0, 0], filter.shape, [h, w, 1, 1]);

/**
 * A convolution, its gradient by the input and its gradient by the filter are the three parts of one
 * trilinear form: the gradient of each is made of the two others.
 */
export const convolutions: Rule[] = [
  rule(tf.Conv2D, ["x", "filter"], (dy, [x, filter], { dilations, ...attributes }) => {
    const d = pair(dilations);
    const taps = () => dilated(filter, d);
    return {
      x: () =>
        kernel(tf.Conv2DBackpropInput, { dy, filter: taps() }, {
          ...attributes,
          inputShape: x.shape,
        }),
      filter: () => {
        const filterShape = filter.shape.map((n, i) => i < 2 ? (n - 1) * d[i] + 1 : n);
        return undilated(
          kernel(tf.Conv2DBackpropFilter, { x, dy }, { ...attributes, filterShape }),
          d,
        );
      },
    };
  }),
  rule(tf.Conv2DBackpropInput, ["dy", "filter"], (ddx, [dy, filter], attributes) => {
    const { strides, pad, dataFormat, dimRoundingMode } = attributes;
    return {
      dy: () =>
        tf.conv2d(
          ddx as Tensor4D,
          filter as Tensor4D,
          strides,
          pad,
          dataFormat,
          1,
          dimRoundingMode,
        ),
      filter: () =>
        kernel(tf.Conv2DBackpropFilter, { x: ddx, dy }, {
          strides,
          pad,
          dataFormat,
          dimRoundingMode,
          filterShape: filter.shape,
        }),
    };
  }),
  rule(tf.Conv2DBackpropFilter, ["x", "dy"], (ddw, [x, dy], attributes) => {
    const { strides, pad, dataFormat, dimRoundingMode } = attributes;
    return {
      x: () =>
        kernel(tf.Conv2DBackpropInput, { dy, filter: ddw }, {
          strides,
          pad,
          dataFormat,
          dimRoundingMode,
          inputShape: x.shape,
        }),
      dy: () =>
        tf.conv2d(x as Tensor4D, ddw as Tensor4D, strides, pad, dataFormat, 1, dimRoundingMode),
    };
  }),

  rule(tf.DepthwiseConv2dNative, ["x", "filter"], (dy, [x, filter], attributes) => ({
    x: () =>
      kernel(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter }, {
        ...attributes,
        inputShape: x.shape,
      }),
    filter: () =>
      kernel(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, {
        ...attributes,
        filterShape: filter.shape,
      }),
  })),
  rule(
    tf.DepthwiseConv2dNativeBackpropInput,
    ["dy", "filter"],
    (ddx, [dy, filter], attributes) => ({
      dy: () => kernel(tf.DepthwiseConv2dNative, { x: ddx, filter }, attributes),
      filter: () =>
        kernel(tf.DepthwiseConv2dNativeBackpropFilter, { x: ddx, dy }, {
          ...attributes,
          filterShape: filter.shape,
        }),
    }),
  ),
  rule(tf.DepthwiseConv2dNativeBackpropFilter, ["x", "dy"], (ddw, [x, dy], attributes) => ({
    x: () =>
      kernel(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter: ddw }, {
        ...attributes,
        inputShape: x.shape,
      }),
    dy: () => kernel(tf.DepthwiseConv2dNative, { x, filter: ddw }, attributes),
  })),

  rule(tf.Conv3D, ["x", "filter"], (dy, [x, filter], { strides, pad }) => ({
    x: () =>
      kernel(tf.Conv3DBackpropInputV2, { dy, filter }, { strides, pad, inputShape: x.shape }),
    filter: () =>
      kernel(tf.Conv3DBackpropFilterV2, { x, dy }, { strides, pad, filterShape: filter.shape }),
  })),
  rule(tf.Conv3DBackpropInputV2, ["dy", "filter"], (ddx, [dy, filter], { strides, pad }) => ({
    dy: () => tf.conv3d(ddx as tf.Tensor5D, filter as tf.Tensor5D, strides, pad),
    filter: () =>
      kernel(tf.Conv3DBackpropFilterV2, { x: ddx, dy }, {
        strides,
        pad,
        filterShape: filter.shape,
      }),
  })),
  rule(tf.Conv3DBackpropFilterV2, ["x", "dy"], (ddw, [x, dy], { strides, pad }) => ({
    x: () =>
      kernel(tf.Conv3DBackpropInputV2, { dy, filter: ddw }, { strides, pad, inputShape: x.shape }),
    dy: () => tf.conv3d(x as tf.Tensor5D, ddw as tf.Tensor5D, strides, pad),
  })),
];
