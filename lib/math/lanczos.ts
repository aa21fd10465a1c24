import type { Vector } from "../vector.ts";
import { combinations, orthogonalize } from "./basis.ts";
import type { Draw } from "./random.ts";
import { symmetricEigen } from "./symmetric.ts";
import { tridiagonalEigen } from "./tridiagonal.ts";

/** An approximate eigenvalue of a Krylov space. */
export interface RitzValue {
  /** The approximate eigenvalue. */
  value: number;
  /** |β·last weight|: what ‖Av − λv‖ is in exact arithmetic. */
  residual: number;
}

/** An approximate eigenvalue with its vector as weights of the basis. */
export interface RitzPair extends RitzValue {
  /** Its vector, in the basis. */
  weights: Float64Array;
}

/** What the Lanczos process found. */
export interface Krylov {
  /** Orthonormal. */
  basis: Vector[];
  /** Ascending. */
  pairs: RitzPair[];
  /** How many products it took. */
  steps: number;
  /** True if the basis fills the space that was left: then all pairs are exact. */
  exhausted: boolean;
  /** True if a product was refused. */
  stopped: boolean;
  /** False if a product held NaN or ±∞. */
  finite: boolean;
}

/** How {@link lanczos} is to go about it. */
export interface LanczosOptions {
  /** The dimension of the space. */
  dimension: number;
  /** Draws a random vector of that space. */
  draw: Draw;
  /** Orthonormal vectors to stay away from: eigenvectors that are known. */
  avoid?: readonly Vector[];
  /** At most so many products. */
  steps: number;
  /** The most vectors that are kept. */
  most: number;
  /** What the vectors of the basis are rounded to: the precision of the products. */
  precision: "float32" | "float64";
  /** Ends the process early. */
  satisfied: (values: readonly RitzValue[]) => boolean;
  /** Which values, by number, to go on with where there is no more room. */
  keep: (values: readonly RitzValue[]) => number[];
  /** Called between pieces of work that take some milliseconds. */
  breathe: () => Promise<void>;
}

/**
 * The Lanczos process (1950) with full reorthogonalisation in double precision: an orthonormal basis in
 * which a symmetric A is tridiagonal. Where the space of the starting vector is used up (β = 0: one start
 * sees each distinct eigenvalue once) it goes on from a new random vector. Where there is no more room it goes
 * on with the best Ritz vectors (thick restart: Wu and Simon, 2000).
 *
 * Cost: one product and 4·m·n additions for step m.
 *
 * @param product A·v as a new array, or undefined to stop
 */
export async function lanczos(
  product: (v: Vector) => Promise<Float64Array | undefined>,
  { dimension, draw, avoid = [], steps, most, precision, satisfied, keep, breathe }: LanczosOptions,
): Promise<Krylov> {
  let basis: Vector[] = [], inBasis = projection();
  // all of one kind, so that inner loops are compiled for it
  const stored = (v: Float64Array): Vector => precision === "float32" ? new Float32Array(v) : v;
  const away = avoid.map((v) => stored(new Float64Array(v)));
  const clean = (vector: Float64Array) => orthogonalize(vector, [...away, ...basis], breathe);
  /** A vector of unit length that is added to the basis. */
  const direction = (vector: Float64Array, length: number): Vector => {
    const out = precision === "float32" ? new Float32Array(vector.length) : vector;
    for (let i = 0; i < out.length; i++) out[i] = vector[i] / length;
    return out;
  };
  const room = () => basis.length + avoid.length < dimension;
  const fresh = async () => {
    if (!room()) return undefined;
    const vector = await draw();
    await clean(vector);
    const { left } = await clean(vector);
    return direction(vector, left);
  };
  let next = await fresh(), scale = 0, stopped = false, step = 0;
  while (next && step < steps) {
    const image = await product(next);
    if (!image) {
      stopped = true;
      break;
    }
    step++;
    basis.push(next);
    const { along, left, before } = await clean(image);
    if (!Number.isFinite(before)) {
      return { basis, pairs: [], steps: step, exhausted: false, stopped, finite: false };
    }
    scale = Math.max(scale, before);
    const used = left <= 1e-12 * scale;
    inBasis.grow(along, used ? 0 : left);
    next = used ? await fresh() : room() ? direction(image, left) : undefined;
    if (!next) break;
    const full = basis.length >= most, m = basis.length;
    // the small eigenproblem is not free: every step at first, then at each fortieth part
    if (!full && m % Math.ceil(m / 40) !== 0) continue;
    const values = inBasis.values();
    if (satisfied(values)) break;
    if (!full) continue;
    const pairs = inBasis.pairs(), kept = keep(values).map((k) => pairs[k]);
    const vectors = await combinations(basis, kept.map(({ weights }) => weights), breathe);
    basis = vectors.map(stored);
    inBasis = projection(kept.map(({ value, weights }) => ({
      value,
      coupling: used ? 0 : left * weights[m - 1],
    })));
  }
  return {
    basis,
    pairs: basis.length ? inBasis.pairs() : [],
    steps: step,
    exhausted: next === undefined,
    stopped,
    finite: true,
  };
}

/**
 * A in the basis: tridiagonal; after a restart its first part is diagonal, and each of that is coupled to the
 * first vector that comes after.
 */
function projection(kept: readonly { value: number; coupling: number }[] = []) {
  const alpha = kept.map(({ value }) => value), beta: number[] = kept.map(() => 0);
  const matrix = () =>
    alpha.map((_, i) => {
      const row = new Float64Array(alpha.length), at = kept.length;
      row[i] = alpha[i];
      if (i > 0) row[i - 1] = beta[i - 1];
      if (i + 1 < row.length) row[i + 1] = beta[i];
      if (i < at && at < row.length) row[at] = kept[i].coupling;
      if (i === at) kept.forEach(({ coupling }, k) => row[k] = coupling);
      return row;
    });
  const off = (last: number) => Math.abs(beta[beta.length - 1] * last);
  const pairs = (): RitzPair[] => {
    const { values, vectors } = symmetricEigen(matrix());
    return vectors.map((weights, k) => ({
      value: values[k],
      weights,
      residual: off(weights[weights.length - 1]),
    }));
  };
  return {
    grow(diagonal: number, offDiagonal: number) {
      alpha.push(diagonal);
      beta.push(offDiagonal);
    },
    pairs,
    values(): RitzValue[] {
      if (kept.length) return pairs();
      const { values, rows: [last] } = tridiagonalEigen(alpha, beta, [alpha.length - 1]);
      return Array.from(values, (value, k) => ({ value, residual: off(last[k]) }));
    },
  };
}
