import { onBackend } from "./backend.ts";
import { engine } from "./engine.ts";
import { guarded } from "./guard.ts";
import * as tf from "./tf.ts";

type Tensor = tf.Tensor;

/** A function of several tensors whose value is a scalar, such as a loss of its weights. */
export type ScalarFunction = (xs: Tensor[]) => tf.Scalar;

/** Where derivatives are computed. */
export interface DerivativeOptions {
  /** A backend that is running, `"wasm"` by default. */
  backend?: string;
}

/**
 * f(xs) and ∂f/∂x for each x; zeros where f does not depend on x. The caller disposes what it gets.
 *
 * Cost: two to three times f. A kink has the derivative that PyTorch gives it: 0 for |x| at 0, and for
 * ReLU and its kin the one from the left; equal maxima share theirs in `tf.max`, and the first has it in
 * a pooling window and in `tf.maximum`.
 *
 * @throws {Error} if f uses an op without gradient (its name is said), or differentiates twice one whose
 * second derivative is not known to be exact.
 */
export function valueAndGradients(
  f: ScalarFunction,
  xs: Tensor[],
  { backend = "wasm" }: DerivativeOptions = {},
): { value: tf.Scalar; gradients: Tensor[] } {
  return onBackend(backend, () =>
    guarded(() =>
      tf.tidy(() => {
        const { value, gradients } = differentiate(() => f(xs), xs);
        return {
          // A function may return one of the xs, which is not the caller's to dispose.
          value: tf.clone(value),
          gradients: gradients.map((g, i) => g ?? tf.zeros(xs[i].shape)),
        };
      })
    ));
}

/**
 * H·v: the second derivatives of f times a direction, one tensor `vs[i]` for each `xs[i]`, exact up to
 * rounding: the derivative of ⟨∂f/∂x, v⟩ (double backward). Zeros where f is linear in x. The caller
 * disposes what it gets.
 *
 * f may take derivatives itself (`tf.grad`, also twice), as physics-informed losses do.
 *
 * Cost: four to six times f.
 *
 * @throws {RangeError} if `vs` does not fit `xs`.
 * @throws {Error} if f uses an op whose second derivative is not known to be exact: its name and what to
 * use instead are said, rather than a wrong number given.
 */
export function hessianProduct(
  f: ScalarFunction,
  xs: Tensor[],
  vs: Tensor[],
  { backend = "wasm" }: DerivativeOptions = {},
): Tensor[] {
  checkDirection(xs, vs);
  return onBackend(backend, () =>
    guarded(() =>
      tf.tidy(() => {
        // A direction may be one of the xs: it is a constant all the same.
        const directions = vs.map((v) => tf.clone(v));
        const slope = () => inner(differentiate(() => f(xs), xs).gradients, directions);
        return differentiate(slope, xs).gradients.map((g, i) => g ?? tf.zeros(xs[i].shape));
      })
    ));
}

/** A function of several tensors that gives one, such as a network of its weights. */
export type TensorMap = (xs: Tensor[]) => Tensor;

/**
 * J·v: the derivative of f along a direction, in the shape of f(xs). Made of two backward passes: Jᵀu is
 * linear in u, and its derivative by u along v is J·v. The caller disposes what it gets.
 *
 * Cost: three to four times f.
 *
 * @throws {RangeError} if `vs` does not fit `xs`.
 * @throws {Error} if f uses an op whose second derivative is not known to be exact.
 */
export function jacobianProduct(
  f: TensorMap,
  xs: Tensor[],
  vs: Tensor[],
  { backend = "wasm" }: DerivativeOptions = {},
): Tensor {
  checkDirection(xs, vs);
  return onBackend(backend, () =>
    guarded(() =>
      tf.tidy(() => {
        const directions = vs.map((v) => tf.clone(v)), u = tf.zeros(f(xs).shape);
        const along = () => {
          const pulled = differentiate(() => tf.sum(tf.mul(f(xs), u)), xs).gradients;
          return inner(pulled, directions);
        };
        return differentiate(along, [u]).gradients[0] ?? u;
      })
    ));
}

/**
 * Jᵀ·A·J·v, where J is the Jacobian of f and A the second derivatives of `curvature` at f(xs). The caller
 * disposes what it gets; zeros where f does not depend on x.
 *
 * Cost: five to seven times f.
 *
 * @throws {RangeError} if `vs` does not fit `xs`.
 * @throws {Error} if an op is used whose second derivative is not known to be exact.
 */
export function gaussNewtonProduct(
  f: TensorMap,
  curvature: ScalarFunction,
  xs: Tensor[],
  vs: Tensor[],
  options: DerivativeOptions = {},
): Tensor[] {
  const { backend = "wasm" } = options;
  return onBackend(backend, () =>
    guarded(() =>
      tf.tidy(() => {
        const along = jacobianProduct(f, xs, vs, options);
        const [bent] = hessianProduct(curvature, [f(xs)], [along], options);
        return differentiate(() => tf.sum(tf.mul(f(xs), bent)), xs)
          .gradients.map((g, i) => g ?? tf.zeros(xs[i].shape));
      })
    ));
}

/** Σ ⟨g, v⟩ over those that there are. */
function inner(gradients: (Tensor | undefined)[], directions: Tensor[]): Tensor {
  return gradients.reduce<Tensor>(
    (sum, g, i) => g ? tf.add(sum, tf.sum(tf.mul(g, directions[i]))) : sum,
    tf.scalar(0),
  );
}

/** A gradient is missing where y does not depend on x. */
function differentiate(
  f: () => Tensor,
  xs: Tensor[],
): { value: tf.Scalar; gradients: (Tensor | undefined)[] } {
  const { value, grads } = engine().gradients(() => scalar(f()), xs, null, true);
  return { value: value as tf.Scalar, gradients: grads };
}

function scalar(y: Tensor): Tensor {
  if (!(y instanceof tf.Tensor)) {
    throw new TypeError("Cannot differentiate: the function must return a scalar tensor");
  }
  if (y.size !== 1) {
    throw new RangeError(
      `Cannot differentiate: the function must return a scalar, got [${y.shape}]`,
    );
  }
  return y.rank === 0 ? y : tf.reshape(y, []);
}

function checkDirection(xs: Tensor[], vs: Tensor[]): void {
  if (vs.length !== xs.length) {
    throw new RangeError(
      `Cannot multiply by the Hessian: needs one direction for each of ${xs.length} tensors, got ${vs.length}`,
    );
  }
  const i = xs.findIndex((x, i) => x.shape.join() !== vs[i].shape.join());
  if (i >= 0) {
    throw new RangeError(
      `Cannot multiply by the Hessian: direction ${i} must have shape [${xs[i].shape}], got [${
        vs[i].shape
      }]`,
    );
  }
}
