import type { Tensor } from "npm:onnxruntime-node@1.30.0";
import { type Binding, type Bound, tensorsFrom } from "./bind.ts";
import { rowsOf } from "./gather.ts";
import type { Header, Packed, StepsTask, TaskResult } from "./messages.ts";
import { packed, shapeAt, sizeAt, type Values, zeros } from "./pack.ts";
import { dataOf, memoryFor, tensor } from "./session.ts";

/** Where a training stands in this worker. */
interface Standing {
  /** The number of the next step, and what it begins with. */
  step: number;
  state: Bound;
  /** Memory that the next step writes its state into. */
  spare: Bound;
}

/** Goes on with a training by some steps; undefined if it was cancelled. */
export type Perform = (
  task: StepsTask,
  header: Header,
  binding: Binding,
  cancelled: () => boolean,
) => Promise<TaskResult | undefined>;

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
    const steps = offsets.length - 1, rows = new Int32Array(task.rows);
    let standing = standings.get(job);
    standings.delete(job);
    if (standing?.step !== from) {
      const state = await tensorsFrom(await binding.ask({ kind: "state", step: from }));
      standing = { step: from, state, spare: new Map() };
    }
    const began = performance.now();
    const step = stepper(task, header, binding), losses = new Float64Array(steps);
    let done = 0, diverged = false;
    while (done < steps && !diverged) {
      if (cancelled()) return undefined;
      const before: Standing = standing, batch = rows.subarray(offsets[done], offsets[done + 1]);
      const { loss, state } = await step(before, batch, done);
      if (!Number.isFinite(loss)) {
        diverged = !finite(before.state);
        if (diverged) break;
        diverged = !finite(state);
      }
      losses[done++] = loss;
      standing = { step: before.step + 1, state, spare: before.state };
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

/** One step: the program's stages, whatever their level, on the samples of a batch. */
function stepper(
  { carry, loss, scalars }: StepsTask,
  header: Header,
  { program, sessionOf, data }: Binding,
) {
  const inputOf = new Map(Object.entries(carry));
  const carried = new Set(inputOf.values());
  const batched = program.inputs.filter(({ shape, name }) =>
    !carried.has(name) && typeof shape[0] !== "number" && shape.length
  );
  const gather = rowsOf(batched, header.chunk, data);
  const memory = new Map<string, Map<string, Tensor>>();

  return async ({ state, spare }: Standing, rows: Int32Array, number: number) => {
    const values = new Map([...await data(), ...state, ...await gather(rows)]);
    for (const port of program.inputs) {
      if (!(port.name in scalars)) continue;
      const one = zeros(port.dtype, 1) as Float64Array;
      one[0] = scalars[port.name][number];
      values.set(port.name, await tensor(port.dtype, one, shapeAt(port.shape, 1)));
    }
    for (const [i, stage] of program.stages.entries()) {
      const key = `${i} ${rows.length}`;
      if (!memory.has(key)) memory.set(key, await memoryFor(stage.outputs, rows.length));
      const into = new Map(memory.get(key)!);
      for (const { name, dtype, shape } of stage.outputs) {
        const input = inputOf.get(name);
        if (input === undefined) continue;
        const fresh = () => tensor(dtype, zeros(dtype, sizeAt(shape, 1)), shapeAt(shape, 1));
        into.set(name, spare.get(input) ?? await fresh());
      }
      const session = await sessionOf(stage, values);
      await session.run(values, into);
      if (stage.constants?.length) await session.release();
      for (const entry of into) values.set(...entry);
    }
    const next = new Map([...inputOf].map(([output, input]) => [input, values.get(output)!]));
    return { loss: meanOf(dataOf(values.get(loss)!)), state: next };
  };
}

function meanOf(values: Values): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Number(values[i]);
  return sum / values.length;
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
