/** Numbers that stand in formulas and are no short decimals. */
const wellKnown = [
  Math.PI,
  Math.E,
  Math.SQRT2,
  Math.SQRT1_2,
  Math.LN2,
  Math.LN10,
  Math.sqrt(3),
  2 / Math.sqrt(Math.PI),
  Math.sqrt(2 / Math.PI),
  Math.sqrt(2 * Math.PI),
  Math.log(2 * Math.PI),
  Math.sqrt(Math.PI),
  // SELU's scale and scale times alpha.
  1.0507009873554804934193349852946,
  1.7580993408473768599402175208123,
  1.6732632423543772848170429916717,
];

const candidates = new Map<number, number>();
const known = (n: number) => candidates.has(Math.fround(n)) || candidates.set(Math.fround(n), n);
wellKnown.forEach(known);
for (const number of wellKnown) {
  for (const factor of [1, 2, 0.5, 3, 4]) {
    for (const n of [number * factor, factor / number, number * number * factor]) known(n);
  }
}

/**
 * The number that a constant of 32 bits most likely stands for, so that a formula that was recorded in
 * float32 can be written out in double: a short decimal (0.1), a fraction of small numbers (1/3), or one
 * of those that formulas are made of (√(2/π)). It always rounds to the constant.
 */
export function simplest(constant: number): number {
  if (!Number.isFinite(constant) || Number.isInteger(constant)) return constant;
  for (let digits = 1; digits <= 6; digits++) {
    const decimal = Number(constant.toPrecision(digits));
    if (Math.fround(decimal) === constant) return decimal;
  }
  for (const sign of [1, -1]) {
    const found = candidates.get(sign * constant);
    if (found !== undefined) return sign * found;
  }
  for (let denominator = 3; denominator <= 1024; denominator++) {
    const fraction = Math.round(constant * denominator) / denominator;
    if (Math.fround(fraction) === constant) return fraction;
  }
  for (let digits = 7; digits <= 8; digits++) {
    const decimal = Number(constant.toPrecision(digits));
    if (Math.fround(decimal) === constant) return decimal;
  }
  return constant;
}
