import type { Stage } from "../program.ts";
import { type Binding, sizeOf } from "./bind.ts";
import type { EvaluateTask, Header, TaskResult } from "./messages.ts";
import { shapeAt, sizeAt, unpacked, type Values, zeros } from "./pack.ts";
import { reducer } from "./reduce.ts";
import { dataOf, memoryFor, type Session, tensor, type Tensors, turn } from "./session.ts";

/** A run of a stage, ready but for the numbers in its feeds. */
interface Run {
  stage: Stage;
  feeds: Tensors;
  into: Tensors;
}

/** Where an item meets the samples. */
interface Place {
  /** The memory of its inputs. */
  inputs: Values[];
  /** What is computed of it alone, the same for all chunks. */
  runs: Run[];
  /** Its inputs and what comes of them. */
  values: Tensors;
  /** Sessions whose constants are the item's own. */
  own: Map<Stage, Session>;
}

/** How long messages may wait, in milliseconds: a native run holds this thread. */
const BREATH = 20;

/**
 * Evaluates items on chunks of samples: the last level's stages for every pair of both. Gives undefined if it
 * was cancelled.
 *
 * A point of a small network takes a fraction of a millisecond. So everything that can be is made ready before:
 * an item is its numbers, written into tensors that are there, and runs follow one another at once.
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
  const isOwn = (stage: Stage) => plan.bakedAt(stage) === last;
  const given = plan.inputs(last, false).map((port) => ({
    ...port,
    size: sizeAt(port.shape, 1),
    data: unpacked(task.items[port.name]) as Float64Array,
  }));
  const fixed = await bound(last - 1), sessions = new Map<Stage, Session>();
  for (const stage of [...common, ...perChunk]) {
    if (!isOwn(stage)) sessions.set(stage, await sessionOf(stage, fixed));
  }
  // one item after the other, but where there are many chunks, each chunk is bound once for all items
  const all = Array.from({ length: count }, (_, item) => item);
  const single = to - from === 1, alone = single || [...common, ...perChunk].some(isOwn);
  const groups = alone ? all.map((item) => [item]) : [all];

  const place = async (): Promise<Place> => {
    const values: Tensors = Object.fromEntries(fixed);
    // a single item is there already, where it came
    const inputs = given.map(({ dtype, size, data }) => count === 1 ? data : zeros(dtype, size));
    for (const [i, { name, dtype, shape }] of given.entries()) {
      values[name] = await tensor(dtype, inputs[i], shapeAt(shape, 1));
    }
    const runs = await wired(
      common,
      values,
      (stage) => alone ? memoryOf(stage, 1) : memoryFor(stage.outputs, 1),
    );
    return { inputs, runs, values, own: new Map() };
  };

  const put = async ({ inputs, runs, values, own }: Place, item: number) => {
    for (const [i, { size, data }] of given.entries()) {
      if (count > 1) (inputs[i] as Float64Array).set(data.subarray(item * size, (item + 1) * size));
    }
    const baked = (stage: Stage) => sessionOf(stage, new Map(Object.entries(values)));
    for (const { stage, feeds, into } of runs) {
      const session = sessions.get(stage) ?? await baked(stage);
      session.runNow(feeds, into);
      if (isOwn(stage)) await session.release();
    }
    for (const stage of perChunk) if (isOwn(stage)) own.set(stage, await baked(stage));
  };

  /** For each place: what makes an item that is there meet a chunk. */
  const meetings = async (places: Place[], chunk: number) => {
    const samples = sizeOf(header, chunk), data = Object.fromEntries(await bound(last - 1, chunk));
    const references = await Promise.all(ports.map(({ name }) => reference(name, chunk)));
    return await Promise.all(places.map(async ({ values, own }) => {
      const found = { ...data, ...values };
      const runs = await wired(perChunk, found, (stage) => memoryOf(stage, samples));
      const results = ports.map(({ name }) => dataOf(found[name]));
      return (item: number) => {
        for (const { stage, feeds, into } of runs) {
          (sessions.get(stage) ?? own.get(stage)!).runNow(feeds, into);
        }
        reducers.forEach((reducer, i) => reducer.add(item, results[i], chunk, references[i]));
      };
    }));
  };

  let milliseconds = 0, breath = performance.now();
  /** Lets messages in now and then, and says whether to go on. */
  const goesOn = async () => {
    if (performance.now() - breath > BREATH) {
      await turn();
      breath = performance.now();
    }
    return !cancelled();
  };

  const places = await Promise.all(groups[0].map(place));
  let meet = single ? await meetings(places, from) : [];
  for (const group of groups) {
    try {
      let began = performance.now();
      for (const [i, item] of group.entries()) await put(places[i], item);
      milliseconds += performance.now() - began;
      for (let chunk = from; chunk < to; chunk++) {
        if (!single) meet = await meetings(places, chunk);
        for (const [i, item] of group.entries()) {
          if (!await goesOn()) return undefined;
          began = performance.now();
          meet[i](item);
          milliseconds += performance.now() - began;
        }
      }
    } finally {
      for (const { own } of places) {
        for (const session of own.values()) await session.release();
        own.clear();
      }
    }
  }
  return {
    values: Object.fromEntries(ports.map(({ name }, i) => [name, reducers[i].result()])),
    milliseconds,
  };
}

/** Runs of stages one after the other; what they give is added to the values. */
async function wired(
  stages: readonly Stage[],
  values: Tensors,
  memory: (stage: Stage) => Promise<ReadonlyMap<string, Tensors[string]>>,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const stage of stages) {
    const feeds = Object.fromEntries(stage.inputs.map(({ name }) => [name, values[name]]));
    const into = Object.fromEntries(await memory(stage));
    Object.assign(values, into);
    runs.push({ stage, feeds, into });
  }
  return runs;
}
