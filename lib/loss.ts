import type { Slice } from "./slice.ts";
import type { Layout } from "./layout.ts";
import { describe } from "./options.ts";
import type { Vector } from "./vector.ts";
import type { Symmetries } from "./symmetry.ts";

/** How a single evaluation of a loss may be asked for. */
export interface LossOptions {
  /** Stops between batches: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Use only these samples, by number; by default all that the loss holds. */
  indices?: Int32Array;
}

/** What {@link Loss.evaluate} gives back. */
export interface Evaluation {
  /** The loss: penalties included, batches weighted by their size. */
  loss: number;
  /**
   * s/√n, where the loss is a mean over n samples: the standard error of the loss as an estimate for the
   * population that the samples come from. That holds where θ was not fitted to them: of a training set the
   * loss is exact, and says little of the loss on new samples.
   */
  standardError?: number;
  /**
   * s/√n·√(1 − n/N), where the n samples stand for a data set of N: the standard error of the loss as an
   * estimate for that data set. 0 where all samples are used: then the loss is exact.
   */
  subsampleError?: number;
  /** The share of samples that are classified correctly, where the targets are classes. */
  accuracy?: number;
  /** The loss of each sample, if `perSample` was asked for and the loss is a mean over samples. */
  perSample?: Float32Array | Float64Array;
}

/** A loss and its gradient from the same forward pass. */
export interface ValueAndGradient {
  /** The loss. */
  value: number;
  /** The gradient, zero on `state`. */
  gradient: Vector;
  /** θ with the moving statistics that this pass would leave behind (batch norm in train mode). */
  state?: Vector;
}

/** How many products are asked for at once. */
export interface ProductsOptions {
  /** Stops it: the promise rejects with the signal's reason; what `visit` was told of stays. */
  signal?: AbortSignal;
  /** Is told of every product, in any order, with the very vector that comes back. */
  visit?(i: number, image: Vector): void;
}

/**
 * The curvature matrices of a loss: its Hessian; the part of it that comes from the outputs' curvature
 * (Gauss–Newton); the mean of gᵢ·gᵢᵀ over the samples' gradients (empirical Fisher); and the same with targets
 * that the model itself would draw (Fisher of the model).
 */
export type CurvatureMatrix = "hessian" | "gaussNewton" | "empiricalFisher" | "modelFisher";

/** A symmetric linear map that is known only by its products: a Hessian, Gauss–Newton or Fisher matrix. */
export interface Operator {
  /** The number of rows. */
  readonly size: number;
  /** A·v, in the precision of v where the engine allows. */
  product(v: Vector, options?: { signal?: AbortSignal }): Promise<Vector>;
  /** A·v for several v, where that is quicker than one after the other. */
  products?(vs: readonly Vector[], options?: ProductsOptions): Promise<Vector[]>;
  /** Frees what the operator holds. */
  release(): void;
}

/** What computes a loss: tfjs on WebAssembly, ONNX Runtime in workers, or plain arithmetic. */
export type Engine = "wasm" | "native" | "closed form";

/** Points of a slice that a loss is asked for at once. */
export interface SliceRequest {
  /** How many. */
  count: number;
  /** The coordinates of the i-th point. */
  coordinatesAt(i: number): ArrayLike<number>;
  /** Per-sample losses that differences are taken against. */
  reference?: Float32Array | Float64Array;
  /**
   * Is told of the origin, with its per-sample losses, before any point: then differences are taken against it
   * in place of a `reference`.
   */
  visitOrigin?(evaluation: Evaluation): void;
  /** Whether per-sample losses are wanted, in place of the errors of differences. */
  perSample: boolean;
  /** Is told of every point, in any order. */
  visit(i: number, evaluation: Evaluation & { differenceError?: number }): void;
  /** Stops it: the promise resolves, and what was visited stays. */
  signal?: AbortSignal;
}

/** A curvature matrix at one θ. */
export interface Linearized extends Pick<Operator, "product" | "products" | "release"> {
  /** What computes its products. */
  readonly engine: Engine;
}

/** How a loss is to be trained. */
export interface TrainingPlan {
  /** Gradient descent, or Adam with the constants of its paper. */
  optimizer: "sgd" | "adam";
  /** β of the heavy ball, 0 for none. */
  momentum: number;
  /** The most samples in a step. */
  batchSize: number;
  /** How many steps there will be. */
  steps: number;
  /** Penalties that are added to the loss: weight·Σ|θ| (l1) or weight·‖θ‖² (l2). */
  penalties?: readonly { norm: "l1" | "l2"; weight: number }[];
}

/** Steps that a {@link Trainer} is to make. */
export interface TrainerRequest {
  /** The samples of each step, by number; undefined for a loss that is no mean over samples. */
  batches: readonly (Int32Array | undefined)[];
  /** The learning rate of these steps. */
  learningRate: number;
  /** After which numbers of these steps θ is wanted, beside the last. */
  statesAfter?: readonly number[];
  /** Is told of every step. */
  visit?(): void;
  /** Is told of θ where it is wanted, and of Adam's v̂ there. */
  visitState?(step: number, theta: Vector, secondMoment?: Vector): void;
  /** Stops it: the promise resolves, with steps that were made. */
  signal?: AbortSignal;
}

/** Steps that were made: as many as there are losses. */
export interface TrainerResult {
  /** The loss of each step's batch, before the step. */
  losses: Float64Array;
  /** θ after the last of them. */
  theta: Vector;
  /** Adam's v̂ there, once a step was made. */
  secondMoment?: Vector;
  /** Whether they end there because θ is not finite any more. */
  diverged: boolean;
}

/** A training that goes on from run to run, θ and the optimizer's memory with it. */
export interface Trainer {
  /** What makes its steps. */
  readonly engine: Engine;
  /** Makes steps. Moving statistics in θ move too. */
  run(request: TrainerRequest): Promise<TrainerResult>;
}

/** What the units of a group compute at one place of the network. */
export interface UnitValues {
  /** The group, by its number in `symmetries().permutations`. */
  group: number;
  /** One row a sample, or a sample's pixel, with a value for each unit. */
  values: Float32Array;
}

/** Means and standard deviations over samples and pixels, for all units with a bias, in the loss' own order. */
export interface UnitStatistics {
  /** The means. */
  means: Float64Array;
  /** The standard deviations. */
  deviations: Float64Array;
}

/**
 * A function of θ with its derivatives. It knows its data, batches, hooks, penalty, mode and engine, so
 * that no analysis has to. It never changes θ, the model or the data.
 */
export interface Loss {
  /** What θ consists of. */
  readonly layout: Layout;
  /** How many samples the loss is a mean over; undefined where it is not a mean over samples. */
  readonly samples: number | undefined;
  /** How many samples there are to choose from: more than `samples` where a subsample is used. */
  readonly samplesAvailable?: number;
  /** What computes a single value of it, for the provenance of results. */
  readonly engine: Engine;
  /** The precision it is computed in. */
  readonly precision: "float32" | "float64";
  /** The loss at θ. */
  value(theta: Vector, options?: LossOptions): Promise<number>;
  /** The loss at θ with its standard error and, where the targets are classes, the accuracy. */
  evaluate(theta: Vector, options?: LossOptions & { perSample?: boolean }): Promise<Evaluation>;
  /** The gradient at θ, zero on `state`. */
  gradient(theta: Vector, options?: LossOptions): Promise<Vector>;
  /** The Hessian at θ times v, exact up to rounding; `state` is taken to be constant. */
  product(
    theta: Vector,
    v: Vector,
    options?: LossOptions & { matrix?: CurvatureMatrix },
  ): Promise<Vector>;
  /** The matrices whose products the loss gives, beside the Hessian. */
  readonly matrices?: readonly CurvatureMatrix[];
  /** The loss and its gradient in one pass; `seed` decides what dropout drops. */
  valueAndGradient?(
    theta: Vector,
    options?: LossOptions & { seed?: number },
  ): Promise<ValueAndGradient>;
  /**
   * Many points of a slice at once, on all cores. Gives what computed them, or undefined, and then nothing was
   * done: where it would not pay, or cannot be.
   */
  sampleSlice?(slice: Slice, request: SliceRequest): Promise<Engine | undefined>;
  /** A matrix at one θ for many products; undefined where that would not pay, or cannot be. */
  linearize?(theta: Vector, matrix?: CurvatureMatrix): Promise<Linearized | undefined>;
  /** Training from a θ, off this thread; undefined where that would not pay, or cannot be. */
  trainer?(theta: Vector, plan: TrainingPlan): Promise<Trainer | undefined>;
  /** What can be done to θ that leaves the outputs of the network as they are. */
  symmetries?(): Symmetries;
  /**
   * The values of the network's units at each of some θ, batch by batch, on at most 2,048 samples: for each θ the
   * same list of places where units are seen. The next batch waits for what `visit` promises.
   */
  activations?(
    thetas: readonly Vector[],
    visit: (places: UnitValues[][]) => void | Promise<void>,
    options?: { signal?: AbortSignal },
  ): Promise<void>;
  /** Means and deviations of what comes into the activations, on at most 2,048 samples. */
  unitStatistics?(theta: Vector, options?: { signal?: AbortSignal }): Promise<UnitStatistics>;
  /**
   * θ with the moving statistics of batch norm as they are on at most 2,048 samples, and biases and weights scaled so
   * that what comes into the activations has the statistics that are wanted (Jordan et al., 2023).
   */
  repaired?(
    theta: Vector,
    wanted: UnitStatistics,
    options?: { signal?: AbortSignal },
  ): Promise<Vector>;
  /** Frees the memory that the loss holds. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Checks that a loss is one.
 *
 * @throws {TypeError} that says what came instead, and how to make a loss of a model.
 */
export function checkLoss(loss: Loss, doing: string): void {
  const { value, evaluate, layout } = loss ?? {};
  if (typeof value === "function" && typeof evaluate === "function" && layout) return;
  const got = describe(loss);
  throw new TypeError(
    `Cannot ${doing}: expected a loss, got ${got}: make one with ` +
      (got === "a tf.LayersModel"
        ? "modelLoss(model, samples)"
        : "modelLoss(model, samples) or functionLoss(layout, f)"),
  );
}
