import type { Evaluation, Loss } from "../lib/loss.ts";
import { random } from "../lib/math/random.ts";
import { mean, standardError } from "../lib/math/statistics.ts";
import { quadratic } from "../lib/synthetic.ts";
import type { Vector } from "../lib/vector.ts";

/**
 * A loss of two coordinates as a mean over n samples, each with a smooth random wave of its own on top: errors
 * of neighbouring points go together, as those of networks do. The mean of all waves that there could be is 0.
 */
export function noisySurface(
  f: Pick<Loss, "value"> | undefined,
  { n, size, waviness = 3, seed, available = n }: {
    n: number;
    /** The standard deviation of a sample's wave. */
    size: number;
    waviness?: number;
    seed: number;
    available?: number;
  },
): Loss {
  const { normal, uniform } = random(seed, "noisySurface");
  const waves = Array.from({ length: n }, () => ({
    kx: waviness * normal(),
    ky: waviness * normal(),
    phase: 2 * Math.PI * uniform(),
    // skewed, as losses are
    height: size * Math.SQRT2 * Math.sqrt(-Math.log(1 - uniform())),
  }));
  const evaluate = async (x: Vector, { perSample }: { perSample?: boolean } = {}) => {
    const base = f ? await f.value(x) : 1;
    const losses = Float64Array.from(
      waves,
      ({ kx, ky, phase, height }) => base + height * Math.sin(kx * x[0] + ky * x[1] + phase),
    );
    const evaluation: Evaluation = { loss: mean(losses), standardError: standardError(losses) };
    return perSample ? { ...evaluation, perSample: losses } : evaluation;
  };
  return {
    ...quadratic([1, 1]),
    samples: n,
    samplesAvailable: available,
    evaluate,
    value: async (x) => (await evaluate(x)).loss,
  };
}

/** Two coordinates around 0. */
export const twoAxes = {
  origin: Float64Array.of(0, 0),
  directions: [Float64Array.of(1, 0), Float64Array.of(0, 1)],
};
