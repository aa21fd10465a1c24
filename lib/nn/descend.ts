import { type Figure, figure } from "../figure/figure.ts";
import type { Evaluation, Loss, Trainer, TrainingPlan } from "../loss.ts";
import { optimizerStep } from "../math/optimizer.ts";
import { random } from "../math/random.ts";
import type { Job } from "../progress.ts";
import type { Checkpoint, Epoch, Run } from "../run.ts";
import { drawRun } from "../run/curves.ts";
import { firstNotFinite, type Vector } from "../vector.ts";
import type { TrainOptions } from "./train_options.ts";

/** A run that draws itself: loss and accuracy over epochs. */
export type TrainedRun = Run & Figure;

/** How a loss is to be trained, epoch by epoch. */
export type Plan = TrainingPlan & { stepsPerEpoch: number };

/** A training that is about to begin. */
export interface Training {
  /** The loss that gives gradients. */
  loss: Loss;
  start: Vector;
  plan: Plan;
  /** What makes the steps, where they are not made here. */
  trainer?: Trainer;
}

/**
 * Makes the steps of a training, here or where its trainer makes them, and writes down what becomes of it: losses and
 * accuracies on the whole training and test sets after every epoch, checkpoints, the best θ.
 */
export async function descend(
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
