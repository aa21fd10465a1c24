import { type Attributes, count, type Length, shapeText, type Value } from "./graph.ts";
import type { NumberType } from "./program.ts";

type Rule = (inputs: (Value | undefined)[], attributes: Attributes) => Value[];

const list = (n: number | number[] | string) => n as number[];

/** The shape that two shapes are broadcast to. */
export function broadcast(a: Length[], b: Length[]): Length[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [n, m] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (n === m || m === 1) return n;
    if (n === 1) return m;
    throw new Error(`shapes [${shapeText(a)}] and [${shapeText(b)}] do not fit each other`);
  });
}

const like: Rule = ([x]) => [x!];
const elementwise = (dtype?: NumberType): Rule => (inputs) => {
  const given = inputs.filter((v) => v !== undefined);
  return [{
    dtype: dtype ?? given.at(-1)!.dtype,
    shape: given.map((v) => v.shape).reduce(broadcast),
  }];
};

const reduced: Rule = ([x], { axes, keepdims }) => [{
  dtype: x!.dtype,
  shape: x!.shape.flatMap((n, i) => list(axes).includes(i) ? (keepdims ? [1] : []) : [n]),
}];

/** Places of a window along an axis. */
const places = (
  n: number,
  before: number,
  after: number,
  filter: number,
  dilation: number,
  stride: number,
) => Math.floor((n + before + after - (filter - 1) * dilation - 1) / stride) + 1;

const pictures = (channels: number, x: Value, size: number[], attributes: Attributes): Value => {
  const [top, left, bottom, right] = list(attributes.pads);
  const [sh, sw] = list(attributes.strides), [dh, dw] = list(attributes.dilations ?? [1, 1]);
  return {
    dtype: x.dtype,
    shape: [
      x.shape[0],
      channels,
      places(x.shape[2], top, bottom, size[0], dh, sh),
      places(x.shape[3], left, right, size[1], dw, sw),
    ],
  };
};

const pooled: Rule = ([x], attributes) => [
  pictures(x!.shape[1], x!, list(attributes.kernel_shape), attributes),
];

const rules: Record<string, Rule> = {
  ...Object.fromEntries(
    [
      "Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Floor Identity LeakyRelu Log",
      "LogSoftmax Neg Not Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softmax Softplus Sqrt Tan Tanh",
      "CumSum Clip ScatterND BatchNormalization",
    ].join(" ").split(" ").map((op) => [op, like]),
  ),
  ...Object.fromEntries(
    "Add Sub Mul Div Pow Max Min And Or Xor PRelu Where".split(" ").map((
      op,
    ) => [op, elementwise()]),
  ),
  ...Object.fromEntries(
    "Equal Greater GreaterOrEqual Less LessOrEqual".split(" ").map((
      op,
    ) => [op, elementwise("bool")]),
  ),
  ...Object.fromEntries(
    "Sum Mean Max Min Prod LogSumExp SumSquare".split(" ").map((op) => [`Reduce${op}`, reduced]),
  ),
  IsNaN: ([x]) => [{ dtype: "bool", shape: x!.shape }],
  IsInf: ([x]) => [{ dtype: "bool", shape: x!.shape }],
  Cast: ([x], { to }) => [{ dtype: to as NumberType, shape: x!.shape }],
  ArgMax: ([x], { axis }) => [{ dtype: "int64", shape: x!.shape.toSpliced(axis as number, 1) }],
  ArgMin: ([x], { axis }) => [{ dtype: "int64", shape: x!.shape.toSpliced(axis as number, 1) }],
  Reshape: ([x], { shape }) => {
    if (count(x!.shape) !== count(list(shape))) {
      throw new Error(`[${shapeText(x!.shape)}] cannot take the shape [${shapeText(list(shape))}]`);
    }
    return [{ dtype: x!.dtype, shape: list(shape) }];
  },
  Expand: ([x], { shape }) => [{ dtype: x!.dtype, shape: broadcast(x!.shape, list(shape)) }],
  Transpose: ([x], { perm }) => [{ dtype: x!.dtype, shape: list(perm).map((i) => x!.shape[i]) }],
  Slice: ([x], { axes, starts, ends, steps }) => {
    const shape = [...x!.shape];
    list(axes).forEach((axis, i) => {
      const [start, end, step] = [list(starts)[i], list(ends)[i], list(steps)[i]];
      const n = shape[axis], from = Math.min(start < 0 ? n + start : start, n - 1);
      if (n < 0) throw new Error("a slice across the batch");
      shape[axis] = step < 0
        ? Math.max(0, Math.ceil((from - Math.max(end, -1)) / -step))
        : Math.max(0, Math.ceil((Math.min(end, n) - start) / step));
    });
    return [{ dtype: x!.dtype, shape }];
  },
  Pad: ([x], { pads }) => {
    const rank = x!.shape.length;
    return [{
      dtype: x!.dtype,
      shape: x!.shape.map((n, i) => n + list(pads)[i] + list(pads)[i + rank]),
    }];
  },
  Tile: ([x], { repeats }) => [{
    dtype: x!.dtype,
    shape: x!.shape.map((n, i) => n * list(repeats)[i]),
  }],
  Concat: (inputs, { axis }) => [{
    dtype: inputs[0]!.dtype,
    shape: inputs[0]!.shape.with(
      axis as number,
      inputs.reduce((n, x) => n + x!.shape[axis as number], 0),
    ),
  }],
  Split: ([x], { axis, sizes }) =>
    list(sizes).map((n) => ({ dtype: x!.dtype, shape: x!.shape.with(axis as number, n) })),
  Gather: ([x, indices], { axis }) => [{
    dtype: x!.dtype,
    shape: x!.shape.toSpliced(axis as number, 1, ...indices!.shape),
  }],
  GatherND: ([x, indices], { batch_dims = 0 }) => [{
    dtype: x!.dtype,
    shape: [
      ...indices!.shape.slice(0, -1),
      ...x!.shape.slice(Number(batch_dims) + indices!.shape.at(-1)!),
    ],
  }],
  Gemm: ([a, b], { transA, transB }) => [{
    dtype: a!.dtype,
    shape: [a!.shape[transA ? 1 : 0], b!.shape[transB ? 0 : 1]],
  }],
  MatMul: ([a, b]) => [{
    dtype: a!.dtype,
    shape: [
      ...broadcast(a!.shape.slice(0, -2), b!.shape.slice(0, -2)),
      a!.shape.at(-2)!,
      b!.shape.at(-1)!,
    ],
  }],
  Conv: ([x, w], attributes) => [pictures(w!.shape[0], x!, w!.shape.slice(2), attributes)],
  MaxPool: pooled,
  AveragePool: pooled,
  Resize: ([x], { sizes }) => [{
    dtype: x!.dtype,
    shape: x!.shape.map((n, i) => i < 2 ? n : list(sizes)[i - 2]),
  }],
  // The number of samples, as one whole number.
  Batch: () => [{ dtype: "int64", shape: [1] }],
};

/**
 * Types and shapes of what a node gives, from those of what it takes.
 *
 * @throws {Error} if they do not fit each other.
 */
export function infer(
  op: string,
  inputs: (Value | undefined)[],
  attributes: Attributes,
): Value[] {
  const rule = rules[op];
  if (!rule) throw new Error(`no rule for the shape of ${op}`);
  return rule(inputs, attributes);
}
