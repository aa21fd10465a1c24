import type { ArraySamples, Dataset } from "./dataset.ts";
import { planar, type PlanarOptions } from "./planar.ts";

/**
 * Two interleaving half circles. With t uniform in [0, π), class 0 is (cos t, sin t) and class 1 is
 * (1 − cos t, ½ − sin t): the geometry of scikit-learn's `make_moons`, except that t is drawn at random,
 * so that samples are independent and standard errors mean something. Standardised with the statistics of
 * the training set; labels alternate.
 *
 * @param options.train training samples, at least 2, default 400
 * @param options.test test samples, at least 2, default 200
 * @param options.noise standard deviation of the noise before standardising, default 0.1
 * @param options.seed default 42
 * @throws {RangeError} for sizes below 2, negative noise, a seed that is not an integer.
 *
 * ```ts
 * import { moons } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { train, test } = moons({ train: 1000, noise: 0.2 });
 * assertEquals(train.inputs.shape, [1000, 2]);
 * assertEquals(test.targets.shape, [200]);
 * ```
 */
export function moons(options: PlanarOptions = {}): Dataset<ArraySamples<Int32Array>> {
  return planar({
    name: "moons",
    classes: 2,
    noise: 0.1,
    point(label, source) {
      const t = Math.PI * source.uniform();
      return label === 0 ? [Math.cos(t), Math.sin(t)] : [1 - Math.cos(t), 0.5 - Math.sin(t)];
    },
  }, options);
}
