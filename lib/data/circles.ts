import type { ArraySamples, Dataset } from "./dataset.ts";
import { optionsOf } from "../options.ts";
import { planar, type PlanarOptions } from "./planar.ts";

/** Options of {@link circles}. */
export interface CirclesOptions extends PlanarOptions {
  /** The radius of the inner circle, between 0 and 1, default 0.5. */
  factor?: number;
}

/**
 * A circle within a circle. Class 0 lies on the unit circle and class 1 on a circle of radius `factor`
 * around the same centre, at a random angle: the geometry of scikit-learn's `make_circles`. Standardised
 * with the statistics of the training set; labels alternate.
 *
 * @param options.train training samples, at least 2, default 400
 * @param options.test test samples, at least 2, default 200
 * @param options.noise standard deviation of the noise before standardising, default 0.1
 * @param options.factor radius of the inner circle, default 0.5
 * @param options.seed default 42
 * @throws {RangeError} for sizes below 2, negative noise, a factor that is not between 0 and 1.
 *
 * ```ts
 * import { circles } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(circles({ noise: 0 }).classes, 2);
 * ```
 */
export function circles(
  options: CirclesOptions = {},
): Dataset<ArraySamples<Int32Array>> {
  const { factor = 0.5, ...rest } = optionsOf(options, "generate circles");
  if (!(Number.isFinite(factor) && factor > 0 && factor < 1)) {
    throw new RangeError(
      `Cannot generate circles: factor must be between 0 and 1, both excluded, got ${factor}`,
    );
  }
  return planar({
    name: "circles",
    classes: 2,
    noise: 0.1,
    point(label, source) {
      const t = 2 * Math.PI * source.uniform();
      const radius = label === 0 ? 1 : factor;
      return [radius * Math.cos(t), radius * Math.sin(t)];
    },
  }, rest);
}
