import type { Translation } from "../translate.ts";

const reduce =
  (op: string): Translation => ({ b, inputs: { x }, attributes: { axes, keepDims } }) =>
    axes.length === 0 ? x : b.op(op, [x], { axes, keepdims: keepDims ? 1 : 0 });

/** Of truth values, by way of whole numbers. */
const logical = (op: string): Translation => (call) => {
  const { b, inputs: { x } } = call;
  const whole = b.op("Cast", [x], { to: "int32" });
  const reduced = reduce(op)({ ...call, inputs: { x: whole } }) as string;
  return b.op("Cast", [reduced], { to: "bool" });
};

const place = (op: string): Translation => ({ b, inputs: { x }, attributes: { axis } }) =>
  b.op("Cast", [b.op(op, [x], { axis })], { to: "int32" });

/** A product that grows along an axis, factor by factor. */
const cumulativeProduct: Translation = ({ b, inputs: { x }, attributes, outputs }) => {
  const { axis, exclusive, reverse } = attributes, n = b.value(x).shape[axis];
  if (n > LONGEST) {
    throw new Error(
      `Cannot record: Cumprod along an axis of ${n} has no translation (at most ${LONGEST})`,
    );
  }
  if (n === 1 && !exclusive) return x;
  let factors = n === 1 ? [x] : b.ops("Split", [x], { axis, sizes: Array(n).fill(1) });
  if (reverse) factors = factors.toReversed();
  const { shape } = b.value(factors[0]);
  const one = b.op("Expand", [b.scalar(1, outputs[0].dtype)], { shape });
  const products = [exclusive ? one : factors[0]];
  for (let i = 1; i < n; i++) {
    products.push(b.op("Mul", [products[i - 1], factors[exclusive ? i - 1 : i]]));
  }
  if (reverse) products.reverse();
  return n === 1 ? one : b.op("Concat", products, { axis });
};

/** Beyond so many factors a product of its own for each is too much. */
const LONGEST = 64;

export const reductions: Record<string, Translation> = {
  Sum: reduce("ReduceSum"),
  Mean: reduce("ReduceMean"),
  Max: reduce("ReduceMax"),
  Min: reduce("ReduceMin"),
  Prod: reduce("ReduceProd"),
  All: logical("ReduceMin"),
  Any: logical("ReduceMax"),
  ArgMax: place("ArgMax"),
  ArgMin: place("ArgMin"),
  Cumsum: ({ b, inputs: { x }, attributes: { axis, exclusive, reverse } }) =>
    b.op("CumSum", [x], { axis, exclusive: Number(exclusive), reverse: Number(reverse) }),
  Cumprod: cumulativeProduct,
  Softmax: ({ b, inputs: { logits }, attributes: { axis } }) => b.op("Softmax", [logits], { axis }),
};
