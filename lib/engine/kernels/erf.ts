import type { Call } from "../translate.ts";

/**
 * Chebyshev coefficients of log(erfc(z)·exp(z²)/t), t = 2/(2 + z): W. H. Press et al., Numerical Recipes
 * (3rd edition, 2007), section 6.2.2; 1.2e-16 relative.
 */
const coefficients = [
  -1.3026537197817094,
  6.4196979235649026e-1,
  1.9476473204185836e-2,
  -9.561514786808631e-3,
  -9.46595344482036e-4,
  3.66839497852761e-4,
  4.2523324806907e-5,
  -2.0278578112534e-5,
  -1.624290004647e-6,
  1.303655835580e-6,
  1.5626441722e-8,
  -8.5238095915e-8,
  6.529054439e-9,
  5.059343495e-9,
  -9.91364156e-10,
  -2.27365122e-10,
  9.6467911e-11,
  2.394038e-12,
  -6.886027e-12,
  8.94487e-13,
  3.13092e-13,
  -1.12708e-13,
  3.81e-16,
  7.106e-15,
  -1.523e-15,
  -9.4e-17,
  1.21e-16,
  -2.8e-17,
];

/** The error function in double precision, for which ONNX Runtime has no kernel. */
export function erf({ b, float }: Call, x: string): string {
  const number = (value: number) => b.scalar(value, float);
  const z = b.op("Abs", [x]);
  const t = b.op("Div", [number(2), b.op("Add", [z, number(2)])]);
  const twice = b.op("Sub", [b.op("Mul", [t, number(4)]), number(2)]);
  // Clenshaw's recurrence from the last coefficient to the first.
  let [d, before] = [number(0), number(0)];
  for (let j = coefficients.length - 1; j > 0; j--) {
    const next = b.op("Add", [
      b.op("Sub", [b.op("Mul", [twice, d]), before]),
      number(coefficients[j]),
    ]);
    [d, before] = [next, d];
  }
  const sum = b.op("Sub", [
    b.op("Mul", [b.op("Add", [b.op("Mul", [twice, d]), number(coefficients[0])]), number(0.5)]),
    before,
  ]);
  const exponent = b.op("Sub", [sum, b.op("Mul", [z, z])]);
  const complement = b.op("Mul", [t, b.op("Exp", [exponent])]);
  return b.op("Mul", [b.op("Sign", [x]), b.op("Sub", [number(1), complement])]);
}
