import type { Attributes } from "./engine.ts";
import { explicitPad } from "./kernels/padding.ts";
import * as tf from "./tf.ts";

type Info = tf.TensorInfo;
type Inputs = Record<string, Info | Info[] | undefined> | Info[];
type Reader = (attributes: Attributes, shape: number[], inputs: Record<string, Info>) => object;

/** Axes counted from the front. */
const axes = (axis: number | number[] | undefined, shape: number[]) =>
  tf.util.parseAxisParam((axis ?? null) as unknown as number, shape);

const reduction: Reader = ({ axis, reductionIndices, keepDims = false }, shape) => ({
  axes: axes(axis ?? reductionIndices, shape),
  keepDims,
});

const one: Reader = ({ axis, dim, dims, ...rest }, shape) => ({
  ...rest,
  axis: axes(axis ?? dim ?? dims, shape)[0],
});

/** Where windows lie on a picture [n, h, w, c]: all that depends on padding names and roundings. */
function windowsOf(info: tf.backend_util.Conv2DInfo) {
  const { padInfo, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  const { filterHeight, filterWidth, dataFormat, outHeight, outWidth } = info;
  if (dataFormat !== "channelsLast") {
    throw new Error("Cannot record: pictures must be in the order NHWC, got NCHW");
  }
  return {
    filter: [filterHeight, filterWidth],
    strides: [strideHeight, strideWidth],
    dilations: [dilationHeight, dilationWidth],
    pads: [padInfo.top, padInfo.left, padInfo.bottom, padInfo.right],
    size: [outHeight, outWidth],
  };
}

const convolution = (depthwise: boolean): Reader => (attributes, shape, { filter }) => {
  const { strides, pad, dilations, dimRoundingMode, activation, leakyreluAlpha } = attributes;
  const info = tf.backend_util.computeConv2DInfo(
    shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    strides,
    dilations ?? 1,
    explicitPad(pad),
    dimRoundingMode,
    depthwise,
    attributes.dataFormat === "NCHW" ? "channelsFirst" : "channelsLast",
  );
  return { ...windowsOf(info), activation, leakyreluAlpha };
};

const pooling: Reader = ({ filterSize, strides, pad, dimRoundingMode }, shape) =>
  windowsOf(
    tf.backend_util.computePool2DInfo(
      shape as [number, number, number, number],
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    ),
  );

/** A slice as begin, end and strides of each axis, and the shape that it has once axes are dropped. */
const strided: Reader = (a, shape) => {
  const info = tf.slice_util.sliceInfo(
    shape,
    a.begin,
    a.end,
    a.strides,
    a.beginMask,
    a.endMask,
    a.ellipsisMask,
    a.newAxisMask,
    a.shrinkAxisMask,
  );
  return { begin: info.begin, end: info.end, strides: info.strides };
};

const slice: Reader = ({ begin, size }, shape) => {
  const info = { shape, rank: shape.length } as unknown as tf.Tensor;
  const [from, sizes] = tf.slice_util.parseSliceParams(info, begin, size);
  return { begin: from, end: from.map((n, i) => n + sizes[i]), strides: shape.map(() => 1) };
};

const readers: Record<string, Reader> = {
  ...Object.fromEntries(
    [tf.Sum, tf.Mean, tf.Max, tf.Min, tf.Prod, tf.All, tf.Any].map((name) => [name, reduction]),
  ),
  ...Object.fromEntries(
    [tf.Softmax, tf.ArgMax, tf.ArgMin, tf.Concat, tf.Cumsum, tf.Cumprod, tf.SplitV, tf.GatherV2]
      .map((name) => [name, one]),
  ),
  [tf.Unpack]: ({ axis }, shape) => ({ axis: axes(axis, shape)[0] }),
  // The new axis may come after the last.
  [tf.Pack]: ({ axis }, shape) => ({ axis: axes(axis, [...shape, 1])[0] }),
  [tf.ExpandDims]: ({ dim }, shape) => ({ axis: axes(dim, [...shape, 1])[0] }),
  [tf.Reverse]: ({ dims }, shape) => ({ axes: axes(dims, shape) }),
  [tf.Conv2D]: convolution(false),
  [tf.FusedConv2D]: convolution(false),
  [tf.DepthwiseConv2dNative]: convolution(true),
  [tf.FusedDepthwiseConv2D]: convolution(true),
  [tf.MaxPool]: pooling,
  [tf.AvgPool]: pooling,
  [tf.Slice]: slice,
  [tf.StridedSlice]: strided,
};

/**
 * A kernel's attributes without tfjs's conventions, so that who reads a record needs no tfjs: axes counted
 * from the front, windows with their margins in numbers, slices as begin, end and strides.
 */
export function plainAttributes(
  kernel: string,
  inputs: Inputs,
  attributes: Attributes,
): Record<string, unknown> {
  const named = inputs as Record<string, Info>;
  const first = Array.isArray(inputs) ? inputs[0] : Object.values(inputs).flat()[0] as Info;
  const x = named.x ?? named.images ?? named.input ?? first;
  const reader = readers[kernel];
  return { ...(reader ? reader(attributes, x.shape, named) : attributes) };
}
