import { random } from "./random.ts";
import { quantile } from "./statistics.ts";

/** The ends of an interval. */
export interface Interval {
  /** The lower end. */
  low: number;
  /** The upper end. */
  high: number;
}

/**
 * A function that gives the percentile bootstrap interval of the mean of n values (Efron, 1979). All calls
 * draw the same resamples, so that the intervals of a curve move together as its points do.
 *
 * Cost: `resamples`·n additions a call. Values that are not finite give NaN.
 *
 * @param options.resamples default 1000
 * @param options.level default 0.95
 * @param options.seed default 42
 */
export function bootstrap(
  n: number,
  { resamples = 1000, level = 0.95, seed = 42 }: {
    resamples?: number;
    level?: number;
    seed?: number;
  } = {},
): (values: ArrayLike<number>) => Interval {
  const source = random(seed, "bootstrap");
  const counts = new Uint16Array(resamples * n);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < n; i++) counts[r * n + source.integer(n)]++;
  }
  return (values) => {
    const means = new Float64Array(resamples);
    for (let r = 0; r < resamples; r++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += counts[r * n + i] * values[i];
      means[r] = sum / n;
    }
    // one value that is not finite leaves no interval, even if a resample happens to miss it
    if (!means.every(Number.isFinite)) return { low: NaN, high: NaN };
    means.sort();
    return { low: quantile(means, (1 - level) / 2), high: quantile(means, (1 + level) / 2) };
  };
}
