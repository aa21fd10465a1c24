import {
  arrayOf,
  checkSamples,
  namedInputs,
  type NumberArray,
  type Samples,
} from "../data/dataset.ts";
import { describe } from "../layout.ts";
import type { Loss } from "../loss.ts";
import { random } from "../math/random.ts";
import type { LayersModel, Tensor, Tensor1D } from "../tensor/tensor.ts";
import { sizeOf } from "../vector.ts";
import { criteria, type Criterion, type CriterionName } from "./criterion.ts";
import { callModel, layoutOf, outputActivation } from "./model.ts";
import { fieldsOf, rowsOf, tensorLoss } from "./tensor_loss.ts";

/** A batch as hooks see it: tensors, in the shape that the samples came in. */
export interface Batch {
  /** What goes into the model. */
  inputs: Tensor | Record<string, Tensor>;
  /** What should come out. */
  targets?: Tensor;
}

/** Which samples a loss uses, and how many at once. */
export interface SamplingOptions {
  /**
   * The most samples in a pass. Default: as many as keep a pass short (in train mode 128). It changes no
   * number but in train mode, where batch norm sees one batch at a time.
   */
  batchSize?: number;
  /** Use only as many batches: a seeded subsample, the same at every θ. Default `null`: all samples. */
  maxBatches?: number | null;
  /** Chooses the subsample, and what dropout drops in train mode. Default 42. */
  seed?: number;
  /** `"auto"` and `"wasm"` run on tfjs's WebAssembly backend. Default `"auto"`. */
  engine?: "auto" | "wasm";
  /** `"float32"`, the precision of tfjs. */
  precision?: "float32";
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
  const layout = layoutOf(model);
  checkSamples(samples, "make the loss");
  checkSampling(options);
  if (mode !== "eval" && mode !== "train") {
    throw new RangeError(`Cannot make the loss: mode must be "eval" or "train", got "${mode}"`);
  }
  const inputs = inputsInOrder(model, samples, preBatch === undefined);
  const inputNames = Object.keys(inputs), single = inputNames.length === 1;
  const targets = samples.targets && arrayOf(samples.targets);
  if (!targets) {
    throw new RangeError("Cannot make the loss: the samples must have targets, got none");
  }
  const name = options.criterion === undefined ? criterionFor(model, targets) : options.criterion;
  const scored = typeof name === "function" ? { criterion: name } : criteria[name];
  if (!scored) {
    throw new RangeError(
      `Cannot make the loss: criterion must be one of ${Object.keys(criteria).join(", ")} ` +
        `or a function, got "${name}"`,
    );
  }
  if (typeof name === "string") checkTargets(name, model, targets);
  const logits = name === "crossEntropy" || name === "binaryCrossEntropy";
  const selection = subsample({ ...fieldsOf(inputs), "·targets": targets }, options, mode);

  let looked = false;
  return tensorLoss({
    ...selection,
    layout,
    seed,
    work: workOf(model),
    forward(parameters, batch, passSeed) {
      const given = single
        ? batch[inputNames[0]]
        : Object.fromEntries(inputNames.map((n) => [n, batch[n]]));
      let seen: Batch = { inputs: given, targets: batch["·targets"] };
      if (preBatch) seen = preBatch(seen);
      const into = seen.inputs as Tensor & Record<string, Tensor>;
      const ordered = Array.isArray(into.shape) ? [into] : inputNames.map((n) => into[n]);
      const { outputs, state, penalty } = callModel(model, parameters, ordered, {
        training: mode === "train",
        seed: passSeed,
        logits,
      });
      const out = outputs as Tensor, truth = seen.targets!;
      if (logits && !looked) {
        looked = true;
        refuseProbabilities(model, out);
      }
      const losses = scored.criterion(out, truth);
      return {
        losses: postBatch ? postBatch(losses as Tensor1D, seen) : losses,
        ...("correct" in scored && scored.correct && { correct: scored.correct(out, truth) }),
        state,
        penalty,
      };
    },
  });
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

/** The criterion that fits the targets: by the model's end, then by whether they are classes. */
function criterionFor(model: LayersModel, targets: NumberArray): CriterionName {
  const end = outputActivation(model)?.kind;
  const width = model.outputs[0].shape.at(-1) ?? 1;
  if (end === "softmax") return "crossEntropy";
  if (end === "sigmoid") return "binaryCrossEntropy";
  const isClass = targets.data instanceof Int32Array ||
    (width > 1 && isOneHot(targets, width));
  if (!isClass) return "meanSquaredError";
  return width > 1 ? "crossEntropy" : "binaryCrossEntropy";
}

function isOneHot({ data, shape }: NumberArray, classes: number): boolean {
  if (shape.length !== 2 || shape[1] !== classes) return false;
  for (let row = 0; row < shape[0]; row++) {
    const values = data.subarray(row * classes, (row + 1) * classes);
    if (values.some((v) => v !== 0 && v !== 1) || sum(values) !== 1) return false;
  }
  return true;
}

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

function checkTargets(name: CriterionName, model: LayersModel, targets: NumberArray): void {
  const output = model.outputs[0].shape.slice(1) as number[];
  const shape = `[${targets.shape.join(", ")}]`;
  if (model.outputs.length !== 1) {
    throw new RangeError(
      `Cannot make the loss: ${name} takes one output, got a model with ${model.outputs.length}; ` +
        "give a criterion of your own",
    );
  }
  if (name === "crossEntropy") {
    const classes = output[0];
    if (output.length !== 1 || classes < 2) {
      throw new RangeError(
        `Cannot make the loss: crossEntropy takes outputs of shape [n, classes] with 2 classes or more, ` +
          `got [n, ${output.join(", ")}]; for one output use binaryCrossEntropy`,
      );
    }
    if (targets.shape.length === 2 && targets.shape[1] === classes) return;
    if (sizeOf(targets.shape.slice(1)) !== 1) {
      throw new RangeError(
        `Cannot make the loss: targets must be class numbers [n] or one-hot [n, ${classes}], got ${shape}`,
      );
    }
    const at = targets.data.findIndex((y: number) =>
      !(Number.isInteger(y) && y >= 0 && y < classes)
    );
    if (at >= 0) {
      throw new RangeError(
        `Cannot make the loss: class targets must be integers from 0 to ${classes - 1}, ` +
          `got ${targets.data[at]} in sample ${at}`,
      );
    }
    return;
  }
  if (output.every((n) => n !== null) && sizeOf(output) !== sizeOf(targets.shape.slice(1))) {
    throw new RangeError(
      `Cannot make the loss: ${name} takes targets of shape [n, ${output.join(", ")}] ` +
        `like the outputs, got ${shape}`,
    );
  }
  if (name !== "binaryCrossEntropy") return;
  const at = targets.data.findIndex((y: number) => !(y >= 0 && y <= 1));
  if (at >= 0) {
    throw new RangeError(
      `Cannot make the loss: targets of binaryCrossEntropy must lie between 0 and 1, ` +
        `got ${targets.data[at]} at ${at}`,
    );
  }
}

/** Rows that sum to 1 from a last layer that is no plain product are probabilities, not logits. */
function refuseProbabilities(model: LayersModel, outputs: Tensor): void {
  if (outputActivation(model) || outputs.shape.length !== 2 || outputs.shape[1]! < 2) return;
  const last = model.layers.at(-1) as { activation?: { getClassName(): string } };
  if (last.activation?.getClassName() === "linear") return;
  const values = outputs.dataSync(), classes = outputs.shape[1]!;
  const negative = values.some((p) => p < 0);
  const sums = Array.from(
    { length: outputs.shape[0] },
    (_, row) => sum(values.subarray(row * classes, (row + 1) * classes)),
  );
  if (negative || sums.some((s) => Math.abs(s - 1) > 1e-3)) return;
  throw new RangeError(
    "Cannot evaluate the loss: the cross-entropies take logits, got probabilities (every row of the " +
      "outputs sums to 1); end the model before its softmax, or with tf.layers.softmax()",
  );
}

/** The fields cut down to a seeded subsample, where one is asked for. */
export function subsample(
  fields: Record<string, NumberArray>,
  { batchSize, maxBatches = null, seed = 42 }: SamplingOptions,
  mode: "eval" | "train" = "eval",
): { fields: Record<string, NumberArray>; count: number; available: number; batchSize?: number } {
  const available = Object.values(fields)[0].shape[0];
  const size = batchSize ?? (mode === "train" ? Math.min(128, available) : undefined);
  const count = maxBatches === null ? available : Math.min(available, maxBatches * (size ?? 128));
  const sized = size === undefined ? {} : { batchSize: size };
  if (count === available) return { fields, count, available, ...sized };
  const indices = random(seed, "subsample").permutation(available).slice(0, count).sort();
  const chosen = Object.entries(fields).map(([name, field]) => [name, rowsOf(field, indices)]);
  return { fields: Object.fromEntries(chosen), count, available, ...sized };
}

/** @throws {RangeError} that names the option that is out of range. */
export function checkSampling({ batchSize, maxBatches, engine, precision }: SamplingOptions): void {
  const whole = (n: unknown) => Number.isInteger(n) && (n as number) >= 1;
  if (batchSize !== undefined && !whole(batchSize)) {
    throw new RangeError(
      `Cannot make the loss: batchSize must be a positive integer, got ${batchSize}`,
    );
  }
  if (maxBatches !== undefined && maxBatches !== null && !whole(maxBatches)) {
    throw new RangeError(
      `Cannot make the loss: maxBatches must be a positive integer or null for all, got ${maxBatches}`,
    );
  }
  if (engine !== undefined && engine !== "auto" && engine !== "wasm") {
    throw new RangeError(
      `Cannot make the loss: engine must be "auto" or "wasm", got ${describe(engine)}`,
    );
  }
  if (precision !== undefined && precision !== "float32") {
    throw new RangeError(
      `Cannot make the loss: precision must be "float32", got ${describe(precision)}`,
    );
  }
}

/** Multiplications per sample: a kernel is used once per position of its output. */
function workOf(model: LayersModel): number {
  let work = 0;
  for (const layer of model.layers) {
    const output = layer.outputShape as (number | null)[] | (number | null)[][];
    const shape = (Array.isArray(output[0]) ? output[0] : output) as (number | null)[];
    const positions = shape.slice(1, -1).reduce<number>((n, d) => n * (d ?? 1), 1);
    for (const weight of layer.weights) {
      if (/kernel/.test(weight.originalName)) work += sizeOf(weight.shape as number[]) * positions;
    }
  }
  return work;
}
