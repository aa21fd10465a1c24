import { type Figure, figure } from "./figure/figure.ts";
import type { Operator } from "./loss.ts";
import { type Eigenpair, eigenpairs } from "./math/eigenpairs.ts";
import { hutchinson, type Trace } from "./math/hutchinson.ts";
import { random } from "./math/random.ts";
import { checkInteger, describe, largestVector, optionsOf } from "./options.ts";
import { type Control, type Job, steps as withSteps } from "./progress.ts";
import { type Provenance, provenance, type Source } from "./provenance.ts";
import { drawStems } from "./spectrum/stems.ts";
import { accumulate, norm, type Vector } from "./vector.ts";

/** The ends of a spectrum, and the trace, each with what tells whether to believe it. */
export interface Spectrum extends Figure {
  /** The largest eigenvalues, signed, descending. */
  eigenvalues: Float64Array;
  /** ‖Hv − λv‖ for each of them, measured with a product of its own: λ is at most so far from an eigenvalue. */
  residuals: Float64Array;
  /** Whether each residual is within the tolerance, a share of the largest |λ|. */
  converged: boolean[];
  /** The smallest eigenvalues, ascending. */
  bottom: Float64Array;
  /** ‖Hv − λv‖ for each of them. */
  bottomResiduals: Float64Array;
  /**
   * Whether each residual is within the tolerance, a share of the largest |λ|: one that is as large as its
   * own |λ| leaves the sign open.
   */
  bottomConverged: boolean[];
  /** Unit eigenvectors, if they were asked for. */
  vectors?: { top: Float64Array[]; bottom: Float64Array[] };
  /** The sum of all eigenvalues; absent with `probes: 0`. */
  trace?: Trace;
  /** The number of eigenvalues that there are. */
  dimension: number;
  /** How many products were computed. */
  products: number;
  /** True if it was stopped: then residuals that could not be measured are Lanczos' own estimates. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
}

/** The options of {@link spectrum}. */
export interface SpectrumOptions extends Control {
  /** How many of the largest eigenvalues, default 5. */
  top?: number;
  /** How many of the smallest eigenvalues, default 1. */
  bottom?: number;
  /** How many probes for the trace, default 10; 0 for no trace. */
  probes?: number;
  /** The most products of one Lanczos run, default 200. As many vectors of θ's size are kept. */
  steps?: number;
  /** The largest residual of a converged eigenvalue, as a share of the largest |λ|; default 1e-3. */
  tolerance?: number;
  /** Whether eigenvectors are given back, default false. */
  vectors?: boolean;
  /** Default 42. */
  seed?: number;
}

/** What {@link spectrum} takes: any operator; a `Hessian` also says which part of θ it acts on. */
export type SpectrumOperator = Operator & Source & {
  readonly dimension?: number;
  restrict?(v: Vector): void;
};

const doing = "compute the spectrum";

/**
 * Both ends of the spectrum of a symmetric operator, with signs, by Lanczos with full reorthogonalisation in
 * double precision, and its trace by Hutchinson's estimator with Rademacher probes.
 *
 * A run ends when all that is asked for has converged. One starting vector sees a repeated eigenvalue once,
 * so what converged is then deflated and the rest is searched from a new random vector, until nothing new
 * appears in what was asked for. Where there are no more than 40 dimensions the space is exhausted, and all is
 * exact. Residuals are measured, not estimated.
 *
 * "Converged" says that a residual is small beside the largest |λ|, not beside its own λ. The largest
 * eigenvalues are known to many digits then, the smallest may not be: of λ = 0.001 ± 0.01 beside 100 not even
 * the sign is known. The residual is what to hold an eigenvalue against: a true one lies within it.
 *
 * An operator with products that are not finite has the eigenvalues NaN.
 *
 * Cost: typically 8 to 20 products for the largest eigenvalues and as many to look for repeated ones (none if
 * a single one is wanted), one for each residual and one for each probe. The smallest eigenvalue of a network
 * lies at the edge of a dense bulk and takes some 60; `bottom: 0` saves them. Memory: `steps` + top + bottom vectors in double precision.
 *
 * @throws {RangeError} if an option is out of range.
 *
 * ```ts
 * import { quadratic, hessian, spectrum } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const loss = quadratic([5, 5, 5, 1, 1, 1, 1], { rotation: 1 });
 * const { eigenvalues, trace } = await spectrum(hessian(loss, new Float64Array(7)));
 * assertAlmostEquals(eigenvalues[2], 5, 1e-10);
 * assertAlmostEquals(eigenvalues[3], 1, 1e-10);
 * assertAlmostEquals(trace!.value, 19, 5 * trace!.standardError);
 * ```
 */
export async function spectrum(
  operator: SpectrumOperator,
  options: SpectrumOptions = {},
): Promise<Spectrum> {
  const {
    top = 5,
    bottom = 1,
    probes = 10,
    steps = 200,
    tolerance = 1e-3,
    vectors = false,
    seed = 42,
    ...control
  } = optionsOf(options, doing);
  checkOperator(operator, doing);
  for (const [name, value] of Object.entries({ top, bottom, probes, steps })) {
    checkInteger(value, name, doing, { least: 0 });
  }
  if (!(Number.isFinite(tolerance) && tolerance > 0)) {
    throw new RangeError(
      `Cannot ${doing}: tolerance must be above 0, got ${
        typeof tolerance === "number" ? tolerance : describe(tolerance)
      }`,
    );
  }
  const dimension = operator.dimension ?? operator.size;
  const wanted = { top: Math.min(top, dimension), bottom: Math.min(bottom, dimension) };
  const least = Math.max(wanted.top, wanted.bottom);
  if (steps < least) {
    throw new RangeError(
      `Cannot ${doing}: steps must be at least ${least} for as many eigenvalues, got ${steps}`,
    );
  }
  const pairs = Math.min(wanted.top + wanted.bottom, dimension);
  const total = (least ? Math.min(steps, dimension) : 0) + pairs + probes;
  return await withSteps(control, { label: "spectrum", total, unit: "products" }, async (job) => {
    const finish = provenance(operator);
    const count = { products: 0 };
    const product = productOf(operator, job, count);
    const { breathe } = job;
    const draw = drawer(operator, random(seed, "spectrum").normal);
    const found = least
      ? await eigenpairs(product, { ...wanted, dimension, steps, tolerance, draw, breathe })
      : { top: [], bottom: [], scale: 0 };
    const measured = new Map<Eigenpair, number | undefined>();
    for (const pair of new Set([...found.top, ...found.bottom])) {
      measured.set(pair, await residual(pair, product));
    }
    const signs = drawer(operator, random(seed, "trace").sign);
    const trace = probes ? await hutchinson(product, { probes, draw: signs }) : undefined;
    // what has converged early needs no more steps
    if (!job.stopped) job.expect(count.products);
    const residuals = (pairs: Eigenpair[]) =>
      Float64Array.from(pairs, (pair) => measured.get(pair) ?? pair.residual);
    const within = (pairs: Eigenpair[]) =>
      pairs.map((pair) => (measured.get(pair) ?? Infinity) <= tolerance * found.scale);
    return figure<Omit<Spectrum, keyof Figure>>({
      eigenvalues: Float64Array.from(found.top, ({ value }) => value),
      residuals: residuals(found.top),
      converged: within(found.top),
      bottom: Float64Array.from(found.bottom, ({ value }) => value),
      bottomResiduals: residuals(found.bottom),
      bottomConverged: within(found.bottom),
      ...(vectors && {
        vectors: {
          top: found.top.map(({ vector }) => vector),
          bottom: found.bottom.map(({ vector }) => vector),
        },
      }),
      ...(trace && { trace }),
      dimension,
      products: count.products,
      partial: job.stopped,
      provenance: finish({ evaluations: count.products, seed }),
    }, drawStems);
  });
}

/** Checks that an operator is one. @throws {TypeError | RangeError} that says how to make one. */
export function checkOperator(operator: SpectrumOperator, doing: string): void {
  const got = describe(operator);
  if (typeof operator?.product !== "function" || got === "a loss") {
    throw new TypeError(
      `Cannot ${doing}: it needs an operator, got ${got}: make one with hessian(loss, θ)`,
    );
  }
  checkInteger(operator.size, "the operator's size", doing, { least: 1, most: largestVector });
  if (operator.dimension !== undefined) {
    const bounds = { least: 1, most: operator.size };
    checkInteger(operator.dimension, "the operator's dimension", doing, bounds);
  }
}

type Product = (v: Float64Array) => Promise<Float64Array | undefined>;

/** Products in double precision that are counted, and undefined once the job is stopped. */
function productOf(operator: Operator, job: Job, count: { products: number }): Product {
  return async (v) => {
    if (job.stopped) return undefined;
    try {
      const image = await operator.product(v, { signal: job.signal });
      checkImage(image, operator.size);
      count.products++;
      job.advance();
      await job.breathe();
      return Float64Array.from(image);
    } catch (error) {
      if (job.stopped) return undefined;
      throw error;
    }
  };
}

function checkImage(image: Vector, size: number): void {
  const isVector = image instanceof Float32Array || image instanceof Float64Array;
  if (isVector && image.length === size) return;
  const must =
    `Cannot ${doing}: a product of the operator must be a Float32Array or Float64Array of ${size} numbers`;
  if (isVector) throw new RangeError(`${must}, got ${image.length}`);
  throw new TypeError(`${must}, got ${describe(image)}`);
}

/** A function that draws a vector of the space that the operator acts on. */
function drawer(operator: SpectrumOperator, number: () => number): () => Float64Array {
  return () => {
    const vector = Float64Array.from({ length: operator.size }, number);
    operator.restrict?.(vector);
    return vector;
  };
}

/** ‖Av − λv‖, or undefined if it was stopped. */
async function residual({ vector, value }: Eigenpair, product: Product) {
  const image = isNaN(value) ? undefined : await product(vector);
  if (!image) return undefined;
  accumulate(image, vector, -value);
  return norm(image);
}
