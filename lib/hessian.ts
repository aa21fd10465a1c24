import { checkVector, type Layout } from "./layout.ts";
import {
  checkLoss,
  type Linearized,
  type Loss,
  type Operator,
  type ProductsOptions,
} from "./loss.ts";
import { describe, optionsOf } from "./options.ts";
import { products } from "./products.ts";
import { sizeOf, type Vector } from "./vector.ts";

/** The Hessian of a loss at a θ, on all of θ or on some of its tensors. */
export interface Hessian extends Operator {
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
 * The Hessian of a loss at θ as an operator: exact products H·v by differentiating twice (Pearlmutter, 1994),
 * never the matrix. With `parameters` it is the block of these tensors, all others held fixed; vectors keep
 * the size of θ and are zero elsewhere, so that eigenvectors are directions of a slice. `state` is left out
 * always.
 *
 * Cost of a product: some four evaluations of the loss. θ is copied.
 *
 * @param options.parameters names of tensors of the layout; default all
 * @throws {RangeError} if θ does not fit the layout, a name is not in it, or nothing is left to move.
 *
 * ```ts
 * import { factorization, hessian } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const saddle = hessian(factorization(), Float64Array.of(0, 0));
 * assertEquals(await saddle.product(Float64Array.of(1, 1)), Float64Array.of(-1, -1));
 * ```
 */
export function hessian(
  loss: Loss,
  theta: Vector,
  options: { parameters?: readonly string[] } = {},
): Hessian {
  const doing = "make the Hessian";
  checkLoss(loss, doing);
  const { parameters } = optionsOf(options, doing), { layout } = loss;
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
    checkVector(layout, v, "multiply with the Hessian", "v");
    const copy = v.slice();
    restrict(copy);
    return copy;
  };
  let linearized: Promise<Linearized | undefined> | undefined, used = engine;
  /** Its products on all of θ. */
  const whole = async (): Promise<Pick<Operator, "product" | "products">> => {
    const at = await (linearized ??= loss.linearize?.(point) ?? Promise.resolve(undefined));
    if (at) used = at.engine;
    return at ?? { product: (v, options) => loss.product(point, v, options) };
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
      const own = inside(v), image = await (await whole()).product(own, options);
      restrict(image);
      return image;
    },
    async products(vs, { signal, visit } = {}) {
      const own = vs.map(inside);
      return await products(await whole(), own, {
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
