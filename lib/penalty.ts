import { checkVector, type Layout } from "./layout.ts";
import {
  checkLoss,
  type CurvatureMatrix,
  type Evaluation,
  type Linearized,
  type Loss,
  type LossOptions,
  type SliceRequest,
  type TrainingPlan,
} from "./loss.ts";
import { describe } from "./options.ts";
import { pointAt, type Slice } from "./slice.ts";
import { accumulate, sizeOf, type Vector } from "./vector.ts";

/** A function of θ alone that is added to a loss. Its derivatives are zero on `state`. */
export interface Penalty {
  /** What it is, for captions. */
  readonly name: string;
  /** Where it is weight·Σ|θ| or weight·‖θ‖²: which. Only then are steps of training natively made with it. */
  readonly norm?: "l1" | "l2";
  /** See `norm`. */
  readonly weight?: number;
  /** Its value. */
  value(layout: Layout, theta: Vector): number;
  /** Its gradient. */
  gradient(layout: Layout, theta: Vector): Vector;
  /** Its Hessian times v. */
  product(layout: Layout, theta: Vector, v: Vector): Vector;
}

/**
 * weight·Σ|θ|. Its Hessian is zero, and so is its gradient at 0.
 *
 * @throws {RangeError} if weight is negative or not finite.
 */
export function l1(weight: number): Penalty {
  return elementwise("l1", weight, Math.abs, Math.sign, () => 0);
}

/**
 * weight·‖θ‖². Every eigenvalue of the Hessian moves up by 2·weight.
 *
 * @throws {RangeError} if weight is negative or not finite.
 */
export function l2(weight: number): Penalty {
  return elementwise("l2", weight, (x) => x * x, (x) => 2 * x, () => 2);
}

/** weight·Σ f(θᵢ) over all that can move, with the first and second derivative of f. */
function elementwise(
  name: "l1" | "l2",
  weight: number,
  f: (x: number) => number,
  first: (x: number) => number,
  second: (x: number) => number,
): Penalty {
  if (!(Number.isFinite(weight) && weight >= 0)) {
    throw new RangeError(
      `Cannot make an ${name} penalty: weight must be a number of 0 or more, got ${
        typeof weight === "number" ? weight : describe(weight)
      }`,
    );
  }
  const map = (layout: Layout, theta: Vector, g: (i: number) => number) => {
    const out = new Float64Array(theta.length);
    eachMovable(layout, (i) => out[i] = weight * g(i));
    return out;
  };
  return {
    name: `${weight}·${name === "l1" ? "Σ|θ|" : "|θ|²"}`,
    norm: name,
    weight,
    value(layout, theta) {
      let sum = 0;
      eachMovable(layout, (i) => sum += f(theta[i]));
      return weight * sum;
    },
    gradient: (layout, theta) => map(layout, theta, (i) => first(theta[i])),
    product: (layout, theta, v) => map(layout, theta, (i) => second(theta[i]) * v[i]),
  };
}

function eachMovable(layout: Layout, visit: (i: number) => void): void {
  for (const tensor of layout.tensors) {
    if (tensor.role === "state") continue;
    const end = tensor.offset + sizeOf(tensor.shape);
    for (let i = tensor.offset; i < end; i++) visit(i);
  }
}

/**
 * A loss with a penalty on θ added to its value, gradient and Hessian. Per-sample losses each carry the
 * whole penalty, so that their mean is the loss and their differences keep their errors. The Gauss–Newton
 * matrix has the penalty's Hessian too; a Fisher matrix has not, since it is of the data alone.
 *
 * @throws {TypeError} if one of them is not a loss, or not a penalty.
 */
export function withPenalty(loss: Loss, penalty: Penalty): Loss {
  checkLoss(loss, "add a penalty");
  for (const part of ["value", "gradient", "product"] as const) {
    if (typeof penalty?.[part] === "function") continue;
    throw new TypeError(
      `Cannot add a penalty: expected l1(weight), l2(weight) or { name, value, gradient, product }, got ${
        describe(penalty)
      }`,
    );
  }
  const { layout } = loss;
  const check = (theta: Vector) => checkVector(layout, theta, "evaluate the loss");
  const plus = (a: Vector, b: Vector) => (accumulate(a, b), a);
  /** A Fisher matrix is of what the data say; a penalty says nothing about them. */
  const bends = (matrix: CurvatureMatrix = "hessian") =>
    matrix === "hessian" || matrix === "gaussNewton";
  const { valueAndGradient, sampleSlice, linearize, trainer } = loss;
  const { norm, weight } = penalty;
  const { symmetries, activations, unitStatistics, repaired } = loss;
  return {
    layout,
    samples: loss.samples,
    samplesAvailable: loss.samplesAvailable,
    engine: loss.engine,
    precision: loss.precision,
    ...(loss.matrices && { matrices: loss.matrices }),
    async value(theta, options) {
      check(theta);
      return await loss.value(theta, options) + penalty.value(layout, theta);
    },
    async evaluate(theta, options) {
      check(theta);
      const extra = penalty.value(layout, theta);
      const { loss: value, perSample, ...rest } = await loss.evaluate(theta, options);
      return {
        ...rest,
        loss: value + extra,
        ...(perSample && { perSample: perSample.map((x) => x + extra) as typeof perSample }),
      };
    },
    async gradient(theta, options) {
      return plus(await loss.gradient(theta, options), penalty.gradient(layout, theta));
    },
    async product(theta, v, options) {
      const product = await loss.product(theta, v, options);
      return bends(options?.matrix) ? plus(product, penalty.product(layout, theta, v)) : product;
    },
    ...(valueAndGradient && {
      async valueAndGradient(theta: Vector, options?: LossOptions & { seed?: number }) {
        const { value, gradient, ...rest } = await valueAndGradient.call(loss, theta, options);
        return {
          ...rest,
          value: value + penalty.value(layout, theta),
          gradient: plus(gradient, penalty.gradient(layout, theta)),
        };
      },
    }),
    ...(sampleSlice && {
      sampleSlice(slice: Slice, request: SliceRequest) {
        const { visitOrigin } = request;
        const added = <E extends Evaluation>(
          { loss: value, perSample, ...rest }: E,
          theta: Vector,
        ) => {
          const extra = penalty.value(layout, theta);
          const losses = perSample?.map((x) => x + extra) as typeof perSample;
          return { ...rest, loss: value + extra, ...(losses && { perSample: losses }) };
        };
        return sampleSlice.call(loss, slice, {
          ...request,
          ...(visitOrigin && {
            visitOrigin: (evaluation) => visitOrigin(added(evaluation, slice.origin)),
          }),
          visit: (i, evaluation) =>
            request.visit(i, added(evaluation, pointAt(slice, request.coordinatesAt(i)))),
        });
      },
    }),
    ...(linearize && {
      async linearize(theta: Vector, matrix?: CurvatureMatrix) {
        const at = await linearize.call(loss, theta, matrix);
        if (!at || !bends(matrix)) return at;
        return {
          ...at,
          product: async (v, options) =>
            plus(await at.product(v, options), penalty.product(layout, theta, v)),
          ...(at.products && {
            products: (vs, { signal, visit } = {}) =>
              at.products!(vs, {
                signal,
                visit(i, image) {
                  plus(image, penalty.product(layout, theta, vs[i]));
                  visit?.(i, image);
                },
              }),
          }),
        } satisfies Linearized;
      },
    }),
    // a penalty that is a closure cannot travel to where the steps are made
    ...(trainer && norm && weight !== undefined && {
      trainer: (theta: Vector, { penalties = [], ...plan }: TrainingPlan) =>
        trainer.call(loss, theta, { ...plan, penalties: [...penalties, { norm, weight }] }),
    }),
    // what the network is does not depend on what is added to its loss
    ...(symmetries && { symmetries: symmetries.bind(loss) }),
    ...(activations && { activations: activations.bind(loss) }),
    ...(unitStatistics && { unitStatistics: unitStatistics.bind(loss) }),
    ...(repaired && { repaired: repaired.bind(loss) }),
    [Symbol.asyncDispose]: () => loss[Symbol.asyncDispose](),
  };
}
