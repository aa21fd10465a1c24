import type { Attributes } from "../engine.ts";
import * as tf from "../tf.ts";
import { type Rule, rule, ruleOfList } from "./rule.ts";

type Tensor = tf.Tensor;
const list = (dy: Tensor | Tensor[]) => Array.isArray(dy) ? dy : [dy];
const replaced = (shape: number[], axis: number, ...by: number[]) =>
  shape.toSpliced(axis, 1, ...by);

/** The part of t from `begin` along one axis. */
function sliceAlong(t: Tensor, axis: number, begin: number, size: number): Tensor {
  return tf.slice(t, t.shape.map((_, i) => i === axis ? begin : 0), replaced(t.shape, axis, size));
}

/** t with zeros before and after it along one axis. */
function padAlong(t: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return t;
  return tf.pad(t, t.shape.map((_, i): [number, number] => i === axis ? [before, after] : [0, 0]));
}

/** t with stride − 1 zeros between its elements along one axis. */
export function insertZeros(t: Tensor, axis: number, stride: number): Tensor {
  const n = t.shape[axis];
  if (stride === 1 || n === 0) return t;
  const apart = padAlong(tf.reshape(t, replaced(t.shape, axis, n, 1)), axis + 1, 0, stride - 1);
  return sliceAlong(
    tf.reshape(apart, replaced(t.shape, axis, n * stride)),
    axis,
    0,
    (n - 1) * stride + 1,
  );
}

/** The adjoint of a strided slice: dy back in its places, zeros elsewhere. */
function unslice(dy: Tensor, shape: number[], attributes: Attributes): Tensor {
  const { beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
  // Normalised: one entry for each axis, nothing negative but the end of a backward slice.
  const { begin, end, strides } = tf.slice_util.sliceInfo(
    shape,
    attributes.begin,
    attributes.end,
    attributes.strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  const sizes = shape.map((_, i) => Math.max(0, Math.ceil((end[i] - begin[i]) / strides[i])));
  if (sizes.includes(0)) return tf.zeros(shape);
  return shape.reduce((t, n, axis) => {
    const stride = strides[axis];
    const forward = stride < 0 ? tf.reverse(t, axis) : t;
    const apart = insertZeros(forward, axis, Math.abs(stride));
    const from = stride < 0 ? begin[axis] + (sizes[axis] - 1) * stride : begin[axis];
    return padAlong(apart, axis, from, n - from - apart.shape[axis]);
  }, tf.reshape(dy, sizes));
}

/** The adjoint of a mirrored padding: along each axis the two margins are folded back. */
function unmirror(dy: Tensor, shape: number[], { paddings, mode }: Attributes): Tensor {
  const edge = mode === "reflect" ? 1 : 0;
  return shape.reduce((t, n, axis) => {
    const [before, after] = paddings[axis];
    let folded = sliceAlong(t, axis, before, n);
    const fold = (begin: number, size: number, to: number) => {
      if (size === 0) return;
      const margin = tf.reverse(sliceAlong(t, axis, begin, size), axis);
      folded = tf.add(folded, padAlong(margin, axis, to, n - to - size));
    };
    fold(0, before, edge);
    fold(before + n, after, n - edge - after);
    return folded;
  }, dy);
}

/** The adjoint of tiling: the tiles summed. */
function untile(dy: Tensor, shape: number[], reps: number[]): Tensor {
  const sum = shape.reduce(
    (t, n, axis) =>
      reps[axis] === 1 ? t : tf.sum(tf.reshape(t, replaced(t.shape, axis, reps[axis], n)), axis),
    dy,
  );
  return tf.reshape(sum, shape);
}

export const shapes: Rule[] = [
  ...[tf.Reshape, tf.ExpandDims].map((name) => {
    const input = name === tf.Reshape ? "x" : "input";
    return rule(name, [input], (dy, [x]) => ({ [input]: () => tf.reshape(dy, x.shape) }));
  }),
  rule(tf.Transpose, [], (dy, _, { perm }) => ({
    x: () => tf.transpose(dy, perm.map((_: number, i: number) => perm.indexOf(i))),
  })),
  rule(tf.Reverse, [], (dy, _, { dims }) => ({ x: () => tf.reverse(dy, dims) })),
  rule(tf.PadV2, ["x"], (dy, [x], { paddings }) => ({
    x: () => tf.slice(dy, paddings.map(([before]: number[]) => before), x.shape),
  })),
  rule(tf.MirrorPad, ["x"], (dy, [x], attributes) => ({
    x: () => unmirror(dy, x.shape, attributes),
  })),
  rule(tf.Slice, ["x"], (dy, [x], { begin, size }) => ({
    x: () => {
      const [from] = tf.slice_util.parseSliceParams(x, begin, size);
      return tf.pad(dy, from.map((n, i): [number, number] => [n, x.shape[i] - n - dy.shape[i]]));
    },
  })),
  rule(tf.StridedSlice, ["x"], (dy, [x], attributes) => ({
    x: () => unslice(dy, x.shape, attributes),
  })),
  rule(tf.Tile, ["x"], (dy, [x], { reps }) => ({ x: () => untile(dy, x.shape, reps) })),
  ruleOfList(tf.Concat, (dy, i, inputs, { axis }) => {
    const [along] = tf.util.parseAxisParam(axis, dy.shape);
    const begin = inputs.slice(0, i).reduce((sum, t) => sum + t.shape[along], 0);
    return sliceAlong(dy, along, begin, inputs[i].shape[along]);
  }),
  ruleOfList(tf.Pack, (dy, i, inputs, { axis }) => {
    const [along] = tf.util.parseAxisParam(axis, dy.shape);
    return tf.reshape(sliceAlong(dy, along, i, 1), inputs[i].shape);
  }),
  ruleOfList(tf.AddN, (dy) => tf.clone(dy)),
  {
    kernelName: tf.SplitV,
    gradFunc: (dy, _, { axis }) => ({ x: () => tf.concat(list(dy), axis) }),
  },
  {
    kernelName: tf.Unpack,
    gradFunc: (dy, _, { axis }) => ({ value: () => tf.stack(list(dy), axis) }),
  },
  rule(tf.SpaceToBatchND, [], (dy, _, { blockShape, paddings }) => ({
    x: () => tf.batchToSpaceND(dy, blockShape, paddings),
  })),
  rule(tf.BatchToSpaceND, [], (dy, _, { blockShape, crops }) => ({
    x: () => tf.spaceToBatchND(dy, blockShape, crops),
  })),
  rule(tf.DepthToSpace, ["x"], (dy, [x], { blockSize: b }) => ({
    x: () => {
      const [n, h, w] = x.shape;
      const blocks = tf.transpose(tf.reshape(dy, [n, h, b, w, b, -1]), [0, 1, 3, 2, 4, 5]);
      return tf.reshape(blocks, x.shape);
    },
  })),
];
