import type { ArraySamples, Dataset } from "./dataset.ts";
import { planar, type PlanarOptions } from "./planar.ts";

/**
 * Exclusive or: four round normal clusters at (±1, ±1). Class 1 has signs that differ, class 0 signs that
 * agree, so that no straight line does better than guessing three clusters of four. Standardised with the
 * statistics of the training set; labels alternate.
 *
 * @param options.train training samples, at least 2, default 400
 * @param options.test test samples, at least 2, default 200
 * @param options.noise standard deviation of a cluster before standardising, default 0.4
 * @param options.seed default 42
 * @throws {RangeError} for sizes below 2, negative noise, a seed that is not an integer.
 *
 * ```ts
 * import { xor } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { inputs: { data }, targets } = xor({ noise: 0 }).train;
 * assertEquals(targets.data[0], Number(data[0] > 0 !== data[1] > 0));
 * ```
 */
export function xor(options: PlanarOptions = {}): Dataset<ArraySamples<Int32Array>> {
  return planar({
    name: "xor",
    classes: 2,
    noise: 0.4,
    point(label, source) {
      const x = source.sign();
      return [x, label === 0 ? x : -x];
    },
  }, options);
}
