import { arrayOf } from "../build.ts";
import type { Call, Translation } from "../translate.ts";

const reshaped: Translation = ({ b, inputs: { x, input }, outputs: [{ shape }] }) =>
  b.reshape(x ?? input, shape);

/** Beyond the end of any axis. */
const END = 2 ** 31 - 1;

/** The part of x from begin to end; axes that are kept whole are not mentioned, so that any batch fits. */
function sliced({ b, inputs: { x }, attributes: { begin, end, strides }, outputs }: Call): string {
  const shape = b.value(x).shape;
  const axes = shape.map((_, i) => i).filter((i) =>
    begin[i] !== 0 || end[i] !== shape[i] || strides[i] !== 1
  );
  const part = axes.length === 0 ? x : b.op("Slice", [x], {
    axes,
    starts: axes.map((i) => begin[i]),
    ends: axes.map((i) => strides[i] < 0 && end[i] < 0 ? -END : end[i] === shape[i] ? END : end[i]),
    steps: axes.map((i) => strides[i]),
  });
  return b.reshape(part, outputs[0].shape);
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

export const shapes: Record<string, Translation> = {
  Reshape: reshaped,
  ExpandDims: reshaped,
  Slice: sliced,
  StridedSlice: sliced,
  Transpose: ({ b, inputs: { x }, attributes: { perm } }) => b.transpose(x, perm),
  Reverse: ({ b, inputs: { x }, attributes: { axes } }) =>
    axes.length === 0 ? x : b.op("Slice", [x], {
      axes,
      starts: axes.map(() => -1),
      ends: axes.map(() => -END),
      steps: axes.map(() => -1),
    }),
  Concat: ({ b, list, attributes: { axis } }) => {
    const filled = list.filter((x) => b.value(x).shape[axis] !== 0);
    return filled.length === 1 ? filled[0] : b.op("Concat", filled, { axis });
  },
  Pack: ({ b, list, attributes: { axis } }) => {
    const rows = list.map((x) => b.reshape(x, b.value(x).shape.toSpliced(axis, 0, 1)));
    return rows.length === 1 ? rows[0] : b.op("Concat", rows, { axis });
  },
  Unpack: ({ b, inputs: { value }, attributes: { axis }, outputs }) => {
    if (outputs.length === 1) return [b.reshape(value, outputs[0].shape)];
    return b.ops("Split", [value], { axis, sizes: outputs.map(() => 1) })
      .map((part, i) => b.reshape(part, outputs[i].shape));
  },
  SplitV: ({ b, inputs: { x }, attributes: { axis }, outputs }) =>
    outputs.length === 1
      ? [x]
      : b.ops("Split", [x], { axis, sizes: outputs.map(({ shape }) => shape[axis]) }),
  PadV2: ({ b, inputs: { x }, attributes: { paddings, constantValue } }) => {
    const pads = [0, 1].flatMap((side) => paddings.map((p: number[]) => p[side]));
    if (pads.every((n) => n === 0)) return x;
    const value = constantValue ? [b.scalar(constantValue, b.value(x).dtype)] : [];
    return b.op("Pad", [x, ...value], { pads });
  },
  MirrorPad: ({ b, inputs: { x }, attributes: { paddings, mode } }) => {
    const pads = [0, 1].flatMap((side) => paddings.map((p: number[]) => p[side]));
    if (mode === "reflect") return b.op("Pad", [x], { pads, mode });
    return paddings.reduce((y: string, [before, after]: [number, number], axis: number) => {
      if (before + after === 0) return y;
      const n = b.value(y).shape[axis];
      const mirrored = Array.from({ length: before + n + after }, (_, k) => {
        const i = k - before;
        return i < 0 ? -1 - i : i < n ? i : 2 * n - 1 - i;
      });
      const places = b.constant(arrayOf("int64", mirrored), [mirrored.length], "int64");
      return b.op("Gather", [y, places], { axis });
    }, x);
  },
  Tile: ({ b, inputs: { x }, attributes: { reps }, outputs: [{ shape }] }) => {
    if (reps.every((n: number) => n === 1)) return x;
    // Where a single row is repeated, the number of rows may be the batch.
    const rows = b.value(x).shape.every((n, i) => n === 1 || reps[i] === 1);
    return rows ? b.op("Expand", [x], { shape }) : b.op("Tile", [x], { repeats: reps });
  },
  BroadcastTo: ({ b, inputs: { x }, outputs: [{ shape }] }) => b.op("Expand", [x], { shape }),
  OneHot: (call) => {
    const { b, inputs: { indices }, attributes: { depth, onValue = 1, offValue = 0 } } = call;
    const { shape, dtype } = b.value(indices), result = call.outputs[0].dtype;
    const classes = arrayOf(dtype, Array.from({ length: depth }, (_, i) => i));
    const is = b.op("Equal", [
      b.reshape(indices, [...shape, 1]),
      b.constant(classes, [depth], dtype),
    ]);
    if (onValue === 1 && offValue === 0) return b.op("Cast", [is], { to: result });
    return b.op("Where", [is, b.scalar(onValue, result), b.scalar(offValue, result)]);
  },
  // The places inside of a block become further samples, the block's first ones coming first.
  SpaceToBatchND: ({ b, inputs: { x }, attributes: { blockShape, paddings }, outputs }) => {
    const rank = b.value(x).shape.length, m = blockShape.length;
    const margin = (side: number) => [
      0,
      ...paddings.map((p: number[]) => p[side]),
      ...Array(rank - m - 1).fill(0),
    ];
    const pads = [...margin(0), ...margin(1)];
    const padded = pads.some((n) => n > 0) ? b.op("Pad", [x], { pads }) : x;
    const [n, ...rest] = b.value(padded).shape;
    const blocks = b.reshape(padded, [
      n,
      ...blockShape.flatMap((k: number, i: number) => [rest[i] / k, k]),
      ...rest.slice(m),
    ]);
    const axes = blockShape.map((_: number, i: number) => 1 + 2 * i);
    const inside = axes.map((i: number) => i + 1), outside = range(1 + 2 * m, rank + m);
    return b.reshape(b.transpose(blocks, [...inside, 0, ...axes, ...outside]), outputs[0].shape);
  },
  BatchToSpaceND: ({ b, inputs: { x }, attributes: { blockShape, crops }, outputs }) => {
    const [n, ...rest] = b.value(x).shape, m = blockShape.length, rank = rest.length + 1;
    const samples = n / blockShape.reduce((a: number, k: number) => a * k, 1);
    const parts = b.reshape(x, [...blockShape, samples, ...rest]);
    const order = [
      m,
      ...blockShape.flatMap((_: number, i: number) => [m + 1 + i, i]),
      ...range(2 * m + 1, rank + m),
    ];
    const whole = b.reshape(b.transpose(parts, order), [
      samples,
      ...blockShape.map((k: number, i: number) => rest[i] * k),
      ...rest.slice(m),
    ]);
    const axes = blockShape.map((_: number, i: number) => i + 1);
    const cropped = crops.every(([before, after]: number[]) => before + after === 0)
      ? whole
      : b.op("Slice", [whole], {
        axes,
        starts: crops.map(([before]: number[]) => before),
        ends: crops.map(([before]: number[], i: number) => before + outputs[0].shape[i + 1]),
        steps: axes.map(() => 1),
      });
    return b.reshape(cropped, outputs[0].shape);
  },
  DepthToSpace: ({ b, inputs: { x }, attributes: { blockSize: k, dataFormat }, outputs }) => {
    if (dataFormat === "NCHW") {
      throw new Error("Cannot record: pictures must be in the order NHWC, got NCHW");
    }
    const [n, h, w, c] = b.value(x).shape;
    const blocks = b.reshape(x, [n, h, w, k, k, c / (k * k)]);
    return b.reshape(b.transpose(blocks, [0, 1, 3, 2, 4, 5]), outputs[0].shape);
  },
};
