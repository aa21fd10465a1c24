import { accumulate, dot, norm, unit } from "../vector.ts";
import { tridiagonalEigen } from "./symmetric.ts";

/** An eigenvalue that a Krylov space knows, with its vector as weights of the basis. */
export interface RitzPair {
  /** The approximate eigenvalue. */
  value: number;
  /** Its vector, in the basis. */
  weights: Float64Array;
  /** |β·last weight|: what ‖Av − λv‖ is in exact arithmetic. */
  residual: number;
}

/** What the Lanczos process found. */
export interface Krylov {
  /** Orthonormal. */
  basis: Float64Array[];
  /** Ascending. */
  pairs: RitzPair[];
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
  draw: () => Float64Array;
  /** Orthonormal vectors to stay away from: eigenvectors that are known. */
  avoid?: readonly Float64Array[];
  /** At most so many products. */
  steps: number;
  /** Ends the process early. */
  satisfied: (pairs: readonly RitzPair[]) => boolean;
  /** Called between pieces of work that take some milliseconds. */
  breathe: () => Promise<void>;
}

/**
 * The Lanczos process (1950) with full reorthogonalisation in double precision: an orthonormal basis in
 * which a symmetric A is tridiagonal. Where the space of the starting vector is used up (β = 0: one start
 * sees each distinct eigenvalue once) it goes on from a new random vector.
 *
 * Cost: one product and 4·m·n additions for step m.
 *
 * @param product A·v as a new array, or undefined to stop
 */
export async function lanczos(
  product: (v: Float64Array) => Promise<Float64Array | undefined>,
  { dimension, draw, avoid = [], steps, satisfied, breathe }: LanczosOptions,
): Promise<Krylov> {
  const basis: Float64Array[] = [], alpha: number[] = [], beta: number[] = [];
  const removeKnown = async (vector: Float64Array) => {
    // twice is enough (Parlett, 1980)
    for (let pass = 0; pass < 2; pass++) {
      for (const known of [avoid, basis]) {
        for (const other of known) {
          accumulate(vector, other, -dot(other, vector));
          await breathe();
        }
      }
    }
  };
  const fresh = async () => {
    if (basis.length + avoid.length >= dimension) return undefined;
    const vector = draw();
    await removeKnown(vector);
    return unit(vector);
  };
  const ritz = () => {
    const { values, vectors } = tridiagonalEigen(alpha, beta);
    return vectors.map((weights, k): RitzPair => ({
      value: values[k],
      weights,
      residual: Math.abs(beta[alpha.length - 1] * weights[alpha.length - 1]),
    }));
  };
  let next = await fresh(), scale = 0, stopped = false;
  for (let m = 1; next && m <= steps; m++) {
    const image = await product(next);
    if (!image) {
      stopped = true;
      break;
    }
    const a = dot(next, image), b = norm(image);
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      return { basis, pairs: [], exhausted: false, stopped, finite: false };
    }
    scale = Math.max(scale, b);
    basis.push(next);
    alpha.push(a);
    await removeKnown(image);
    const left = norm(image);
    const used = left <= 1e-12 * scale;
    beta.push(used ? 0 : left);
    next = used ? await fresh() : basis.length + avoid.length < dimension ? unit(image) : undefined;
    // the small eigenproblem is not free: every step at first, then at each twentieth part
    const due = m % Math.ceil(m / 20) === 0;
    if (next && due && satisfied(ritz())) break;
  }
  return {
    basis,
    pairs: basis.length ? ritz() : [],
    exhausted: next === undefined,
    stopped,
    finite: true,
  };
}

/** The vector of a pair, of length 1. */
export function ritzVector({ basis }: Krylov, { weights }: RitzPair): Float64Array {
  const vector = new Float64Array(basis[0].length);
  basis.forEach((b, i) => accumulate(vector, b, weights[i]));
  return unit(vector);
}
