import type { Vector } from "../vector.ts";

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
