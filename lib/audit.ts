import { type Figure, figure } from "./figure/figure.ts";
import { drawAudit } from "./audit/draw.ts";
import { hessian } from "./hessian.ts";
import type { Landscape } from "./landscape.ts";
import { checkVector, clearState } from "./layout.ts";
import { checkLoss, type Loss } from "./loss.ts";
import { random } from "./math/random.ts";
import { checkInteger, optionsOf } from "./options.ts";
import { type Control, partOf, steps as withSteps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import { spectrum } from "./spectrum.ts";
import { added, dot, norm, scaled, unit, type Vector } from "./vector.ts";

/** Two ways to the same number. */
export interface AuditCheck {
  /** What was compared. */
  name: string;
  /** The number in question. */
  value: number;
  /** The same by another way. */
  expected: number;
  /** How far they may be apart: rounding, and what the second way leaves out. */
  tolerance: number;
  /** Whether they are no farther apart. */
  passed: boolean;
}

/** What was compared, and how it came out. */
export interface Audit extends Figure {
  /** The comparisons. */
  checks: AuditCheck[];
  /** Whether all of them passed. */
  passed: boolean;
  /** True if it was stopped: then checks are missing. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
}

/** The options of {@link audit}. */
export interface AuditOptions extends Control {
  /** A landscape around θ whose centre is to be the loss there. */
  landscape?: Pick<Landscape, "center">;
  /**
   * Whether second differences are taken along random directions too. Only for a loss that is smooth in θ: with
   * ReLU the kinks on the way are off by tens of percent. Default false.
   */
  smooth?: boolean;
  /** The step of second differences, as a distance in θ. Default 0.01. */
  step?: number;
  /** Default 42. */
  seed?: number;
}

const doing = "audit the loss";

/** The rounding of a loss that is computed in a precision, relative to its size. */
const ROUNDING = { float32: 2 ** -22, float64: 2 ** -50 };

/**
 * Checks a loss against itself at θ, by ways that share as little as can be:
 *
 * - uᵀHv = vᵀHu for random u and v;
 * - the slope of the loss along the gradient, by central differences, is its length;
 * - the second difference of the loss along the top eigenvector is vᵀHv, and along random directions if it is
 *   `smooth`. If it is not, kinks of ReLUs on the way can double it, at any step that the rounding of the loss
 *   allows: then the difference of two gradients decides, at steps of a tenth, a hundredth and a thousandth;
 * - the centre of a landscape is the loss at θ;
 * - θ is what it was, and so is the loss there, after all that.
 *
 * Differences may be off by rounding over the step, by twice what half the step changes, and by 1%.
 *
 * Cost: some 20 products and 10 evaluations, and up to 6 gradients where there are kinks.
 *
 * @param theta the weights, of the layout's size
 * @throws {RangeError} if θ does not fit or an option is out of range.
 *
 * ```ts
 * import { audit, rosenbrock } from "../mod.ts";
 * import { assert } from "@std/assert";
 *
 * const { passed } = await audit(rosenbrock(4), Float64Array.of(1, 1.1, 0.9, 1), { smooth: true, step: 1e-3 });
 * assert(passed);
 * ```
 */
export async function audit(
  loss: Loss,
  theta: Vector,
  options: AuditOptions = {},
): Promise<Audit> {
  const { landscape, smooth = false, step = 0.01, seed = 42, ...control } = optionsOf(
    options,
    doing,
  );
  checkLoss(loss, doing);
  const { layout, precision } = loss;
  checkVector(layout, theta, doing);
  checkInteger(seed, "seed", doing);
  if (!(Number.isFinite(step) && step > 0)) {
    throw new RangeError(`Cannot ${doing}: step must be a number above 0, got ${step}`);
  }
  const before = theta.slice(), origin = Float64Array.from(theta);
  const rounding = ROUNDING[precision];
  const { normal } = random(seed, "audit");
  const randomUnit = () => {
    const v = Float64Array.from(origin, normal);
    clearState(layout, v);
    return unit(v);
  };
  const total = 13 + (smooth ? 8 : 0);
  return await withSteps(control, { label: "audit", total, unit: "comparisons" }, async (job) => {
    const finish = provenance(loss), checks: AuditCheck[] = [];
    let evaluations = 0;
    const { signal } = job;
    const value = async (v: Vector, h: number) => {
      evaluations++;
      job.advance();
      return await loss.value(added(origin, v, h), { signal });
    };
    const check = (name: string, value: number, expected: number, tolerance: number) => {
      const passed = Math.abs(value - expected) <= tolerance;
      checks.push({ name, value, expected, tolerance, passed });
    };
    const operator = hessian(loss, theta);
    try {
      const center = await value(origin, 0);
      /** Truncation (twice what half the step changes: kinks give it by the first order), 1%, and rounding. */
      const bound = (half: number, whole: number, expected: number, order: 1 | 2) =>
        2 * Math.abs(half - whole) + 0.01 * Math.abs(expected) +
        4 * rounding * Math.max(Math.abs(center), 0.01) / (step / 2) ** order;
      const difference = async (along: Vector, h: number) =>
        (await value(along, h) - await value(along, -h)) / (2 * h);
      const second = async (along: Vector, h: number) =>
        (await value(along, h) - 2 * center + await value(along, -h)) / h ** 2;
      const bend = async (name: string, along: Vector, expected: number) => {
        const half = await second(along, step / 2), whole = await second(along, step);
        const tolerance = bound(half, whole, expected, 2);
        if (smooth || Math.abs(half - expected) <= tolerance) {
          return check(name, half, expected, tolerance);
        }
        // kinks on the way, or a wrong product: gradients resolve steps with hardly a kink
        for (const h of [step / 10, step / 100, step / 1000]) {
          const value = await bendOfGradients(along, h);
          const tolerance = 0.01 * Math.abs(expected) + 4 * rounding * Math.max(slope, 0.01) / h;
          const passed = Math.abs(value - expected) <= tolerance;
          if (passed || h === step / 1000) {
            return check(`${name}, of gradients`, value, expected, tolerance);
          }
        }
      };
      /** The change of the slope along an eigenvector, over the step that rounding left of 2h. */
      const bendOfGradients = async (along: Vector, h: number) => {
        const kind = precision === "float32" ? Float32Array : Float64Array;
        const [ahead, behind] = [h, -h].map((h) => kind.from(added(origin, along, h)));
        const change = dot(along, await loss.gradient(ahead, { signal })) -
          dot(along, await loss.gradient(behind, { signal }));
        evaluations += 2;
        return change / (dot(along, ahead) - dot(along, behind));
      };

      const u = randomUnit(), v = randomUnit();
      const [hu, hv] = [
        await operator.product(u, { signal }),
        await operator.product(v, { signal }),
      ];
      evaluations += 2;
      check("u·Hv = v·Hu", dot(u, hv), dot(v, hu), 8 * rounding * (norm(hu) + norm(hv)));

      const gradient = await loss.gradient(theta, { signal });
      const slope = norm(gradient);
      if (slope > 0 && Number.isFinite(slope)) {
        const along = scaled(Float64Array.from(gradient), 1 / slope);
        const half = await difference(along, step / 2), whole = await difference(along, step);
        check("slope along the gradient", half, slope, bound(half, whole, slope, 1));
      }

      const { eigenvalues: [top], vectors, products } = await spectrum(operator, {
        top: 1,
        bottom: 0,
        probes: 0,
        vectors: true,
        seed,
        signal,
        progress: partOf(job),
      });
      evaluations += products;
      if (vectors?.top.length && Number.isFinite(top)) {
        await bend("second difference along the top eigenvector", vectors.top[0], top);
      }
      for (const [k, w] of smooth ? [u, v].entries() : []) {
        await bend(
          `second difference along random direction ${k + 1}`,
          w,
          dot(w, k === 0 ? hu : hv),
        );
      }

      if (landscape) {
        const tolerance = loss.engine === "wasm"
          ? 0
          : rounding * Math.max(Math.abs(center), 0.01) * 4;
        check("the landscape's centre is the loss at θ", landscape.center, center, tolerance);
      }
      const again = await value(origin, 0);
      check("the loss is what it was before", again, center, 0);
      const changed = theta.findIndex((x: number, i: number) => !Object.is(x, before[i]));
      check("numbers of θ that changed", changed < 0 ? 0 : 1, 0, 0);
    } catch (error) {
      if (!job.stopped) throw error;
    } finally {
      operator.release();
    }
    return figure<Omit<Audit, keyof Figure>>({
      checks,
      passed: !job.stopped && checks.every(({ passed }) => passed),
      partial: job.stopped,
      provenance: finish({ evaluations, seed }),
    }, drawAudit);
  });
}
