import type { Scale } from "./dataset.ts";

/**
 * The mean and standard deviation (of the population, ÷ n) of each column of a row-major table. A column
 * that does not vary gets the standard deviation 1, so that it becomes 0 and not rounding errors.
 */
export function scalesOf(table: ArrayLike<number>, width: number): Scale[] {
  const rows = table.length / width;
  return Array.from({ length: width }, (_, column) => {
    let sum = 0, squares = 0, varies = false;
    for (let i = column; i < table.length; i += width) {
      sum += table[i];
      varies ||= table[i] !== table[column];
    }
    if (!varies) return { mean: table[column], sd: 1 };
    const mean = sum / rows;
    for (let i = column; i < table.length; i += width) squares += (table[i] - mean) ** 2;
    return { mean, sd: Math.sqrt(squares / rows) };
  });
}

/** (x − mean) / sd, column by column, rounded once to single precision. */
export function standardized(table: ArrayLike<number>, scales: readonly Scale[]): Float32Array {
  const out = new Float32Array(table.length);
  for (let i = 0; i < out.length; i++) {
    const { mean, sd } = scales[i % scales.length];
    out[i] = (table[i] - mean) / sd;
  }
  return out;
}
