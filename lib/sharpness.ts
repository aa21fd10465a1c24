import { type Normalization, unitsOf } from "./directions.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { checkVector, type Role } from "./layout.ts";
import { checkLoss, type Evaluation, type Loss } from "./loss.ts";
import { type Ball, farthest, randomIn } from "./math/ball.ts";
import { type Random, random } from "./math/random.ts";
import { mean, standardError } from "./math/statistics.ts";
import { checkInteger, describe, optionsOf } from "./options.ts";
import { type Control, type Job, steps as withSteps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import { rescale } from "./rescale.ts";
import { evaluated, sampled } from "./sampling.ts";
import { drawSharpness } from "./sharpness/draw.ts";
import { type WorstIncrease, worstOf } from "./sharpness/worst.ts";
import { added, type Vector } from "./vector.ts";

/** A mean over random perturbations. */
export interface MeanIncrease {
  /** The mean of L(θ + δ) − L(θ). */
  value: number;
  /** Its standard error: how much another set of perturbations would change it. */
  standardError: number;
}

/** Sharpness of the same function, written with rescaled weights. */
export interface SymmetryCheck extends Pick<Sharpness, "center" | "ball" | "sphere" | "worst"> {
  /** Every unit was multiplied by a number between 1/factor and factor. */
  factor: number;
}

/** How much the loss rises in a neighbourhood of θ. */
export interface Sharpness extends Figure {
  /** The loss at θ. */
  center: number;
  /** The radius, in units of what `normalize` or `adaptive` says. */
  radius: number;
  /** What the radius is measured in. */
  normalize: Normalization | "adaptive";
  /** L(θ + δ) − L(θ) for δ drawn uniformly inside of the ball: of as many as were computed. NaN and ∞ stay. */
  increases: Float64Array;
  /** The mean of these: ½ρ²·tr(H)/(d + 2) at the minimum of a quadratic, with one ball of radius ρ. */
  ball: MeanIncrease;
  /** The mean over the surface of the ball: ½ρ²·tr(H)/d there. */
  sphere: MeanIncrease;
  /** The largest increase that gradient ascent found: ½ρ²·max(λ₁, 0) there. */
  worst: WorstIncrease;
  /** How many numbers move. */
  dimension: number;
  /**
   * The same numbers for the same function with rescaled weights, see {@link rescale}: what moves here says
   * nothing of the function. Absent where no rescaling is known that leaves the function alone.
   */
  symmetry?: SymmetryCheck;
  /** True if it was stopped: what is there is valid, what is not there is NaN. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
}

/** The options of {@link sharpness}. */
export interface SharpnessOptions extends Control {
  /** How far θ is moved, in units of what `normalize` says. Default 0.05. */
  radius?: number;
  /** How many random perturbations, inside of the ball and as many on its surface. Default 100. */
  samples?: number;
  /**
   * What the radius is measured in. `"layer"`: every tensor moves by up to `radius` times its norm. `"filter"`:
   * every output unit by up to `radius` times its norm. `"none"`: θ by up to `radius`. Default `"layer"`.
   */
  normalize?: Normalization;
  /**
   * One ellipsoid with ‖δ/|θ|‖ ≤ radius, each number in units of its own size (Kwon et al., 2021), in place of
   * `normalize`: then a rescaling that leaves the network's function alone leaves sharpness alone. Default false.
   */
  adaptive?: boolean;
  /**
   * Whether all is measured once more for the same function with rescaled weights: units are multiplied by up to
   * this factor. Default 3 where the loss knows such a rescaling; `false` leaves it out.
   */
  symmetry?: number | false;
  /** Roles that are not moved; default none. `state` never moves. */
  ignore?: readonly Role[];
  /** The most gradients of an ascent, default 30. */
  steps?: number;
  /**
   * From how many places the ascent begins: along the gradient, from random places, and once more from the mirror
   * image of the best end. Default 2; 0 for no worst case.
   */
  starts?: number;
  /** The largest gap of a converged ascent, as a share of what the slope would give. Default 1e-5. */
  tolerance?: number;
  /** Default 42. */
  seed?: number;
}

const doing = "measure the sharpness";

/** How many perturbations are evaluated at once: each is a direction of one slice. */
const AT_ONCE = 8;

/**
 * How much the loss rises around θ: on average inside of a ball and over its surface, in the worst case, and
 * for every random perturbation, as a histogram. All are differences against L(θ) on the same samples.
 *
 * - average: L(θ + δ) − L(θ) with δ uniform inside of the ball, and on its surface, with the standard error over
 *   perturbations;
 * - worst case (Keskar et al., 2017; Foret et al., 2021): projected gradient ascent over the ball, from several
 *   starts, never from θ itself, where the gradient may be 0. What is found is a lower bound; its `gap` says what
 *   the slope there still promises;
 * - `adaptive` (Kwon et al., 2021): the ball is an ellipsoid in units of each |θᵢ|.
 *
 * The number depends on how the network is written: a rescaling that leaves its function alone can change it
 * (Dinh et al., 2017), and it says little about generalisation by itself (Andriushchenko et al., 2023).
 *
 * Cost: 2·samples + 2 evaluations of the loss, and up to (starts + 1)·steps gradients; twice that with the
 * symmetry check. On the native engine random perturbations are spread over all cores. Memory: nine vectors of
 * θ's size.
 *
 * @param theta the weights, of the layout's size; copied
 * @throws {RangeError} if θ does not fit, an option is out of range, or all that may move has length 0.
 *
 * ```ts
 * import { quadratic, sharpness } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const bowl = quadratic([4, 2, 1, 1]);
 * const { sphere, worst } = await sharpness(bowl, new Float64Array(4), { radius: 0.1, normalize: "none" });
 * assertAlmostEquals(worst.value, 0.5 * 0.01 * 4, 1e-6); // ½ρ²·λ₁
 * assertAlmostEquals(sphere.value, 0.5 * 0.01 * 8 / 4, 4 * sphere.standardError); // ½ρ²·tr(H)/d
 * ```
 */
export async function sharpness(
  loss: Loss,
  theta: Vector,
  options: SharpnessOptions = {},
): Promise<Sharpness> {
  const {
    radius = 0.05,
    samples = 100,
    normalize = "layer",
    adaptive = false,
    ignore = [],
    symmetry = 3,
    steps = 30,
    starts = 2,
    tolerance = 1e-5,
    seed = 42,
    ...control
  } = optionsOf(options, doing);
  checkLoss(loss, doing);
  checkVector(loss.layout, theta, doing);
  checkInteger(samples, "samples", doing, { least: 2, most: 1e6 });
  checkInteger(steps, "steps", doing, { least: 1 });
  checkInteger(starts, "starts", doing, { least: 0 });
  checkInteger(seed, "seed", doing);
  for (const [name, value] of Object.entries({ radius, tolerance, symmetry: symmetry || 1 })) {
    if (typeof value === "number" && value > 0 && Number.isFinite(value)) continue;
    throw new RangeError(
      `Cannot ${doing}: ${name} must be a number above 0, got ${
        typeof value === "number" ? value : describe(value)
      }`,
    );
  }
  if (typeof adaptive !== "boolean") {
    throw new TypeError(
      `Cannot ${doing}: adaptive must be true or false, got ${describe(adaptive)}`,
    );
  }
  const origin = theta.slice();
  const scalings = symmetry === false ? [] : loss.symmetries?.().scalings ?? [];
  const places = [origin];
  if (symmetry !== false && scalings.length) {
    places.push(rescale(loss.layout, origin, scalings, { factor: symmetry, seed }));
  }
  const balls = places.map((place) =>
    ballAround(loss, place, { radius, normalize, adaptive, ignore })
  );
  const total = places.length * (2 + 2 * samples + (starts ? starts + 1 : 0) * steps);
  return await withSteps(
    control,
    { label: "sharpness", total, unit: "evaluations" },
    async (job) => {
      const finish = provenance(loss);
      const measured: Measured[] = [];
      for (const [i, place] of places.entries()) {
        const draw = random(seed, "sharpness");
        measured.push(
          await measure(loss, place, {
            ball: balls[i],
            samples,
            steps,
            starts,
            tolerance,
            draw,
            job,
          }),
        );
      }
      const [{ increases, ...own }, after] = measured;
      const evaluations = measured.reduce((n, m) => n + m.evaluations, 0);
      if (!job.stopped) job.expect(evaluations);
      const [{ block, scale }] = balls;
      return figure<Omit<Sharpness, keyof Figure>>({
        center: own.center,
        radius,
        normalize: adaptive ? "adaptive" : normalize,
        increases,
        ball: own.ball,
        sphere: own.sphere,
        worst: own.worst,
        dimension: block.reduce((n, b, i) => n + Number(b >= 0 && scale?.[i] !== 0), 0),
        ...(after && symmetry !== false && {
          symmetry: {
            factor: symmetry,
            center: after.center,
            ball: after.ball,
            sphere: after.sphere,
            worst: after.worst,
          },
        }),
        partial: job.stopped,
        provenance: finish({ evaluations, seed }),
      }, drawSharpness);
    },
  );
}

/** What is measured at one place. */
type Measured = Pick<Sharpness, "center" | "increases" | "ball" | "sphere" | "worst"> & {
  evaluations: number;
};

/** All numbers at one place. */
async function measure(
  loss: Loss,
  origin: Vector,
  { ball, samples, steps, starts, tolerance, draw, job }: {
    ball: Ball;
    samples: number;
    steps: number;
    starts: number;
    tolerance: number;
    draw: Random;
    job: Job;
  },
): Promise<Measured> {
  const reference = await evaluated(loss, origin, job);
  const rises = async (where: "inside" | "surface") =>
    await increasesOf(loss, origin, {
      count: samples,
      delta: () => randomIn(ball, draw, where),
      reference,
      job,
    });
  const increases = await rises("inside"), surface = await rises("surface");
  const worst = await worstOf(loss, origin, ball, {
    reference,
    steps,
    tolerance,
    starts: Array.from({ length: starts }, (_, k) => (slope: Vector | undefined) => {
      const along = slope && k === 0 ? farthest(ball, slope) : undefined;
      return along?.some((x) => x !== 0) ? along : randomIn(ball, draw, "surface");
    }),
    job,
  });
  return {
    center: reference?.loss ?? NaN,
    increases,
    ball: meanOf(increases),
    sphere: meanOf(surface),
    worst,
    evaluations: 2 + increases.length + surface.length + worst.gradients,
  };
}

/** The neighbourhood of θ that the options describe. */
function ballAround(
  loss: Loss,
  theta: Vector,
  { radius, normalize, adaptive, ignore }:
    & Required<Pick<SharpnessOptions, "radius" | "adaptive" | "ignore">>
    & { normalize: Normalization },
): Ball {
  const units = unitsOf(
    loss.layout,
    theta,
    { normalize: adaptive ? "none" : normalize, ignore },
    doing,
  );
  const radii = units.lengths.map((length) => radius * length);
  if (!adaptive) return { block: units.unit, radii };
  const scale = Float64Array.from(theta, Math.abs);
  if (units.unit.every((unit, i) => unit < 0 || scale[i] === 0)) {
    throw new RangeError(
      `Cannot ${doing}: θ is 0 everywhere, so there is nothing to measure a relative change by; ` +
        'pass normalize: "none" without adaptive',
    );
  }
  return { block: units.unit, radii, scale };
}

/** L(θ + δ) − L(θ) for random δ, several at once: of as many as were computed until it was stopped. */
async function increasesOf(
  loss: Loss,
  origin: Vector,
  { count, delta, reference, job }: {
    count: number;
    delta: () => Float64Array;
    reference: Evaluation | undefined;
    job: Job;
  },
): Promise<Float64Array> {
  const out: number[] = [];
  for (let from = 0; reference && from < count && !job.stopped; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - from);
    const directions = Array.from({ length: size }, delta);
    const { values, done } = await sampled(loss, {
      size,
      order: Array.from({ length: size }, (_, i) => i),
      at: (i) => added(Float64Array.from(origin), directions[i]),
      within: {
        slice: { origin, directions },
        coordinatesAt: (i) => directions.map((_, k) => Number(k === i)),
      },
    }, job);
    values.forEach((value, i) => done[i] && out.push(value - reference.loss));
  }
  return Float64Array.from(out);
}

/** A mean with its standard error, over what was computed. */
function meanOf(increases: Float64Array): MeanIncrease {
  return { value: mean(increases), standardError: standardError(increases) };
}
