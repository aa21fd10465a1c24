import type { Stage } from "../program.ts";
import { type Binding, type Bound, sizeOf } from "./bind.ts";
import type { EvaluateTask, Header, TaskResult } from "./messages.ts";
import { shapeAt, sizeAt, unpacked } from "./pack.ts";
import { reducer } from "./reduce.ts";
import { dataOf, memoryFor, type Session, tensor } from "./session.ts";

/** An item that is ready to meet the samples. */
interface Prepared {
  item: number;
  /** What it gives that is the same for all chunks. */
  values: Bound;
  /** Sessions whose constants are the item's own. */
  sessions: Map<Stage, Session>;
}

/**
 * Evaluates items on chunks of samples: the last level's stages for every pair of both. Gives undefined if it
 * was cancelled.
 */
export async function evaluateTask(
  task: EvaluateTask,
  header: Header,
  { plan, program, bound, sessionOf, memoryOf, reference }: Binding,
  cancelled: () => boolean,
): Promise<TaskResult | undefined> {
  const { count, chunks: { from, to }, outputs } = task, { last } = plan;
  const ports = program.outputs.filter(({ name }) => name in outputs);
  // a vector that gives a vector travels back in the memory in which it came
  const spare = count === 1 ? Object.values(task.items).map(({ buffer }) => buffer) : [];
  const reducers = ports.map((port) => reducer(outputs[port.name], port, task, header, spare));
  const common = plan.stages(last, false), perChunk = plan.stages(last, true);
  const own = new Set([...common, ...perChunk].filter((stage) => plan.bakedAt(stage) === last));
  const inputs = plan.inputs(last, false).map((port) => ({
    ...port,
    size: sizeAt(port.shape, 1),
    data: unpacked(task.items[port.name]),
  }));
  let milliseconds = 0;

  const prepare = async (item: number): Promise<Prepared> => {
    const values = new Map(await bound(last - 1)), sessions = new Map<Stage, Session>();
    for (const { name, dtype, shape, size, data } of inputs) {
      const own = data.subarray(item * size, (item + 1) * size);
      values.set(name, await tensor(dtype, own, shapeAt(shape, 1)));
    }
    for (const stage of common) {
      const session = await sessionOf(stage, values), into = await memoryFor(stage.outputs, 1);
      await session.run(values, into);
      if (own.has(stage)) await session.release();
      for (const entry of into) values.set(...entry);
    }
    for (const stage of perChunk) {
      if (own.has(stage)) sessions.set(stage, await sessionOf(stage, values));
    }
    return { item, values, sessions };
  };

  const evaluate = async ({ item, values, sessions }: Prepared, chunk: number, fixed: Bound) => {
    const all = new Map([...fixed, ...values]);
    const began = performance.now();
    for (const stage of perChunk) {
      const into = await memoryOf(stage, sizeOf(header, chunk));
      await (sessions.get(stage) ?? await sessionOf(stage, all)).run(all, into);
      for (const entry of into) all.set(...entry);
    }
    for (const [i, { name }] of ports.entries()) {
      reducers[i].add(item, dataOf(all.get(name)!), chunk, await reference(name, chunk));
    }
    milliseconds += performance.now() - began;
  };

  // one item after the other, but where there are many chunks, each chunk is bound once for all items
  const all = Array.from({ length: count }, (_, item) => item);
  const groups = to - from === 1 || own.size ? all.map((item) => [item]) : [all];
  for (const group of groups) {
    const prepared: Prepared[] = [];
    try {
      const began = performance.now();
      for (const item of group) prepared.push(await prepare(item));
      milliseconds += performance.now() - began;
      for (let chunk = from; chunk < to; chunk++) {
        if (cancelled()) return undefined;
        const fixed = await bound(last - 1, chunk);
        for (const item of prepared) {
          if (cancelled()) return undefined;
          await evaluate(item, chunk, fixed);
        }
      }
    } finally {
      for (const { sessions } of prepared) {
        for (const session of sessions.values()) await session.release();
      }
    }
  }
  return {
    values: Object.fromEntries(ports.map(({ name }, i) => [name, reducers[i].result()])),
    milliseconds,
  };
}
