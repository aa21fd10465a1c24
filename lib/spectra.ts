import { checkpointsOf } from "./checkpoints.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { hessian } from "./hessian.ts";
import type { Loss } from "./loss.ts";
import { preconditioned } from "./operators.ts";
import { checkInteger, optionsOf } from "./options.ts";
import { type Control, partOf, steps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import type { Checkpoint, Run } from "./run.ts";
import { drawSpectra } from "./spectra/draw.ts";
import { type Spectrum, spectrum, type SpectrumOptions } from "./spectrum.ts";
import type { SpectrumOperator } from "./spectrum/counted.ts";
import { stabilityLimit, type StabilityOptions } from "./stability_limit.ts";
import type { Vector } from "./vector.ts";

/** The curvature along a run: one entry a checkpoint. */
export interface Spectra extends Figure {
  /** Epochs done. */
  epochs: Float64Array;
  /** The largest eigenvalues, descending. */
  eigenvalues: Float64Array[];
  /** ‖Hv − λv‖ of each. */
  residuals: Float64Array[];
  /** Whether each has converged. */
  converged: boolean[][];
  /** The smallest eigenvalues, ascending. */
  bottom: Float64Array[];
  /** ‖Hv − λv‖ of each. */
  bottomResiduals: Float64Array[];
  /** Whether each has converged. */
  bottomConverged: boolean[][];
  /** The trace; absent with `probes: 0`. */
  traces?: Float64Array;
  /** Its standard errors. */
  traceErrors?: Float64Array;
  /** How many probes each trace has. */
  probes?: Int32Array;
  /** The largest eigenvalue at which full-batch training is stable, where the learning rate is known. */
  limits?: Float64Array;
  /** How that comes about: "2/η". */
  rule?: string;
  /** Whether it is the Hessian as Adam sees it, P^−½HP^−½ with P = √v̂ + ε. */
  preconditioned: boolean;
  /** The samples of a training step, where they are fewer than all. */
  batchSize?: number;
  /** How many products were computed. */
  products: number;
  /** True if it was stopped: then later checkpoints are missing. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
}

/** The options of {@link spectra}. */
export interface SpectraOptions
  extends Control, Pick<SpectrumOptions, "trace" | "tolerance" | "budget" | "seed"> {
  /** How many of the largest eigenvalues, default 3. */
  top?: number;
  /** How many of the smallest eigenvalues, default 0. */
  bottom?: number;
  /** How many probes for each trace, default 10; 0 for none. */
  probes?: number;
  /** How many checkpoints at most, evenly chosen with the first and the last, default 20. */
  checkpoints?: number;
  /**
   * Whether the Hessian is taken as Adam sees it, P^−½HP^−½ with P = √v̂ + ε; only checkpoints that keep v̂ count.
   * Default false.
   */
  preconditioned?: boolean;
  /** The operator at a checkpoint; default the Hessian of the loss. */
  operator?: (loss: Loss, theta: Vector, checkpoint: Checkpoint) => SpectrumOperator;
}

/** Adam's ε. */
const EPSILON = 1e-8;

const doing = "follow the curvature";

/**
 * The largest eigenvalues and the trace of the Hessian over the checkpoints of a run, each search begun at the
 * eigenvectors of the checkpoint before. Where the run knows its learning rate, the figure has the limit of
 * stability beside λmax: trained with full batches, gradient descent drives λmax up to it and hovers there (Cohen
 * et al., 2021); with batches λmax stays below. With `preconditioned` the same for Adam, at 38/η.
 *
 * Cost: for each checkpoint that of {@link spectrum}, less what the start saves.
 *
 * @param run a run, or a list of weights
 * @param loss the loss that it was trained on
 * @throws {TypeError | RangeError} if the run does not fit the loss, an option is out of range, or v̂ is asked for
 * and no checkpoint keeps it.
 *
 * ```ts
 * import { quadratic, spectra, train } from "../mod.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const loss = quadratic([10, 2, -1]);
 * const run = await train(loss, Float64Array.of(1, 1, 0), { epochs: 4, learningRate: 0.1 });
 * const { eigenvalues, limits } = await spectra(run, loss, { top: 2 });
 * assertEquals(eigenvalues.length, 5);
 * assertAlmostEquals(eigenvalues[4][0], 10, 1e-10);
 * assertEquals(limits![4], 20);
 * ```
 */
export async function spectra(
  run: Run | readonly Vector[],
  loss: Loss,
  options: SpectraOptions = {},
): Promise<Spectra> {
  const {
    top = 3,
    bottom = 0,
    probes = 10,
    checkpoints = 20,
    preconditioned: seen = false,
    operator = (loss: Loss, theta: Vector) => hessian(loss, theta),
    signal,
    progress,
    ...rest
  } = optionsOf(options, doing);
  checkInteger(checkpoints, "checkpoints", doing, { least: 1 });
  checkInteger(top, "top", doing, { least: 1 });
  const all = checkpointsOf(run, doing);
  const chosen = evenly(
    seen ? all.filter(({ secondMoment }) => secondMoment) : all,
    checkpoints,
  );
  if (chosen.length === 0) {
    throw new RangeError(
      `Cannot ${doing}: no checkpoint keeps v̂; train with optimizer: "adam", or leave preconditioned out`,
    );
  }
  const about = { label: "spectra", total: chosen.length, unit: "checkpoints" };
  return await steps({ signal, progress }, about, async (job) => {
    const finish = provenance(loss), found: Spectrum[] = [];
    let start: Vector[] = [], products = 0, engine = loss.engine;
    for (const checkpoint of chosen) {
      const { theta, secondMoment } = checkpoint;
      const plain = operator(loss, theta, checkpoint);
      const here = seen
        ? preconditioned(plain, secondMoment!.map((v) => Math.sqrt(v) + EPSILON) as Vector)
        : plain;
      const one = await spectrum(here, {
        ...rest,
        top,
        bottom,
        probes,
        start,
        vectors: true,
        density: false,
        signal: job.signal,
        progress: partOf(job),
      });
      engine = plain.engine ?? engine;
      plain.release();
      products += one.products;
      if (one.partial) break;
      found.push(one);
      start = [...one.vectors!.top, ...one.vectors!.bottom];
      await job.breathe();
    }
    const done = chosen.slice(0, found.length);
    const traces = found.map(({ trace }) => trace);
    const limits = limitsOf(run, done, seen);
    const batchSize = Array.isArray(run) ? undefined : (run as Run).config.batchSize;
    return figure<Omit<Spectra, keyof Figure>>({
      epochs: Float64Array.from(done, ({ epoch }) => epoch),
      eigenvalues: found.map(({ eigenvalues }) => eigenvalues),
      residuals: found.map(({ residuals }) => residuals),
      converged: found.map(({ converged }) => converged),
      bottom: found.map(({ bottom }) => bottom),
      bottomResiduals: found.map(({ bottomResiduals }) => bottomResiduals),
      bottomConverged: found.map(({ bottomConverged }) => bottomConverged),
      ...(probes > 0 && {
        traces: Float64Array.from(traces, (trace) => trace!.value),
        traceErrors: Float64Array.from(traces, (trace) => trace!.standardError),
        probes: Int32Array.from(traces, (trace) => trace!.probes),
      }),
      ...limits,
      preconditioned: seen,
      ...(typeof batchSize === "number" && batchSize < (loss.samples ?? 0) && { batchSize }),
      products,
      partial: job.stopped,
      provenance: finish({ evaluations: products, seed: rest.seed ?? 42, engine }),
    }, drawSpectra);
  });
}

/** At most so many of a list, evenly, with its ends. */
function evenly<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list];
  if (most === 1) return [list[list.length - 1]];
  return Array.from(
    { length: most },
    (_, i) => list[Math.round(i * (list.length - 1) / (most - 1))],
  );
}

/** The limit of stability at each checkpoint; undefined where it is not known, or holds for another matrix. */
function limitsOf(
  run: Run | readonly Vector[],
  checkpoints: readonly Checkpoint[],
  seen: boolean,
): { limits: Float64Array; rule: string } | undefined {
  if (Array.isArray(run)) return undefined;
  const { config, history } = run as Run;
  if (typeof config?.learningRate !== "number") return undefined;
  const each = checkpoints.map(({ epoch }) => {
    // a row has the learning rate of the steps before it, the row after that of the steps to come
    const row = history?.find((row) => row.epoch > epoch) ?? history?.at(-1);
    const learningRate = row?.learningRate ?? config.learningRate as number;
    return stabilityLimit({ ...config as Partial<StabilityOptions>, learningRate });
  });
  if (each.length === 0 || each[0].matrix !== (seen ? "preconditioned" : "hessian")) {
    return undefined;
  }
  return { limits: Float64Array.from(each, ({ value }) => value), rule: each[0].rule };
}
