import type { Feeds, StepsTask, TaskResult } from "./messages.ts";
import { answerTo, feedsOf, headerOf, type Job } from "./job.ts";
import { unpacked } from "./pack.ts";
import type { Piece, Pool, Source } from "./pool.ts";

/** A training: a program that is one step of many, and what goes into it. */
export interface Training extends Omit<Job, "fixed" | "references"> {
  /** What the first step begins with: the inputs that the program carries from step to step (θ, momentum …). */
  state: Feeds;
  /** The output that is the loss of a step: a scalar, or one number a sample. */
  loss: string;
  /** How many steps. */
  steps: number;
  /** The samples of a step, by number. */
  rows(step: number): Int32Array;
  /** Inputs that are one number a step: the learning rate. */
  scalars?: Record<string, (step: number) => number>;
  /** After which numbers of steps the state is wanted. After the last one it always is. */
  statesAfter?: readonly number[];
}

/** What a training left. */
export interface Trained {
  /** The loss of each step that was made, on its batch and before it. */
  losses: Float64Array;
  /** The last state that came back, and after how many steps. */
  state: Feeds;
  /** See `state`. */
  step: number;
  /** Whether it ended because its state is not finite any more. */
  diverged: boolean;
}

/** Options of {@link trainSteps}. */
export interface TrainStepsOptions {
  /** Is told of the losses of steps from … on, in order. */
  visit?(from: number, losses: Float64Array): void;
  /** Is told of every state that was wanted. */
  visitState?(step: number, state: Feeds): void;
  /** Stops it: what there is comes back. */
  signal?: AbortSignal;
}

/** How long a piece should take, in milliseconds, and how many steps it has at most. */
const PIECE = 60, MOST = 500;

/**
 * Makes training steps in one worker of a pool. The state stays there; losses stream back, and states where
 * they are wanted. If the worker dies, another one begins at the last state that came back.
 *
 * Ends early where a state is not finite: that is seen at the step whose loss, or the one before whose loss,
 * is not finite, and at the states that are wanted.
 */
export async function trainSteps(
  pool: Pool,
  training: Training,
  { visit, visitState, signal }: TrainStepsOptions = {},
): Promise<Trained> {
  const { program, steps, loss, rows, scalars = {}, state } = training;
  if (!program.carry) throw new TypeError("Cannot train: the program is not a step of many");
  const stateNames = new Set(Object.values(program.carry));
  const header = headerOf(training, pool.size);
  for (const { name } of program.inputs) {
    const there = name in scalars || name in (training.data ?? {}) ||
      (stateNames.has(name) && name in state);
    if (!there) throw new RangeError(`Cannot train: the program's input ${name} is missing`);
  }
  const wanted = new Set([...training.statesAfter ?? [], steps]);
  const losses = new Float64Array(steps);
  // where the next piece begins; what came back; the state from which a worker can begin
  let next = 0, received = 0, home: number | undefined, milliseconds = 5, diverged = false;
  let latest = { step: 0, state };

  /** The end of a piece that begins at a step: at most at the next state that is wanted. */
  const endOf = (from: number) => {
    const most = Math.min(
      steps,
      from + Math.max(1, Math.min(MOST, Math.floor(PIECE / milliseconds))),
    );
    for (let step = from + 1; step < most; step++) if (wanted.has(step)) return step;
    return most;
  };

  const source: Source = {
    doing: "train",
    header,
    next(lane) {
      if (diverged || next >= steps || lane !== (home ?? lane)) return undefined;
      home = lane;
      const from = next, to = next = endOf(from);
      return { key: `${from}`, from, to, task: () => taskFor(from, to) } satisfies Piece & Span;
    },
    answer(need) {
      if (need.kind !== "state") return answerTo(training, header, need);
      if (need.step !== latest.step) throw new Error(`Cannot train: step ${need.step} is lost`);
      const ports = program.inputs.filter(({ name }) => stateNames.has(name));
      return feedsOf(ports, latest.state);
    },
    receive(piece, result) {
      const { from } = piece as Piece & Span, some = new Float64Array(result.losses!);
      losses.set(some, from);
      milliseconds = result.milliseconds / Math.max(1, some.length);
      const done = from + some.length, before = received;
      received = Math.max(received, done);
      diverged = result.diverged!;
      const wantedNow = diverged || wanted.has(done);
      if (wantedNow) latest = { step: done, state: stateIn(result) };
      // what is called may stop the training, or end its worker: so it comes last
      if (received > before) visit?.(before, losses.slice(before, received));
      if (wantedNow) visitState?.(done, latest.state);
    },
    lost() {
      next = latest.step;
      home = undefined;
    },
    finished: () => diverged || latest.step === steps,
  };

  const taskFor = (from: number, to: number): ReturnType<Piece["task"]> => {
    const some = Array.from({ length: to - from }, (_, i) => rows(from + i));
    const offsets = [0];
    for (const { length } of some) offsets.push(offsets.at(-1)! + length);
    const all = new Int32Array(offsets.at(-1)!);
    some.forEach((rows, i) => all.set(rows, offsets[i]));
    const task: StepsTask = {
      kind: "steps",
      from,
      loss,
      rows: all.buffer,
      offsets,
      scalars: Object.fromEntries(
        Object.entries(scalars).map(([name, at]) => [name, some.map((_, i) => at(from + i))]),
      ),
      state: wanted.has(to),
      last: to === steps,
    };
    return { task, transfer: [task.rows] };
  };

  await pool.run(source, signal);
  return { losses: losses.slice(0, diverged ? latest.step : received), ...latest, diverged };
}

const stateIn = ({ values }: TaskResult): Feeds =>
  Object.fromEntries(
    Object.entries(values).map(([name, from]) => [name, {
      data: unpacked(from),
      shape: from.shape,
    }]),
  );

/** Steps from … to. */
interface Span {
  from: number;
  to: number;
}
