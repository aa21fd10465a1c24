import { setImmediate } from "node:timers";
import type {
  Answer,
  Header,
  Holdings,
  Need,
  Reply,
  Request,
  Task,
  TaskResult,
} from "./messages.ts";
import { markUnavailable } from "./available.ts";
import { nameOf } from "./job.ts";
import { buffersOf } from "./pack.ts";
import { NativeUnavailable } from "./unavailable.ts";
import { type PoolWorker, startWorker } from "./start_worker.ts";
import { jupyter } from "../../progress.ts";

/** A part of a job, for one worker. */
export interface Piece {
  /** Tells it from the job's other pieces. */
  key: string;
  /** Makes the task, and the memory that goes with it. Again, if a worker died over it. */
  task(): { task: Task; transfer: ArrayBuffer[] };
}

/** A job, as the pool sees it. */
export interface Source {
  /** What it is called in an error: "evaluate the points". */
  doing: string;
  /** What workers must know of it. */
  header: Header;
  /** Its next piece for a lane, if there is one now. */
  next(lane: number): Piece | undefined;
  /** What a worker lacks. */
  answer(need: Need): Answer;
  /** Takes what a piece gave. */
  receive(piece: Piece, result: TaskResult): void;
  /** Takes a piece back that was not done. */
  lost(piece: Piece): void;
  /** Whether all is done. */
  finished(): boolean;
}

/** Workers that compute natively. */
export interface Pool {
  /** The most workers there are at a time. They start when they are first needed. */
  readonly size: number;
  /** Runs a job. It settles when all is done, or soon after the signal, whatever is still under way. */
  run(source: Source, signal?: AbortSignal): Promise<void>;
  /** Frees what workers hold of an object that jobs were made of (data, θ), and what was bound to it. */
  forget(object: object): void;
  /** What each running worker holds. */
  holdings(): Promise<Holdings[]>;
  /** Ends all workers. Later jobs start new ones. */
  close(): Promise<void>;
}

/** Options of {@link pool}. */
export interface PoolOptions {
  /** The number of workers. Default: one a core. */
  workers?: number;
  /** Starts a worker. */
  start?: (lane: number) => PoolWorker;
}

interface Job {
  source: Source;
  /** Deaths of workers by the piece that they died over. */
  deaths: Map<string, number>;
  settle(error?: Error): void;
}

interface Lane {
  number: number;
  worker?: PoolWorker;
  /** Pieces that were sent, in the order in which they run. */
  sent: { id: number; job: Job; piece: Piece }[];
  /** Who waits for a count. */
  counting: Map<number, (holdings?: Holdings) => void>;
  /** The last error that was not caught in it. */
  error?: string;
}

/** Pieces that a worker has: while one result is on its way, the next one is being computed. */
const DEPTH = 2;

/** How often a piece is tried. */
const TRIES = 2;

/**
 * A pool of workers. Jobs are served in the order in which they came; which worker computes a piece never
 * changes what comes out. A worker that dies is replaced and its pieces are done again.
 *
 * @throws {RangeError} if the number of workers is not a positive integer.
 */
export function pool(
  { workers = navigator.hardwareConcurrency, start = startWorker }: PoolOptions = {},
): Pool {
  if (!(Number.isInteger(workers) && workers >= 1)) {
    throw new RangeError(
      `Cannot start workers: workers must be a positive integer, got ${workers}`,
    );
  }
  const lanes: Lane[] = Array.from(
    { length: workers },
    (_, number) => ({ number, sent: [], counting: new Map() }),
  );
  const jobs: Job[] = [];
  let ids = 0;

  const send = (lane: Lane, request: Request, transfer: ArrayBuffer[] = []) =>
    lane.worker!.postMessage(request, transfer);

  /** The next piece for a lane, of the job that came first. */
  const take = ({ number }: Lane) => {
    for (const job of jobs) {
      const piece = job.source.next(number);
      if (piece) return { id: ids++, job, piece };
    }
  };

  /**
   * Hands out pieces: to idle workers, then to new ones, then ahead of time to busy ones. To start a worker
   * blocks this thread for some 50 ms: so one at a time, with a turn of the event loop in between.
   */
  const dispatch = () => {
    for (const lane of lanes) if (lane.worker) fill(lane, 1);
    if (lanes.some((lane) => !lane.worker && fill(lane, 1))) return void setImmediate(dispatch);
    for (const lane of lanes) if (lane.worker) fill(lane, DEPTH);
  };

  /** Sends pieces to a lane until it has so many, and says whether there was one. */
  const fill = (lane: Lane, depth: number): boolean => {
    let some = false;
    while (lane.sent.length < depth) {
      const next = take(lane);
      if (!next) break;
      some = true;
      lane.worker ?? wake(lane);
      lane.sent.push(next);
      try {
        const { task, transfer } = next.piece.task();
        const { header } = next.job.source;
        send(lane, { kind: "task", id: next.id, header, task }, transfer);
      } catch (error) {
        lane.sent.pop();
        next.job.settle(error as Error);
      }
    }
    return some;
  };

  const wake = (lane: Lane) => {
    sayOnce();
    const worker = start(lane.number);
    lane.worker = worker;
    worker.on("message", (reply: Reply) => worker === lane.worker && heard(lane, reply));
    worker.on("error", (error: Error) => void (lane.error = error?.message ?? String(error)));
    worker.on("exit", (code: number) => worker === lane.worker && died(lane, code));
    if (jobs.length) worker.ref();
  };

  const heard = (lane: Lane, reply: Reply) => {
    if (reply.kind === "counted") return lane.counting.get(reply.id)?.(reply.holdings);
    if (reply.kind === "need") return send(lane, ...answered(reply));
    const at = lane.sent.findIndex(({ id }) => id === reply.id);
    const { job, piece } = lane.sent.splice(at, 1)[0];
    if (jobs.includes(job)) {
      if (reply.kind === "failed") job.settle(failure(reply, job));
      else if (reply.kind === "done") guarded(job, () => job.source.receive(piece, reply.result));
    }
    dispatch();
  };

  /** The reply to a worker's question; without an answer where the job is over. */
  const answered = (
    { id, job: number, need }: Extract<Reply, { kind: "need" }>,
  ): [Request, ArrayBuffer[]] => {
    const job = jobs.find(({ source }) => source.header.job === number);
    let answer: Answer | undefined;
    if (job) guarded(job, () => answer = job.source.answer(need));
    const transfer = !answer
      ? []
      : "program" in answer
      ? answer.program.stages.map(({ model }) => model)
      : buffersOf(answer.feeds);
    return [{ kind: "answer", id, answer }, transfer];
  };

  /** Does a job's own part; what it throws ends the job, and so does its last result. */
  const guarded = (job: Job, part: () => void) => {
    try {
      part();
      if (job.source.finished()) job.settle();
    } catch (error) {
      job.settle(error as Error);
    }
  };

  const failure = (
    { message, unavailable }: { message: string; unavailable: boolean },
    job: Job,
  ) => {
    if (!unavailable) return new Error(`Cannot ${job.source.doing}: ${message}`);
    markUnavailable(message);
    return new NativeUnavailable(message);
  };

  /** Lets the script end without a worker that nobody waits for. */
  const rest = ({ worker, counting }: Lane) => {
    if (!jobs.length && !counting.size) worker?.unref();
  };

  const clear = (lane: Lane) => {
    Object.assign(lane, { worker: undefined, sent: [], error: undefined });
    for (const resolve of lane.counting.values()) resolve();
  };

  const died = (lane: Lane, code: number) => {
    const lost = lane.sent, why = lane.error ?? `exit code ${code}`;
    clear(lane);
    for (const [i, { job, piece }] of lost.entries()) {
      if (!jobs.includes(job)) continue;
      // the first one ran, the others waited
      const deaths = (job.deaths.get(piece.key) ?? 0) + (i === 0 ? 1 : 0);
      job.deaths.set(piece.key, deaths);
      if (deaths < TRIES) job.source.lost(piece);
      else {
        job.settle(
          new Error(
            `Cannot ${job.source.doing}: ${deaths} workers died over the same part of it (${why})`,
          ),
        );
      }
    }
    dispatch();
  };

  return {
    size: workers,
    run(source, signal) {
      if (signal?.aborted || source.finished()) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const job: Job = {
          source,
          deaths: new Map(),
          settle(error) {
            if (!jobs.includes(job)) return;
            jobs.splice(jobs.indexOf(job), 1);
            signal?.removeEventListener("abort", stop);
            for (const lane of lanes) {
              if (lane.sent.some((sent) => sent.job === job)) {
                send(lane, { kind: "cancel", job: source.header.job });
              }
              rest(lane);
            }
            error ? reject(error) : resolve();
          },
        };
        const stop = () => job.settle();
        signal?.addEventListener("abort", stop);
        if (!jobs.length) { for (const { worker } of lanes) worker?.ref(); }
        jobs.push(job);
        dispatch();
      });
    },
    forget(object) {
      const request: Request = { kind: "forget", name: nameOf(object) };
      for (const lane of lanes) if (lane.worker) send(lane, request);
    },
    async holdings() {
      const counts = lanes.filter((lane) => lane.worker).map((lane) =>
        new Promise<Holdings | undefined>((resolve) => {
          const id = ids++;
          lane.counting.set(id, (holdings) => {
            lane.counting.delete(id);
            rest(lane);
            resolve(holdings);
          });
          lane.worker!.ref();
          send(lane, { kind: "count", id });
        })
      );
      return (await Promise.all(counts)).filter((holdings) => holdings !== undefined);
    },
    async close() {
      const ending = lanes.flatMap((lane) => lane.worker ?? []);
      lanes.forEach(clear);
      for (const job of [...jobs]) {
        job.settle(new Error(`Cannot ${job.source.doing}: the workers were ended`));
      }
      await Promise.all(ending.map((worker) => worker.terminate()));
    },
  };
}

let said = false;

/** A line for what takes its time and its memory. */
function sayOnce(): void {
  if (said) return;
  said = true;
  // in a cell it would stand among the results; those say what computed them
  if (jupyter()) return;
  console.error("Loading ONNX Runtime: losses run natively (--allow-ffi)");
}

let shared: Pool | undefined;

/** The pool that losses use: started when it is first needed, and never in the way of a script's end. */
export const defaultPool = (): Pool => shared ??= pool();
