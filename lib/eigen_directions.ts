import { checkInteger, describe, optionsOf } from "./options.ts";
import type { Control } from "./progress.ts";
import { named } from "./slice.ts";
import { spectrum, type SpectrumOptions } from "./spectrum.ts";
import type { SpectrumOperator } from "./spectrum/counted.ts";
import { formatNumber } from "./figure/text.ts";

/** The options of {@link eigenDirections}. */
export interface EigenDirectionOptions
  extends Control, Pick<SpectrumOptions, "tolerance" | "steps" | "budget" | "start" | "seed"> {
  /** The largest eigenvalues, the smallest, or as many of each. Default `"both"`. */
  which?: "top" | "bottom" | "both";
  /** How many directions, default 2; of `"both"` an odd number is rounded up. */
  count?: number;
}

/**
 * Unit eigenvectors as directions of a slice: the plane of the steepest and of the most falling curvature, which
 * random directions miss in many dimensions (Böttcher and Wheeler, 2024). Those of the largest eigenvalues come
 * first, the largest first; then those of the smallest, the smallest first. Each is named after its eigenvalue,
 * and the largest number in it is positive, so that the same operator gives the same picture.
 *
 * What has not converged is no eigenvector: it is refused. A tolerance that is a share of the largest |λ|
 * makes λ sure; where eigenvalues are closer than that, the vectors are a mixture of theirs.
 *
 * Cost: that of {@link spectrum} without a trace.
 *
 * @throws {RangeError} if an option is out of range, or there are not so many dimensions.
 * @throws {Error} if an eigenvector has not converged, or the signal's reason if it is stopped.
 *
 * ```ts
 * import { eigenDirections, hessian, quadratic } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const saddle = hessian(quadratic([3, -1, 0.5]), new Float64Array(3));
 * const [steepest, falling] = await eigenDirections(saddle, { which: "both", count: 2 });
 * assertEquals(steepest.map(Math.round), Float64Array.of(1, 0, 0));
 * assertEquals(falling.map(Math.round), Float64Array.of(0, 1, 0));
 * ```
 */
export async function eigenDirections(
  operator: SpectrumOperator,
  options: EigenDirectionOptions = {},
): Promise<Float64Array[]> {
  const doing = "make eigen directions";
  const { which = "both", count = 2, ...rest } = optionsOf(options, doing);
  if (which !== "top" && which !== "bottom" && which !== "both") {
    throw new RangeError(
      `Cannot ${doing}: which must be "top", "bottom" or "both", got ${
        typeof which === "string" ? `"${which}"` : describe(which)
      }`,
    );
  }
  checkInteger(count, "count", doing, { least: 1 });
  const each = which === "both" ? Math.ceil(count / 2) : count;
  const top = which === "bottom" ? 0 : each, bottom = which === "top" ? 0 : each;
  const dimension = operator?.dimension ?? operator?.size;
  if (top + bottom > dimension) {
    throw new RangeError(
      `Cannot ${doing}: count must be at most the ${dimension} dimensions there are, got ${
        top + bottom
      }`,
    );
  }
  const found = await spectrum(operator, { ...rest, top, bottom, probes: 0, vectors: true });
  if (found.partial) {
    throw options.signal?.reason ?? new DOMException("Stopped", "AbortError");
  }
  const converged = [...found.converged, ...found.bottomConverged];
  const values = [...found.eigenvalues, ...found.bottom];
  const residuals = [...found.residuals, ...found.bottomResiduals];
  const off = converged.findIndex((is) => !is);
  if (off >= 0) {
    throw new Error(
      `Cannot ${doing}: the eigenvalue ${
        formatNumber(values[off])
      } has not converged after ${found.products} ` +
        `products, its residual is ${
          formatNumber(residuals[off])
        }; give a larger budget or tolerance`,
    );
  }
  return [...found.vectors!.top, ...found.vectors!.bottom].map((vector, k) => {
    const end = k < top ? "largest" : "smallest", place = k < top ? k : k - top;
    const which = place === 0 ? `${end} eigenvalue` : `${end} eigenvalue but ${place}`;
    return named(turned(vector), `${which}, λ = ${formatNumber(values[k])}, as a distance in θ`);
  });
}

/** v or −v: the one whose largest number is positive. */
function turned(v: Float64Array): Float64Array {
  let largest = 0;
  for (let i = 0; i < v.length; i++) if (Math.abs(v[i]) > Math.abs(largest)) largest = v[i];
  return largest < 0 ? v.map((x) => -x) : v;
}
