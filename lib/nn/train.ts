import type { Dataset } from "../data/dataset.ts";
import { type Figure, figure } from "../figure/figure.ts";
import { checkVector, describe, movable } from "../layout.ts";
import type { Evaluation, Loss, Trainer, TrainingPlan } from "../loss.ts";
import { random } from "../math/random.ts";
import { type Control, type Job, steps, unlessStopped } from "../progress.ts";
import type { Checkpoint, Epoch, Run } from "../run.ts";
import { drawRun } from "../run/curves.ts";
import type { LayersModel } from "../tensor/tensor.ts";
import { firstNotFinite, type Vector } from "../vector.ts";
import type { Criterion, CriterionName } from "./criterion.ts";
import { assign, flatten, layoutOf, weightsOf } from "./model.ts";
import { modelLoss } from "./model_loss.ts";
import type { SamplingOptions } from "./subsample.ts";
import { type OptimizerOptions, optimizerStep } from "../math/optimizer.ts";

/** Options of {@link train}. */
export interface TrainOptions extends OptimizerOptions, Control {
  /** Passes over the samples; for a loss that is no mean over samples, steps. Default 30. */
  epochs?: number;
  /** Samples per step. Default 64, or all where there are fewer. */
  batchSize?: number;
  /** Multiply the learning rate by `gamma` every so many epochs (StepLR). Default: never. */
  stepSize?: number;
  /** See `stepSize`. Default 0.1. */
  gamma?: number;
  /**
   * A checkpoint every so many epochs, beside those at the start and the end. Default 1, or where an epoch is
   * a single step, so many that there are about 50.
   */
  checkpointEvery?: number;
  /** Checkpoints after these numbers of steps instead. */
  checkpointSteps?: readonly number[];
  /** Chooses the order of samples and what dropout drops. Default 42. */
  seed?: number;
}

/** What training a loss takes beside. */
export interface TrainLossOptions extends TrainOptions {
  /** A loss on other samples, evaluated after every epoch; the best checkpoint is the best of it. */
  test?: Loss;
}

/** What training a model takes beside. */
export interface TrainModelOptions extends TrainOptions {
  /** As in {@link modelLoss}. */
  criterion?: CriterionName | Criterion;
  /** As in {@link modelLoss}: `"auto"` trains natively where the steps are many or large. A loss knows its own. */
  engine?: SamplingOptions["engine"];
}

/** A run that draws itself: loss and accuracy over epochs. */
export type TrainedRun = Run & Figure;

/**
 * Trains a model on a data set, or any loss from a θ. A model is left with the final weights; a θ that is
 * given is not changed. The same call gives the same weights, bit for bit, on one machine. Steps are made natively,
 * in a worker, where the loss can be recorded and that pays; `config.engine` tells.
 *
 * Training that is stopped gives the run so far, marked `partial`, and so does training that diverges: its
 * last checkpoint then holds the first weights that are not finite.
 *
 * @throws {TypeError | RangeError} where model, data and options do not fit each other, before any step.
 *
 * ```ts
 * import { mlp, moons, train } from "../../mod.ts";
 * import { assert } from "@std/assert";
 *
 * const model = mlp({ inputs: 2, hidden: [20], outputs: 2 });
 * const run = await train(model, moons(), { epochs: 5, learningRate: 0.1 });
 * assert(run.history.at(-1)!.trainLoss < run.history[0].trainLoss);
 * ```
 */
export async function train(
  model: LayersModel,
  dataset: Dataset,
  options?: TrainModelOptions,
): Promise<TrainedRun>;
/** Trains any loss from a θ. */
export async function train(
  loss: Loss,
  theta: Vector,
  options?: TrainLossOptions,
): Promise<TrainedRun>;
export async function train(
  what: LayersModel | Loss,
  on: Dataset | Vector,
  options: TrainModelOptions & TrainLossOptions = {},
): Promise<TrainedRun> {
  checkOptions(options);
  if (isLoss(what)) {
    const theta = on as Vector;
    checkVector(what.layout, theta, "train");
    if (options.test && !isLoss(options.test)) {
      throw new TypeError(`Cannot train: test must be a loss, got ${describe(options.test)}`);
    }
    if (options.test && options.test.layout.digest !== what.layout.digest) {
      throw new RangeError("Cannot train: the test loss must have the layout of the training loss");
    }
    if ((options as TrainModelOptions).engine !== undefined) {
      throw new RangeError("Cannot train: a loss has its own engine; give engine where it is made");
    }
    const plan = planFor(what, options);
    return await steps(options, barOf(plan), async (job) => {
      const training = await begin(what, theta, plan, job);
      return await descend(training, { whole: what, test: options.test }, options, {}, job);
    });
  }
  const { criterion, engine } = options, dataset = on as Dataset;
  if (options.test) {
    throw new RangeError(
      "Cannot train: a model is tested on dataset.test; options.test is for losses",
    );
  }
  if (!dataset?.train) {
    throw new TypeError(
      `Cannot train: a model is trained on a data set { train, test }, got ${describe(on)}`,
    );
  }
  const constrained = weightsOf(what).find(({ constraint }) => constraint);
  if (constrained) {
    throw new RangeError(
      `Cannot train: "${constrained.originalName}" has a constraint, which training does not apply here; ` +
        "build the layer without it, or train with tfjs and look at the weights",
    );
  }
  // batch norm sees a step's samples at once
  const batchSize = options.batchSize ?? 64;
  await using step = modelLoss(what, dataset.train, {
    criterion,
    mode: "train",
    engine,
    ...(layoutOf(what).tensors.some(({ role }) => role === "state") && { batchSize }),
  });
  const plan = planFor(step, options);
  const run = await steps(options, barOf(plan), async (job) => {
    const training = await begin(step, flatten(what), plan, job);
    // where steps are native, evaluations on wasm would take most of the time
    const evaluated = { criterion, engine: training.trainer ? "native" : engine } as const;
    await using whole = modelLoss(what, dataset.train, evaluated);
    await using test = dataset.test && modelLoss(what, dataset.test, evaluated);
    return await descend(training, { whole, test }, options, { dataset: dataset.name }, job);
  });
  if (firstNotFinite(run.final) < 0) assign(what, run.final);
  return run;
}

const isLoss = (what: LayersModel | Loss): what is Loss =>
  typeof (what as Loss)?.product === "function" && "layout" in what;

type Plan = TrainingPlan & { stepsPerEpoch: number };

const barOf = ({ steps: total }: Plan) => ({ label: "training", total, unit: "steps" });

/** A training that is about to begin. */
interface Training {
  /** The loss that gives gradients. */
  loss: Loss;
  start: Vector;
  plan: Plan;
  /** What makes the steps, where they are not made here. */
  trainer?: Trainer;
}

function planFor(loss: Loss, options: TrainOptions): Plan {
  if (movable(loss.layout) === 0) {
    throw new RangeError("Cannot train: nothing can move, all weights are frozen");
  }
  const { optimizer = "sgd", momentum = 0, epochs = 30 } = options, { samples = 1 } = loss;
  const batchSize = Math.min(options.batchSize ?? 64, samples);
  const stepsPerEpoch = Math.ceil(samples / batchSize), steps = epochs * stepsPerEpoch;
  return { optimizer, momentum, batchSize, stepsPerEpoch, steps };
}

/** To record a step of a large network takes seconds, for which Stop does not wait. */
async function begin(loss: Loss, start: Vector, plan: Plan, { signal }: Job): Promise<Training> {
  const making = Promise.resolve(loss.trainer?.(start, plan));
  const trainer = await unlessStopped(making, signal).catch((error) => {
    if (!signal.aborted) throw error;
  });
  return { loss, start, plan, trainer: trainer ?? undefined };
}

async function descend(
  { loss, start, plan, trainer }: Training,
  { whole, test }: { whole: Loss; test?: Loss },
  options: TrainOptions,
  about: Record<string, unknown>,
  job: Job,
): Promise<TrainedRun> {
  const { epochs = 30, stepSize, gamma = 0.1, seed = 42 } = options;
  const { optimizer, momentum, batchSize, stepsPerEpoch, steps: total } = plan, { samples } = loss;
  const { learningRate = optimizer === "adam" ? 1e-3 : 0.1 } = options;
  const { checkpointEvery = samples === undefined ? Math.ceil(epochs / 50) : 1 } = options;
  const at = options.checkpointSteps && new Set(options.checkpointSteps);
  const stepLosses = new Float32Array(total);
  const checkpoints: Checkpoint[] = [], history: Epoch[] = [];
  const theta = start.slice() as Vector, move = optimizerStep(theta.length, options);
  let step = 0, lowest = Infinity, best = theta.slice() as Vector, diverged = false;

  let moment: Vector | undefined;
  const keep = (after = step, weights = theta, secondMoment = moment ?? move.secondMoment?.()) => {
    if (checkpoints.at(-1)?.step === after) return;
    checkpoints.push({
      epoch: after / stepsPerEpoch,
      step: after,
      theta: weights.slice() as Vector,
      ...(secondMoment && { secondMoment }),
    });
  };
  const rate = (epoch: number) =>
    learningRate * gamma ** (stepSize ? Math.floor(epoch / stepSize) : 0);

  /** Writes down an epoch. A loss without samples is known from its next step, and not evaluated twice. */
  const record = async (epoch: number, train: Evaluation) => {
    const other = await test?.evaluate(theta);
    const loss = other?.loss ?? train.loss;
    if (loss < lowest) [lowest, best] = [loss, theta.slice() as Vector];
    history.push({
      epoch,
      trainLoss: train.loss,
      ...(other && { testLoss: other.loss }),
      ...(train.accuracy !== undefined && { trainAccuracy: train.accuracy }),
      ...(other?.accuracy !== undefined && { testAccuracy: other.accuracy }),
      learningRate: rate(Math.max(0, epoch - 1)),
    });
  };

  /** The samples of an epoch's steps; a loss that is no mean over samples has one step, on everything. */
  const batchesOf = (epoch: number) => {
    if (samples === undefined) return [undefined];
    const order = random(seed, `train/${epoch}`).permutation(samples);
    return Array.from(
      { length: stepsPerEpoch },
      (_, i) => order.subarray(i * batchSize, (i + 1) * batchSize),
    );
  };

  const stepHere = async (epoch: number) => {
    for (const indices of batchesOf(epoch)) {
      await job.breathe();
      if (job.stopped) return;
      const { value, gradient, state } = await valueAndGradient(loss, theta, indices, seed + step);
      if (!indices) await record(epoch, { loss: value });
      if (state) theta.set(state);
      move(theta, gradient, rate(epoch));
      stepLosses[step++] = value;
      job.advance();
      if (firstNotFinite(theta) >= 0) diverged = true;
      if (at?.has(step) || diverged) keep();
      if (diverged) return;
    }
  };

  const stepThere = async (trainer: Trainer, epoch: number) => {
    const from = step;
    const result = await trainer.run({
      batches: batchesOf(epoch),
      learningRate: rate(epoch),
      statesAfter: [...at ?? []].map((n) => n - from),
      visit: () => job.advance(),
      visitState: (n, weights, secondMoment) => keep(from + n, weights, secondMoment),
      signal: job.signal,
    });
    const { losses } = result;
    if (samples === undefined && losses.length) await record(epoch, { loss: losses[0] });
    theta.set(result.theta);
    moment = result.secondMoment;
    stepLosses.set(losses, from);
    step += losses.length;
    ({ diverged } = result);
  };

  keep();
  if (samples !== undefined) await record(0, await whole.evaluate(theta));
  for (let epoch = 0; epoch < epochs && !diverged; epoch++) {
    await (trainer ? stepThere(trainer, epoch) : stepHere(epoch));
    if (job.stopped || diverged) break;
    if (samples !== undefined) await record(epoch + 1, await whole.evaluate(theta));
    if (!at && (epoch + 1) % checkpointEvery === 0) keep();
  }
  if (samples === undefined && !diverged) await record(step, await whole.evaluate(theta));
  keep();
  const run: Run = {
    layout: loss.layout,
    config: {
      ...about,
      optimizer,
      learningRate,
      momentum,
      epochs,
      batchSize,
      stepSize,
      gamma,
      engine: trainer?.engine ?? (loss.trainer ? "wasm" : loss.engine),
    },
    seed,
    checkpoints,
    initial: checkpoints[0].theta,
    best,
    final: checkpoints.at(-1)!.theta,
    stepLosses: stepLosses.slice(0, step),
    history,
    partial: step < total,
  };
  return figure(run, drawRun);
}

async function valueAndGradient(
  loss: Loss,
  theta: Vector,
  indices: Int32Array | undefined,
  seed: number,
) {
  if (loss.valueAndGradient) return await loss.valueAndGradient(theta, { indices, seed });
  const value = await loss.value(theta, { indices });
  return { value, gradient: await loss.gradient(theta, { indices }), state: undefined };
}

function checkOptions(options: TrainOptions): void {
  const demand = (name: string, value: unknown, fits: boolean, wanted: string) => {
    if (value === undefined || fits) return;
    throw new RangeError(`Cannot train: ${name} must be ${wanted}, got ${show(value)}`);
  };
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot train: options must be an object, got ${describe(options)}`);
  }
  const { optimizer, learningRate, momentum, epochs, batchSize, stepSize, gamma, seed } = options;
  const { checkpointEvery, checkpointSteps } = options;
  const whole = (n: unknown, least = 1) => Number.isSafeInteger(n) && (n as number) >= least;
  const number = (n: unknown): n is number => typeof n === "number" && Number.isFinite(n);
  demand("optimizer", optimizer, optimizer === "sgd" || optimizer === "adam", '"sgd" or "adam"');
  demand("learningRate", learningRate, number(learningRate) && learningRate > 0, "positive");
  demand("momentum", momentum, number(momentum) && momentum >= 0 && momentum < 1, "in [0, 1)");
  demand("momentum", momentum, optimizer !== "adam" || momentum === 0, "left out with adam");
  demand("epochs", epochs, whole(epochs) && epochs! <= 1e7, "a positive integer up to 1e7");
  demand("batchSize", batchSize, whole(batchSize), "a positive integer");
  demand("stepSize", stepSize, whole(stepSize), "a positive integer");
  demand("gamma", gamma, number(gamma) && gamma > 0 && gamma <= 1, "in (0, 1]");
  demand("seed", seed, Number.isSafeInteger(seed), "an integer");
  demand("checkpointEvery", checkpointEvery, whole(checkpointEvery), "a positive integer");
  const steps = Array.isArray(checkpointSteps) && checkpointSteps.every((n) => whole(n, 0));
  demand("checkpointSteps", checkpointSteps, steps, "a list of step numbers");
}

const show = (value: unknown) =>
  typeof value === "string" || Array.isArray(value)
    ? JSON.stringify(value)
    : typeof value === "number"
    ? String(value)
    : describe(value);
