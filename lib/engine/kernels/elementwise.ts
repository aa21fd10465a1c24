import type { Call, Translation } from "../translate.ts";
import { erf } from "./erf.ts";

const zero = ({ b, float }: Call) => b.scalar(0, float);
const number = ({ b, float }: Call, value: number) => b.scalar(value, float);
const unary = (op: string): Translation => ({ b, inputs: { x } }) => b.op(op, [x]);
const binary = (op: string): Translation => ({ b, inputs: { a, b: c } }) => b.op(op, [a, c]);

/** An operator that has a kernel for doubles only by way of others. */
const inDouble = (op: string, made: (call: Call, x: string) => string): Translation => (call) =>
  call.float === "float32" ? call.b.op(op, [call.inputs.x]) : made(call, call.inputs.x);

const where = ({ b }: Call, condition: string, yes: string, no: string) =>
  b.op("Where", [condition, yes, no]);
const positive = (call: Call, x: string) => call.b.op("Greater", [x, zero(call)]);
/** exp(x) − 1 for x ≤ 0, and 0 elsewhere. */
const decay = (call: Call, x: string) =>
  call.b.op("Sub", [
    call.b.op("Exp", [call.b.op("Min", [x, zero(call)])]),
    number(call, 1),
  ]);

const elu = inDouble(
  "Elu",
  (call, x) => call.b.op("Add", [call.b.op("Max", [x, zero(call)]), decay(call, x)]),
);

/** log(1 + exp x) = max(x, 0) + log(1 + exp −|x|), which cannot overflow. */
const softplus: Translation = (call) => {
  const { b, inputs: { x } } = call;
  const small = b.op("Exp", [b.op("Neg", [b.op("Abs", [x])])]);
  const log = b.op("Log", [b.op("Add", [small, number(call, 1)])]);
  return b.op("Add", [b.op("Max", [x, zero(call)]), log]);
};

/** The half of sum or difference of exp(x) and exp(−x). */
const hyperbolic = (sum: "Add" | "Sub") => (call: Call, x: string) => {
  const [up, down] = [x, call.b.op("Neg", [x])].map((y) => call.b.op("Exp", [y]));
  return call.b.op("Mul", [call.b.op(sum, [up, down]), number(call, 0.5)]);
};

const leaky = (call: Call, x: string, alpha: number) =>
  call.float === "float32"
    ? call.b.op("LeakyRelu", [x], { alpha })
    : where(call, positive(call, x), x, call.b.op("Mul", [x, number(call, alpha)]));

/** The activation that a fused kernel ends in. */
export function activated(call: Call, x: string): string {
  const { activation, leakyreluAlpha = 0.2 } = call.attributes;
  const { b } = call;
  switch (activation ?? "linear") {
    case "linear":
      return x;
    case "relu":
      return b.op("Relu", [x]);
    case "relu6":
      return b.op("Clip", [x, zero(call), number(call, 6)]);
    case "sigmoid":
      return b.op("Sigmoid", [x]);
    case "elu":
      return elu({ ...call, inputs: { x } }) as string;
    case "leakyrelu":
      return leaky(call, x, leakyreluAlpha);
    case "prelu":
      return prelu({ ...call, inputs: { x, alpha: call.inputs.preluActivationWeights } }) as string;
  }
  throw new Error(
    `Cannot record: the activation ${activation} of a fused kernel has no translation`,
  );
}

const prelu: Translation = (call) => {
  const { b, inputs: { x, alpha } } = call;
  return where(call, positive(call, x), x, b.op("Mul", [x, alpha]));
};

const comparisons = {
  Equal: "Equal",
  Greater: "Greater",
  GreaterEqual: "GreaterOrEqual",
  Less: "Less",
  LessEqual: "LessOrEqual",
};
const not = ({ b }: Call, x: string) => b.op("Not", [x]);

export const elementwise: Record<string, Translation> = {
  ...Object.fromEntries(
    "Abs Ceil Cos Exp Floor Log Neg Reciprocal Relu Round Sigmoid Sign Sin Sqrt Tanh"
      .split(" ").map((op) => [op, unary(op)]),
  ),
  Add: binary("Add"),
  Sub: binary("Sub"),
  Multiply: binary("Mul"),
  RealDiv: binary("Div"),
  Pow: binary("Pow"),
  Maximum: binary("Max"),
  Minimum: binary("Min"),
  LogicalAnd: binary("And"),
  LogicalOr: binary("Or"),
  LogicalXor: binary("Xor"),
  ...Object.fromEntries(Object.entries(comparisons).map(([name, op]) => [name, binary(op)])),
  NotEqual: (call) => not(call, call.b.op("Equal", [call.inputs.a, call.inputs.b])),
  LogicalNot: (call) => not(call, call.inputs.x),

  AddN: ({ b, list }) => list.reduce((sum, x) => b.op("Add", [sum, x])),
  Identity: ({ inputs: { x } }) => x,
  Cast: ({ b, inputs: { x }, outputs: [{ dtype }] }) =>
    b.value(x).dtype === dtype ? x : b.op("Cast", [x], { to: dtype }),
  SquaredDifference: ({ b, inputs: { a, b: c } }) => {
    const d = b.op("Sub", [a, c]);
    return b.op("Mul", [d, d]);
  },
  Square: ({ b, inputs: { x } }) => b.op("Mul", [x, x]),
  Rsqrt: ({ b, inputs: { x } }) => b.op("Reciprocal", [b.op("Sqrt", [x])]),
  Expm1: (call) => call.b.op("Sub", [call.b.op("Exp", [call.inputs.x]), number(call, 1)]),
  Log1p: (call) => call.b.op("Log", [call.b.op("Add", [call.inputs.x, number(call, 1)])]),
  FloorDiv: ({ b, inputs: { a, b: c }, outputs: [{ dtype }] }) => {
    if (dtype === "int32") {
      throw new Error("Cannot record: FloorDiv of whole numbers has no translation");
    }
    return b.op("Floor", [b.op("Div", [a, c])]);
  },
  // a − ⌊a/b⌋·b: the remainder has the sign of the divisor.
  Mod: ({ b, inputs: { a, b: c }, outputs: [{ dtype }] }) => {
    if (dtype === "int32") {
      throw new Error("Cannot record: Mod of whole numbers has no translation");
    }
    return b.op("Sub", [a, b.op("Mul", [b.op("Floor", [b.op("Div", [a, c])]), c])]);
  },
  Elu: elu,
  Selu: (call) => {
    const { b, inputs: { x } } = call;
    const scale = 1.0507009873554805, alpha = 1.6732632423543772;
    return b.op("Add", [
      b.op("Mul", [b.op("Max", [x, zero(call)]), number(call, scale)]),
      b.op("Mul", [decay(call, x), number(call, scale * alpha)]),
    ]);
  },
  Softplus: softplus,
  Sinh: inDouble("Sinh", hyperbolic("Sub")),
  Cosh: inDouble("Cosh", hyperbolic("Add")),
  Tan: inDouble("Tan", ({ b }, x) => b.op("Div", [b.op("Sin", [x]), b.op("Cos", [x])])),
  Erf: inDouble("Erf", (call, x) => erf(call, x)),
  Relu6: (call) => call.b.op("Clip", [call.inputs.x, zero(call), number(call, 6)]),
  ClipByValue: (call) => {
    const { clipValueMin, clipValueMax } = call.attributes;
    const { b, inputs: { x } } = call, { dtype } = b.value(x);
    return b.op("Clip", [x, b.scalar(clipValueMin, dtype), b.scalar(clipValueMax, dtype)]);
  },
  LeakyRelu: (call) => leaky(call, call.inputs.x, call.attributes.alpha),
  Prelu: prelu,
  Step: (call) => {
    const { b, inputs: { x }, attributes: { alpha = 0 }, float } = call;
    if (alpha === 0) return b.op("Cast", [positive(call, x)], { to: float });
    return where(call, positive(call, x), number(call, 1), number(call, alpha));
  },
  IsNan: unary("IsNaN"),
  IsInf: unary("IsInf"),
  IsFinite: (call) => {
    const { b, inputs: { x } } = call;
    return not(call, b.op("Or", [b.op("IsNaN", [x]), b.op("IsInf", [x])]));
  },
  Select: ({ b, inputs: { condition, t, e } }) => {
    // A condition of rank 1 chooses rows.
    const rows = b.value(condition).shape, rank = b.value(t).shape.length;
    const chosen = b.reshape(condition, [...rows, ...Array(rank - rows.length).fill(1)]);
    return b.op("Where", [chosen, t, e]);
  },
};
