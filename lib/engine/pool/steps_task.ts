import type { Tensor } from "npm:onnxruntime-node@1.30.0";
import { STEPS } from "../loop.ts";
import type { Port } from "../program.ts";
import { type Binding, type Bound, tensorsFrom } from "./bind.ts";
import { type Buffers, gathered } from "./gather.ts";
import type { Header, Packed, StepsTask, TaskResult } from "./messages.ts";
import { packed, shapeAt, sizeAt, type Values, varies, zeros } from "./pack.ts";
import { dataOf, tensor } from "./session.ts";

/** Where a training stands in this worker. */
interface Standing {
  /** The number of the next step, and what it begins with. */
  step: number;
  state: Bound;
  /** Memory that the next run writes its state into. */
  spare: Bound;
  /** Memory that samples are gathered in. */
  buffers: Buffers;
}

/** Goes on with a training by some steps; undefined if it was cancelled. */
export type Perform = (
  task: StepsTask,
  header: Header,
  binding: Binding,
  cancelled: () => boolean,
) => Promise<TaskResult | undefined>;

/**
 * The most steps in one run of the model. Each run copies the state in and out, which is little for so many;
 * and the samples of so many steps are not much memory.
 */
const RUN = 16;

/**
 * Goes on with trainings, whose states stay here from task to task.
 *
 * A training ends where its state is not finite. That is looked for where a loss is not finite and where the
 * state is asked for: a look after each step would cost a tenth of it.
 */
export function trainings(): Perform {
  const standings = new Map<number, Standing>();

  return async (task, header, binding, cancelled) => {
    const { job } = header, { from, offsets } = task;
    const steps = offsets.length - 1;
    let standing = standings.get(job);
    standings.delete(job);
    if (standing?.step !== from) {
      const state = await tensorsFrom(await binding.ask({ kind: "state", step: from }));
      standing = { step: from, state, spare: new Map(), buffers: new Map() };
    }
    const began = performance.now();
    const run = runner(task, header, binding), losses = new Float64Array(steps);
    let done = 0, most = RUN, diverged = false;
    while (done < steps && !diverged) {
      if (cancelled()) return undefined;
      const some = Math.min(most, sameSize(offsets, done));
      const before: Standing = standing;
      const { losses: found, state } = await run(before, done, some);
      const trouble = found.findIndex((loss) => !Number.isFinite(loss));
      if (trouble >= 0 && some > 1) {
        // again up to there, then by itself
        most = Math.max(1, trouble);
        continue;
      }
      if (trouble === 0) {
        diverged = !finite(before.state);
        if (diverged) break;
        diverged = !finite(state);
      }
      most = trouble === 0 ? 1 : Math.min(RUN, 2 * most);
      losses.set(found, done);
      done += some;
      standing = { ...before, step: before.step + some, state, spare: before.state };
    }
    if (task.state && !finite(standing.state)) diverged = true;
    if (!diverged && !task.last) standings.set(job, standing);
    return {
      values: task.state || diverged ? copied(standing.state) : {},
      milliseconds: performance.now() - began,
      losses: losses.slice(0, done).buffer,
      diverged,
    };
  };
}

/** How many steps from one on have as many samples as it. */
function sameSize(offsets: number[], from: number): number {
  const size = (step: number) => offsets[step + 1] - offsets[step];
  let to = from + 1;
  while (to < offsets.length - 1 && size(to) === size(from)) to++;
  return to - from;
}

/** Makes some steps in one run, from a state, which stays as it is. */
function runner({ loss, scalars, ...task }: StepsTask, header: Header, binding: Binding) {
  const { program: { inputs, carry = {}, stages: [stage] }, sessionOf, data, ask } = binding;
  const allRows = new Int32Array(task.rows);
  const given = new Set(Object.values(carry));
  const batched = inputs.filter(({ name, shape }) => !given.has(name) && varies(shape));

  return async ({ state, spare, buffers }: Standing, from: number, steps: number) => {
    const rows = allRows.subarray(task.offsets[from], task.offsets[from + steps]);
    const size = rows.length / steps;
    const stacked = async ({ dtype, shape }: Port, values: Values) =>
      await tensor(dtype, values, [steps, ...shapeAt(shape, size)]);

    const feeds = new Map([...await data(), ...state]);
    feeds.set(STEPS, await tensor("int64", BigInt64Array.of(BigInt(steps)), []));
    const samples = await gathered(batched, rows, header, { data, ask }, buffers);
    for (const port of batched) feeds.set(port.name, await stacked(port, samples.get(port.name)!));
    for (const port of inputs.filter(({ name }) => name in scalars)) {
      const values = zeros(port.dtype, steps) as Float64Array;
      values.set(scalars[port.name].slice(from, from + steps));
      feeds.set(port.name, await stacked(port, values));
    }
    const into = new Map<string, Tensor>();
    for (const port of stage.outputs) {
      const { name, dtype, shape } = port, n = sizeAt(shape, size);
      into.set(
        name,
        name in carry
          ? spare.get(carry[name]) ?? await tensor(dtype, zeros(dtype, n), shapeAt(shape, size))
          : await stacked(port, zeros(dtype, steps * n)),
      );
    }
    await (await sessionOf(stage, feeds)).run(feeds, into);
    const next = Object.entries(carry).map(([output, input]) =>
      [input, into.get(output)!] as const
    );
    return { losses: meansOf(dataOf(into.get(loss)!), steps), state: new Map(next) };
  };
}

/** The mean of each of so many equal parts. */
function meansOf(values: Values, parts: number): Float64Array {
  const n = values.length / parts, means = new Float64Array(parts);
  for (let i = 0; i < values.length; i++) means[Math.floor(i / n)] += Number(values[i]) / n;
  return means;
}

const finite = (state: Bound): boolean =>
  [...state.values()].every((tensor) => {
    const values = dataOf(tensor);
    if (values instanceof BigInt64Array) return true;
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
    return true;
  });

const copied = (state: Bound): Record<string, Packed> =>
  Object.fromEntries(
    [...state].map(([name, tensor]) => [
      name,
      packed(tensor.type as Packed["dtype"], [...tensor.dims], dataOf(tensor).slice()),
    ]),
  );
