import { symmetricEigen } from "./symmetric.ts";

/** What principal components explain of a random walk. */
export interface WalkShares {
  /** The share of each component, descending; they sum to 1. */
  shares: Float64Array;
  /** How far one walk is off: the standard deviation of each share, to first order in 1/√dimensions. */
  errors: Float64Array;
}

/**
 * The shares of variance that principal components explain of a centred random walk with the given lengths
 * of its steps and independent uniform directions: a straight look at chance, since even a walk without any
 * plan puts 6/(πk)² of its movement into its k-th component when its many steps are equal
 * (Antognini and Sohl-Dickstein, 2018).
 *
 * With many more dimensions than steps the steps are orthogonal, so the Gram matrix of the walk is known
 * exactly: K_ab = s_a s_b (n − 1 − max(a, b) − (n − 1 − a)(n − 1 − b)/n) for n points. In D dimensions the
 * cosine of two steps is off from 0 by 1/√D, which moves the k-th share p by the quadratic form
 * M = (λ q qᵀ − p K)/tr K, hence by √(2/D Σ_{i≠j} M²_ij). With few dimensions (D of the order of n) walks
 * explain more than this.
 *
 * Cost: O(n³).
 */
export function walkShares(stepLengths: ArrayLike<number>, dimensions: number): WalkShares {
  const steps = stepLengths.length, n = steps + 1;
  const gram = Array.from(
    { length: steps },
    (_, a) =>
      Float64Array.from({ length: steps }, (_, b) => {
        const both = n - 1 - Math.max(a, b) - (n - 1 - a) * (n - 1 - b) / n;
        return stepLengths[a] * stepLengths[b] * both;
      }),
  );
  const trace = gram.reduce((sum, row, i) => sum + row[i], 0);
  const { values, vectors } = symmetricEigen(gram);
  values.reverse();
  vectors.reverse();
  const shares = values.map((value) => Math.max(0, value) / trace);
  const errors = shares.map((share, k) => {
    let sum = 0;
    for (let i = 0; i < steps; i++) {
      for (let j = 0; j < i; j++) {
        sum += 2 * ((values[k] * vectors[k][i] * vectors[k][j] - share * gram[i][j]) / trace) ** 2;
      }
    }
    return Math.sqrt(2 / dimensions * sum);
  });
  return { shares, errors };
}
