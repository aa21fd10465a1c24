import type { ArraySamples, Dataset } from "./dataset.ts";
import { optionsOf } from "../options.ts";
import { planar, type PlanarOptions } from "./planar.ts";

/** Options of {@link gaussians}. */
export interface GaussiansOptions extends PlanarOptions {
  /** How many clusters, each a class of its own: 2, 3 or 4; default 3. */
  clusters?: number;
}

/**
 * Round normal clusters, one per class, with their centres evenly spaced on the unit circle, the first at
 * (1, 0), and `noise` as their standard deviation: scikit-learn's `make_blobs` with fixed centres.
 * Standardised with the statistics of the training set; labels go round.
 *
 * @param options.train training samples, at least one per cluster, default 400
 * @param options.test test samples, at least one per cluster, default 200
 * @param options.noise standard deviation of a cluster before standardising, default 0.4
 * @param options.clusters 2, 3 or 4; default 3
 * @param options.seed default 42
 * @throws {RangeError} for fewer samples than clusters, negative noise, clusters other than 2, 3 or 4.
 *
 * ```ts
 * import { gaussians } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(gaussians({ clusters: 4 }).classes, 4);
 * ```
 */
export function gaussians(
  options: GaussiansOptions = {},
): Dataset<ArraySamples<Int32Array>> {
  const { clusters = 3, ...rest } = optionsOf(options, "generate gaussians");
  if (![2, 3, 4].includes(clusters)) {
    throw new RangeError(`Cannot generate gaussians: clusters must be 2, 3 or 4, got ${clusters}`);
  }
  return planar({
    name: "gaussians",
    classes: clusters,
    noise: 0.4,
    point(label) {
      const t = 2 * Math.PI * label / clusters;
      return [Math.cos(t), Math.sin(t)];
    },
  }, rest);
}
