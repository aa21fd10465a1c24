import type { Loss } from "../loss.ts";
import type { Job } from "../progress.ts";
import type { UnitGroup, UnitMove } from "../symmetry.ts";
import type { Vector } from "../vector.ts";
import { byWeights } from "./by_weights.ts";
import { bestMove } from "./matching.ts";

/** Sums over samples, and over the pixels of an image, of one group's values at one place of the network. */
interface Sums {
  count: number;
  a: Float64Array;
  b: Float64Array;
  aa: Float64Array;
  bb: Float64Array;
  ab: Float64Array;
}

/**
 * The moves of b's units that bring the most correlation between their values and those of a's units, summed
 * over all places of the network where the units are seen.
 */
export async function byActivations(
  loss: Loss,
  groups: readonly UnitGroup[],
  [a, b]: readonly [Vector, Vector],
  job: Job,
): Promise<UnitMove[]> {
  const probes = new Map<string, Sums>();
  await loss.activations!([a, b], async ([ofA, ofB]) => {
    for (const [probe, { group, values }] of ofA.entries()) {
      const { size } = groups[group], key = `${group}/${probe}`;
      if (!probes.has(key)) probes.set(key, emptySums(size));
      await addTo(probes.get(key)!, values, ofB[probe].values, size, job);
      if (job.stopped) return;
    }
  }, { signal: job.signal }).catch((error: unknown) => {
    if (!job.stopped) throw error;
  });
  // where units are constant, such as dead ones, correlations say nothing
  const fallback = await byWeights(loss.layout, groups, [a, b], { restarts: 0, seed: 42, job });
  const moves: UnitMove[] = [];
  for (const [k, group] of groups.entries()) {
    const sums = [...probes].filter(([key]) => key.startsWith(`${k}/`)).map(([, sums]) => sums);
    const correlations = correlationsOf(sums, group, fallback[k]);
    moves.push(
      sums.length
        ? await bestMove(group, correlations, new Float64Array(group.size ** 2), job)
        : fallback[k],
    );
  }
  job.advance();
  return moves;
}

const emptySums = (size: number): Sums => ({
  count: 0,
  a: new Float64Array(size),
  b: new Float64Array(size),
  aa: new Float64Array(size),
  bb: new Float64Array(size),
  ab: new Float64Array(size * size),
});

/** Adds rows of values, [rows, size]. */
async function addTo(
  sums: Sums,
  a: Float32Array,
  b: Float32Array,
  size: number,
  job: Job,
): Promise<void> {
  const rows = a.length / size;
  for (let row = 0; row < rows; row++) {
    await job.breathe();
    const from = row * size;
    for (let i = 0; i < size; i++) {
      const x = a[from + i], y = b[from + i];
      sums.a[i] += x;
      sums.b[i] += y;
      sums.aa[i] += x * x;
      sums.bb[i] += y * y;
      if (x === 0) continue;
      for (let j = 0; j < size; j++) sums.ab[i * size + j] += x * b[from + j];
    }
  }
  sums.count += rows;
}

/** How little more a pair gains that weights would match: it decides among equals. */
const nudge = 1e-6;

/** The sum of correlations over the places where a group is seen; 0 for what is constant. */
function correlationsOf(probes: Sums[], { size }: UnitGroup, { order, factors }: UnitMove) {
  const out = new Float64Array(size * size);
  if (order) {
    for (let i = 0; i < size; i++) {
      out[i * size + order[i]] = nudge * (factors?.[i] ?? 1);
    }
  }
  for (const { count, a, b, aa, bb, ab } of probes) {
    const spread = (sum: Float64Array, squares: Float64Array) =>
      squares.map((square, i) => {
        const variance = square / count - (sum[i] / count) ** 2;
        // less than rounding is no variance
        return variance > 1e-12 * square / count ? 1 / Math.sqrt(variance) : 0;
      });
    const ofA = spread(a, aa), ofB = spread(b, bb);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const covariance = ab[i * size + j] / count - a[i] / count * (b[j] / count);
        out[i * size + j] += covariance * ofA[i] * ofB[j];
      }
    }
  }
  return out;
}
