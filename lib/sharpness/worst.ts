import type { Evaluation, Loss } from "../loss.ts";
import { type Ascent, ascent } from "../math/ascent.ts";
import type { Ball } from "../math/ball.ts";
import { pairedError } from "../math/statistics.ts";
import type { Job } from "../progress.ts";
import { evaluated } from "../sampling.ts";
import { added, type Vector } from "../vector.ts";

/** The largest increase that was found. */
export interface WorstIncrease {
  /** L(θ + δ) − L(θ): at least 0, since θ itself is in the ball. A lower bound of the true maximum. */
  value: number;
  /** The standard error of this difference over the samples of the loss, paired; it does not know of the search. */
  standardError?: number;
  /** The perturbation δ; 0 where nothing is higher than θ. */
  delta: Float64Array;
  /** What the slope there still promises, in units of the loss: 0 at a local maximum. */
  gap: number;
  /** Whether the gap is within the tolerance. */
  converged: boolean;
  /** How many gradients it took, all starts together. */
  gradients: number;
}

/** The highest of several ascents. */
export async function worstOf(
  loss: Loss,
  origin: Vector,
  ball: Ball,
  { reference, steps, tolerance, starts, job }: {
    reference: Evaluation | undefined;
    steps: number;
    tolerance: number;
    starts: ((slope: Vector | undefined) => Float64Array)[];
    job: Job;
  },
): Promise<WorstIncrease> {
  let gradients = 0, best: Ascent | undefined;
  const { signal } = job;
  const slope = async (delta: Float64Array) => {
    const at = added(Float64Array.from(origin), delta);
    gradients++;
    const both = await loss.valueAndGradient?.(at, { signal }) ??
      { value: await loss.value(at, { signal }), gradient: await loss.gradient(at, { signal }) };
    job.advance();
    await job.breathe();
    return both;
  };
  const nowhere = new Float64Array(origin.length);
  try {
    const atOrigin = starts.length && reference ? await slope(nowhere) : undefined;
    const climb = async (start: Float64Array) => {
      const end = await ascent(slope, ball, {
        start,
        steps,
        tolerance,
        go: () => reference !== undefined && !job.stopped,
      });
      if (end && (!best || higher(end.value, best.value))) best = end;
    };
    for (const start of starts) await climb(start(atOrigin?.gradient));
    // near a minimum both directions of a steep line rise, and one of them more
    if (best) await climb((best as Ascent).delta.map((x) => -x));
  } catch (error) {
    if (!job.stopped) throw error;
  }
  if (!best || !reference) {
    return { value: NaN, delta: nowhere, gap: NaN, converged: false, gradients };
  }
  const { delta, gap, converged } = best;
  const there = await evaluated(loss, added(Float64Array.from(origin), delta), job);
  // stopped: what the ascent itself saw is a lower bound too
  const value = (there?.loss ?? best.value) - reference.loss;
  if (value <= 0) return { value: 0, delta: nowhere, gap, converged, gradients };
  const a = there?.perSample, b = reference.perSample;
  return {
    value,
    ...(a && b && { standardError: pairedError(a, b) }),
    delta,
    gap,
    converged,
    gradients,
  };
}

/** NaN is higher than all: a loss that is not a number is as bad as can be. */
const higher = (a: number, b: number) => Number.isNaN(a) ? !Number.isNaN(b) : a > b;
