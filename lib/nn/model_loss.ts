import {
  arrayOf,
  checkSamples,
  namedInputs,
  type NumberArray,
  type Samples,
} from "../data/dataset.ts";
import { describe } from "../layout.ts";
import type { Loss } from "../loss.ts";
import type { LayersModel, Tensor, Tensor1D } from "../tensor/tensor.ts";
import { criteria, type Criterion, type CriterionName, matricesOf } from "./criterion.ts";
import { boundModel } from "./bound_model.ts";
import { layoutOf } from "./model.ts";
import { checkSampling, type SamplingOptions, subsample } from "./subsample.ts";
import { checkTargets, criterionFor } from "./targets.ts";
import { unitsOf } from "./units.ts";
import { lossOn } from "./native_loss.ts";
import { fieldsOf } from "./tensor_loss.ts";

/** A batch as hooks see it: tensors, in the shape that the samples came in. */
export interface Batch {
  /** What goes into the model. */
  inputs: Tensor | Record<string, Tensor>;
  /** What should come out. */
  targets?: Tensor;
}

/** Options of {@link modelLoss}. */
export interface ModelLossOptions extends SamplingOptions {
  /**
   * A name, or a function of outputs and targets that gives per-sample losses [n]. The cross-entropies take
   * logits; a softmax or sigmoid at the end of the model is recognised and left out. Default: by the targets
   * and the model's end.
   */
  criterion?: CriterionName | Criterion;
  /** `"train"`: batch norm by the batch's statistics, dropout on. Default `"eval"`. */
  mode?: "eval" | "train";
  /** Changes a batch before the model sees it. */
  preBatch?: (batch: Batch) => Batch;
  /** Changes the per-sample losses [n] of a batch. */
  postBatch?: (losses: Tensor1D, batch: Batch) => Tensor;
}

/**
 * The loss of a layers model on samples, as a function of all its weights. The model is never changed, and
 * neither are the samples: the loss keeps a copy. Regularizers of the model's layers are included.
 *
 * Cost of a value: one forward pass over the samples; of a gradient about three, of a Hessian-vector product
 * about eight. All run on one core.
 *
 * @param model a built model with at least one weight
 * @param samples inputs [n, …] and targets: class numbers [n], one-hot rows [n, C], or values
 * @throws {TypeError | RangeError} where model, samples, criterion and options do not fit each other.
 *
 * ```ts
 * import { flatten, mlp, modelLoss, moons } from "../../mod.ts";
 * import { assert } from "@std/assert";
 *
 * const model = mlp({ inputs: 2, hidden: [10], outputs: 2 });
 * await using loss = modelLoss(model, moons().train);
 * const { standardError } = await loss.evaluate(flatten(model));
 * assert(standardError! > 0);
 * ```
 */
export function modelLoss(
  model: LayersModel,
  samples: Samples,
  options: ModelLossOptions = {},
): Loss {
  const { mode = "eval", preBatch, postBatch, seed = 42 } = options;
  const layout = layoutOf(model), bound = boundModel(model);
  checkSamples(samples, "make the loss");
  checkSampling(options);
  if (mode !== "eval" && mode !== "train") {
    throw new RangeError(`Cannot make the loss: mode must be "eval" or "train", got "${mode}"`);
  }
  for (const [name, hook] of Object.entries({ preBatch, postBatch })) {
    if (hook === undefined || typeof hook === "function") continue;
    throw new TypeError(`Cannot make the loss: ${name} must be a function, got ${typeof hook}`);
  }
  const inputs = inputsInOrder(model, samples, preBatch === undefined);
  const inputNames = Object.keys(inputs), single = inputNames.length === 1;
  const targets = samples.targets && arrayOf(samples.targets);
  if (!targets) {
    throw new RangeError("Cannot make the loss: the samples must have targets, got none");
  }
  const name = options.criterion ?? criterionFor(model, bound, targets);
  if (typeof name !== "function") checkTargets(name, model, bound, targets);
  const scored = typeof name === "function" ? { criterion: name } : criteria[name];
  const logits = name === "crossEntropy" || name === "binaryCrossEntropy";
  const selection = subsample(fieldsOf({ ...inputs, "·targets": targets }), options, mode);

  /** A batch as the model sees it. */
  const seenBy = (batch: Record<string, Tensor>) => {
    const given = single
      ? batch[inputNames[0]]
      : Object.fromEntries(inputNames.map((n) => [n, batch[n]]));
    let seen: Batch = { inputs: given, targets: batch["·targets"] };
    if (preBatch) seen = checkedBatch(preBatch(seen));
    const into = seen.inputs as Tensor & Record<string, Tensor>;
    return {
      seen,
      ordered: Array.isArray(into.shape) ? [into] : inputNames.map((n) => into[n]),
    };
  };

  let looked = !logits || bound.linearEnd || bound.end !== undefined;
  const loss = lossOn({
    ...selection,
    layout,
    seed,
    work: bound.work,
    matrices: matricesOf(name, postBatch !== undefined),
    learns: mode === "train" && layout.tensors.some(({ role }) => role === "state"),
    forward(parameters, batch, passSeed) {
      const { seen, ordered } = seenBy(batch);
      const { outputs, state, penalty } = bound.call(parameters, ordered, {
        training: mode === "train",
        seed: passSeed,
        logits,
      });
      const out = outputs as Tensor, truth = seen.targets!;
      if (!looked) {
        looked = true;
        refuseProbabilities(out, name as CriterionName);
      }
      const losses = (outputs: Tensor) => {
        const plain = scored.criterion(outputs, truth);
        return postBatch ? postBatch(plain as Tensor1D, seen) : plain;
      };
      return {
        losses: losses(out),
        head: { outputs: out, losses },
        ...("correct" in scored && scored.correct && { correct: scored.correct(out, truth) }),
        state,
        penalty,
      };
    },
  }, options);
  return Object.assign(
    loss,
    unitsOf(model, bound, {
      ...selection,
      layout,
      seed,
      inputsOf: (batch) => seenBy(batch).ordered,
    }),
  );
}

/** @throws {TypeError} if a hook did not give a batch back. */
function checkedBatch(batch: Batch): Batch {
  if (batch?.inputs && batch.targets) return batch;
  throw new TypeError(
    `Cannot evaluate the loss: preBatch must give { inputs, targets } back, got ${
      describe(batch)
    }` +
      (batch?.inputs ? " without targets" : ""),
  );
}

/** The inputs by the model's names, in the model's order, checked against its input shapes. */
function inputsInOrder(
  model: LayersModel,
  samples: Samples,
  checkShapes: boolean,
): Record<string, NumberArray> {
  const given = namedInputs(samples), names = model.inputNames;
  const keys = Object.keys(given);
  if (keys.length !== names.length || (names.length > 1 && names.some((n) => !(n in given)))) {
    throw new RangeError(
      `Cannot make the loss: the model has the inputs ${names.join(", ")}, got ${keys.join(", ")}`,
    );
  }
  return Object.fromEntries(names.map((name, i) => {
    const numbers = arrayOf(given[names.length > 1 ? name : keys[0]]);
    const wanted = model.inputs[i].shape;
    const fits = wanted.length === numbers.shape.length &&
      wanted.every((n, axis) => axis === 0 || n === null || n === numbers.shape[axis]);
    if (checkShapes && !fits) {
      throw new RangeError(
        `Cannot make the loss: the model takes inputs of shape [n, ${
          wanted.slice(1).join(", ")
        }], ` +
          `got [${numbers.shape.join(", ")}]`,
      );
    }
    return [name, numbers];
  }));
}

/** Values that are probabilities where logits are wanted, from a model whose end does not rule that out. */
function refuseProbabilities(outputs: Tensor, name: CriterionName): void {
  const values = outputs.dataSync() as Float32Array,
    width = name === "crossEntropy" ? outputs.shape[1]! : 1;
  if (values.some((p) => !(p >= 0 && p <= 1))) return;
  for (let row = 0; width > 1 && row < outputs.shape[0]; row++) {
    const total = values.subarray(row * width, (row + 1) * width).reduce((a, b) => a + b, 0);
    if (Math.abs(total - 1) > 1e-3) return;
  }
  throw new RangeError(
    `Cannot evaluate the loss: ${name} takes logits, got probabilities (${
      width > 1 ? "every row of the outputs sums to 1" : "all outputs lie between 0 and 1"
    }); end the model with a layer without activation, or with softmax or sigmoid as its last layer`,
  );
}
