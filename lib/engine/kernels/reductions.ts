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
  Softmax: ({ b, inputs: { logits }, attributes: { axis } }) => b.op("Softmax", [logits], { axis }),
};
