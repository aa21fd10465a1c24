import type { EvaluateTask, Header, Reduction, TaskResult } from "./messages.ts";
import { answerTo, checkJob, chunksIn, headerOf, type Job } from "./job.ts";
import { type Moments, readMoments, together } from "./moments.ts";
import { copyAs, packed, shapeAt, sizeAt, unpacked, type Values } from "./pack.ts";
import type { Piece, Pool, Source } from "./pool.ts";
import { sumOf } from "./reduce.ts";

/** What is to be evaluated: points, vectors, parameters. */
export interface Items {
  /** How many. */
  count: number;
  /** The inputs of the program's last level for the items from … to, one after the other. They are copied. */
  at(from: number, to: number): Record<string, Values>;
}

/** What an item gave. */
export interface Evaluated {
  /** By output: of per-sample numbers count, sum and spread, in double precision. */
  moments: Record<string, Moments>;
  /** By output: means and sums over samples, and per-sample numbers, in the program's precision. */
  arrays: Record<string, Values>;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** What becomes of which output. Outputs that are not named are dropped. */
  outputs: Record<string, Reduction>;
  /** Is told of every item, in the order in which they come back. */
  visit?(item: number, evaluated: Evaluated): void;
  /** Stops it: what there is comes back. */
  signal?: AbortSignal;
  /** What it is called in an error. */
  doing?: string;
}

/** How long a piece should take, in milliseconds: progress moves, and Stop finds workers free again. */
const PIECE = 80;

/** The most items of a piece: what comes back is read on the caller's thread. */
const MOST = 1024;

/** How many items share the binding of chunks that may be too many to be kept. */
const SHARED = 8;

/** The same where that is much work, and stays with the worker that did it: so many, that some come back soon. */
const GROUP = 4;

/**
 * Evaluates items on all samples, spread over the workers of a pool. What comes out depends neither on the
 * number of workers nor on who is quicker: an item is computed in the same chunks, and these are put together in
 * the same order.
 *
 * Gives one result an item, and undefined for items that a Stop left undone.
 *
 * @throws {RangeError} if an input is missing or has a wrong shape.
 * @throws {NativeUnavailable} if the runtime cannot be loaded.
 */
export async function evaluate(
  pool: Pool,
  job: Job,
  items: Items,
  { outputs, visit, signal, doing = "evaluate the loss" }: EvaluateOptions,
): Promise<(Evaluated | undefined)[]> {
  checkJob(job);
  const header = headerOf(job, pool.size, items.count);
  const chunks = chunksIn(header), sticky = isBindingDear(job);
  const results = new Array<Evaluated | undefined>(items.count);
  let finished = 0;
  const put = (item: number, evaluated: Evaluated) => {
    results[item] = evaluated;
    finished++;
    visit?.(item, evaluated);
  };
  const parts = chunks > 1 && (sticky || items.count < 2 * pool.size)
    ? blockByBlock({
      count: items.count,
      group: sticky ? GROUP : items.count,
      chunks,
      workers: pool.size,
      block: header.block,
      put,
    })
    : itemByItem({
      count: items.count,
      chunks,
      workers: pool.size,
      shared: isKept(job, header) ? 1 : SHARED,
      put,
    });
  const last = Math.max(...job.program.inputs.map(({ level }) => level));
  const ports = job.program.inputs.filter(({ level }) => level === last);

  const source: Source = {
    doing,
    header,
    next(lane) {
      const part = parts.next(lane);
      if (!part) return undefined;
      const { from, to } = part;
      return {
        ...part,
        key: `${from} ${part.chunks.from}`,
        task() {
          const given = items.at(from, to), inputs: EvaluateTask["items"] = {};
          for (const { name, dtype, shape } of ports) {
            const values = copyAs(dtype, given[name]), size = sizeAt(shape, 1) * (to - from);
            if (values.length !== size) {
              throw new RangeError(
                `Cannot ${doing}: ${name} must have ${size} numbers for ${
                  to - from
                } items, got ${values.length}`,
              );
            }
            inputs[name] = packed(dtype, [to - from, ...shapeAt(shape, 1)], values);
          }
          return {
            task: {
              kind: "evaluate",
              outputs,
              count: to - from,
              items: inputs,
              chunks: part.chunks,
            },
            transfer: Object.values(inputs).map(({ buffer }) => buffer),
          };
        },
      } satisfies Part & Piece;
    },
    answer: (need) => answerTo(job, header, need),
    receive: (piece, result) => parts.receive(piece as Piece & Part, result, outputs),
    lost: (piece) => parts.lost(piece as Piece & Part),
    finished: () => finished === items.count,
  };
  await pool.run(source, signal);
  return results;
}

/** Whether what is computed on a chunk before the items is much of the work: derivatives at a θ, for a product. */
const isBindingDear = ({ program: { flops: { perSample } } }: Job): boolean =>
  10 * perSample[1] > perSample[2] && perSample[2] > 0;

/** Whether a worker can keep what it computes on all chunks before the items. */
function isKept({ program: { stages, inputs } }: Job, { samples, budget }: Header): boolean {
  const last = Math.max(...inputs.map(({ level }) => level));
  const early = stages.filter(({ level }) => level < last);
  return samples * early.reduce((sum, { bytes }) => sum + bytes, 0) < budget;
}

/** Items from … to, on some chunks. */
interface Part {
  from: number;
  to: number;
  chunks: { from: number; to: number };
}

/** A way to cut the work into parts. */
interface Parts {
  next(lane: number): Part | undefined;
  receive(part: Part, result: TaskResult, outputs: Record<string, Reduction>): void;
  lost(part: Part): void;
}

/** Each part has all chunks of some items: for many items. */
function itemByItem({ count, chunks, workers, shared, put }: {
  count: number;
  chunks: number;
  workers: number;
  shared: number;
  put(item: number, evaluated: Evaluated): void;
}): Parts {
  const again: Part[] = [];
  let next = 0, milliseconds = PIECE;
  return {
    next() {
      if (again.length) return again.shift();
      if (next >= count) return undefined;
      // the last parts are small, so that all workers end together
      const fair = Math.ceil((count - next) / (2 * workers));
      const size = Math.max(1, Math.min(Math.max(PIECE / milliseconds, shared), fair, MOST));
      const from = next;
      next = Math.min(count, from + Math.floor(size));
      return { from, to: next, chunks: { from: 0, to: chunks } };
    },
    receive({ from, to }, result, outputs) {
      milliseconds = Math.max(result.milliseconds / (to - from), 1e-3);
      const evaluated = evaluatedIn(result, outputs, to - from);
      for (let item = from; item < to; item++) put(item, evaluated(item - from));
    },
    lost: (part) => void again.push(part),
  };
}

/**
 * Each part has a group of items on a block of chunks, which always goes to the same worker: few items, much data.
 */
function blockByBlock({ count, group, chunks, workers, block: size, put }: {
  count: number;
  group: number;
  chunks: number;
  workers: number;
  block: number;
  put(item: number, evaluated: Evaluated): void;
}): Parts {
  const blocks = Math.ceil(chunks / size);
  const waiting = Array.from({ length: Math.ceil(count / group) * blocks }, (_, i): Part => {
    const from = Math.floor(i / blocks) * group, chunk = (i % blocks) * size;
    const to = Math.min(count, from + group);
    return { from, to, chunks: { from: chunk, to: Math.min(chunks, chunk + size) } };
  });
  const blockOf = ({ chunks: { from } }: Part) => from / size;
  const there = new Map<number, ((item: number) => Evaluated)[]>();
  return {
    next(lane) {
      const at = waiting.findIndex((part) => blockOf(part) % workers === lane);
      return at < 0 ? undefined : waiting.splice(at, 1)[0];
    },
    receive(part, result, outputs) {
      const { from, to } = part, found = there.get(from) ?? [];
      found[blockOf(part)] = evaluatedIn(result, outputs, to - from);
      there.set(from, found);
      // a hole is not counted
      if (Object.keys(found).length < blocks) return;
      there.delete(from);
      for (let item = from; item < to; item++) {
        put(item, joined(found.map((block) => block(item - from)), outputs));
      }
    },
    lost: (part) => void waiting.unshift(part),
  };
}

/** What each of the n items of a result gave. */
function evaluatedIn(
  { values }: TaskResult,
  outputs: Record<string, Reduction>,
  n: number,
): (item: number) => Evaluated {
  const all = Object.entries(values).map(([name, from]) => ({ name, numbers: unpacked(from) }));
  return (item) => {
    const moments: Evaluated["moments"] = {}, arrays: Evaluated["arrays"] = {};
    for (const { name, numbers } of all) {
      const size = numbers.length / n;
      if (outputs[name] === "moments") moments[name] = readMoments(numbers as Float64Array, item);
      else arrays[name] = n === 1 ? numbers : numbers.slice(item * size, (item + 1) * size);
    }
    return { moments, arrays };
  };
}

/** All blocks together, in their order. */
function joined(blocks: Evaluated[], outputs: Record<string, Reduction>): Evaluated {
  const moments: Evaluated["moments"] = {}, arrays: Evaluated["arrays"] = {};
  for (const name in blocks[0].moments) {
    moments[name] = blocks.map((block) => block.moments[name]).reduce(together);
  }
  for (const name in blocks[0].arrays) {
    const parts = blocks.map((block) => block.arrays[name]) as Float64Array[];
    arrays[name] = outputs[name] === "rows" ? concatenated(parts) : sumOf(parts);
  }
  return { moments, arrays };
}

function concatenated(parts: Float64Array[]): Values {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const all = new (parts[0].constructor as new (n: number) => Float64Array)(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
