import { checkMatch } from "../alignment.ts";
import type { ConnectivityOptions, Variant } from "../connectivity.ts";
import { checkVector } from "../layout.ts";
import { checkLoss, type Loss } from "../loss.ts";
import { checkInteger, checkPoints, describe, optionsOf } from "../options.ts";
import type { Control } from "../progress.ts";
import type { Vector } from "../vector.ts";

/** What error messages say was tried. */
export const doing = "connect the points";

const all: readonly Variant[] = ["raw", "aligned", "repaired"];

/** What can be done to points with a loss. */
export function variantsOf(loss: Loss): Variant[] {
  const known = loss?.symmetries?.().permutations.length;
  return all.filter((variant) =>
    variant === "raw" || (known && (variant === "aligned" || loss.repaired))
  );
}

/** All options, with their defaults. */
type Asked = Required<Omit<ConnectivityOptions, keyof Control>>;

/** @throws {TypeError | RangeError} that names what does not fit. */
export function checkWhat(loss: Loss, points: readonly Vector[], asked: Asked): void {
  const { path, resolution, training, names, seed, bezier, variants, match } = asked;
  if (!Array.isArray(points) || points.length < 2) {
    throw new RangeError(
      `Cannot ${doing}: it needs a list of two or more vectors, got ${
        Array.isArray(points) ? points.length : describe(points)
      }`,
    );
  }
  points.forEach((point, k) => checkVector(loss.layout, point, doing, `point ${k + 1}`));
  if (path !== "linear" && path !== "bezier") {
    throw new RangeError(
      `Cannot ${doing}: path must be "linear" or "bezier", got ${describe(path)}`,
    );
  }
  checkInteger(resolution, "resolution", doing, { least: 3 });
  checkPoints([resolution], doing, 1e6);
  checkInteger(seed, "seed", doing);
  const { steps = 400, batchSize = 128, learningRate = 0.01 } = optionsOf(bezier, doing);
  checkInteger(steps, "bezier.steps", doing, { least: 1 });
  checkInteger(batchSize, "bezier.batchSize", doing, { least: 1 });
  if (!(Number.isFinite(learningRate) && learningRate > 0)) {
    throw new RangeError(
      `Cannot ${doing}: bezier.learningRate must be positive, got ${learningRate}`,
    );
  }
  if (!Array.isArray(names) || names.length !== points.length) {
    throw new RangeError(
      `Cannot ${doing}: names must be one for each of the ${points.length} points, got ${
        Array.isArray(names) ? names.length : describe(names)
      }`,
    );
  }
  checkLoss(training, doing);
  if (training.layout.digest !== loss.layout.digest) {
    throw new RangeError(`Cannot ${doing}: the training loss must have the layout of the loss`);
  }
  const wrong = Array.isArray(variants)
    ? variants.find((variant) => !all.includes(variant))
    : variants;
  if (wrong !== undefined || variants.length === 0 || new Set(variants).size < variants.length) {
    throw new RangeError(
      `Cannot ${doing}: variants must be some of "raw", "aligned" and "repaired", each once, got ${
        wrong === undefined ? `[${variants.join(", ")}]` : describe(wrong)
      }`,
    );
  }
  if (variants.some((variant) => variant !== "raw")) checkMatch(training, match, doing);
  if (variants.includes("repaired") && !(training.unitStatistics && training.repaired)) {
    throw new RangeError(
      `Cannot ${doing}: variant "repaired" needs the statistics of units, which only losses of layers models ` +
        "tell; leave it out",
    );
  }
}
