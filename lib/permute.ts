import type { Layout } from "./layout.ts";
import { random } from "./math/random.ts";
import { checkInteger, optionsOf } from "./options.ts";
import { checkPerUnit, groupsOf } from "./rescale.ts";
import { movedUnits, type UnitGroup } from "./symmetry.ts";
import type { Vector } from "./vector.ts";

/** The options of {@link permute}. */
export interface PermuteOptions {
  /** Which unit comes to each place, for a single group; by default a random order. */
  order?: ArrayLike<number>;
  /** Whether units that are odd, as behind tanh, get random signs too. Default false. */
  signs?: boolean;
  /** Default 42. */
  seed?: number;
}

/**
 * θ with the units of a network in other places, each with all that belongs to it: the outputs stay what they
 * are, and so does every measure of curvature. The straight way between the two is not flat all the same: the
 * same function lies in many places of weight space (Entezari et al., 2022).
 *
 * @param groups one or more of `loss.symmetries().permutations`
 * @returns a new vector
 * @throws {TypeError | RangeError} if θ does not fit the layout, there is no group, or order is no permutation.
 *
 * ```ts
 * import { flatten, mlp, modelLoss, moons, permute } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const model = mlp({ inputs: 2, hidden: [8], outputs: 2, activation: "tanh" });
 * await using loss = modelLoss(model, moons().train);
 * const theta = flatten(model);
 * const other = permute(loss.layout, theta, loss.symmetries!().permutations, { signs: true });
 * assertAlmostEquals(await loss.value(other), await loss.value(theta), 1e-5);
 * ```
 */
export function permute<V extends Vector>(
  layout: Layout,
  theta: V,
  groups: UnitGroup | readonly UnitGroup[],
  options: PermuteOptions = {},
): V {
  const doing = "permute the units";
  const { order, signs = false, seed = 42 } = optionsOf(options, doing);
  const all = groupsOf(layout, theta, groups, doing);
  checkInteger(seed, "seed", doing);
  if (order) {
    const seen = new Set<number>();
    checkPerUnit(order, all, "order", doing, (u) => {
      const fresh = Number.isInteger(u) && u >= 0 && u < all[0].size && !seen.has(u);
      seen.add(u);
      return fresh;
    });
  }
  const { permutation, sign } = random(seed, "permute");
  return movedUnits(
    layout,
    theta,
    all.map((group) => ({
      group,
      order: order ?? permutation(group.size),
      ...(signs && group.odd && { factors: Float64Array.from({ length: group.size }, sign) }),
    })),
  );
}
