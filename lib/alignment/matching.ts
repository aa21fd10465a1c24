import { assignment } from "../math/assignment.ts";
import type { Job } from "../progress.ts";
import type { UnitGroup, UnitMove } from "../symmetry.ts";

/** Rows of numbers, one row a unit. */
export interface Rows {
  values: Float64Array;
  width: number;
}

/** What is known of the units of a network: numbers that flip with a unit's sign, and numbers that do not. */
export interface UnitRows {
  flipping: Rows;
  steady: Rows;
}

/** The move of the units of b that brings the most likeness, ⟨row of a, row of b⟩ summed over units. */
export async function matching(
  group: UnitGroup,
  a: UnitRows,
  b: UnitRows,
  job: Job,
): Promise<UnitMove> {
  const flipping = await products(a.flipping, b.flipping, group.size, job);
  const steady = await products(a.steady, b.steady, group.size, job);
  return await bestMove(group, flipping, steady, job);
}

/** The move that gains most, where taking unit j to place i with sign s gains steady + s·flipping. */
export async function bestMove(
  group: UnitGroup,
  flipping: Float64Array,
  steady: Float64Array,
  job: Job,
): Promise<UnitMove> {
  const { size, odd } = group;
  const gain = steady.map((g, at) => g + (odd ? Math.abs(flipping[at]) : flipping[at]));
  const order = await assignment(gain, size, job.breathe);
  return {
    group,
    order,
    ...(odd && {
      factors: Float64Array.from(order, (j, i) => flipping[i * size + j] < 0 ? -1 : 1),
    }),
  };
}

/** All inner products of rows of a with rows of b. */
async function products(a: Rows, b: Rows, size: number, job: Job): Promise<Float64Array> {
  const { width } = a, out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    await job.breathe();
    const x = a.values.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < size; j++) {
      const from = j * width;
      let even = 0, odd = 0, k = 0;
      for (; k + 1 < width; k += 2) {
        even += x[k] * b.values[from + k];
        odd += x[k + 1] * b.values[from + k + 1];
      }
      if (k < width) even += x[k] * b.values[from + k];
      out[i * size + j] = even + odd;
    }
  }
  return out;
}
