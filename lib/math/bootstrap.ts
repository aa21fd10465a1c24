import { firstNotFinite } from "../vector.ts";
import { random } from "./random.ts";
import { mean, quantile, standardError } from "./statistics.ts";
import { tQuantile } from "./student.ts";

/** The ends of an interval. */
export interface Interval {
  /** The lower end. */
  low: number;
  /** The upper end. */
  high: number;
}

/** The standard error of a resample counts as at least this share of the sample's own. */
const leastError = 0.2;

/** Below so many values an interval is at least as wide as Student's. */
const small = 30;

/**
 * A function that gives the bootstrap-t interval of the mean of n values (Efron and Tibshirani, 1993, §12.5):
 * the quantiles of (mean* − mean)/se* over resamples stand in for those of Student's t. So it knows of the
 * skewness of losses, which a percentile interval hardly does: that is too narrow for small n (5 normal
 * values: 83%). Two guards: resamples of nearly equal values get a standard error of a fifth of the
 * sample's at least, and with fewer than 30 values each side is at least as long as that of mean ± t·s/√n.
 *
 * How often a 95% interval holds the mean, measured on 4,000 samples each:
 *
 * | n   | normal | exponential | log-normal |
 * | --- | ------ | ----------- | ---------- |
 * | 2   | 95.4%  | 89.9%       | 89.3%      |
 * | 5   | 96.4%  | 93.1%       | 88.9%      |
 * | 10  | 96.4%  | 94.0%       | 92.0%      |
 * | 30  | 94.5%  | 94.6%       | 92.2%      |
 * | 100 | 94.5%  | 94.8%       | 93.2%      |
 *
 * A sample without a single one of the rare values that make up the mean cannot tell of them, here as
 * elsewhere.
 *
 * All calls draw the same resamples, so that the intervals of a curve move together as its points do.
 *
 * Cost: `resamples`·n additions and multiplications a call. Values that are not finite give NaN, and so does
 * a single value.
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
  const t = n > 1 && n < small ? tQuantile((1 + level) / 2, n - 1) : 0;
  return (values) => {
    if (n < 2 || firstNotFinite(values) >= 0) return { low: NaN, high: NaN };
    const center = mean(values), error = standardError(values);
    if (error === 0) return { low: center, high: center };
    // in units of the standard error, so that squares neither overflow nor underflow
    const z = Float64Array.from(values, (x) => (x - center) / error);
    const ratios = new Float64Array(resamples);
    for (let r = 0; r < resamples; r++) {
      let sum = 0, squares = 0;
      for (let i = 0; i < n; i++) {
        const part = counts[r * n + i] * z[i];
        sum += part;
        squares += part * z[i];
      }
      const off = sum / n, variance = Math.max(0, squares / n - off * off) / (n - 1);
      ratios[r] = off / Math.max(Math.sqrt(variance), leastError);
    }
    ratios.sort();
    return {
      low: center - error * Math.max(t, quantile(ratios, (1 + level) / 2)),
      high: center - error * Math.min(-t, quantile(ratios, (1 - level) / 2)),
    };
  };
}
