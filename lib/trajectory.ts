import { checkpointsOf, movement } from "./checkpoints.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { checkVector } from "./layout.ts";
import { checkLoss, type Loss } from "./loss.ts";
import { projection } from "./math/projection.ts";
import { standardDeviation } from "./math/statistics.ts";
import { optionsOf } from "./options.ts";
import { type Control, type Job, steps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import type { Run } from "./run.ts";
import { axisLabels, checkDigests, checkSlice, pointAt, type Slice } from "./slice.ts";
import { drawTrajectory } from "./trajectory/draw.ts";
import { accumulate, norm, type Vector } from "./vector.ts";

/** The path of a run, seen through a slice: one entry a checkpoint. */
export interface Trajectory extends Figure {
  /** Where each checkpoint's nearest point in the slice is, in units of the directions. */
  coordinates: Float64Array[];
  /** The epoch of each checkpoint; its number where there is no run. */
  epochs: Float64Array;
  /** The optimizer steps done at each checkpoint; its number where there is no run. */
  steps: Float64Array;
  /** How far each checkpoint is from the slice: ‖θ − its nearest point‖. */
  residuals: Float64Array;
  /** How far each checkpoint is from the origin of the slice: ‖θ − origin‖. */
  distances: Float64Array;
  /**
   * The share of the squared movement that is along the slice: Σ‖P(θᵢ − θ̄)‖² / Σ‖θᵢ − θ̄‖², where θ̄ is the
   * mean of the checkpoints and P projects on the directions. From 0 to 1; NaN where nothing moved. In the
   * slice of a run's own PCA it is the sum of `explained`.
   */
  inPlane: number;
  /** The loss at each checkpoint; NaN where it was stopped before. */
  losses?: Float64Array;
  /** The loss at the nearest point in the slice: what a surface shows below the path. */
  planeLosses?: Float64Array;
  /** The standard deviation of the batch losses of all steps, and of the last tenth of them. */
  stability?: { all: number; lastTenth: number };
  /** What each axis is. */
  labels: string[];
  /** True if it was stopped before all losses were done. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
}

const doing = "project the trajectory";

/**
 * The path of a run through a slice: every checkpoint's nearest point in it, by least squares where the
 * directions are not orthogonal, and how far off the checkpoint really is. What cannot move (`state`) counts
 * neither for coordinates nor for distances.
 *
 * With a `loss`, the loss at the checkpoint beside the loss at its nearest point: where the two differ, the
 * surface below the path is not what training saw. `stability` comes from the losses of the run's steps
 * (of its epochs, where steps were not kept).
 *
 * Cost: a pass over the checkpoints; with a loss two evaluations a checkpoint.
 *
 * @param run a {@link Run}, or any list of vectors
 * @param slice a {@link Slice} with independent directions
 * @param options.loss default none
 * @throws {RangeError} if vectors, slice and loss do not fit each other, or the directions are dependent.
 *
 * ```ts
 * import { trajectory } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const slice = { origin: Float64Array.of(0, 0), directions: [Float64Array.of(2, 0)] };
 * const { coordinates, residuals } = await trajectory([Float64Array.of(4, 3)], slice);
 * assertEquals(coordinates, [Float64Array.of(2)]);
 * assertEquals(residuals, Float64Array.of(3));
 * ```
 */
export async function trajectory(
  run: Run | readonly Vector[],
  slice: Slice & { readonly labels?: readonly string[] },
  options: Control & { loss?: Loss } = {},
): Promise<Trajectory> {
  const { loss, ...control } = optionsOf(options, doing);
  if (loss !== undefined) checkLoss(loss, doing);
  const checkpoints = checkpointsOf(run, doing);
  const ofRun = "checkpoints" in run ? run : undefined;
  const layout = ofRun?.layout ?? loss?.layout;
  checkSlice(slice, layout?.size ?? checkpoints[0].theta.length, doing);
  checkDigests(
    { slice: slice.digest, run: ofRun?.layout.digest, loss: loss?.layout.digest },
    doing,
  );
  const { origin } = slice;
  if (layout) checkVector(layout, checkpoints[0].theta, doing, "checkpoint 1");
  if (loss) checkVector(loss.layout, checkpoints[0].theta, doing, "checkpoint 1");
  const nothing = new Float64Array(origin.length);
  const window: Slice = {
    origin,
    directions: slice.directions.map((d) => movement(d, nothing, layout)),
  };
  const nearest = projection(window.directions, doing);
  const total = loss ? 2 * checkpoints.length : checkpoints.length;
  const unit = loss ? "evaluations" : "checkpoints";
  return await steps(control, { label: "trajectory", total, unit }, async (job) => {
    const finish = provenance(loss);
    const coordinates: Float64Array[] = [], residuals: number[] = [], distances: number[] = [];
    const whole = spread(origin.length), off = spread(origin.length);
    for (const { theta } of checkpoints) {
      const moved = movement(theta, origin, layout);
      const c = nearest(moved);
      distances.push(norm(moved));
      whole.add(moved);
      window.directions.forEach((d, k) => accumulate(moved, d, -c[k]));
      residuals.push(norm(moved));
      off.add(moved);
      coordinates.push(c);
      if (!loss) job.advance();
      await job.breathe();
    }
    const measured = loss && await lossesAt(
      loss,
      coordinates.flatMap((c, i) => [
        () => checkpoints[i].theta,
        () => pointAt(window, c),
      ]),
      job,
    );
    const series = ofRun &&
      (ofRun.stepLosses.length > 1
        ? ofRun.stepLosses
        : Float64Array.from(ofRun.history, ({ trainLoss }) => trainLoss));
    return figure<Omit<Trajectory, keyof Figure>>({
      coordinates,
      epochs: Float64Array.from(checkpoints, ({ epoch }) => epoch),
      steps: Float64Array.from(checkpoints, ({ step }) => step),
      residuals: Float64Array.from(residuals),
      distances: Float64Array.from(distances),
      inPlane: Math.max(0, 1 - off.total() / whole.total()),
      ...(measured && {
        losses: measured.losses.filter((_, i) => i % 2 === 0),
        planeLosses: measured.losses.filter((_, i) => i % 2 === 1),
      }),
      ...(series && series.length > 1 && { stability: stability(series) }),
      labels: axisLabels(slice),
      partial: measured !== undefined && measured.count < measured.losses.length,
      provenance: finish({ evaluations: measured?.count ?? 0 }),
    }, drawTrajectory);
  });
}

async function lossesAt(
  loss: Loss,
  points: (() => Vector)[],
  job: Job,
): Promise<{ losses: Float64Array; count: number }> {
  const losses = new Float64Array(points.length).fill(NaN);
  for (const [count, point] of points.entries()) {
    try {
      if (job.stopped) return { losses, count };
      losses[count] = await loss.value(point(), { signal: job.signal });
    } catch (error) {
      if (job.stopped) return { losses, count };
      throw error;
    }
    job.advance();
    await job.breathe();
  }
  return { losses, count: points.length };
}

/** Σ‖xᵢ − x̄‖² of vectors that come one by one (Welford, 1962): a path far from the origin loses no digits. */
function spread(size: number): { add(x: Vector): void; total(): number } {
  const mean = new Float64Array(size);
  let count = 0, total = 0;
  return {
    add(x) {
      count++;
      for (let i = 0; i < size; i++) {
        const before = x[i] - mean[i];
        mean[i] += before / count;
        total += before * (x[i] - mean[i]);
      }
    },
    total: () => total,
  };
}

/** At least the last two losses, so that a short run has a spread too. */
function stability(series: Float32Array | Float64Array): { all: number; lastTenth: number } {
  const tenth = Math.max(2, Math.ceil(series.length / 10));
  return {
    all: standardDeviation(series),
    lastTenth: standardDeviation(series.subarray(series.length - tenth)),
  };
}
