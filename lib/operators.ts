import type { Engine, ProductsOptions } from "./loss.ts";
import { describe } from "./options.ts";
import { products } from "./products.ts";
import { checkOperator, type SpectrumOperator } from "./spectrum/counted.ts";
import { accumulate, type Vector } from "./vector.ts";

/** An operator made of others: what it acts on, and several of its products at once. */
export type DerivedOperator = SpectrumOperator & {
  /** How many numbers it acts on. */
  readonly dimension: number;
  /** A·v for several v, as the operators that it is made of would. */
  products(vs: readonly Vector[], options?: ProductsOptions): Promise<Vector[]>;
  /** Sets what it does not act on to zero, in place. */
  restrict(v: Vector): void;
  /** Frees what the operators that it is made of hold. */
  release(): void;
};

/**
 * A + B + …: the products added up in double precision. It acts on whatever one of them acts on.
 *
 * Cost: a product of each.
 *
 * @throws {TypeError | RangeError} if one is not an operator, or their sizes differ.
 *
 * ```ts
 * import { hessian, quadratic, summed } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const at = new Float64Array(2);
 * const sum = summed([hessian(quadratic([3, 1]), at), hessian(quadratic([-1, 5]), at)]);
 * assertEquals(await sum.product(Float64Array.of(1, 2)), Float64Array.of(2, 12));
 * ```
 */
export function summed(operators: readonly SpectrumOperator[]): DerivedOperator {
  const doing = "add operators";
  if (!Array.isArray(operators) || operators.length === 0) {
    throw new TypeError(
      `Cannot ${doing}: it needs a list of operators, got ${
        Array.isArray(operators) ? "none" : describe(operators)
      }`,
    );
  }
  return combination(operators.map((operator) => ({ operator, weight: 1 })), 0, doing);
}

/**
 * c·A: every eigenvalue is multiplied by c; −1 exchanges top and bottom.
 *
 * @throws {TypeError | RangeError} if it is not an operator, or the factor not a finite number.
 *
 * ```ts
 * import { hessian, quadratic, scaled, spectrum } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const negative = scaled(hessian(quadratic([3, 1]), new Float64Array(2)), -1);
 * assertAlmostEquals((await spectrum(negative)).eigenvalues[0], -1, 1e-12);
 * ```
 */
export function scaled(operator: SpectrumOperator, factor: number): DerivedOperator {
  checkNumber(factor, "factor", "scale an operator");
  return combination([{ operator, weight: factor }], 0, "scale an operator");
}

/**
 * A + c·I on what A acts on: every eigenvalue moves up by c.
 *
 * @throws {TypeError | RangeError} if it is not an operator, or the shift not a finite number.
 *
 * ```ts
 * import { hessian, quadratic, shifted, spectrum } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const damped = shifted(hessian(quadratic([3, 1]), new Float64Array(2)), 0.5);
 * assertAlmostEquals((await spectrum(damped)).eigenvalues[0], 3.5, 1e-12);
 * ```
 */
export function shifted(operator: SpectrumOperator, shift: number): DerivedOperator {
  checkNumber(shift, "shift", "shift an operator");
  return combination([{ operator, weight: 1 }], shift, "shift an operator");
}

/**
 * P^−½ A P^−½ for a diagonal P: the curvature that an optimizer sees which divides each step by P. It has the
 * eigenvalues of P⁻¹A. For Adam P = √v̂ + ε, and full-batch training is stable as long as the largest eigenvalue
 * is below 38/η with β₁ = 0.9 (Cohen et al., 2022).
 *
 * @param diagonal P, one positive number for each number of θ; what A does not act on is not looked at
 * @throws {TypeError | RangeError} if it is not an operator, or the diagonal does not fit it or is not positive.
 *
 * ```ts
 * import { hessian, preconditioned, quadratic, spectrum } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const curvature = hessian(quadratic([8, 3]), new Float64Array(2));
 * const seen = preconditioned(curvature, Float64Array.of(4, 1));
 * assertAlmostEquals((await spectrum(seen)).eigenvalues[0], 3, 1e-12);
 * ```
 */
export function preconditioned(operator: SpectrumOperator, diagonal: Vector): DerivedOperator {
  const doing = "precondition an operator";
  checkOperator(operator, doing);
  if (!(diagonal instanceof Float32Array || diagonal instanceof Float64Array)) {
    throw new TypeError(
      `Cannot ${doing}: diagonal must be a Float32Array or Float64Array, got ${describe(diagonal)}`,
    );
  }
  if (diagonal.length !== operator.size) {
    throw new RangeError(
      `Cannot ${doing}: diagonal must have the ${operator.size} numbers of the operator, got ${diagonal.length}`,
    );
  }
  const acts = actsOn([operator]);
  const wrong = diagonal.findIndex((p, i) => acts[i] > 0 && !(p > 0 && p < Infinity));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot ${doing}: diagonal must be above 0 and finite, got ${diagonal[wrong]} at ${wrong}`,
    );
  }
  const scale = Float64Array.from(diagonal, (p, i) => acts[i] > 0 ? 1 / Math.sqrt(p) : 0);
  const times = (v: Vector) => Float64Array.from(v, (x, i) => x * scale[i]);
  return derived([operator], { before: times, combine: ([image]) => times(image) });
}

/** Σ wᵢ·Aᵢ + c·I. */
function combination(
  parts: readonly { operator: SpectrumOperator; weight: number }[],
  shift: number,
  doing: string,
): DerivedOperator {
  const operators = parts.map(({ operator }) => operator), [{ size }] = operators;
  operators.forEach((operator) => checkOperator(operator, doing));
  const other = operators.find((operator) => operator.size !== size);
  if (other) {
    throw new RangeError(`Cannot ${doing}: they must have one size, got ${size} and ${other.size}`);
  }
  return derived(operators, {
    before: (v) => v,
    combine(images, v, restrict) {
      const sum = new Float64Array(size);
      if (shift !== 0) accumulate(sum, v, shift);
      restrict(sum);
      images.forEach((image, k) => accumulate(sum, image, parts[k].weight));
      return sum;
    },
  });
}

/** How products of an operator are made of those of others. */
interface Recipe {
  /** What the others are given. */
  before(v: Vector): Vector;
  /** The product, of theirs. */
  combine(images: readonly Vector[], v: Vector, restrict: (v: Vector) => void): Vector;
}

function derived(
  operators: readonly SpectrumOperator[],
  { before, combine }: Recipe,
): DerivedOperator {
  const acts = actsOn(operators), [{ size }] = operators;
  const restrict = (v: Vector) => acts.forEach((does, i) => does > 0 || (v[i] = 0));
  const agreed = <T>(values: readonly T[]) =>
    values.every((value) => value === values[0]) ? values[0] : undefined;
  const inAll = async (vs: readonly Vector[], { signal, visit }: ProductsOptions = {}) => {
    const given = vs.map(before), out: Vector[] = [], earlier: Vector[][] = [];
    const last = operators[operators.length - 1];
    for (const operator of operators.slice(0, -1)) {
      earlier.push(await products(operator, given, { signal }));
    }
    await products(last, given, {
      signal,
      visit(i, image) {
        out[i] = combine([...earlier.map((images) => images[i]), image], vs[i], restrict);
        visit?.(i, out[i]);
      },
    });
    return out;
  };
  return {
    size,
    dimension: acts.reduce((sum, does) => sum + does, 0),
    restrict,
    get engine(): Engine | undefined {
      return agreed(operators.map(({ engine }) => engine));
    },
    precision: operators.some(({ precision }) => precision === "float32")
      ? "float32"
      : agreed(operators.map(({ precision }) => precision)),
    samples: agreed(operators.map(({ samples }) => samples)),
    samplesAvailable: agreed(operators.map(({ samplesAvailable }) => samplesAvailable)),
    async product(v, options) {
      const given = before(v), images: Vector[] = [];
      for (const operator of operators) images.push(await operator.product(given, options));
      return combine(images, v, restrict);
    },
    products: inAll,
    release: () => operators.forEach((operator) => operator.release()),
  };
}

/** 1 where one of some operators acts, 0 where none does. */
function actsOn(operators: readonly SpectrumOperator[]): Uint8Array {
  const acts = new Uint8Array(operators[0].size);
  for (const operator of operators) {
    const ones = new Float64Array(operator.size).fill(1);
    operator.restrict?.(ones);
    ones.forEach((one, i) => acts[i] |= one);
  }
  return acts;
}

function checkNumber(value: unknown, name: string, doing: string): void {
  if (Number.isFinite(value)) return;
  throw new RangeError(
    `Cannot ${doing}: ${name} must be a finite number, got ${
      typeof value === "number" ? value : describe(value)
    }`,
  );
}
