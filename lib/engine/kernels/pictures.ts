import { arrayOf } from "../build.ts";
import type { Call, Translation } from "../translate.ts";
import { activated } from "./elementwise.ts";
import { bilinear, nearest } from "./resize.ts";

/** tfjs keeps pictures as [n, h, w, c], ONNX as [n, c, h, w]. */
const FIRST = [0, 3, 1, 2], LAST = [0, 2, 3, 1];

interface Windows {
  filter: number[];
  strides: number[];
  dilations: number[];
  /** Top, left, bottom, right. */
  pads: number[];
  /** Height and width of what comes out. */
  size: number[];
}

/** Pads as ONNX wants them: enough for the last window. */
const margins = (x: number[], w: Windows) => {
  const need = (axis: number) =>
    (w.size[axis] - 1) * w.strides[axis] + (w.filter[axis] - 1) * w.dilations[axis] + 1 -
    x[axis + 1] -
    w.pads[axis];
  return [w.pads[0], w.pads[1], Math.max(0, need(0)), Math.max(0, need(1))];
};

/** The picture with its margins, in the order NHWC. */
function framed({ b, inputs: { x } }: Call, w: Windows): string {
  const [top, left, bottom, right] = margins(b.value(x).shape, w);
  return top + left + bottom + right === 0
    ? x
    : b.op("Pad", [x], { pads: [0, top, left, 0, 0, bottom, right, 0] });
}

/** Every few rows and columns of a picture, from a place on. */
const part = ({ b }: Call, x: string, starts: number[], sizes: number[], steps: number[]) =>
  b.op("Slice", [x], {
    axes: [1, 2],
    starts,
    ends: starts.map((from, axis) => from + (sizes[axis] - 1) * steps[axis] + 1),
    steps,
  });

const each = ([rows, columns]: number[]) =>
  Array.from({ length: rows * columns }, (_, k) => [Math.floor(k / columns), k % columns]);
const times = (a: number[], b: number[]) => a.map((n, i) => n * b[i]);

/** What each tap of a filter sees. */
function seen(call: Call, w: Windows): string[] {
  const picture = framed(call, w);
  return each(w.filter).map((tap) =>
    part(call, picture, times(tap, w.dilations), w.size, w.strides)
  );
}

const total = ({ b }: Call, parts: string[]) => parts.reduce((sum, x) => b.op("Add", [sum, x]));

/** One product per tap, or per place where there are fewer: there is no convolution in double precision. */
function convolutionByProducts(call: Call): string {
  const { b, inputs: { filter }, outputs } = call, w = call.attributes as unknown as Windows;
  const [kh, kw, cin, cout] = b.value(filter).shape;
  const product = (x: string, weights: string) =>
    b.op("Gemm", [x, weights], { transA: 0, transB: 0 });
  if (w.size[0] * w.size[1] < kh * kw) {
    const picture = framed(call, w), weights = b.reshape(filter, [kh * kw * cin, cout]);
    const places = each(w.size).map((place) => {
      const window = part(call, picture, times(place, w.strides), w.filter, w.dilations);
      const [n] = b.value(window).shape;
      return b.reshape(product(b.reshape(window, [n, kh * kw * cin]), weights), [n, 1, cout]);
    });
    return b.reshape(
      places.length > 1 ? b.op("Concat", places, { axis: 1 }) : places[0],
      outputs[0].shape,
    );
  }
  const weights = b.reshape(filter, [kh * kw, cin, cout]);
  const parts = seen(call, w).map((x, k) => {
    const [n, h, v] = b.value(x).shape;
    const tap = b.op("Slice", [weights], { axes: [0], starts: [k], ends: [k + 1], steps: [1] });
    return b.reshape(product(b.reshape(x, [n * h * v, cin]), b.reshape(tap, [cin, cout])), [
      n,
      h,
      v,
      cout,
    ]);
  });
  return total(call, parts);
}

function depthwiseByTaps(call: Call): string {
  const { b, inputs: { filter }, outputs } = call, w = call.attributes as unknown as Windows;
  const [kh, kw, c, m] = b.value(filter).shape;
  const weights = b.reshape(filter, [kh * kw, c, m]);
  const parts = seen(call, w).map((x, k) => {
    const tap = b.op("Slice", [weights], { axes: [0], starts: [k], ends: [k + 1], steps: [1] });
    return b.op("Mul", [b.reshape(x, [...b.value(x).shape, 1]), b.reshape(tap, [c, m])]);
  });
  return b.reshape(total(call, parts), outputs[0].shape);
}

/** A pooling as a sum over taps, divided by how many of them lie inside. */
function averageByTaps(call: Call): string {
  const { b, inputs: { x }, float } = call, w = call.attributes as unknown as Windows;
  const shape = b.value(x).shape;
  const inside = [0, 1].map((axis) =>
    Array.from({ length: w.size[axis] }, (_, i) => {
      const from = i * w.strides[axis] - w.pads[axis];
      return Math.min(from + w.filter[axis], shape[axis + 1]) - Math.max(from, 0);
    })
  );
  const shares = inside[0].flatMap((rows) => inside[1].map((columns) => 1 / (rows * columns)));
  const share = b.constant(arrayOf(float, shares), [1, ...w.size, 1], float);
  return b.op("Mul", [total(call, seen(call, w)), share]);
}

function convolution(call: Call, depthwise: boolean): string {
  const { b, inputs: { x, filter, bias }, float } = call, w = call.attributes as unknown as Windows;
  const biased = (y: string) => activated(call, bias ? b.op("Add", [y, bias]) : y);
  if (float === "float64") {
    return biased(depthwise ? depthwiseByTaps(call) : convolutionByProducts(call));
  }
  const [kh, kw, c, m] = b.value(filter).shape;
  const weights = depthwise
    ? b.reshape(b.transpose(filter, [2, 3, 0, 1]), [c * m, 1, kh, kw])
    : b.transpose(filter, [3, 2, 0, 1]);
  const y = b.op("Conv", [b.transpose(x, FIRST), weights], {
    strides: w.strides,
    pads: margins(b.value(x).shape, w),
    dilations: w.dilations,
    group: depthwise ? c : 1,
  });
  return biased(b.transpose(y, LAST));
}

const pooling = (op: string, made?: (call: Call) => string): Translation => (call) => {
  const { b, inputs: { x } } = call, w = call.attributes as unknown as Windows;
  if (call.float === "float64" && made) return made(call);
  const y = b.op(op, [b.transpose(x, FIRST)], {
    kernel_shape: w.filter,
    strides: w.strides,
    pads: margins(b.value(x).shape, w),
    ...(op === "AveragePool" && { count_include_pad: 0 }),
  });
  return b.transpose(y, LAST);
};

export const pictures: Record<string, Translation> = {
  Conv2D: (call) => convolution(call, false),
  FusedConv2D: (call) => convolution(call, false),
  DepthwiseConv2dNative: (call) => convolution(call, true),
  FusedDepthwiseConv2D: (call) => convolution(call, true),
  MaxPool: pooling("MaxPool"),
  AvgPool: pooling("AveragePool", averageByTaps),
  ResizeNearestNeighbor: nearest,
  ResizeBilinear: bilinear,
};
