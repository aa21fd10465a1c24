import { evenScale } from "../vector.ts";
import { EigenvalueDecomposition, Matrix } from "npm:ml-matrix@6.15.1";

/** Eigenvalues of a small symmetric matrix in ascending order, each with its unit eigenvector. */
export interface SymmetricEigen {
  /** Ascending. */
  values: Float64Array;
  /** `vectors[k]` belongs to `values[k]`; they are orthonormal. */
  vectors: Float64Array[];
}

/** The eigenvalues and eigenvectors of a small symmetric matrix given by its rows: O(n³), 0.1 s for n = 300. */
export function symmetricEigen(rows: readonly ArrayLike<number>[]): SymmetricEigen {
  // the algorithm multiplies entries, which underflow and overflow where eigenvalues do not
  const scale = evenScale(rows);
  const matrix = new Matrix(rows.map((row) => Array.from(row, (x) => scale * x)));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  return {
    values: Float64Array.from(realEigenvalues, (value) => value / scale),
    vectors: realEigenvalues.map((_, k) => Float64Array.from(eigenvectorMatrix.getColumn(k))),
  };
}
