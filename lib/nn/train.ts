import type { Dataset } from "../data/dataset.ts";
import { checkVector, describe, movable } from "../layout.ts";
import type { Loss } from "../loss.ts";
import { type Job, steps, unlessStopped } from "../progress.ts";
import type { LayersModel } from "../tensor/tensor.ts";
import { firstNotFinite, type Vector } from "../vector.ts";
import { descend, type Plan, type TrainedRun, type Training } from "./descend.ts";
import { assign, flatten, layoutOf, weightsOf } from "./model.ts";
import { modelLoss } from "./model_loss.ts";
import {
  checkTrainOptions,
  type TrainLossOptions,
  type TrainModelOptions,
  type TrainOptions,
} from "./train_options.ts";

export type { TrainedRun, TrainLossOptions, TrainModelOptions, TrainOptions };

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
  checkTrainOptions(options);
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

const barOf = ({ steps: total }: Plan) => ({ label: "training", total, unit: "steps" });

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
