import { byActivations } from "./alignment/by_activations.ts";
import { byWeights } from "./alignment/by_weights.ts";
import { checkVector } from "./layout.ts";
import { checkLoss, type Loss } from "./loss.ts";
import { checkInteger, describe, optionsOf } from "./options.ts";
import { type Control, type Job, steps } from "./progress.ts";
import { movedUnits, type Symmetries } from "./symmetry.ts";
import type { Vector } from "./vector.ts";

/** The options of {@link alignNeurons}. */
export interface AlignOptions extends Control {
  /** What makes two units alike: their weights, or what they compute on the samples. Default `"weights"`. */
  match?: "weights" | "activations";
  /** How many times more matching by weights begins, from random orders; default 2. */
  restarts?: number;
  /** Decides orders of groups and restarts; default 42. */
  seed?: number;
}

const doing = "align the neurons";

/**
 * b with its units in the places of the units of a that they resemble: the same function of the inputs as b,
 * nearer to a. Where what follows a unit is odd (tanh), signs are matched too. Everything that belongs to a
 * unit goes along: weights in and out, bias, scale, shift and statistics of batch norm; the units of a
 * residual stream move together.
 *
 * `"weights"` makes ⟨a, b⟩ over all weights as large as it can, group by group by a linear assignment while
 * the others stay (Ainsworth, Hayase and Srinivasa, Git Re-Basin, 2023). Beside the order as it is, descent
 * begins from a matching made from the inputs onwards, each layer by weights whose other ends are matched
 * already, which by itself undoes a permutation, and from random orders; the nearest end is taken.
 * `"activations"` makes the sum of correlations between the units' values on the samples as large as it can
 * (Li et al., 2016): one exact assignment a group; units that are constant there keep to their weights.
 *
 * Cost: n²·k multiplications and O(n³) for each group of n units with k weights each, some ten times; with
 * activations one pass over the samples at a and at b, n² multiplications a sample and group.
 *
 * @param loss a loss that knows the {@link Symmetries} of its network: of a layers model, or a `functionLoss`
 * that was told
 * @param points a and b
 * @returns a new vector; a and b stay as they are. The best so far where it is stopped.
 * @throws {TypeError | RangeError} if there are not two vectors that fit the layout, nothing is known of the
 * network's units, or (with activations) the loss cannot tell their values.
 *
 * ```ts
 * import { alignNeurons, flatten, mlp, modelLoss, moons } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const model = mlp({ inputs: 2, hidden: [8], outputs: 2 });
 * await using loss = modelLoss(model, moons().train);
 * const [a, b] = [flatten(model), flatten(mlp({ inputs: 2, hidden: [8], outputs: 2, seed: 7 }))];
 * const aligned = await alignNeurons(loss, [a, b]);
 * assertEquals((await loss.value(aligned)).toFixed(4), (await loss.value(b)).toFixed(4));
 * ```
 */
export async function alignNeurons(
  loss: Loss,
  points: readonly [a: Vector, b: Vector],
  options: AlignOptions = {},
): Promise<Vector> {
  checkLoss(loss, doing);
  if (!Array.isArray(points) || points.length !== 2) {
    throw new RangeError(
      `Cannot ${doing}: it needs two vectors [a, b], got ${
        Array.isArray(points) ? points.length : describe(points)
      }`,
    );
  }
  const [a, b] = points as [Vector, Vector];
  checkVector(loss.layout, a, doing, "a");
  checkVector(loss.layout, b, doing, "b");
  const { match = "weights", restarts = 2, seed = 42 } = optionsOf(options, doing);
  checkInteger(restarts, "restarts", doing, { least: 0, most: 1000 });
  checkInteger(seed, "seed", doing);
  checkMatch(loss, match, doing);
  const total = match === "weights" ? 2 + restarts : 3;
  return await steps(
    options,
    { label: "alignment", total, unit: "matchings" },
    (job) => aligned(loss, [a, b], { match, restarts, seed, job }),
  );
}

/** Checks that a loss can tell which units its network has, and what they compute where that is asked for. */
export function checkMatch(loss: Loss, match: unknown, doing: string): Symmetries {
  if (match !== "weights" && match !== "activations") {
    throw new RangeError(
      `Cannot ${doing}: match must be "weights" or "activations", got ${describe(match)}`,
    );
  }
  const known = loss.symmetries?.();
  if (!known?.permutations.length) {
    throw new RangeError(
      `Cannot ${doing}: the loss must know which units may change places, got ${
        known ? "a network without such units" : "a loss that was not told"
      }; use modelLoss, or tell functionLoss its symmetries`,
    );
  }
  if (match === "activations" && !loss.activations) {
    throw new RangeError(
      `Cannot ${doing}: match "activations" needs the values of units, which only losses of layers models ` +
        'tell; use "weights"',
    );
  }
  return known;
}

/** b aligned to a, inside of a running analysis. */
export async function aligned(
  loss: Loss,
  [a, b]: readonly [Vector, Vector],
  { match, restarts = 2, seed, job }: {
    match: "weights" | "activations";
    restarts?: number;
    seed: number;
    job: Job;
  },
): Promise<Vector> {
  const { permutations: groups } = loss.symmetries!();
  const moves = match === "weights"
    ? await byWeights(loss.layout, groups, [a, b], { restarts, seed, job })
    : await byActivations(loss, groups, [a, b], job);
  return movedUnits(loss.layout, b, moves);
}
