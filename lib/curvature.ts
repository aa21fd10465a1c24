import { checkVector, type Layout } from "./layout.ts";
import {
  checkLoss,
  type CurvatureMatrix,
  type Linearized,
  type Loss,
  type Operator,
  type ProductsOptions,
} from "./loss.ts";
import { describe, optionsOf } from "./options.ts";
import { products } from "./products.ts";
import { unlessStopped } from "./progress.ts";
import { sizeOf, type Vector } from "./vector.ts";

/** What the matrices are called. */
const NAMES: Record<CurvatureMatrix, string> = {
  hessian: "Hessian",
  gaussNewton: "Gauss–Newton matrix",
  empiricalFisher: "empirical Fisher matrix",
  modelFisher: "Fisher matrix of the model",
};

/** Options of operators of a loss. */
export interface CurvatureOptions {
  /** Names of tensors of the layout: the block of these, all others held fixed. Default: all. */
  parameters?: readonly string[];
}

/** A curvature matrix of a loss at a θ, on all of θ or on some of its tensors. */
export interface Curvature extends Operator {
  /** How many numbers it acts on: those that can move, of the tensors that were asked for. */
  readonly dimension: number;
  /** H·v for several v: on all cores at once where the engine can, otherwise one after the other. */
  products(vs: readonly Vector[], options?: ProductsOptions): Promise<Vector[]>;
  /** Sets what it does not act on to zero, in place. */
  restrict(v: Vector): void;
  /** What computes the loss. */
  readonly engine: Loss["engine"];
  /** The precision of the products. */
  readonly precision: Loss["precision"];
  /** How many samples the loss is a mean over. */
  readonly samples?: number;
  /** How many samples there are to choose from. */
  readonly samplesAvailable?: number;
}

/**
 * A curvature matrix of a loss at θ as an operator. With `parameters` it is the block of these tensors, all
 * others held fixed; vectors keep the size of θ and are zero elsewhere. `state` is left out always.
 *
 * @throws {TypeError | RangeError} that says what `doing` cannot be done for.
 */
export function curvature(
  loss: Loss,
  theta: Vector,
  matrix: CurvatureMatrix,
  options: CurvatureOptions,
): Curvature {
  const doing = `make the ${NAMES[matrix]}`;
  checkLoss(loss, doing);
  const { parameters } = optionsOf(options, doing), { layout } = loss;
  checkMatrix(loss, matrix, doing);
  checkVector(layout, theta, doing);
  const fixed = fixedTensors(layout, parameters, doing);
  const point = theta.slice();
  const { engine, precision, samples, samplesAvailable } = loss;
  const dimension = layout.size - fixed.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (dimension === 0) throw new RangeError(`Cannot ${doing}: nothing is left that can move`);
  const restrict = (v: Vector) => {
    for (const { offset, shape } of fixed) v.fill(0, offset, offset + sizeOf(shape));
  };
  const inside = (v: Vector) => {
    checkVector(layout, v, `multiply with the ${NAMES[matrix]}`, "v");
    if (!fixed.length) return v;
    const copy = v.slice();
    restrict(copy);
    return copy;
  };
  let linearized: Promise<Linearized | undefined> | undefined, used = engine;
  /** Its products on all of θ. */
  const whole = async (signal?: AbortSignal): Promise<Pick<Operator, "product" | "products">> => {
    linearized ??= loss.linearize?.(point, matrix) ?? Promise.resolve(undefined);
    const at = await unlessStopped(linearized, signal);
    if (at) used = at.engine;
    return at ?? { product: (v, options) => loss.product(point, v, { ...options, matrix }) };
  };
  return {
    size: layout.size,
    dimension,
    restrict,
    get engine() {
      return used;
    },
    precision,
    samples,
    samplesAvailable,
    async product(v, options) {
      const own = inside(v), image = await (await whole(options?.signal)).product(own, options);
      restrict(image);
      return image;
    },
    async products(vs, { signal, visit } = {}) {
      const own = vs.map(inside);
      return await products(await whole(signal), own, {
        signal,
        visit(i, image) {
          restrict(image);
          visit?.(i, image);
        },
      });
    },
    async release() {
      (await linearized)?.release();
      linearized = undefined;
    },
  };
}

/** @throws {TypeError} if the loss does not give products of this matrix. */
function checkMatrix({ matrices = [] }: Loss, matrix: CurvatureMatrix, doing: string): void {
  if (matrix === "hessian" || matrices.includes(matrix)) return;
  const wanted = matrix === "empiricalFisher"
    ? "losses of single samples; this loss is no mean over samples"
    : matrix === "gaussNewton" || !matrices.includes("gaussNewton")
    ? "the outputs of a network: use modelLoss, or functionLoss with a criterion"
    : 'a likelihood: use a named criterion without postBatch, or kind "empirical"';
  throw new TypeError(`Cannot ${doing}: it needs ${wanted}`);
}

function fixedTensors(layout: Layout, parameters: readonly string[] | undefined, doing: string) {
  if (parameters !== undefined && !Array.isArray(parameters)) {
    throw new TypeError(
      `Cannot ${doing}: parameters must be a list of names of tensors, got ${describe(parameters)}`,
    );
  }
  const names = layout.tensors.map(({ name }) => name);
  const unknown = parameters?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot ${doing}: parameters must be among ${names.join(", ")}, got ${unknown}`,
    );
  }
  return layout.tensors.filter(({ name, role }) =>
    role === "state" || parameters && !parameters.includes(name)
  );
}
