import type { Band } from "../figure/drawing.ts";
import { type DrawnLandscape, originOf } from "./drawn.ts";

/** The band of a profile. */
export interface Uncertainty {
  /** Whether there is something to be seen. */
  readonly shown: boolean;
  /** Its lower edge. */
  readonly low: Float64Array;
  /** Its upper edge. */
  readonly high: Float64Array;
  /** What it is, and what it is not, given the way it was found; "" where there is none. */
  text(how: string): string;
  /** How it was found, in a word; "" where its text says it already. */
  readonly how: string;
}

/**
 * The band that was asked for, or the best that a landscape of one direction has.
 *
 * @throws {RangeError} if there is no such band, or the landscape lacks the errors that it needs
 */
export function bandOf(landscape: DrawnLandscape, asked?: Band): Uncertainty {
  const { values, standardErrors, subsampleErrors, differenceErrors, intervals } = landscape;
  const { samples, samplesAvailable, seed } = landscape.provenance ?? {};
  const around = (errors: Float64Array, text: string): Uncertainty => ({
    shown: errors.some((e) => e > 0),
    low: values.map((v, i) => v - 2 * errors[i]),
    high: values.map((v, i) => v + 2 * errors[i]),
    text: () => text,
    how: "",
  });
  const none = (text: string): Uncertainty => ({
    shown: false,
    low: values,
    high: values,
    text: () => text,
    how: "",
  });
  const whole = samples !== undefined && (samplesAvailable ?? samples) === samples;
  // A fitted θ knows its samples: on new ones its loss can be many bands away.
  const only = "valid where θ was not fitted to the samples" +
    (whole ? "; on the samples themselves the loss is exact" : "");
  const band = asked ?? (intervals || standardErrors ? "population" : "none");
  switch (band) {
    case "none":
      return none("");
    case "population":
      if (intervals) {
        const { low, high, method } = intervals;
        return {
          shown: true,
          low,
          high,
          text: (how) => `band: 95% interval for the population (${how}), ${only}`,
          how: method === "t"
            ? "Student's t"
            : `bootstrap${seed === undefined ? "" : `, seed ${seed}`}`,
        };
      }
      if (standardErrors) {
        return around(standardErrors, `band: ± 2 standard errors for the population, ${only}`);
      }
      break;
    case "trainingSet":
      if (whole) {
        return none("no band: all samples are used, and the loss of the full set is exact");
      }
      if (subsampleErrors) {
        return around(
          subsampleErrors,
          "band: ± 2 standard errors for the full set that the samples are from",
        );
      }
      if (standardErrors && samples && samplesAvailable) {
        const share = Math.sqrt(1 - samples / samplesAvailable);
        return around(
          standardErrors.map((e) => e * share),
          "band: ± 2 standard errors for the full set that the samples are from",
        );
      }
      break;
    case "difference":
      if (differenceErrors) {
        return around(
          differenceErrors,
          `band: ± 2 standard errors of the difference to ${originOf(landscape)}, paired`,
        );
      }
      break;
    default:
      throw new RangeError(
        'Cannot draw the landscape: band must be "population", "trainingSet", "difference" or "none", ' +
          `got "${band}"`,
      );
  }
  throw new RangeError(
    `Cannot draw the landscape: band "${band}" needs standard errors, which this loss has none of; use "none"`,
  );
}
