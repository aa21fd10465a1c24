import { dot } from "../vector.ts";
import { mean, standardError } from "./statistics.ts";

/** A trace, estimated. */
export interface Trace {
  /** The mean over probes. */
  value: number;
  /** s/√probes; NaN for a single probe. */
  standardError: number;
  /** How many probes were made. */
  probes: number;
}

/**
 * tr A by Hutchinson (1989): the mean of vᵀAv over vectors of random signs. One probe has the variance
 * 2(‖A‖²_F − Σ Aᵢᵢ²), so a diagonal matrix needs only one. With m probes the 95% interval is
 * ± t(0.975, m − 1) standard errors.
 *
 * Cost: one product a probe.
 *
 * @param product A·v, or undefined to stop
 * @param draw draws a vector of signs
 */
export async function hutchinson(
  product: (v: Float64Array) => Promise<Float64Array | undefined>,
  { probes, draw }: { probes: number; draw: () => Float64Array },
): Promise<Trace> {
  const samples: number[] = [];
  while (samples.length < probes) {
    const v = draw(), image = await product(v);
    if (!image) break;
    samples.push(dot(v, image));
  }
  return { value: mean(samples), standardError: standardError(samples), probes: samples.length };
}
