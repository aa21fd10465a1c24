import { hessian } from "./hessian.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { drawInvariances } from "./invariances/draw.ts";
import { checkVector } from "./layout.ts";
import { checkLoss, type Loss } from "./loss.ts";
import { checkInteger, optionsOf } from "./options.ts";
import { permute } from "./permute.ts";
import { type Control, partOf, steps as withSteps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import { rescale } from "./rescale.ts";
import { sharpness, type SharpnessOptions } from "./sharpness.ts";
import { spectrum } from "./spectrum.ts";
import { norm, type Vector } from "./vector.ts";

/** A number with what tells whether to believe it. */
export interface Measured {
  /** The number. */
  value: number;
  /** Its standard error or residual; 0 where it is exact up to rounding. */
  error: number;
}

/** A measure of one function, written in several ways. */
export interface Invariance {
  /** What is measured. */
  name: string;
  /** At θ. */
  original: Measured;
  /** With rescaled units; absent where the network has no such symmetry. */
  rescaled?: Measured;
  /** With units in other places; absent where the network has no such symmetry. */
  permuted?: Measured;
}

/** Which measures move although the function stays. */
export interface Invariances extends Figure {
  /** The measures. */
  measures: Invariance[];
  /** Units were multiplied by a number between 1/factor and factor. */
  factor: number;
  /** True if it was stopped: then measures are missing. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
}

/** The options of {@link invariances}. */
export interface InvariancesOptions
  extends Control, Pick<SharpnessOptions, "radius" | "samples" | "seed"> {
  /** Units are multiplied by a number between 1/factor and factor. Default 3. */
  factor?: number;
}

const doing = "measure what is invariant";

/** The kinds of sharpness that are measured. */
const KINDS: { name: string; options: SharpnessOptions; pick: "ball" | "worst" }[] = [
  { name: "mean rise, per θ", options: { normalize: "none" }, pick: "ball" },
  { name: "mean rise, per layer", options: { normalize: "layer" }, pick: "ball" },
  { name: "mean rise, per filter", options: { normalize: "filter" }, pick: "ball" },
  { name: "mean rise, adaptive", options: { adaptive: true }, pick: "ball" },
  { name: "worst rise, per layer", options: { normalize: "layer" }, pick: "worst" },
  { name: "worst rise, adaptive", options: { adaptive: true }, pick: "worst" },
];

/**
 * A table of measures of one and the same function, with its weights as they are, rescaled and permuted: what
 * moves under a rescaling is a property of how the network is written, not of what it computes (Dinh et al.,
 * "Sharp minima can generalize", 2017). The loss shows that the function stayed; a permutation moves nothing but
 * what is drawn at random, within its error.
 *
 * Cost: for each of the three ways some 20 products and 7·samples evaluations.
 *
 * @param theta the weights, of the layout's size
 * @throws {TypeError} if the loss does not know its symmetries: those of `modelLoss` do.
 * @throws {RangeError} if θ does not fit or an option is out of range.
 *
 * ```ts
 * import { flatten, invariances, mlp, modelLoss, moons } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const model = mlp({ inputs: 2, hidden: [8], outputs: 2 });
 * await using loss = modelLoss(model, moons().train);
 * const { measures: [first] } = await invariances(loss, flatten(model), { samples: 4 });
 * assertAlmostEquals(first.rescaled!.value, first.original.value, 1e-5); // the loss
 * ```
 */
export async function invariances(
  loss: Loss,
  theta: Vector,
  options: InvariancesOptions = {},
): Promise<Invariances> {
  const { factor = 3, radius = 0.05, samples = 30, seed = 42, ...control } = optionsOf(
    options,
    doing,
  );
  checkLoss(loss, doing);
  const { layout } = loss;
  checkVector(layout, theta, doing);
  checkInteger(seed, "seed", doing);
  const known = loss.symmetries?.();
  if (!known || known.permutations.length + known.scalings.length === 0) {
    throw new TypeError(
      `Cannot ${doing}: no symmetry of the network is known; use modelLoss, or functionLoss with symmetries`,
    );
  }
  const origin = theta.slice();
  const places = {
    original: origin,
    ...(known.scalings.length && {
      rescaled: rescale(layout, origin, known.scalings, { factor, seed }),
    }),
    ...(known.permutations.length && {
      permuted: permute(layout, origin, known.permutations, { seed, signs: true }),
    }),
  };
  const ways = Object.entries(places) as ["original" | "rescaled" | "permuted", Vector][];
  const total = ways.length * (3 + KINDS.length);
  return await withSteps(
    control,
    { label: "invariances", total, unit: "measures" },
    async (job) => {
      const finish = provenance(loss);
      const inside = () => ({ signal: job.signal, progress: partOf(job), seed });
      const rows = new Map<string, Invariance>();
      let evaluations = 0;
      const put = (way: (typeof ways)[number][0], name: string, value: number, error = 0) => {
        const row = rows.get(name) ?? { name } as Invariance;
        rows.set(name, { ...row, [way]: { value, error } });
      };
      try {
        for (const [way, at] of ways) {
          const { loss: value } = await loss.evaluate(at, { signal: job.signal });
          put(way, "loss", value);
          job.advance();
          put(way, "|gradient|", norm(await loss.gradient(at, { signal: job.signal })));
          job.advance();
          const operator = hessian(loss, at);
          const { eigenvalues: [top], residuals: [residual], partial, products } = await spectrum(
            operator,
            { top: 1, bottom: 0, probes: 0, ...inside() },
          );
          operator.release();
          if (partial) break;
          put(way, "λ₁ of the Hessian", top, residual);
          evaluations += 2 + products;
          for (const { name, options, pick } of KINDS) {
            const worst = pick === "worst";
            const result = await sharpness(loss, at, {
              radius: radius * (worst ? 1 : unitOf(options, origin)),
              samples: worst ? 2 : samples,
              symmetry: false,
              starts: worst ? 2 : 0,
              ...options,
              ...inside(),
            });
            if (result.partial) break;
            evaluations += result.provenance.evaluations;
            const error = worst ? result.worst.gap : result.ball.standardError;
            put(way, name, result[pick].value, error);
          }
          if (job.stopped) break;
        }
      } catch (error) {
        if (!job.stopped) throw error;
      }
      return figure<Omit<Invariances, keyof Figure>>({
        measures: [...rows.values()],
        factor,
        partial: job.stopped,
        provenance: finish({ evaluations, seed }),
      }, drawInvariances);
    },
  );
}

/** What makes a radius a share of θ as a whole, where its ball knows no parts. */
function unitOf({ normalize, adaptive }: SharpnessOptions, theta: Vector): number {
  if (adaptive) return Math.sqrt(theta.length);
  return normalize === "none" ? norm(theta) : 1;
}
