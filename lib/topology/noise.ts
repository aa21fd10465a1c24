import type { Landscape } from "../landscape.ts";
import { jointBootstrap } from "../math/joint_bootstrap.ts";
import { quantile } from "../math/statistics.ts";
import type { Sublevel, SublevelBasin } from "../math/sublevel.ts";
import type { PerSample } from "../per_sample.ts";
import type { Job } from "../progress.ts";

/** What a landscape is taken to be an estimate of. */
export type Estimated = "samples" | "trainingSet" | "population";

/** How far a landscape may be off in shape. */
export interface TopologyNoise {
  /** `"bootstrap"`: the samples vary; `"rounding"`: they are what they are, and only numbers are rounded. */
  kind: "bootstrap" | "rounding";
  /** What the landscape is taken to be an estimate of. */
  of: Estimated;
  /** What persistence must exceed: 2c; with rounding the most that any basin needs of it. */
  threshold: number;
  /** c: with 95% probability the whole landscape is right up to an offset and ± c. NaN if it was stopped early. */
  band?: number;
  /** How many resamples were drawn. */
  resamples?: number;
  /** How many samples were resampled. */
  samples?: number;
  /** With rounding: what share of its loss a basin needs. */
  share?: number;
}

/** What is resampled, and by how much less a mean over all that there is varies. */
export interface Resampled {
  /** The losses, point by point. */
  rows: PerSample["losses"];
  /** How many at each point. */
  n: number;
  /** Their noise times this is that of the landscape. */
  scale: number;
}

/**
 * The losses to be resampled; undefined where the landscape is exact but for rounding.
 *
 * @throws {RangeError} if they are needed and not there.
 */
export function resampledOf(
  { perSample, provenance }: Pick<Landscape, "perSample" | "provenance">,
  { of, doing }: { of: Estimated; doing: string },
): Resampled | undefined {
  const { samples, samplesAvailable = samples } = provenance ?? {};
  const subsample = samples !== undefined && samples < samplesAvailable!;
  if (of === "samples" || (of === "trainingSet" && !subsample)) return undefined;
  if (samples === undefined) {
    throw new RangeError(
      `Cannot ${doing}: of: "${of}" needs a loss that is a mean over samples, and this one is not`,
    );
  }
  if (!perSample) {
    throw new RangeError(
      `Cannot ${doing}: of: "${of}" needs the loss of each sample, to tell basins from noise: ` +
        'sample the landscape with perSample: true, or say of: "samples"',
    );
  }
  const n = perSample.samples.length;
  if (n < fewest) {
    throw new RangeError(
      `Cannot ${doing}: of: "${of}" needs the losses of at least ${fewest} samples, got ${n}`,
    );
  }
  const left = of === "trainingSet" ? 1 - samples / samplesAvailable! : 1;
  return { rows: perSample.losses, n, scale: Math.sqrt(left * n / samples) };
}

/** Fewer samples say nothing of how samples vary. */
const fewest = 10;

/** The noise of samples, by a joint bootstrap. */
export async function noiseOf(
  { rows, n, scale }: Resampled,
  { of, points, resamples, seed, job }: {
    of: Estimated;
    points: Int32Array;
    resamples: number;
    seed: number;
    job: Job;
  },
): Promise<TopologyNoise> {
  const ranges = await jointBootstrap(rows, { n, points, resamples, seed, job });
  // a quantile of the tail wants more than a few
  const band = ranges.length < 100 ? NaN : scale * quantile(ranges.sort(), 0.95);
  return {
    kind: "bootstrap",
    of,
    threshold: 2 * band,
    band,
    resamples: ranges.length,
    samples: n,
  };
}

/** Relative errors of a loss that rounding explains: 8 times the distance of neighbouring numbers. */
const rounding = { float32: 2 ** -20, float64: 2 ** -49 };

/** The noise of a landscape that is exact but for rounding. */
export function roundingOf(
  { basins }: Sublevel,
  { of, values, precision = "float32" }: {
    of: Estimated;
    values: Float64Array;
    precision?: "float32" | "float64";
  },
): TopologyNoise {
  const share = rounding[precision];
  const highest = basins.reduce((most, basin) => Math.max(most, sizeAt(basin, values)), 0);
  return { kind: "rounding", of, threshold: share * highest, share };
}

/** How large the losses are that a basin is made of. */
export const sizeAt = ({ minimum, saddle }: SublevelBasin, values: Float64Array) =>
  Math.max(Math.abs(values[minimum]), saddle < 0 ? 0 : Math.abs(values[saddle]));
