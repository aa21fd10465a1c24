import type { Call, Translation } from "../translate.ts";

/**
 * Coefficients of (atan x − x)/x³ as a quotient of polynomials in x², for x up to 0.66: S. L. Moshier, Cephes
 * mathematical library (1984), atan.c; 1.8e-16 relative.
 */
const numerator = [
  -8.750608600031904122785e-1,
  -1.615753718733365076637e1,
  -7.500855792314704667340e1,
  -1.228866684490136173410e2,
  -6.485021904942025371773e1,
];
const denominator = [
  1,
  2.485846490142306297962e1,
  1.650270098316988542046e2,
  4.328810604912902668951e2,
  4.853903996359136964868e2,
  1.945506571482613964425e2,
];

/** The arc tangent; in double precision, for which the runtime has no kernel, by Cephes' formula. */
export function arctangent(call: Call, x: string): string {
  const { b, float } = call;
  if (float === "float32") return b.op("Atan", [x]);
  const number = (value: number) => b.scalar(value, float);
  const polynomial = (coefficients: number[], z: string) =>
    coefficients.slice(1).reduce(
      (sum, c) => b.op("Add", [b.op("Mul", [sum, z]), number(c)]),
      number(coefficients[0]),
    );
  const size = b.op("Abs", [x]);
  const steep = b.op("Greater", [size, number(Math.SQRT2 + 1)]);
  const middle = b.op("Greater", [size, number(0.66)]);
  // atan x = π/2 − atan 1/x = π/4 + atan (x − 1)/(x + 1)
  const turned = b.op("Where", [
    steep,
    b.op("Neg", [b.op("Reciprocal", [size])]),
    b.op("Where", [
      middle,
      b.op("Div", [b.op("Sub", [size, number(1)]), b.op("Add", [size, number(1)])]),
      size,
    ]),
  ]);
  const start = b.op("Where", [
    steep,
    number(Math.PI / 2),
    b.op("Where", [middle, number(Math.PI / 4), number(0)]),
  ]);
  const z = b.op("Mul", [turned, turned]);
  const quotient = b.op("Div", [polynomial(numerator, z), polynomial(denominator, z)]);
  const rest = b.op("Mul", [b.op("Mul", [z, turned]), quotient]);
  const angle = b.op("Add", [start, b.op("Add", [turned, rest])]);
  return b.op("Mul", [b.op("Sign", [x]), angle]);
}

const half = (call: Call, x: string) => call.b.op("Mul", [x, call.b.scalar(0.5, call.float)]);
const one = ({ b, float }: Call) => b.scalar(1, float);
const squared = ({ b }: Call, x: string) => b.op("Mul", [x, x]);

/** asin x = atan x/√(1 − x²), with 1 − x² as (1 − x)(1 + x), which keeps its digits near the ends. */
const arcsine = (call: Call, x: string): string => {
  const { b } = call;
  const rest = b.op("Mul", [b.op("Sub", [one(call), x]), b.op("Add", [one(call), x])]);
  return arctangent(call, b.op("Div", [x, b.op("Sqrt", [rest])]));
};

/** log(1 + y) for small y too: y·log(u)/(u − 1) with u = 1 + y as it is rounded (Kahan). */
const log1p = (call: Call, y: string): string => {
  const { b } = call, u = b.op("Add", [one(call), y]), rounded = b.op("Sub", [u, one(call)]);
  const same = b.op("Equal", [u, one(call)]);
  const divisor = b.op("Where", [same, one(call), rounded]);
  const scaled = b.op("Mul", [b.op("Log", [u]), b.op("Div", [y, divisor])]);
  return b.op("Where", [same, y, scaled]);
};

const inDouble: Record<string, (call: Call, x: string) => string> = {
  Atan: arctangent,
  Asin: arcsine,
  Acos: (call, x) => call.b.op("Sub", [call.b.scalar(Math.PI / 2, call.float), arcsine(call, x)]),
  // sign(x)·log(1 + |x| + x²/(1 + √(x² + 1)))
  Asinh(call, x) {
    const { b } = call, size = b.op("Abs", [x]), square = squared(call, x);
    const root = b.op("Sqrt", [b.op("Add", [square, one(call)])]);
    const more = b.op("Div", [square, b.op("Add", [one(call), root])]);
    return b.op("Mul", [b.op("Sign", [x]), log1p(call, b.op("Add", [size, more]))]);
  },
  Acosh(call, x) {
    const { b } = call;
    const root = b.op("Sqrt", [b.op("Sub", [squared(call, x), one(call)])]);
    return b.op("Log", [b.op("Add", [x, root])]);
  },
  // ½·log(1 + 2x/(1 − x))
  Atanh(call, x) {
    const { b } = call;
    const ratio = b.op("Div", [b.op("Add", [x, x]), b.op("Sub", [one(call), x])]);
    return half(call, log1p(call, ratio));
  },
};

/** The angle of (x, y); 0 at the origin. */
const atan2: Translation = (call) => {
  const { b, inputs: { a: y, b: x }, float } = call, zero = b.scalar(0, float);
  const pi = b.scalar(Math.PI, float);
  const angle = arctangent(call, b.op("Div", [y, x]));
  const turn = b.op("Where", [b.op("Less", [y, zero]), b.op("Neg", [pi]), pi]);
  const behind = b.op("Less", [x, zero]);
  const full = b.op("Where", [behind, b.op("Add", [angle, turn]), angle]);
  const flat = b.op("Where", [behind, pi, zero]);
  return b.op("Where", [b.op("Equal", [y, zero]), flat, full]);
};

export const inverse: Record<string, Translation> = {
  Atan2: atan2,
  ...Object.fromEntries(
    Object.entries(inDouble).map(([op, made]): [string, Translation] => [
      op,
      (call) =>
        call.float === "float32" ? call.b.op(op, [call.inputs.x]) : made(call, call.inputs.x),
    ]),
  ),
};
