import { dot } from "../vector.ts";
import { symmetricEigen } from "./symmetric.ts";

/** What principal components explain of a random walk. */
export interface WalkShares {
  /** The share of each component, descending; they sum to 1. */
  shares: Float64Array;
  /** How far one walk is off: the standard deviation of each share, to first order in 1/√dimensions. */
  errors: Float64Array;
}

/** A random walk: where it begins, and how long its steps are. */
export interface Walk {
  /** The lengths of its steps. */
  steps: ArrayLike<number>;
  /** Where it begins, beside other walks; default 0. */
  start?: ArrayLike<number>;
  /** Whether it begins at a point of an earlier walk, which counts once. */
  shared?: boolean;
}

/**
 * The shares of variance that principal components explain of a centred random walk with the given lengths
 * of its steps and independent uniform directions: a straight look at chance, since even a walk without any
 * plan puts 6/(πk)² of its movement into its k-th component when its many steps are equal
 * (Antognini and Sohl-Dickstein, 2018). Of several walks: of all their points together.
 *
 * With many more dimensions than steps the steps are orthogonal to each other and to where walks begin, so
 * the Gram matrix is known exactly. With a_j the indicator of the points that come after step j, times its
 * length, it has the eigenvalues of K_jk = a_j·a_k − Σa_j Σa_k/n for n points; where walks begin is fixed, and
 * adds one such vector for each coordinate. In D dimensions the cosine of two steps is off from 0 by 1/√D,
 * which moves the k-th share p by the quadratic form M = (λ q qᵀ − p K)/tr K, hence by √(2/D Σ_{i≠j} M²_ij).
 * With few dimensions (D of the order of n) walks explain more than this.
 *
 * Cost: O(n³).
 */
export function walkShares(walks: readonly Walk[], dimensions: number): WalkShares {
  const { columns, fixed } = columnsOf(walks);
  const sums = columns.map((column) => column.reduce((a, b) => a + b));
  const n = columns[0].length;
  const gram = columns.map((a, j) =>
    Float64Array.from(columns, (b, k) => dot(a, b) - sums[j] * sums[k] / n)
  );
  const trace = gram.reduce((sum, row, i) => sum + row[i], 0);
  const { values, vectors } = symmetricEigen(gram);
  values.reverse();
  vectors.reverse();
  const shares = values.map((value) => Math.max(0, value) / trace);
  const errors = shares.map((share, k) => {
    let sum = 0;
    for (let i = fixed; i < columns.length; i++) {
      for (let j = 0; j < i; j++) {
        sum += 2 * ((values[k] * vectors[k][i] * vectors[k][j] - share * gram[i][j]) / trace) ** 2;
      }
    }
    return Math.sqrt(2 / dimensions * sum);
  });
  return { shares, errors };
}

/** For each coordinate of where walks begin (`fixed` of them), then for each step, what it adds to every point. */
function columnsOf(walks: readonly Walk[]): { columns: Float64Array[]; fixed: number } {
  const points = walks.flatMap(({ steps, shared }, w) =>
    Array.from({ length: steps.length + (shared ? 0 : 1) }, (_, i) => ({
      w,
      after: i + (shared ? 1 : 0),
    }))
  );
  const column = (value: (point: typeof points[number]) => number) =>
    Float64Array.from(points, value);
  const coordinates = Math.max(...walks.map(({ start }) => start?.length ?? 0));
  const starts = Array.from(
    { length: coordinates },
    (_, k) => column(({ w }) => walks[w].start?.[k] ?? 0),
  ).filter((start) => start.some((x) => x !== 0));
  const steps = walks.flatMap(({ steps }, walk) =>
    Array.from(
      steps,
      (length, step) => column(({ w, after }) => w === walk && after > step ? length : 0),
    )
  );
  return { columns: [...starts, ...steps], fixed: starts.length };
}
