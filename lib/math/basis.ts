import { dot, norm, type Vector } from "../vector.ts";

/** How many numbers of each vector are worked on at once: few enough to stay in the cache. */
const CHUNK = 4096;

/** Gives the event loop a turn now and then. */
type Breathe = () => Promise<void>;

/**
 * w ← w − V(Vᵀw), in place and in double precision: takes away what orthonormal vectors explain (classical
 * Gram–Schmidt).
 *
 * Cost: 4·m·n additions. Four vectors at a time, chunk by chunk, is five times as quick as one after the other.
 *
 * @returns Vᵀw, as it was before
 */
export async function removeComponents(
  w: Float64Array,
  basis: readonly Vector[],
  breathe: Breathe,
): Promise<Float64Array> {
  const inner = new Float64Array(basis.length);
  await chunks(w.length, breathe, (from, to) => addInner(inner, basis, w, from, to));
  const back = inner.map((c) => -c);
  await chunks(w.length, breathe, (from, to) => addCombination(w, basis, back, from, to));
  return inner;
}

/** What {@link orthogonalize} took away, and what it left. */
export interface Orthogonalized {
  /** What the vector had along the last of the basis. */
  along: number;
  /** Its length now. */
  left: number;
  /** Its length before. */
  before: number;
}

/**
 * Makes w orthogonal to orthonormal vectors, in place, to the last digits. Where w is a product of the last of
 * them in a Lanczos process, it has much along the last two: these are taken away first, so that of the rest a
 * single pass takes little, and once is enough (Daniel, Gragg, Kaufman and Stewart, 1976). Otherwise twice is.
 *
 * Cost: 4·m·n additions a pass, and w is read and written twice.
 */
export async function orthogonalize(
  w: Float64Array,
  basis: readonly Vector[],
  breathe: Breathe,
): Promise<Orthogonalized> {
  const two = basis.slice(-2), taken = new Float64Array(basis.length);
  let first = new Float64Array(two.length), left = NaN;
  await chunks(w.length, breathe, (from, to) => addInner(first, two, w, from, to));
  for (let pass = 0; pass < 2; pass++) {
    const inner = new Float64Array(basis.length), back = first.map((c) => -c);
    await chunks(w.length, breathe, (from, to) => {
      addCombination(w, two, back, from, to);
      addInner(inner, basis, w, from, to);
    });
    const rest = inner.map((c) => -c);
    let square = 0;
    await chunks(w.length, breathe, (from, to) => {
      addCombination(w, basis, rest, from, to);
      const piece = w.subarray(from, to);
      square += dot(piece, piece);
    });
    left = square > 1e-280 && square < Infinity ? Math.sqrt(square) : norm(w);
    for (let k = 0; k < taken.length; k++) taken[k] += inner[k];
    for (let k = 0; k < two.length; k++) taken[taken.length - two.length + k] += first[k];
    if (left >= norm(inner)) break;
    first = new Float64Array(two.length);
  }
  return { along: taken.at(-1) ?? 0, left, before: Math.hypot(norm(taken), left) };
}

/** Σ cⱼ·vⱼ for several lists of c at once, in double precision. */
export async function combinations(
  basis: readonly Vector[],
  lists: readonly Float64Array[],
  breathe: Breathe,
): Promise<Float64Array[]> {
  const size = basis[0]?.length ?? 0, sums = lists.map(() => new Float64Array(size));
  await chunks(size, breathe, (from, to) => {
    lists.forEach((weights, k) => addCombination(sums[k], basis, weights, from, to));
  });
  return sums;
}

async function chunks(size: number, breathe: Breathe, work: (from: number, to: number) => void) {
  for (let from = 0; from < size; from += CHUNK) {
    work(from, Math.min(size, from + CHUNK));
    await breathe();
  }
}

/** Four of the vectors from number k on; what is not there is stood in for by the last, to keep one inner loop. */
const four = (basis: readonly Vector[], k: number): readonly Vector[] =>
  [k, k + 1, k + 2, k + 3].map((j) => basis[Math.min(j, basis.length - 1)]);

function addInner(
  inner: Float64Array,
  basis: readonly Vector[],
  w: Float64Array,
  from: number,
  to: number,
): void {
  for (let k = 0; k < basis.length; k += 4) {
    const [a, b, c, d] = four(basis, k);
    let p = 0, q = 0, r = 0, s = 0;
    for (let i = from; i < to; i++) {
      const x = w[i];
      p += a[i] * x;
      q += b[i] * x;
      r += c[i] * x;
      s += d[i] * x;
    }
    [p, q, r, s].slice(0, basis.length - k).forEach((sum, j) => inner[k + j] += sum);
  }
}

function addCombination(
  sum: Float64Array,
  basis: readonly Vector[],
  weights: Float64Array,
  from: number,
  to: number,
): void {
  for (let k = 0; k < basis.length; k += 4) {
    const [a, b, c, d] = four(basis, k);
    const [p = 0, q = 0, r = 0, s = 0] = weights.subarray(k, k + 4);
    for (let i = from; i < to; i++) sum[i] += p * a[i] + q * b[i] + r * c[i] + s * d[i];
  }
}
