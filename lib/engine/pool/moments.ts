/** Count, sum and squared deviations of per-sample numbers, and the last two of differences to a reference. */
export interface Moments {
  /** How many samples. */
  count: number;
  /** Their sum. */
  sum: number;
  /** Σ (x − mean)². */
  squares: number;
  /** The sum of the differences to the reference; NaN where there is none. */
  differenceSum: number;
  /** Σ (d − mean d)² of the differences d. */
  differenceSquares: number;
}

/** Doubles that moments take in memory. */
export const momentsLength = 5;

/** The moments of numbers, in double precision and in two passes. NaN and ±∞ go through. */
export function momentsOf(
  values: ArrayLike<number>,
  reference?: ArrayLike<number>,
): Moments {
  const [sum, squares] = spread(values);
  const [differenceSum, differenceSquares] = reference
    ? spreadBetween(values, reference)
    : [NaN, NaN];
  return { count: values.length, sum, squares, differenceSum, differenceSquares };
}

function spread(values: ArrayLike<number>): [number, number] {
  const n = values.length;
  let sum = 0, squares = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  const mean = sum / n;
  for (let i = 0; i < n; i++) {
    const deviation = values[i] - mean;
    squares += deviation * deviation;
  }
  return [sum, squares];
}

/** The same of differences. Loops of their own: a function called for each sample takes most of their time. */
function spreadBetween(values: ArrayLike<number>, reference: ArrayLike<number>): [number, number] {
  const n = values.length;
  let sum = 0, squares = 0;
  for (let i = 0; i < n; i++) sum += values[i] - reference[i];
  const mean = sum / n;
  for (let i = 0; i < n; i++) {
    const deviation = values[i] - reference[i] - mean;
    squares += deviation * deviation;
  }
  return [sum, squares];
}

/**
 * The moments of two sets of samples together. Chan, Golub & LeVeque, Algorithms for computing the sample
 * variance (1983), with sums kept instead of means, so that ∞ stays ∞.
 */
export function together(a: Moments, b: Moments): Moments {
  const squaresOf = (sa: number, qa: number, sb: number, qb: number) =>
    qa + qb + (sb / b.count - sa / a.count) ** 2 * a.count * b.count / (a.count + b.count);
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    squares: squaresOf(a.sum, a.squares, b.sum, b.squares),
    differenceSum: a.differenceSum + b.differenceSum,
    differenceSquares: squaresOf(
      a.differenceSum,
      a.differenceSquares,
      b.differenceSum,
      b.differenceSquares,
    ),
  };
}

/** Moments as they travel. */
export function writeMoments(to: Float64Array, item: number, m: Moments): void {
  const at = item * momentsLength;
  to[at] = m.count;
  to[at + 1] = m.sum;
  to[at + 2] = m.squares;
  to[at + 3] = m.differenceSum;
  to[at + 4] = m.differenceSquares;
}

/** Moments as they were written. */
export function readMoments(from: Float64Array, item: number): Moments {
  const at = item * momentsLength;
  return {
    count: from[at],
    sum: from[at + 1],
    squares: from[at + 2],
    differenceSum: from[at + 3],
    differenceSquares: from[at + 4],
  };
}
