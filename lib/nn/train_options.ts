import { describe } from "../layout.ts";
import type { Loss } from "../loss.ts";
import type { OptimizerOptions } from "../math/optimizer.ts";
import type { Control } from "../progress.ts";
import type { Criterion, CriterionName } from "./criterion.ts";
import type { SamplingOptions } from "./subsample.ts";

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

/** @throws {TypeError | RangeError} where an option makes no sense. */
export function checkTrainOptions(options: TrainOptions): void {
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
