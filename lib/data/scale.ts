import type { Scale } from "./dataset.ts";

/**
 * The mean and standard deviation (of the population, ÷ n) of each column of a row-major table. A column
 * that does not vary gets the standard deviation 1, so that it becomes 0 and not rounding errors.
 */
export function scalesOf(table: ArrayLike<number>, width: number): Scale[] {
  const rows = table.length / width;
  return Array.from({ length: width }, (_, column) => {
    const values = Float64Array.from({ length: rows }, (_, row) => table[row * width + column]);
    if (values.every((x) => x === values[0])) return { mean: values[0], sd: 1 };
    const mean = values.reduce((sum, x) => sum + x, 0) / rows;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows;
    return { mean, sd: Math.sqrt(variance) };
  });
}

/** (x − mean) / sd, column by column, rounded once to single precision. */
export function standardized(table: ArrayLike<number>, scales: readonly Scale[]): Float32Array {
  return Float32Array.from(table, (x, i) => {
    const { mean, sd } = scales[i % scales.length];
    return (x - mean) / sd;
  });
}
