import { checkSamples, isNumbers, namedInputs } from "../data/dataset.ts";
import type { NumberArray, Numbers, Samples } from "../data/dataset.ts";
import type { Layout } from "../layout.ts";
import { describe, initialize, movable } from "../layout.ts";
import type { Loss } from "../loss.ts";
import { onBackend } from "../tensor/backend.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as tf from "../tensor/tf.ts";
import { symmetries, type UnitGroupSpec } from "../symmetry.ts";
import { sizeOf } from "../vector.ts";
import { checkSampling, type SamplingOptions, subsample } from "./subsample.ts";
import {
  criteria,
  type Criterion,
  type CriterionName,
  matricesOf,
  type Scored,
} from "./criterion.ts";
import { requireBackend } from "./started.ts";
import { lossOn } from "./native_loss.ts";
import { fieldsOf, type Forward, rowsOf, tensorOf, tensorsOf } from "./tensor_loss.ts";

/** A loss as a user writes it: named tensors in, per-sample losses [n] or a scalar out, or with a criterion outputs. */
export type TensorFunction = (
  parameters: Record<string, Tensor>,
  batch: Record<string, Tensor>,
) => Tensor;

/** Options of {@link functionLoss}. */
export interface FunctionLossOptions extends SamplingOptions {
  /** The data of `batch`: inputs and targets, or any named arrays whose first axis counts samples. */
  samples?: Samples | Record<string, Numbers>;
  /**
   * If given, f gives the outputs of a network, [n, …], and the criterion makes losses of them and of the
   * samples' `targets`. Then the loss has a Gauss–Newton matrix. The cross-entropies take logits.
   */
  criterion?: CriterionName | Criterion;
  /** Which units of the network may change places, for `alignNeurons` and `connectivity`. */
  symmetries?: readonly UnitGroupSpec[];
}

/**
 * Any function of named tensors as a loss. If it gives per-sample losses [n], the loss is their mean, comes
 * in batches and has a standard error. If it gives a scalar (no samples, or several sets of points, as in
 * physics-informed losses), it gets all data at once.
 *
 * The function is called once here, on two samples, to see what it gives. It must be written with ops of the
 * exported `tf`, and may take derivatives with respect to its data (`tf.grad`) inside.
 *
 * @throws {TypeError | RangeError} where the function, its result or the samples do not fit.
 *
 * ```ts
 * import { functionLoss, layout, tf } from "../../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const bowl = functionLoss(layout({ x: [2] }), ({ x }) => tf.sum(tf.square(x)));
 * assertAlmostEquals(await bowl.value(new Float32Array([3, 4])), 25);
 * ```
 */
export function functionLoss(
  layout: Layout,
  f: TensorFunction,
  options: FunctionLossOptions = {},
): Loss {
  checkSampling(options);
  if (typeof f !== "function") {
    throw new TypeError(`Cannot make the loss: f must be a function of tensors, got ${typeof f}`);
  }
  const fields = namedFields(options.samples);
  const parameters = (tensors: Tensor[]) =>
    Object.fromEntries(layout.tensors.map((t, i) => [t.name, tensors[i]]));
  const given = (tensors: Tensor[], batch: Record<string, Tensor>) =>
    f(strict(parameters(tensors), "parameter"), strict(batch, "array of samples"));
  const { criterion } = options;
  const scored = criterion === undefined ? undefined : scoredBy(criterion, fields);
  const forward = (tensors: Tensor[], batch: Record<string, Tensor>): Forward => {
    const result = given(tensors, batch);
    if (!scored) return { losses: result };
    const losses = (outputs: Tensor) => scored.criterion(outputs, batch.targets);
    return {
      losses: losses(result),
      ...(scored.correct && { correct: scored.correct(result, batch.targets) }),
      head: { outputs: result, losses },
    };
  };
  const shared = { layout, seed: options.seed ?? 42, work: movable(layout), forward };
  const described = options.symmetries && symmetries(layout, options.symmetries);
  const matrices = criterion === undefined ? ["empiricalFisher" as const] : matricesOf(criterion);
  const loss = givesPerSample(layout, forward, fields)
    ? lossOn({ ...shared, ...subsample(fields, options), matrices }, options)
    : lossOn({ ...shared, fields }, options);
  return Object.assign(loss, described && { symmetries: () => described });
}

/** The criterion that makes losses of outputs and targets. */
function scoredBy(
  criterion: CriterionName | Criterion,
  { targets }: Record<string, NumberArray>,
): Scored {
  if (typeof criterion !== "function" && !Object.hasOwn(criteria, criterion)) {
    throw new RangeError(
      `Cannot make the loss: criterion must be one of ${
        Object.keys(criteria).join(", ")
      } or a function, got ${describe(criterion)}`,
    );
  }
  if (!targets) {
    throw new RangeError(
      "Cannot make the loss: a criterion compares outputs with targets, and the samples have none; " +
        "give samples: { inputs, targets }, or let f compute losses and leave the criterion out",
    );
  }
  return typeof criterion === "function" ? { criterion } : criteria[criterion];
}

/** A record that says so when it is asked for what it has not: a misspelt name would surface deep in tfjs. */
function strict<T>(record: Record<string, T>, what: string): Record<string, T> {
  return new Proxy(record, {
    get(target, name) {
      if (typeof name === "symbol" || name in target) return Reflect.get(target, name);
      throw new RangeError(
        `Cannot evaluate the loss: f asks for the ${what} "${name}", there is ${
          Object.keys(target).map((n) => `"${n}"`).join(", ") || "none"
        }`,
      );
    },
  });
}

/** The data by the names under which f finds it. */
function namedFields(samples: FunctionLossOptions["samples"]): Record<string, NumberArray> {
  if (samples === undefined) return {};
  if (typeof samples !== "object" || samples === null) {
    throw new TypeError(
      `Cannot make the loss: samples must be { inputs, targets } or named arrays, got ${
        describe(samples)
      }`,
    );
  }
  const { inputs, targets } = samples as Samples;
  const isSamples = inputs !== undefined && (isNumbers(inputs) || targets !== undefined);
  if (isSamples) {
    checkSamples(samples as Samples, "make the loss");
    return fieldsOf({ ...namedInputs(samples as Samples), ...(targets && { targets }) });
  }
  for (const [name, numbers] of Object.entries(samples)) {
    checkSamples({ inputs: { [name]: numbers } }, "make the loss");
  }
  return fieldsOf(samples as Record<string, Numbers>);
}

/** Whether f gives one loss per sample: tried on two samples, and on all where it cannot take two. */
function givesPerSample(
  layout: Layout,
  forward: (tensors: Tensor[], batch: Record<string, Tensor>) => { losses: Tensor },
  fields: Record<string, NumberArray>,
): boolean {
  requireBackend();
  const [count, ...others] = Object.values(fields).map((field) => field.shape[0]);
  const common = count !== undefined && others.every((n) => n === count);
  const theta = initialize(layout);
  const shapeFor = (data: Record<string, NumberArray>) =>
    onBackend("wasm", () =>
      tf.tidy(() => {
        const { losses } = forward(tensorsOf(layout, theta), mapValues(data, tensorOf));
        if (Array.isArray(losses?.shape)) return losses.shape;
        throw new TypeError(
          `Cannot make the loss: f must give a tensor, got ${
            describe(losses)
          }; it must not be async`,
        );
      }));
  const { shape, size } = common && count > 2
    ? shapeForTwo() ?? { shape: shapeFor(fields), size: count }
    : { shape: shapeFor(fields), size: count };
  if (shape.length === 0) return false;
  if (common && shape[0] === size && sizeOf(shape) === size) return true;
  throw new RangeError(
    `Cannot make the loss: f must give ${
      common ? `per-sample losses [${size}] or ` : ""
    }a scalar, ` +
      `got shape [${shape.join(", ")}]`,
  );

  /** A function that is bound to all of its samples may fail on two of them. */
  function shapeForTwo(): { shape: number[]; size: number } | undefined {
    try {
      const two = mapValues(fields, (field) => rowsOf(field, Int32Array.of(0, 1)));
      return { shape: shapeFor(two), size: 2 };
    } catch {
      return undefined;
    }
  }
}

function mapValues<A, B>(record: Record<string, A>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}
