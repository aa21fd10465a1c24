import { KEPT, partsOf, samplesInRun, workOf } from "../cost.ts";
import type { HostTensor, Port, Program } from "../program.ts";
import type { Answer, Feeds, Header, Need, Packed } from "./messages.ts";
import { packed, packedProgram, packedRows, packedSome, sizeAt, varies } from "./pack.ts";

/**
 * What a program is run on: data, that workers ask for. None of it may change before the job is done, and
 * equal objects in later jobs mean equal contents: then workers still have them.
 */
export interface Job {
  /** The program. */
  program: Program;
  /** Its inputs of level 0. Those with a batch axis have the samples on their first one. */
  data?: Feeds;
  /** Its inputs of level 1, where it has a level 2: θ, or a slice. */
  fixed?: Feeds;
  /** At most so many samples at a time; fewer where they would take long, or much memory. */
  chunk?: number;
  /** Exactly so many samples at a time, where they depend on each other. */
  batch?: number;
  /** Per-sample numbers, by output, that paired moments are taken against. */
  references?: Record<string, Float32Array | Float64Array>;
  /** Bytes of data, and of what was made of them, that all workers together keep. Default 600 MB. */
  budget?: number;
  /**
   * Items may come one at a time, since each needs the one before: then all cores work on it, each on a part of the
   * samples; or on the whole, where a part would not be worth the vectors that come and go with it.
   */
  single?: boolean;
  /** Whether a run may use all cores: for work of which each part needs the one before, where a part is long. */
  threaded?: boolean;
}

/** Floating-point operations of a run that is quicker on several threads, and than in two parts. */
const LONG = 1e8, LONGER = 5e8;

/** The most blocks that chunks are put into. */
const BLOCKS = 16;

const names = new WeakMap<object, string>();
let objects = 0, jobs = 0;

/** The name of an object towards workers: another one for every object. */
export function nameOf(object: object | undefined): string {
  if (!object) return "none";
  if (!names.has(object)) names.set(object, `object${objects++}`);
  return names.get(object)!;
}

/** What workers must know of a job of so many items on a pool of so many. */
export function headerOf(job: Job, workers: number, items = 1): Header {
  const { program, data = {}, fixed, references = {}, budget = KEPT } = job;
  const samples = samplesIn(program, data);
  const referenceNames = Object.entries(references).map(([output, r]) => [output, nameOf(r)]);
  const work = workOf(program, samples), parts = job.single ? partsOf(program, samples) : 1;
  const part = parts > 2 || work < LONGER ? Math.ceil(samples / parts) : samples;
  const limit = Math.min(job.chunk ?? Infinity, part);
  const chunk = Math.min(samples, job.batch ?? chunkOf(program, samples, limit));
  const whole = job.single && items === 1 && chunk === samples && work > LONG;
  return {
    ...emptyHeader(),
    program: program.digest,
    data: nameOf(job.data),
    fixed: nameOf(fixed),
    references: Object.fromEntries(referenceNames),
    samples,
    chunk,
    block: Math.ceil(Math.ceil(samples / chunk) / BLOCKS),
    // not as many as there are workers: how products are cut for threads shows in their last bits
    threads: job.threaded || whole ? navigator.hardwareConcurrency : 1,
    budget: budget / workers,
  };
}

/** What workers must know of a job that is no run of a program. */
export const emptyHeader = (): Header => ({
  job: jobs++,
  program: "none",
  data: "none",
  fixed: "none",
  references: {},
  samples: 0,
  chunk: 0,
  block: 0,
  threads: 1,
  budget: 0,
});

/** The number of chunks. */
export const chunksIn = ({ samples, chunk }: Header): number => Math.ceil(samples / chunk);

/** The number of samples: the first axis of the data that have a batch; 1 where none has. */
function samplesIn(program: Program, data: Feeds): number {
  const port = program.inputs.find(({ level, shape }) => level === 0 && varies(shape));
  return port ? data[port.name].shape[0] : 1;
}

/** Chunks of equal size, so small that a run of any level is short and takes no more memory than it should. */
export function chunkOf(program: Program, samples: number, limit = Infinity): number {
  const most = Math.min(limit, samplesInRun(program));
  return Math.ceil(samples / Math.ceil(samples / most));
}

/** Answers what a worker asks about a job. */
export function answerTo(
  { program, data = {}, fixed = {}, references = {} }: Job,
  header: Header,
  need: Need,
): Answer {
  if (need.kind === "program") {
    return { program: packedProgram(program) };
  }
  const rowsOf = (chunk: number) => ({
    from: chunk * header.chunk,
    to: Math.min((chunk + 1) * header.chunk, header.samples),
  });
  if (need.kind === "data") {
    const { chunk } = need, perChunk = chunk !== undefined;
    return feedsOf(
      program.inputs.filter((p) => p.level === 0 && varies(p.shape) === perChunk && p.name in data),
      data,
      perChunk ? rowsOf(chunk) : undefined,
    );
  }
  if (need.kind === "rows") {
    const rows = new Int32Array(need.rows);
    const ports = program.inputs.filter((p) => varies(p.shape) && p.name in data);
    return {
      feeds: Object.fromEntries(
        ports.map((port) => [port.name, packedSome(port, data[port.name], rows)]),
      ),
    };
  }
  if (need.kind === "fixed") {
    return feedsOf(program.inputs.filter((p) => p.level === 1), fixed);
  }
  if (need.kind === "reference") {
    const { from, to } = rowsOf(need.chunk);
    const part = Float64Array.from(references[need.output].subarray(from, to));
    return { feeds: { [need.output]: packed("float64", [to - from], part) } };
  }
  throw new Error(`nothing answers a need of ${need.kind}`);
}

/** Arrays for ports, as they travel. */
export function feedsOf(
  ports: readonly Port[],
  from: Feeds,
  rows?: { from: number; to: number },
): { feeds: Record<string, Packed> } {
  return {
    feeds: Object.fromEntries(
      ports.map((port) => [port.name, packedRows(port, from[port.name], rows)]),
    ),
  };
}

/**
 * Checks that everything that a program takes below its last level is there, in the right shape.
 *
 * @throws {RangeError} if not.
 */
export function checkJob({ program, data = {}, fixed = {} }: Job): void {
  const last = Math.max(...program.inputs.map(({ level }) => level));
  let samples: number | undefined;
  for (const port of program.inputs) {
    if (port.level === last && last > 0) continue;
    const given: HostTensor | undefined = (port.level === 0 ? data : fixed)[port.name];
    if (!given) throw new RangeError(`Cannot run the program: its input ${port.name} is missing`);
    const n = port.shape[0] === "batch" ? given.shape[0] : 1;
    if (port.shape[0] === "batch") samples ??= n;
    if (
      sizeAt(port.shape, n) !== given.data.length || (port.shape[0] === "batch" && n !== samples)
    ) {
      throw new RangeError(
        `Cannot run the program: its input ${port.name} must have shape [${
          port.shape.join(", ")
        }], got [${given.shape.join(", ")}]`,
      );
    }
  }
}
