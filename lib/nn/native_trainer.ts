import type { Feeds } from "../engine/pool/messages.ts";
import type { Pool } from "../engine/pool/pool.ts";
import { trainSteps } from "../engine/pool/train_steps.ts";
import type { Program } from "../engine/program.ts";
import { adam, carriedBy, type Rule, scalarsOf } from "../engine/update.ts";
import type { Trainer, TrainingPlan } from "../loss.ts";
import type { Vector } from "../vector.ts";

/** What a step moves θ by. */
export function ruleOf({ optimizer, momentum, penalties = [] }: TrainingPlan): Rule {
  const norms = (["l1", "l2"] as const).filter((norm) => penalties.some((p) => p.norm === norm));
  return [optimizer === "sgd" && momentum > 0 ? "momentum" : optimizer, ...norms].join("+") as Rule;
}

/** Multiplications after which a state is asked for, about a second: no more than that is lost by a Stop. */
const LOST = 5e9;

/** The multiplications that a step on wasm costs whatever its size, and forward passes in it. */
const OVERHEAD = 1e7, PASSES = 3;

/** A step of more multiplications is made on all cores. */
const LARGE = 1e8;

/** Multiplications of a step: a forward and a backward pass, and what a step costs by itself. */
export const workOf = (sampleWork: number, { batchSize }: TrainingPlan): number =>
  OVERHEAD + PASSES * batchSize * sampleWork;

/**
 * Training in a worker, from a θ. `program` is the step of the plan's rule; θ and what the optimizer carries
 * stay with the steps, and come back after every run.
 */
export function nativeTrainer(
  pool: Pool,
  program: Program,
  { theta, data, plan, work }: {
    theta: Vector;
    data: Feeds;
    plan: TrainingPlan;
    /** Multiplications of a step. */
    work: number;
  },
): Trainer {
  const rule = ruleOf(plan), every = Math.ceil(LOST / work), { length } = theta;
  const type = program.precision === "float32" ? Float32Array : Float64Array;
  const like = (values: ArrayLike<number>) =>
    (theta instanceof Float32Array ? Float32Array : Float64Array).from(values) as Vector;
  const weightOf = (norm: "l1" | "l2") =>
    (plan.penalties ?? []).reduce((sum, p) => p.norm === norm ? sum + p.weight : sum, 0);
  const thetaIn = (state: Feeds) => like(state.theta.data as Float32Array);
  /** v̂ after so many steps. */
  const secondMomentIn = ({ second }: Feeds, steps: number) =>
    second && steps > 0
      ? like((second.data as Float32Array).map((x) => x / (1 - adam.beta2 ** steps)))
      : undefined;
  let made = 0,
    before: number | undefined,
    state: Feeds = { theta: { data: type.from(theta), shape: [length] } };
  for (const name of carriedBy(rule)) state[name] = { data: new type(length), shape: [length] };

  return {
    engine: "native",
    async run({ batches, learningRate, statesAfter = [], visit, visitState, signal }) {
      const numbers: Record<string, (step: number) => number> = {
        learningRate: () => learningRate,
        // the last movement is carried, in which the learning rate is
        momentum: (step) =>
          plan.momentum * (step === 0 ? learningRate / (before ?? learningRate) : 1),
        l1: () => weightOf("l1"),
        l2: () => weightOf("l2"),
        correction1: (step) => 1 - adam.beta1 ** (made + step + 1),
        correction2: (step) => 1 - adam.beta2 ** (made + step + 1),
      };
      const asked = new Set(statesAfter);
      const often = Array.from(
        { length: Math.floor(batches.length / every) },
        (_, i) => (i + 1) * every,
      );
      const trained = await trainSteps(pool, {
        program,
        data,
        threaded: work > LARGE,
        state,
        loss: "loss",
        steps: batches.length,
        rows: (step) => batches[step] ?? Int32Array.of(0),
        scalars: Object.fromEntries(scalarsOf(rule).map((name) => [name, numbers[name]])),
        statesAfter: [...asked, ...often],
      }, {
        signal,
        visit: (_, losses) => losses.forEach(() => visit?.()),
        visitState: (step, now) =>
          asked.has(step) && visitState?.(step, thetaIn(now), secondMomentIn(now, made + step)),
      });
      state = trained.state;
      before = learningRate;
      made += trained.step;
      return {
        losses: trained.losses.slice(0, trained.step),
        theta: thetaIn(state),
        secondMoment: secondMomentIn(state, made),
        diverged: trained.diverged,
      };
    },
  };
}
