import { l1, l2 } from "../penalty.ts";
import type { Layout } from "../layout.ts";
import type { LossOptions, Trainer, TrainingPlan, ValueAndGradient } from "../loss.ts";
import { optimizerStep } from "../math/optimizer.ts";
import { turn } from "../progress.ts";
import { accumulate, firstNotFinite, type Vector } from "../vector.ts";

/** A gradient on some samples. */
type GradientAt = (theta: Vector, options: LossOptions) => Promise<ValueAndGradient>;

/** Multiplications of forward passes from which on chunks of a batch are worth their messages. */
const LARGE = 2e9;

/** Weights that move in one turn of the event loop: ten milliseconds of Adam. */
const PIECE = 1e6;

/** Whether a plan's batches are so large that they should be split. */
export const isLarge = ({ batchSize }: TrainingPlan, sampleWork: number): boolean =>
  batchSize * sampleWork > LARGE;

/**
 * Training by large batches: each gradient comes from chunks of its batch, on all workers, and θ moves here. So memory
 * is bounded, and the cores share a step.
 */
export function splitTrainer(
  gradientAt: GradientAt,
  layout: Layout,
  { theta: start, plan: { optimizer, momentum, penalties = [] } }: {
    theta: Vector;
    plan: TrainingPlan;
  },
): Trainer {
  const theta = start.slice() as Vector;
  const pieces = Array.from({ length: Math.ceil(theta.length / PIECE) }, (_, i) => {
    const of = (whole: Vector) => whole.subarray(i * PIECE, (i + 1) * PIECE);
    return { of, move: optimizerStep(of(theta).length, { optimizer, momentum }) };
  });
  const move = async (gradient: Vector, learningRate: number) => {
    for (const [i, { of, move }] of pieces.entries()) {
      if (i > 0) await turn();
      move(of(theta), of(gradient), learningRate);
    }
  };
  const secondMoment = () => {
    const parts = pieces.map(({ move }) => move.secondMoment?.());
    if (!parts[0]) return undefined;
    const whole = new Float32Array(theta.length);
    parts.forEach((part, i) => whole.set(part!, i * PIECE));
    return whole;
  };
  const added = penalties.map(({ norm, weight }) => (norm === "l1" ? l1 : l2)(weight));
  const state = () => [theta.slice() as Vector, secondMoment()] as const;
  return {
    engine: "native",
    async run({ batches, learningRate, statesAfter = [], visit, visitState, signal }) {
      const losses: number[] = [], wanted = new Set(statesAfter);
      let diverged = false;
      for (const indices of batches) {
        if (diverged || signal?.aborted) break;
        const made = await gradientAt(theta, { indices, signal }).catch((error) => {
          if (!signal?.aborted) throw error;
        });
        if (!made) break;
        const { value, gradient } = made;
        losses.push(added.reduce((sum, penalty) => sum + penalty.value(layout, theta), value));
        for (const penalty of added) accumulate(gradient, penalty.gradient(layout, theta));
        await move(gradient, learningRate);
        diverged = firstNotFinite(theta) >= 0;
        visit?.();
        if (wanted.has(losses.length)) visitState?.(losses.length, ...state());
      }
      const [now, moment] = state();
      return { losses: Float64Array.from(losses), theta: now, secondMoment: moment, diverged };
    },
  };
}
