import { evenScale } from "../vector.ts";

/** What is known of a symmetric tridiagonal matrix. */
export interface TridiagonalEigen {
  /** The eigenvalues, ascending. */
  values: Float64Array;
  /** The rows of the matrix of eigenvectors that were asked for: `rows[r][k]` belongs to `values[k]`. */
  rows: Float64Array[];
}

/**
 * Eigenvalues of a symmetric tridiagonal matrix, and some rows of the matrix of its unit eigenvectors, by QL with
 * implicit shifts (Dubrulle, Martin and Wilkinson, 1968). The first row gives the weights of Gauss quadrature
 * (Golub and Welsch, 1969), the last one the residuals of Lanczos.
 *
 * Cost: some 30·n² for the values and 6·n² for each row.
 *
 * @param diagonal n numbers
 * @param offDiagonal at least n − 1 numbers
 * @param wanted numbers of rows
 */
export function tridiagonalEigen(
  diagonal: ArrayLike<number>,
  offDiagonal: ArrayLike<number>,
  wanted: readonly number[],
): TridiagonalEigen {
  const n = diagonal.length, scale = evenScale([diagonal, offDiagonal]);
  const d = Float64Array.from(diagonal, (x) => scale * x);
  const e = Float64Array.from({ length: n }, (_, i) => i + 1 < n ? scale * offDiagonal[i] : 0);
  const rows = wanted.map((row) => {
    const start = new Float64Array(n);
    start[row] = 1;
    return start;
  });
  for (let l = 0; l < n; l++) {
    for (let m = decoupled(d, e, l); m > l; m = decoupled(d, e, l)) sweep(d, e, rows, l, m);
  }
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((i, j) => d[i] - d[j]);
  return {
    values: Float64Array.from(order, (i) => d[i] / scale),
    rows: rows.map((row) => Float64Array.from(order, (i) => row[i])),
  };
}

/** The end of the block that begins at l and hangs together. */
function decoupled(d: Float64Array, e: Float64Array, l: number): number {
  let m = l;
  while (m + 1 < d.length && Math.abs(e[m]) > 2 ** -53 * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
  return m;
}

/** One QL step with Wilkinson's shift on the block from l to m. */
function sweep(d: Float64Array, e: Float64Array, rows: Float64Array[], l: number, m: number): void {
  let g = (d[l + 1] - d[l]) / (2 * e[l]);
  g = d[m] - d[l] + e[l] / (g + (g < 0 ? -1 : 1) * Math.hypot(g, 1));
  let s = 1, c = 1, p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i], b = c * e[i], r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      // it fell apart on the way
      d[i + 1] -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    const h = d[i + 1] - p, t = (d[i] - h) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = h + p;
    g = c * t - b;
    for (const row of rows) {
      const x = row[i + 1];
      row[i + 1] = s * row[i] + c * x;
      row[i] = c * row[i] - s * x;
    }
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}
