import { type Figure, figure } from "./figure/figure.ts";
import { type Eigenpair, eigenpairs } from "./math/eigenpairs.ts";
import type { Trace } from "./math/hutchinson.ts";
import { random } from "./math/random.ts";
import { checkInteger, checkPositive, optionsOf } from "./options.ts";
import { type Control, type Job, steps as withSteps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import {
  checkOperator,
  type Counted,
  counted,
  drawer,
  type SpectrumOperator,
} from "./spectrum/counted.ts";
import { drawSpectrum } from "./spectrum/draw.ts";
import {
  checkTrace,
  densityOf,
  type SpectralDensity,
  traceOf,
  type TraceOptions,
} from "./spectrum/probed.ts";
import { type StabilityLimit, stabilityLimit, type StabilityOptions } from "./stability_limit.ts";
import { accumulate, norm, type Vector } from "./vector.ts";

/** Why a search for eigenvalues ended. */
export type SpectrumOutcome =
  | "converged"
  | "budget spent"
  | "limited by precision"
  | "stopped"
  | "not finite";

/** The ends of a spectrum, its trace and its density, each with what tells whether to believe it. */
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
  /**
   * Why the search ended: all that was asked for has converged, the budget was spent, products are too coarse
   * for the tolerance, it was stopped, or products are not finite. Absent where no eigenvalue was asked for.
   */
  outcome?: SpectrumOutcome;
  /** Unit eigenvectors, if they were asked for. */
  vectors?: { top: Float64Array[]; bottom: Float64Array[] };
  /** The sum of all eigenvalues; absent with `probes: 0`. */
  trace?: Trace;
  /** Where the eigenvalues are; absent with `probes: 0`, or where it was not asked for. */
  density?: SpectralDensity;
  /** The largest eigenvalue at which training is stable, where the learning rate was given. */
  stability?: StabilityLimit;
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
export interface SpectrumOptions extends Control, Partial<StabilityOptions> {
  /** How many of the largest eigenvalues, default 5. */
  top?: number;
  /** How many of the smallest eigenvalues, default 1. */
  bottom?: number;
  /** How many probes for the trace and the density, default 10; 0 for neither. */
  probes?: number;
  /** How the trace is estimated, and when that ends. */
  trace?: TraceOptions;
  /** Whether the density is wanted, or how broad its lines are. Default: where eigenvalues and probes are. */
  density?: boolean | { width?: number };
  /**
   * The most Lanczos steps of a run. Default 40 for a probe of the density, and for eigenvalues as many as it takes
   * within the budget.
   */
  steps?: number;
  /** The most products for eigenvalues, default 1,000. */
  budget?: number;
  /** The largest residual of a converged eigenvalue, as a share of the largest |λ|; default 1e-3. */
  tolerance?: number;
  /** Whether eigenvalues that are there more than once are searched for; default true. */
  repeated?: boolean;
  /** Vectors to begin with, such as eigenvectors at a neighbouring θ: the nearer, the fewer products. */
  start?: readonly Vector[];
  /** Whether eigenvectors are given back, default false. */
  vectors?: boolean;
  /** Default 42. */
  seed?: number;
}

const doing = "compute the spectrum";

/**
 * Both ends of the spectrum of a symmetric operator, with signs, by Lanczos with full reorthogonalisation in
 * double precision; its trace by Hutchinson's estimator with Rademacher probes, or by Hutch++; and the density
 * of its eigenvalues by stochastic Lanczos quadrature from the same probes.
 *
 * The search goes on until all that is asked for has converged or the budget is spent, and says which. One
 * starting vector sees a repeated eigenvalue once, so what converged is then deflated and the rest is searched
 * from a new random vector, until nothing new appears in what was asked for. Where there are no more than 40
 * dimensions the space is exhausted, and all is exact. Residuals are measured, not estimated.
 *
 * "Converged" says that a residual is small beside the largest |λ|, not beside its own λ. The largest
 * eigenvalues are known to many digits then, the smallest may not be: of λ = 0.001 ± 0.01 beside 100 not even
 * the sign is known. The residual is what to hold an eigenvalue against: a true one lies within it.
 *
 * With the learning rate, and the momentum if there is any, the figures show the limit of stability, which holds
 * for full batches. The density is the figure's view `"density"`.
 *
 * An operator with products that are not finite has the eigenvalues NaN.
 *
 * Cost: typically 8 to 20 products for the largest eigenvalues and as many to look for repeated ones (none if
 * a single one is wanted, or with `repeated: false`), and one for each residual. The smallest eigenvalue of a
 * network lies at the edge of a dense bulk and takes some 20 to 40; `bottom: 0` saves them. The trace takes a product
 * for each probe, the density `steps` of them. Memory: at most 120 vectors in the precision of the products, or
 * 1 GiB.
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
    trace: traced = {},
    density = top + bottom > 0 && probes > 0,
    steps,
    budget = 1000,
    tolerance = 1e-3,
    repeated = true,
    start = [],
    vectors = false,
    seed = 42,
    signal,
    progress,
    ...training
  } = optionsOf(options, doing);
  checkOperator(operator, doing);
  for (const [name, value] of Object.entries({ top, bottom, probes, budget })) {
    checkInteger(value, name, doing, { least: 0 });
  }
  checkPositive(tolerance, "tolerance", doing);
  checkTrace(traced, probes, doing);
  if (typeof density === "object" && density.width !== undefined) {
    checkPositive(density.width, "density.width", doing);
  }
  for (const [k, { length }] of start.entries()) {
    if (length === operator.size) continue;
    throw new RangeError(
      `Cannot ${doing}: start must be vectors of ${operator.size} numbers, got ${length} in number ${k}`,
    );
  }
  const stability = training.learningRate === undefined
    ? undefined
    : stabilityLimit({ ...training, learningRate: training.learningRate });
  const dimension = operator.dimension ?? operator.size;
  const wanted = { top: Math.min(top, dimension), bottom: Math.min(bottom, dimension) };
  const least = Math.max(wanted.top, wanted.bottom);
  if (steps !== undefined) checkInteger(steps, "steps", doing, { least: 0 });
  if ((steps ?? budget) < least) {
    throw new RangeError(
      `Cannot ${doing}: ${
        steps === undefined ? "budget" : "steps"
      } must be at least ${least} for as many eigenvalues, got ${steps ?? budget}`,
    );
  }
  const long = Math.min(steps ?? 40, dimension), pairs = wanted.top + wanted.bottom;
  const expected = (pairs ? long + pairs : 0) + probes * (density ? Math.max(1, long) : 1);
  const about = { label: "spectrum", total: expected, unit: "products" };
  return await withSteps({ signal, progress }, about, async (job) => {
    const finish = provenance(operator);
    const source = counted(operator, job, doing);
    const { breathe } = job;
    const found = least
      ? await eigenpairs(source.product, {
        ...wanted,
        size: operator.size,
        dimension,
        steps: steps ?? budget,
        budget,
        tolerance,
        repeated,
        start,
        precision: operator.precision ?? "float64",
        draw: drawer(operator, random(seed, "spectrum").normal, job),
        breathe,
      })
      : { top: [], bottom: [], scale: 0 };
    const measured = await residuals([...new Set([...found.top, ...found.bottom])], source);
    const within = (pair: Eigenpair) => (measured.get(pair) ?? Infinity) <= tolerance * found.scale;
    const all = [...found.top, ...found.bottom];
    const signs = drawer(operator, random(seed, "trace").sign, job);
    const drawn = density && probes
      ? await densityOf(source, { probes, steps: long, draw: signs, breathe, density })
      : undefined;
    const trace = probes
      ? await traceOf(source, traced, { probes, draw: signs, breathe, samples: drawn?.samples })
      : undefined;
    // what has converged early needs no more steps
    if (!job.stopped) job.expect(source.count);
    const residual = (pair: Eigenpair) => measured.get(pair) ?? pair.residual;
    return figure<Omit<Spectrum, keyof Figure>>({
      eigenvalues: Float64Array.from(found.top, ({ value }) => value),
      residuals: Float64Array.from(found.top, residual),
      converged: found.top.map(within),
      bottom: Float64Array.from(found.bottom, ({ value }) => value),
      bottomResiduals: Float64Array.from(found.bottom, residual),
      bottomConverged: found.bottom.map(within),
      ...(least > 0 && { outcome: outcomeOf(all, { within, tolerance, scale: found.scale, job }) }),
      ...(vectors && {
        vectors: {
          top: found.top.map(({ vector }) => vector),
          bottom: found.bottom.map(({ vector }) => vector),
        },
      }),
      ...(trace && { trace }),
      ...(drawn?.density && { density: drawn.density }),
      ...(stability && { stability }),
      dimension,
      products: source.count,
      partial: job.stopped,
      provenance: finish({ evaluations: source.count, seed }),
    }, drawSpectrum);
  });
}

function outcomeOf(
  pairs: Eigenpair[],
  { within, tolerance, scale, job }: {
    within: (pair: Eigenpair) => boolean;
    tolerance: number;
    scale: number;
    job: Job;
  },
): SpectrumOutcome {
  if (pairs.some(({ value }) => isNaN(value))) return "not finite";
  if (job.stopped) return "stopped";
  if (pairs.every(within)) return "converged";
  // Lanczos thinks that they have converged, and a product of their own shows what rounding leaves
  const rounded = pairs.every((pair) => within(pair) || pair.residual <= tolerance * scale);
  return rounded ? "limited by precision" : "budget spent";
}

/** ‖Av − λv‖ of each pair, as far as it was not stopped. */
async function residuals(pairs: Eigenpair[], { products, batch }: Counted) {
  const measured = new Map<Eigenpair, number>();
  const finite = pairs.filter(({ value }) => !isNaN(value));
  for (let from = 0; from < finite.length; from += batch) {
    const some = finite.slice(from, from + batch);
    const images = await products(some.map(({ vector }) => vector));
    images.forEach((image, i) => {
      accumulate(image, some[i].vector, -some[i].value);
      measured.set(some[i], norm(image));
    });
  }
  return measured;
}
