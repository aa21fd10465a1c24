import type { Evaluation, Loss } from "./loss.ts";
import { random } from "./math/random.ts";
import { checkInteger } from "./options.ts";

/** The losses of single samples at every point of a grid. */
export interface PerSample {
  /** Point by point, in the order of the grid, `samples.length` numbers each; NaN where not computed. */
  losses: Float32Array | Float64Array;
  /** Which samples, by their numbers in the loss, rising. */
  samples: Int32Array;
}

/** The most numbers that are kept: 256 MiB in single precision. */
const most = 2 ** 26;

/**
 * How many samples' losses are kept at each of `size` points: 0 if none are asked for, all if they fit, and
 * otherwise as many as do.
 *
 * @throws {RangeError} if the loss is not a mean over samples, or the grid is too large for two of them.
 */
export function samplesKept(
  asked: boolean | number,
  loss: Pick<Loss, "samples">,
  { size, doing }: { size: number; doing: string },
): number {
  if (asked === false) return 0;
  if (typeof asked !== "boolean") checkInteger(asked, "perSample", doing, { least: 2 });
  if (loss.samples === undefined) {
    throw new RangeError(
      `Cannot ${doing}: perSample needs a loss that is a mean over samples, and this one is not`,
    );
  }
  const room = Math.floor(most / size);
  if (room < 2) {
    throw new RangeError(
      `Cannot ${doing}: perSample takes at most ${(most / 2).toLocaleString("en")} points, got ${
        size.toLocaleString("en")
      }; take a lower resolution`,
    );
  }
  return Math.min(asked === true ? loss.samples : asked, loss.samples, room);
}

/** A store for the losses of `count` samples, drawn by the seed where that is not all of them. */
export function perSampleStore(
  { samples = 0, precision }: Pick<Loss, "samples" | "precision">,
  { size, count, seed }: { size: number; count: number; seed: number },
): { kept: PerSample; keep(index: number, evaluation: Evaluation): void } {
  const chosen = count < samples
    ? random(seed, "perSample").permutation(samples).subarray(0, count).toSorted()
    : Int32Array.from({ length: samples }, (_, i) => i);
  const losses = new (precision === "float64" ? Float64Array : Float32Array)(size * count)
    .fill(NaN);
  return {
    kept: { losses, samples: chosen },
    keep(index, { perSample }) {
      if (perSample) chosen.forEach((sample, k) => losses[index * count + k] = perSample[sample]);
    },
  };
}
