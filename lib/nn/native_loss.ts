import type { NumberArray } from "../data/dataset.ts";
import { evaluate, type Evaluated } from "../engine/pool/evaluate.ts";
import type { Job } from "../engine/pool/job.ts";
import type { Feeds, Reduction } from "../engine/pool/messages.ts";
import { nativeAvailable } from "../engine/pool/available.ts";
import { defaultPool } from "../engine/pool/pool.ts";
import type { Precision, Program } from "../engine/program.ts";
import { checkVector } from "../layout.ts";
import type {
  CurvatureMatrix,
  Evaluation,
  Loss,
  LossOptions,
  SliceRequest,
  TrainingPlan,
} from "../loss.ts";
import { unlessStopped } from "../progress.ts";
import type { Slice } from "../slice.ts";
import type { Vector } from "../vector.ts";
import { nativeProducts } from "./native_products.ts";
import { nativeTrainer, ruleOf, workOf } from "./native_trainer.ts";
import { isLarge, splitTrainer } from "./split_trainer.ts";
import { type EngineOptions, nativePrograms } from "./native_programs.ts";
import type { SamplingOptions } from "./subsample.ts";
import { evaluationOf, rowsOf, tensorLoss, type TensorLossParts } from "./tensor_loss.ts";

/** A loss on the engine that is asked for. */
export function lossOn(
  parts: TensorLossParts,
  { engine = "auto", precision = "float32" }: Pick<SamplingOptions, "engine" | "precision">,
): Loss {
  const wasm = tensorLoss(parts);
  return engine === "wasm" ? wasm : nativeLoss(wasm, parts, { engine, precision });
}

/** Multiplications from which on starting workers (half a second) costs less than it saves. */
const MUCH_WORK = 4e9;

/** Products of an analysis, roughly, and their cost in forward passes. */
const PRODUCTS = 400, PRODUCT_COST = 6;

/** The cost of a gradient in forward passes. */
const GRADIENT_COST = 3;

/**
 * A loss that is recorded once and then runs natively, in workers: many points of a slice on all cores, products
 * at one θ linearized there. What cannot be recorded stays on wasm, and says so once.
 *
 * With `engine: "auto"` only work that is long enough goes there; single values and gradients stay on wasm, but
 * those of large networks. What is long enough depends on sizes alone, so that the same call always computes the
 * same.
 */
function nativeLoss(
  wasm: Loss,
  parts: TensorLossParts,
  { engine, precision }: EngineOptions,
): Loss {
  const { layout, fields, count, available, learns, batchSize } = parts;
  // in batch norm's training mode samples depend on those beside them
  const size = learns ? { batch: batchSize } : { chunk: batchSize };
  const single = precision === "float32";
  const always = engine === "native" || !single;
  const sampleWork = Math.max(1, parts.work), work = sampleWork * (count ?? 1);
  const whole = feedsOf(fields, precision);
  const programs = nativePrograms(wasm, parts, { engine, precision }), { program } = programs;

  /** The data of some samples, with the weight 1/n where a program takes it. */
  const dataOf = (
    program: Program,
    indices: Int32Array | undefined,
  ): { data: Feeds; n: number } => {
    const chosen = indices
      ? feedsOf(mapValues(fields, (field) => rowsOf(field, indices)), precision)
      : whole;
    const n = indices?.length ?? count ?? 1;
    if (!program.inputs.some(({ name }) => name === "weight")) return { data: chosen, n };
    return { data: weighted(chosen, n), n };
  };
  const weights = new WeakMap<Feeds, Feeds>();
  /** The same object for the same data: workers know it by that. */
  const weighted = (data: Feeds, n: number) => {
    if (!weights.has(data)) {
      weights.set(data, { ...data, weight: { data: floats(precision, [1 / n]), shape: [] } });
    }
    return weights.get(data)!;
  };

  const one = (name: string, vector: Vector) => ({
    count: 1,
    at: () => ({ [name]: vector }),
  });

  /** Runs a program on one θ or v; undefined where it cannot be recorded. */
  async function run(
    program: Program,
    name: string,
    vector: Vector,
    outputs: Record<string, Reduction>,
    { signal, indices }: LossOptions,
  ): Promise<Evaluated> {
    const { data } = dataOf(program, indices);
    const job: Job = { program, data, ...size, single: true };
    try {
      const [result] = await evaluate(defaultPool(), job, one(name, vector), { outputs, signal });
      signal?.throwIfAborted();
      return result!;
    } finally {
      if (indices) defaultPool().forget(data);
    }
  }

  /** What becomes of the outputs of a value program: per-sample numbers, and a penalty that samples share. */
  const valueOutputs = ({ outputs }: Program, perSample: boolean): Record<string, Reduction> =>
    Object.fromEntries(
      outputs.map(({ name, shape }) => {
        if (shape[0] !== "batch") return [name, "mean"];
        return [name, name === "losses" && perSample ? "rows" : "moments"];
      }),
    );

  /** Whether even a single value or gradient is worth to start the engine. */
  const isMuch = ({ indices }: LossOptions = {}) =>
    GRADIENT_COST * sampleWork * (indices?.length ?? count ?? 1) >= MUCH_WORK;

  async function evaluateAt(
    theta: Vector,
    options: LossOptions & { perSample?: boolean } = {},
  ): Promise<Evaluation> {
    const native = (always || isMuch(options)) &&
      await unlessStopped(program("value"), options.signal);
    if (!native) return await wasm.evaluate(theta, options);
    checkVector(layout, theta, "evaluate the loss");
    const result = await run(native, "theta", theta, valueOutputs(native, true), options);
    return evaluationIn(result, options.perSample);
  }

  /** An evaluation from what a value program gave. */
  const evaluationIn = (result: Evaluated, perSample: boolean | undefined): Evaluation => {
    const { arrays } = result;
    const penalty = Number(arrays.penalty?.[0] ?? 0);
    if (count === undefined) return { loss: Number(arrays.losses[0]) + penalty };
    const losses = arrays.losses as Float32Array | Float64Array;
    return evaluationOf(losses, { penalty, ...accuracyIn(result), available, perSample });
  };

  const accuracyIn = ({ moments: { correct } }: Evaluated) =>
    correct && { accuracy: correct.sum / correct.count };

  const gradientAt = async (native: Program, theta: Vector, options: LossOptions) => {
    const outputs = { gradient: "sum", loss: "sum" } as const;
    const { arrays } = await run(native, "theta", theta, outputs, options);
    const gradient = inPrecisionOf(theta, arrays.gradient as Float32Array);
    return { value: Number(arrays.loss[0]), gradient };
  };

  const linearize = async (
    theta: Vector,
    matrix: CurvatureMatrix = "hessian",
    { indices }: LossOptions = {},
  ) => {
    if (!always && work * PRODUCTS * PRODUCT_COST < MUCH_WORK) return undefined;
    const native = await program("product", matrix);
    if (!native) return undefined;
    checkVector(layout, theta, "multiply by the Hessian");
    const fixed = { theta: { data: floats(precision, theta), shape: [layout.size] } };
    const { data } = dataOf(native, indices);
    const job = { program: native, data, fixed, ...size };
    const products = nativeProducts(defaultPool(), layout, job);
    return {
      ...products,
      release() {
        products.release();
        if (indices) defaultPool().forget(data);
      },
    };
  };

  const self: Loss = {
    ...wasm,
    get engine() {
      const native = always || (isMuch() && nativeAvailable().ok);
      return native && programs.refused === undefined ? "native" : wasm.engine;
    },
    precision,
    evaluate: evaluateAt,
    value: async (theta, options) => (await evaluateAt(theta, options)).loss,
    async gradient(theta, options = {}) {
      return (await self.valueAndGradient!(theta, options)).gradient;
    },
    async valueAndGradient(theta, options = {}) {
      // a recorded gradient leaves no moving statistics
      const native = (always || isMuch(options)) && !(learns && single) &&
        await unlessStopped(program("gradient"), options.signal);
      if (!native) return await wasm.valueAndGradient!(theta, options);
      checkVector(layout, theta, "differentiate the loss");
      return await gradientAt(native, theta, options);
    },
    async product(theta, v, options = {}) {
      const at = always || isMuch(options)
        ? await unlessStopped(linearize(theta, options.matrix, options), options.signal)
        : undefined;
      if (!at) return await wasm.product(theta, v, options);
      try {
        checkVector(layout, v, "multiply by the Hessian", "v");
        return await at.product(v, options);
      } finally {
        at.release();
      }
    },
    linearize: (theta, matrix) => linearize(theta, matrix),
    async sampleSlice(slice: Slice, request: SliceRequest) {
      if (!always && request.count * work < MUCH_WORK) return undefined;
      const k = slice.directions.length, { perSample, visit, visitOrigin, signal } = request;
      const native = await unlessStopped(program("slice", k), signal).catch((error) => {
        if (!signal?.aborted) throw error;
        return "stopped" as const;
      });
      if (native === "stopped") return "native";
      if (!native) return undefined;
      const frame = zeros(precision, (1 + k) * layout.size);
      [slice.origin, ...slice.directions].forEach((row, i) => frame.set(row, i * layout.size));
      const fixed = { frame: { data: frame, shape: [1 + k, layout.size] } };
      const job: Job = { program: native, data: whole, fixed, ...size };
      const items = {
        count: request.count,
        at: (from: number, to: number) => {
          const coordinates = zeros(precision, k * (to - from));
          for (let i = from; i < to; i++) coordinates.set(request.coordinatesAt(i), k * (i - from));
          return { coordinates };
        },
      };
      let { reference } = request;
      try {
        if (visitOrigin) {
          const origin = { count: 1, at: () => ({ coordinates: zeros(precision, k) }) };
          const outputs = valueOutputs(native, true);
          const [found] = await evaluate(defaultPool(), job, origin, { outputs, signal });
          if (!found) return "native";
          const evaluation = evaluationIn(found, true);
          visitOrigin(evaluation);
          reference = evaluation.perSample;
        }
        if (reference && !perSample) job.references = { losses: reference };
        await evaluate(defaultPool(), job, items, {
          outputs: valueOutputs(native, perSample),
          signal,
          visit(item, result) {
            const { arrays, moments } = result;
            if (count === undefined || perSample) {
              return visit(item, evaluationIn(result, perSample));
            }
            const penalty = Number(arrays.penalty?.[0] ?? 0), m = moments.losses;
            const spread = (squares: number) => Math.sqrt(squares / (m.count - 1) / m.count);
            const standardError = spread(m.squares);
            visit(item, {
              loss: m.sum / m.count + penalty,
              standardError,
              subsampleError: standardError *
                Math.sqrt(Math.max(0, 1 - m.count / (available ?? m.count))),
              ...accuracyIn(result),
              ...(reference && { differenceError: spread(m.differenceSquares) }),
            });
          },
        });
      } finally {
        for (const object of [fixed, reference]) if (object) defaultPool().forget(object);
      }
      return "native" as const;
    },
    async trainer(theta: Vector, plan: TrainingPlan) {
      // where a loss splits large batches, batch norm sees the parts, which a recorded step does not
      const split = learns && single && plan.batchSize > (batchSize ?? Infinity);
      const stepWork = workOf(sampleWork, plan);
      if (split || (!always && plan.steps * stepWork < MUCH_WORK)) return undefined;
      if (!learns && single && isLarge(plan, sampleWork)) {
        const native = await program("gradient");
        const at = (theta: Vector, { indices, signal }: LossOptions) =>
          gradientAt(native!, theta, {
            signal,
            indices: isEach(indices, count) ? undefined : indices,
          });
        return native && splitTrainer(at, layout, { theta, plan });
      }
      const rule = ruleOf(plan), native = await program("step", rule);
      if (!native) return undefined;
      return nativeTrainer(defaultPool(), native, { theta, data: whole, plan, work: stepWork });
    },
    async [Symbol.asyncDispose]() {
      for (const data of [whole, weights.get(whole)]) if (data) defaultPool().forget(data);
      await wasm[Symbol.asyncDispose]();
    },
  };
  return self;
}

/** Whether samples are all there are, each once: their mean is the same in any order, and workers have them. */
const isEach = (indices: Int32Array | undefined, count: number | undefined): boolean =>
  indices?.length === count && new Set(indices).size === count;

/** Data as programs take it: floats in their precision, whole numbers as they are. */
function feedsOf(fields: Record<string, NumberArray>, precision: Precision): Feeds {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { data, shape }]) => [
      `data/${name}`,
      { data: data instanceof Int32Array ? data : floats(precision, data), shape },
    ]),
  );
}

function floats(precision: Precision, values: ArrayLike<number>): Float32Array | Float64Array {
  // a constructor copies an array at once, where `from` asks for one number after the other
  return precision === "float32" ? new Float32Array(values) : new Float64Array(values);
}

const zeros = (precision: Precision, n: number) =>
  precision === "float32" ? new Float32Array(n) : new Float64Array(n);

function inPrecisionOf(like: Vector, values: Vector): Vector {
  if (values.constructor === like.constructor) return values;
  return like instanceof Float32Array ? new Float32Array(values) : new Float64Array(values);
}

function mapValues<A, B>(record: Record<string, A>, f: (value: A, name: string) => B) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}
