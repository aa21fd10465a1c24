import { norm } from "../vector.ts";

/** The arithmetic mean; NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** The sample standard deviation, with n − 1; NaN of fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  const center = mean(values);
  const off = new Float64Array(values.length);
  for (let i = 0; i < off.length; i++) off[i] = values[i] - center;
  return norm(off) / Math.sqrt(off.length - 1);
}

/** s/√n: the standard error of the mean; NaN of fewer than two values. */
export function standardError(values: ArrayLike<number>): number {
  return standardDeviation(values) / Math.sqrt(values.length);
}

/** sd(aᵢ − bᵢ)/√n: the standard error of the difference of two means over the same samples. */
export function pairedError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const differences = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) differences[i] = a[i] - b[i];
  return standardError(differences);
}

/** The p-quantile of values in ascending order, interpolated linearly (type 7 of Hyndman and Fan, 1996). */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
