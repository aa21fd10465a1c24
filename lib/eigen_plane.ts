import { randomDirections } from "./directions.ts";
import { type EigenDirectionOptions, eigenDirections } from "./eigen_directions.ts";
import { drawEigenPlane } from "./eigen_plane/draw.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { hessian } from "./hessian.ts";
import { landscape } from "./landscape.ts";
import { checkVector } from "./layout.ts";
import { checkLoss, type Loss, type Operator } from "./loss.ts";
import { checkInteger, optionsOf } from "./options.ts";
import { type Job, partOf, steps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import { axisLabels, type Slice } from "./slice.ts";
import { accumulate, dot, norm, sizeOf, type Vector } from "./vector.ts";

/** The loss along one direction of an {@link EigenPlane}, beside that along a random one. */
export interface EigenProfile {
  /** Distances from the origin. */
  coordinates: Float64Array;
  /** The loss along the eigenvector; NaN where it was stopped before. */
  along: Float64Array;
  /** The loss at the same distances along the random direction. */
  random: Float64Array;
}

/** The plane of the steepest and of the most falling curvature: a {@link Slice} with unit directions. */
export interface EigenPlane extends Slice, Figure {
  /** θ. */
  readonly origin: Vector;
  /** The eigenvector of the largest eigenvalue of the Hessian, and that of the smallest. */
  readonly directions: readonly Float64Array[];
  /** What each axis is. */
  readonly labels: readonly string[];
  /** The curvature vᵀHv along each of them: the largest eigenvalue and the smallest. */
  readonly curvatures: Float64Array;
  /** ‖Hv − λv‖ for each: λ is at most so far from an eigenvalue. */
  readonly residuals: Float64Array;
  /** The slope gᵀv along each of them, 0 where θ is stationary. */
  readonly slopes: Float64Array;
  /** The curvature along a random direction: what a random slice shows. */
  readonly randomCurvature: number;
  /** The loss along each of them, as far as its parabola changes it by half. */
  readonly profiles: readonly EigenProfile[];
  /** The loss at θ. */
  readonly center: number;
  /** True if it was stopped before all of the profiles was done. */
  readonly partial: boolean;
  /** Where the numbers come from. */
  readonly provenance: Provenance;
}

/** The options of {@link eigenPlane}. */
export interface EigenPlaneOptions extends Omit<EigenDirectionOptions, "which" | "count"> {
  /** The number of points of each profile, at least 3, default 21. */
  resolution?: number;
}

const doing = "find the eigenvector plane";

/**
 * The plane of the two eigenvectors of the Hessian at θ with the largest and the smallest eigenvalue, which
 * hold its steepest rise and its deepest fall (Böttcher and Wheeler, 2024). A random direction sees the mean of
 * all eigenvalues, tr(H)/n, in many dimensions nearly always: next to nothing of the steepest, and no saddle
 * wherever the mean is positive. As a figure it shows both curvatures, and a random direction beside them.
 *
 * `landscape(loss, plane, { range: "auto" })` shows the loss on it: each axis as far as the loss takes to rise.
 *
 * Cost: that of {@link eigenDirections}, three products, a gradient, and 4·`resolution` evaluations.
 *
 * @param loss any {@link Loss}
 * @param theta the point
 * @throws {RangeError} if θ does not fit the loss, or an option is out of range.
 * @throws {Error} if an eigenvector has not converged, or the signal's reason if it is stopped before.
 *
 * ```ts
 * import { eigenPlane, factorization } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { curvatures } = await eigenPlane(factorization(), Float64Array.of(0, 0));
 * assertAlmostEquals(curvatures[0], 1, 1e-10);
 * assertAlmostEquals(curvatures[1], -1, 1e-10);
 * ```
 */
export async function eigenPlane(
  loss: Loss,
  theta: Vector,
  options: EigenPlaneOptions = {},
): Promise<EigenPlane> {
  const { resolution = 21, signal, progress, seed = 42, ...search } = optionsOf(options, doing);
  checkLoss(loss, doing);
  checkVector(loss.layout, theta, doing);
  checkInteger(resolution, "resolution", doing, { least: 3 });
  const moving = loss.layout.tensors.reduce(
    (sum, { role, shape }) => role === "state" ? sum : sum + sizeOf(shape),
    0,
  );
  if (moving < 2) {
    throw new RangeError(
      `Cannot ${doing}: a plane needs at least 2 numbers that move, got ${moving}`,
    );
  }
  return await steps(
    { signal, progress },
    { label: "eigen plane", total: 6, unit: "parts" },
    async (job) => {
      const finish = provenance(loss);
      const operator = hessian(loss, theta);
      try {
        const directions = await eigenDirections(operator, {
          ...search,
          seed,
          signal: job.signal,
          progress: partOf(job, 2),
        });
        const [random] = randomDirections(loss.layout, theta, {
          count: 1,
          normalize: "none",
          ignore: [],
          seed,
        });
        const steepest = await curvatureAlong(operator, directions[0], job);
        const lowest = await curvatureAlong(operator, directions[1], job);
        const any = await curvatureAlong(operator, random, job);
        const along = (direction: Vector, range: number) =>
          landscape(loss, { origin: theta, directions: [direction] }, {
            range,
            resolution,
            signal: job.signal,
            progress: partOf(job),
          });
        const profiles: EigenProfile[] = [];
        const gradient = await attempted(job, () => loss.gradient(theta, { signal: job.signal }));
        const center = await attempted(job, () => loss.value(theta, { signal: job.signal })) ?? NaN;
        const size = Math.max(Math.abs(center), 0.1);
        if (!job.stopped && !Number.isFinite(center)) {
          throw new RangeError(`Cannot ${doing}: the loss at θ must be finite, got ${center}`);
        }
        let evaluations = 1, partial = false;
        for (const [k, { curvature }] of [steepest, lowest].entries()) {
          const most = Math.max(norm(theta), 1), natural = Math.sqrt(size / Math.abs(curvature));
          const reach = natural < most ? natural : most; // also where it is not known
          const own = await along(directions[k], reach), other = await along(random, reach);
          evaluations += own.provenance.evaluations + other.provenance.evaluations;
          partial ||= own.partial || other.partial;
          profiles.push({ coordinates: own.axes[0], along: own.values, random: other.values });
        }
        return figure<Omit<EigenPlane, keyof Figure>>({
          origin: theta,
          directions,
          labels: axisLabels({ origin: theta, directions }),
          curvatures: Float64Array.of(steepest.curvature, lowest.curvature),
          residuals: Float64Array.of(steepest.residual, lowest.residual),
          slopes: Float64Array.from(directions, (v) => gradient ? dot(v, gradient) : NaN),
          randomCurvature: any.curvature,
          profiles,
          center,
          digest: loss.layout.digest,
          partial,
          provenance: finish({ evaluations, seed }),
        }, drawEigenPlane);
      } finally {
        operator.release();
      }
    },
  );
}

/** What f gives; nothing where the analysis is stopped meanwhile. */
async function attempted<T>(job: Job, f: () => Promise<T>): Promise<T | undefined> {
  try {
    return await f();
  } catch (error) {
    if (job.stopped) return undefined;
    throw error;
  }
}

/** vᵀHv and ‖Hv − (vᵀHv)v‖ along a unit vector; NaN where it is stopped. */
async function curvatureAlong(operator: Operator, v: Vector, job: Job) {
  const product = await attempted(job, () => operator.product(v, { signal: job.signal }));
  if (!product) return { curvature: NaN, residual: NaN };
  const image = Float64Array.from(product);
  const curvature = dot(v, image);
  accumulate(image, v, -curvature);
  return { curvature, residual: norm(image) };
}
