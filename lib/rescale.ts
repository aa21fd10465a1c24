import { checkLayout, checkVector, type Layout } from "./layout.ts";
import { random } from "./math/random.ts";
import { checkInteger, describe, optionsOf } from "./options.ts";
import { movedUnits, type UnitGroup } from "./symmetry.ts";
import type { Vector } from "./vector.ts";

/** The options of {@link rescale}. */
export interface RescaleOptions {
  /** Every unit is multiplied by a number drawn log-uniformly between 1/factor and factor. Default 3. */
  factor?: number;
  /** Or by these, one for each unit, all above 0; for a single group. */
  factors?: ArrayLike<number>;
  /** Default 42. */
  seed?: number;
}

/**
 * θ with the units of a network rescaled: what comes into a unit is multiplied by c > 0, what goes out by 1/c.
 * Behind a ReLU, and wherever else f(cx) = c·f(x), the outputs of the network stay what they are, while
 * distances, gradients and curvature in θ change (Dinh et al., 2017).
 *
 * @param groups one or more of `loss.symmetries().scalings`
 * @returns a new vector
 * @throws {TypeError | RangeError} if θ does not fit the layout, there is no group, or a factor is not above 0.
 *
 * ```ts
 * import { flatten, mlp, modelLoss, moons, rescale } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const model = mlp({ inputs: 2, hidden: [8], outputs: 2 });
 * await using loss = modelLoss(model, moons().train);
 * const theta = flatten(model);
 * const other = rescale(loss.layout, theta, loss.symmetries!().scalings, { factor: 10 });
 * assertAlmostEquals(await loss.value(other), await loss.value(theta), 1e-5);
 * ```
 */
export function rescale<V extends Vector>(
  layout: Layout,
  theta: V,
  groups: UnitGroup | readonly UnitGroup[],
  options: RescaleOptions = {},
): V {
  const doing = "rescale the units";
  const { factor = 3, factors, seed = 42 } = optionsOf(options, doing);
  const all = groupsOf(layout, theta, groups, doing);
  checkInteger(seed, "seed", doing);
  if (!(Number.isFinite(factor) && factor > 0)) {
    throw new RangeError(
      `Cannot ${doing}: factor must be a number above 0, got ${
        typeof factor === "number" ? factor : describe(factor)
      }`,
    );
  }
  if (factors) checkPerUnit(factors, all, "factors", doing, (c) => Number.isFinite(c) && c > 0);
  const { uniform } = random(seed, "rescale");
  return movedUnits(
    layout,
    theta,
    all.map((group) => ({
      group,
      factors: factors ??
        Float64Array.from({ length: group.size }, () => factor ** (2 * uniform() - 1)),
    })),
  );
}

/** The groups as a list, once θ fits the layout. */
export function groupsOf(
  layout: Layout,
  theta: Vector,
  groups: UnitGroup | readonly UnitGroup[],
  doing: string,
): readonly UnitGroup[] {
  checkLayout(layout, doing);
  checkVector(layout, theta, doing);
  const all = Array.isArray(groups) ? groups as readonly UnitGroup[] : [groups as UnitGroup];
  const odd = all.find((group) => !Array.isArray(group?.axes));
  if (all.length > 0 && odd === undefined) return all;
  throw new TypeError(
    `Cannot ${doing}: expected groups of units, as in loss.symmetries(), got ${
      all.length === 0 ? "none: the network has no such symmetry" : describe(odd)
    }`,
  );
}

/** @throws {RangeError} if there is not one good number for each unit of a single group. */
export function checkPerUnit(
  numbers: ArrayLike<number>,
  groups: readonly UnitGroup[],
  name: string,
  doing: string,
  good: (x: number) => boolean,
): void {
  const [{ size }] = groups;
  const wrong = Array.from(numbers).find((x) => !good(x));
  if (groups.length === 1 && numbers.length === size && wrong === undefined) return;
  throw new RangeError(
    groups.length > 1
      ? `Cannot ${doing}: ${name} are for a single group, got ${groups.length} groups`
      : `Cannot ${doing}: ${name} must be ${size} numbers, one a unit, got ${
        numbers.length === size ? wrong : `${numbers.length} of them`
      }`,
  );
}
