import type { Engine, Evaluation, Loss } from "./loss.ts";
import { bootstrap } from "./math/bootstrap.ts";
import { pairedError } from "./math/statistics.ts";
import { tQuantile } from "./math/student.ts";
import type { Job } from "./progress.ts";
import type { Slice } from "./slice.ts";
import type { Vector } from "./vector.ts";

/** A loss at many points: one entry a point, NaN where it was not computed or the loss has no such number. */
export interface Sampled {
  /** The loss. NaN and ±∞ stay where they are. */
  values: Float64Array;
  /** 1 where the loss was computed. */
  done: Uint8Array;
  /** s/√n: the error as an estimate for the population, where θ was not fitted to the samples. */
  standardErrors?: Float64Array;
  /** s/√n·√(1 − n/N): the error as an estimate for the data set that a subsample stands for. */
  subsampleErrors?: Float64Array;
  /** sd(ℓᵢ(x) − ℓᵢ(reference))/√n: the error of the difference to the reference point. */
  differenceErrors?: Float64Array;
  /** The share of samples that are classified correctly. */
  accuracies?: Float64Array;
}

/** 95% intervals for the loss in the population that the samples come from, where θ was not fitted to them. */
export interface Intervals {
  /** The lower ends. */
  low: Float64Array;
  /** The upper ends. */
  high: Float64Array;
  /** Bootstrap-t with joint resamples (below 512 samples), or ± t·s/√n. */
  method: "bootstrap" | "t";
}

/** An evaluation with its per-sample losses, or undefined if it was stopped. */
export async function evaluated(
  loss: Loss,
  theta: Vector | (() => Vector | Promise<Vector>),
  job: Job,
): Promise<Evaluation | undefined> {
  if (job.stopped) return undefined;
  try {
    const point = typeof theta === "function" ? await theta() : theta;
    const evaluation = await loss.evaluate(point, { perSample: true, signal: job.signal });
    job.advance();
    await job.breathe();
    return evaluation;
  } catch (error) {
    if (job.stopped) return undefined;
    throw error;
  }
}

/** Where a loss is to be evaluated. */
export interface Points {
  /** How many points there are. */
  size: number;
  /** The points that are wanted, in this order. */
  order: Iterable<number>;
  /** θ at a point. */
  at: (index: number) => Vector | Promise<Vector>;
  /** The slice that the points lie in, and their coordinates: for losses that take many at once. */
  within?: { slice: Slice; coordinatesAt: (index: number) => ArrayLike<number> };
  /** What differences are taken against. `"origin"`: that of the slice, which is then evaluated first. */
  reference?: Evaluation | "origin";
  /** Whether a point is the reference, and so is there already. */
  isReference?: (index: number) => boolean;
  /** Whether `visit` wants per-sample losses. */
  perSample?: boolean;
  /** Sees each evaluation as it comes. */
  visit?: (index: number, evaluation: Evaluation) => void;
}

/** Evaluates a loss at many points until it is stopped: all at once where the loss can, or one after the other. */
export async function sampled(
  loss: Loss,
  points: Points,
  job: Job,
): Promise<Sampled & { engine: Engine; reference?: Evaluation }> {
  const { size, at, isReference, within, perSample = false, visit } = points;
  let reference: Evaluation | undefined;
  const result: Sampled = { values: new Float64Array(size).fill(NaN), done: new Uint8Array(size) };
  const put = (
    name: Exclude<keyof Sampled, "done">,
    index: number,
    value: number | undefined,
  ) => {
    if (value !== undefined) (result[name] ??= new Float64Array(size).fill(NaN))[index] = value;
  };
  const take = (index: number, evaluation: Evaluation & { differenceError?: number }) => {
    const { perSample: losses, differenceError } = evaluation;
    result.done[index] = 1;
    put("values", index, evaluation.loss);
    put("standardErrors", index, evaluation.standardError);
    put("subsampleErrors", index, evaluation.subsampleError);
    put("accuracies", index, evaluation.accuracy);
    const paired = losses && reference?.perSample && pairedError(losses, reference.perSample);
    put("differenceErrors", index, paired ?? differenceError);
    visit?.(index, evaluation);
  };
  const open: number[] = [], there: number[] = [];
  for (const index of points.order) (isReference?.(index) ? there : open).push(index);
  const begin = (evaluation: Evaluation) => {
    reference = evaluation;
    for (const index of there) {
      job.advance();
      take(index, evaluation);
    }
  };
  const origin = points.reference === "origin" ? within?.slice.origin : undefined;
  if (points.reference && points.reference !== "origin") begin(points.reference);
  const engine = open.length > 0 && within && !job.stopped
    ? await loss.sampleSlice?.(within.slice, {
      count: open.length,
      coordinatesAt: (i) => within.coordinatesAt(open[i]),
      reference: (reference as Evaluation | undefined)?.perSample,
      ...(origin && {
        visitOrigin(evaluation) {
          job.advance();
          begin(evaluation);
        },
      }),
      perSample,
      signal: job.signal,
      visit(i, evaluation) {
        job.advance();
        take(open[i], evaluation);
      },
    })
    : undefined;
  if (engine) return { ...result, engine, reference };
  if (origin) {
    const evaluation = await evaluated(loss, origin, job);
    if (!evaluation) return { ...result, engine: loss.engine };
    begin(evaluation);
  }
  for (const index of open) {
    const evaluation = await evaluated(loss, () => at(index), job);
    if (!evaluation) break;
    take(index, evaluation);
  }
  return { ...result, engine: loss.engine, reference };
}

/** From this many samples on, the mean is taken to be normal; below, intervals come from the bootstrap. */
export const bootstrapBelow = 512;

/** The 95% interval of each point; undefined where the loss is not a mean over samples. */
export async function intervalsOf(
  { values, standardErrors }: Sampled,
  perSample: readonly (ArrayLike<number> | undefined)[],
  { samples, seed, job }: { samples: number | undefined; seed: number; job: Job },
): Promise<Intervals | undefined> {
  if (samples === undefined || samples < 2 || !standardErrors) return undefined;
  const low = new Float64Array(values.length).fill(NaN), high = low.slice();
  if (samples >= bootstrapBelow) {
    const t = tQuantile(0.975, samples - 1);
    values.forEach((value, i) => {
      low[i] = value - t * standardErrors[i];
      high[i] = value + t * standardErrors[i];
    });
    return { low, high, method: "t" };
  }
  const interval = bootstrap(samples, { seed });
  for (const [i, losses] of perSample.entries()) {
    if (!losses) continue;
    ({ low: low[i], high: high[i] } = interval(losses));
    await job.breathe();
  }
  return { low, high, method: "bootstrap" };
}
