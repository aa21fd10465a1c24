import { arrayOf, type NumberArray, type Numbers } from "../data/dataset.ts";
import { checkVector, clearState, type Layout, part } from "../layout.ts";
import type { CurvatureMatrix, Evaluation, Loss, LossOptions, ValueAndGradient } from "../loss.ts";
import { random } from "../math/random.ts";
import { mean, standardError } from "../math/statistics.ts";
import { breather } from "../progress.ts";
import { onBackend, ready } from "../tensor/backend.ts";
import { curvatureProduct, type Head } from "../tensor/curvature.ts";
import { valueAndGradients } from "../tensor/derivatives.ts";
import * as tf from "../tensor/tf.ts";
import { sizeOf, type Vector } from "../vector.ts";

/** What one forward pass gives: per-sample losses [n], or a scalar. */
export interface Forward {
  /** The losses of the samples, or one loss for all of them. */
  losses: tf.Tensor;
  /** 1 where a sample is classified correctly. */
  correct?: tf.Tensor;
  /** What is added once, whatever the samples: regularizers. */
  penalty?: tf.Scalar;
  /** New moving statistics, by the number of the tensor in the layout, for the caller to dispose. */
  state?: Map<number, tf.Tensor>;
  /** Where the losses come from, if that is known. */
  head?: Head;
}

/** A loss as tfjs sees it: which tensors, which data, and how one becomes the other. */
export interface TensorLossParts {
  /** What θ consists of. */
  layout: Layout;
  /** The data by name, on the first axis the samples. */
  fields: Record<string, NumberArray>;
  /** The number of samples, where the loss is a mean over them; else all data goes into every pass. */
  count?: number;
  /** The number of samples to choose from. */
  available?: number;
  /** The most samples in a pass; by default as many as keep a pass short. */
  batchSize?: number;
  /** Multiplications per sample, for the default of `batchSize`. */
  work: number;
  /** Whether a pass may leave new moving statistics: batch norm in train mode. */
  learns?: boolean;
  /** Decides what dropout drops. */
  seed: number;
  /** The curvature matrices that the pass has what is needed for, beside the Hessian. */
  matrices?: readonly CurvatureMatrix[];
  /** The pass. `batch` holds the fields' tensors; the seed is another one for every batch. */
  forward(parameters: tf.Tensor[], batch: Record<string, tf.Tensor>, seed: number): Forward;
}

/**
 * Multiplications of a forward pass on a batch, for values, gradients and products: they then take some ten
 * milliseconds of a core, so that the event loop turns, bars move and Stop is heard.
 */
const WORK = { value: 4e7, gradient: 8e6, product: 3e6 };

/** A {@link Loss} from a pass over tfjs tensors on the wasm backend, batch by batch. */
export function tensorLoss(parts: TensorLossParts): Loss {
  const { layout, fields, count, available, seed } = parts;
  const forward: TensorLossParts["forward"] = (parameters, batch, passSeed) =>
    withRandom(passSeed, () => parts.forward(parameters, batch, passSeed));
  const resident = new Map<string, tf.Tensor>();
  const moving = layout.tensors.flatMap((t, i) => t.role === "state" ? [] : [i]);

  const batchSize = (work: number) =>
    parts.batchSize ?? Math.max(parts.learns ? 8 : 2, Math.round(work / Math.max(parts.work, 1)));

  /** All of a field on the backend: uploaded once, and kept until the loss is disposed of. */
  const upload = (name: string) => {
    if (!resident.has(name)) resident.set(name, tf.keep(tensorOf(fields[name])));
    return resident.get(name)!;
  };

  /** The tensors of the samples from … to, of the selected ones or of all. */
  const batchOf = (from: number, to: number, indices?: Int32Array) => {
    const batch: Record<string, tf.Tensor> = {};
    for (const name of Object.keys(fields)) {
      if (count === undefined || (!indices && to - from === count)) batch[name] = upload(name);
      else if (indices) batch[name] = tensorOf(rowsOf(fields[name], indices.subarray(from, to)));
      else batch[name] = tf.slice(upload(name), from, to - from);
    }
    return batch;
  };

  /** Runs `pass` on every batch, inside a tidy, with a turn for the event loop in between. */
  async function eachBatch(
    { indices, signal }: LossOptions,
    work: number,
    pass: (batch: Record<string, tf.Tensor>, from: number, size: number) => void,
  ): Promise<number> {
    await ready();
    const n = count === undefined ? 1 : indices?.length ?? count;
    const size = count === undefined ? 1 : Math.min(n, batchSize(work));
    const breathe = breather();
    for (let from = 0; from < n; from += size) {
      await breathe();
      signal?.throwIfAborted();
      const to = Math.min(n, from + size);
      onBackend("wasm", () => tf.tidy(() => pass(batchOf(from, to, indices), from, to - from)));
    }
    return n;
  }

  async function evaluate(
    theta: Vector,
    options: LossOptions & { perSample?: boolean } = {},
  ): Promise<Evaluation> {
    checkVector(layout, theta, "evaluate the loss");
    checkIndices(options.indices, count);
    const perSample = new Float32Array(options.indices?.length ?? count ?? 0);
    let total = 0, correct: number | undefined, penalty = 0;
    const n = await eachBatch(options, WORK.value, (batch, from, size) => {
      const result = forward(tensorsOf(layout, theta), batch, seed + from);
      const losses = checkedLosses(result.losses, count === undefined ? undefined : size)
        .dataSync();
      if (count === undefined) total = losses[0];
      else perSample.set(losses, from);
      if (result.correct) {
        correct = (correct ?? 0) + tf.sum(tf.cast(result.correct, "float32")).dataSync()[0];
      }
      penalty += (result.penalty?.dataSync()[0] ?? 0) * size;
      disposeState(result);
    });
    if (count === undefined) return { loss: total + penalty };
    return evaluationOf(perSample, {
      penalty: penalty / n,
      accuracy: correct === undefined ? undefined : correct / n,
      available,
      perSample: options.perSample,
    });
  }

  /** The mean loss of a batch, weighted by its share of all n samples, as a function of what can move. */
  const share = (
    theta: tf.Tensor[],
    batch: Record<string, tf.Tensor>,
    weight: number,
    size: number | undefined,
    passSeed: number,
    keep?: (result: Forward) => void,
  ) => ({
    pass(moved: tf.Tensor[]): Forward {
      const parameters = theta.slice();
      moving.forEach((tensor, i) => parameters[tensor] = moved[i]);
      const result = forward(parameters, batch, passSeed);
      keep?.(result);
      disposeState(result);
      return { ...result, losses: checkedLosses(result.losses, size) };
    },
    total({ losses, penalty }: Partial<Forward>): tf.Scalar {
      const value = losses && (size === undefined ? tf.reshape(losses, []) : tf.mean(losses));
      const both = value && penalty ? tf.add(value, penalty) : value ?? penalty!;
      return tf.mul(both, weight);
    },
  });

  async function valueAndGradient(
    theta: Vector,
    options: LossOptions & { seed?: number } = {},
  ): Promise<ValueAndGradient> {
    checkVector(layout, theta, "differentiate the loss");
    checkIndices(options.indices, count);
    const sum = new Float64Array(layout.size);
    let value = 0, state: Vector | undefined;
    const n = count === undefined ? 1 : options.indices?.length ?? count;
    await eachBatch(options, WORK.gradient, (batch, from, size) => {
      const parameters = tensorsOf(layout, theta);
      const { pass, total } = share(
        parameters,
        batch,
        size / n,
        count === undefined ? undefined : size,
        (options.seed ?? seed) + from,
        (result) =>
          result.state?.forEach((values, i) => {
            state ??= theta.slice();
            part(state, layout.tensors[i]).set(values.dataSync());
          }),
      );
      const meanLoss = (moved: tf.Tensor[]) => total(pass(moved));
      if (moving.length === 0) return void (value += meanLoss([]).dataSync()[0]);
      const result = valueAndGradients(meanLoss, moving.map((i) => parameters[i]));
      value += result.value.dataSync()[0];
      addInto(sum, result.gradients);
    });
    return { value, gradient: inPrecisionOf(theta, sum), ...(state && { state }) };
  }

  function addInto(sum: Float64Array, tensors: tf.Tensor[]): void {
    tensors.forEach((tensor, i) => {
      const to = part(sum, layout.tensors[moving[i]]), values = tensor.dataSync();
      for (let k = 0; k < to.length; k++) to[k] += values[k];
    });
  }

  return {
    layout,
    samples: count,
    ...(available !== undefined && { samplesAvailable: available }),
    engine: "wasm",
    precision: "float32",
    evaluate,
    value: async (theta, options) => (await evaluate(theta, options)).loss,
    gradient: async (theta, options) => (await valueAndGradient(theta, options)).gradient,
    valueAndGradient,
    ...(parts.matrices && { matrices: parts.matrices }),
    async product(theta, v, options: LossOptions & { matrix?: CurvatureMatrix } = {}) {
      checkVector(layout, theta, "multiply by the Hessian");
      checkVector(layout, v, "multiply by the Hessian", "v");
      const { matrix = "hessian" } = options;
      checkIndices(options.indices, count);
      const moved = v.slice() as Vector, sum = new Float64Array(layout.size);
      clearState(layout, moved);
      const n = count === undefined ? 1 : options.indices?.length ?? count;
      if (moving.length === 0) return inPrecisionOf(v, sum);
      await eachBatch(options, WORK.product, (batch, from, size) => {
        const parameters = tensorsOf(layout, theta), directions = tensorsOf(layout, moved);
        const shared = share(
          parameters,
          batch,
          size / n,
          count === undefined ? undefined : size,
          seed + from,
        );
        const pick = (all: tf.Tensor[]) => moving.map((i) => all[i]);
        addInto(sum, curvatureProduct(matrix, shared, pick(parameters), pick(directions)));
      });
      return inPrecisionOf(v, sum);
    },
    [Symbol.asyncDispose]() {
      for (const tensor of resident.values()) tensor.dispose();
      resident.clear();
      return Promise.resolve();
    },
  };
}

/** What per-sample losses come to: their mean, with its errors. The penalty is added to each. */
export function evaluationOf(
  losses: Float32Array | Float64Array,
  { penalty, accuracy, available, perSample }: {
    penalty: number;
    accuracy?: number;
    available?: number;
    perSample?: boolean;
  },
): Evaluation {
  const n = losses.length;
  if (penalty) { for (let i = 0; i < n; i++) losses[i] += penalty; }
  const error = standardError(losses);
  return {
    loss: mean(losses),
    standardError: error,
    subsampleError: error * Math.sqrt(Math.max(0, 1 - n / (available ?? n))),
    ...(accuracy !== undefined && { accuracy }),
    ...(perSample && { perSample: losses }),
  };
}

const disposeState = ({ state }: Forward) => state?.forEach((tensor) => tensor.dispose());

/**
 * Runs a pass with `Math.random` drawing from a seeded stream: tfjs takes the seeds of its random ops from there
 * (noise layers, recurrent dropout), and a loss that draws new numbers at every call would be no function of θ.
 */
function withRandom<T>(seed: number, pass: () => T): T {
  const own = Math.random;
  Math.random = random(seed, "pass").uniform;
  try {
    return pass();
  } finally {
    Math.random = own;
  }
}

/** Fields of host arrays by name; tensors are read once, so that later changes to them do not matter. */
export function fieldsOf(named: Record<string, Numbers>): Record<string, NumberArray> {
  return Object.fromEntries(
    Object.entries(named).map(([name, numbers]) => {
      const { data, shape } = arrayOf(numbers);
      return [name, { data: data.slice(), shape: [...shape] }];
    }),
  );
}

/** The rows of an array that have the given numbers. */
export function rowsOf({ data, shape }: NumberArray, indices: Int32Array): NumberArray {
  const width = sizeOf(shape.slice(1));
  const out = new (data.constructor as new (n: number) => typeof data)(indices.length * width);
  indices.forEach((row, i) => out.set(data.subarray(row * width, (row + 1) * width), i * width));
  return { data: out, shape: [indices.length, ...shape.slice(1)] };
}

/** An array as a tensor of the present backend. */
export function tensorOf({ data, shape }: NumberArray): tf.Tensor {
  if (data instanceof Int32Array) return tf.tensor(data.slice(), shape, "int32");
  return tf.tensor(Float32Array.from(data), shape);
}

/** θ as the tensors of a layout. */
export function tensorsOf(layout: Layout, theta: Vector): tf.Tensor[] {
  return layout.tensors.map((t) => tf.tensor(Float32Array.from(part(theta, t)), [...t.shape]));
}

function inPrecisionOf<V extends Vector>(like: V, values: Float64Array): V {
  return (like instanceof Float32Array ? Float32Array.from(values) : values) as V;
}

/** Losses of shape [n] (or [n, 1]), or a scalar where `size` is undefined. */
function checkedLosses(losses: tf.Tensor, size: number | undefined): tf.Tensor {
  const wanted = size === undefined ? "a scalar" : `per-sample losses of shape [${size}]`;
  if (!Array.isArray(losses?.shape) || losses.dtype === "string") {
    throw new TypeError(
      `Cannot evaluate the loss: it must give ${wanted}, got ${losses?.dtype ?? typeof losses}`,
    );
  }
  if (sizeOf(losses.shape) === (size ?? 1) && losses.shape.length <= 2) {
    return tf.reshape(losses, [-1]);
  }
  throw new RangeError(
    `Cannot evaluate the loss: it must give ${wanted}, got shape [${losses.shape.join(", ")}]`,
  );
}

function checkIndices(indices: Int32Array | undefined, count: number | undefined): void {
  if (!indices) return;
  if (!(indices instanceof Int32Array)) {
    throw new TypeError("Cannot select samples: indices must be an Int32Array");
  }
  if (count === undefined) {
    throw new RangeError("Cannot select samples: this loss is not a mean over samples");
  }
  const wrong = indices.find((i) => !(i >= 0 && i < count));
  if (wrong !== undefined || indices.length === 0) {
    throw new RangeError(
      `Cannot select samples: indices must be one or more of 0 to ${count - 1}, got ${
        wrong ?? "none"
      }`,
    );
  }
}
