/**
 * The p-quantile of Student's t distribution: how many standard errors an interval must be wide.
 *
 * Bisection on the distribution function, to the last digits; microseconds.
 *
 * @param p 0 < p < 1
 * @param freedom degrees of freedom, above 0
 * @throws {RangeError} if p or freedom is out of range.
 *
 * ```ts
 * import { tQuantile } from "./student.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(tQuantile(0.975, 9), 2.262157, 1e-6);
 * ```
 */
export function tQuantile(p: number, freedom: number): number {
  if (!(p > 0 && p < 1)) {
    throw new RangeError(`Cannot find the t quantile: p must be between 0 and 1, got ${p}`);
  }
  if (!(freedom > 0)) {
    throw new RangeError(`Cannot find the t quantile: freedom must be above 0, got ${freedom}`);
  }
  if (p < 0.5) return -tQuantile(1 - p, freedom);
  let low = 0, high = 1;
  while (tProbability(high, freedom) < p && high < 1e15) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (tProbability(middle, freedom) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T ≤ t) for t ≥ 0: 1 − ½ I(ν/(ν + t²); ν/2, ½). */
function tProbability(t: number, freedom: number): number {
  return 1 - incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
}

/** The regularised incomplete beta function by Lentz's continued fraction (Numerical Recipes, §6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  ) / a;
  const guarded = (value: number) => Math.abs(value) < 1e-300 ? 1e-300 : value;
  let c = 1, d = 1 / guarded(1 - (a + b) * x / (a + 1)), fraction = d;
  for (let m = 1; m < 500; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guarded(1 + even * d);
    c = guarded(1 + even / c);
    fraction *= d * c;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guarded(1 + odd * d);
    c = guarded(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * fraction;
}

/** log Γ(x) for x > 0: Stirling's series, after moving x above 12. */
function logGamma(x: number): number {
  let shift = 0;
  for (; x < 12; x++) shift -= Math.log(x);
  const y = 1 / (x * x);
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
  return shift + (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series;
}
