import type { HostTensor, NumberType, Precision, Program, Stage } from "../program.ts";
import type { RecordedLoss } from "../record_loss.ts";
import type { Traces } from "../traces.ts";

/** Arrays by the names of a program's inputs. */
export type Feeds = Record<string, HostTensor>;

/**
 * What becomes of an output that every chunk of samples gives.
 *
 * - `moments`: of per-sample numbers only count, mean and spread travel back; where the job has a reference,
 *   also those of the differences to it.
 * - `mean`: a mean over the samples of a chunk, or what they share (a penalty): chunks are weighted by their size.
 * - `sum`: a part of a sum over all samples (a gradient).
 * - `rows`: per-sample numbers, as they are.
 */
export type Reduction = "moments" | "mean" | "sum" | "rows";

/** An array in a message. A bare typed array takes thirty times as long to pass as its buffer. */
export interface Packed {
  /** The type of its numbers. */
  dtype: NumberType;
  /** The length of each axis. */
  shape: number[];
  /** Its memory, which moves with the message. */
  buffer: ArrayBuffer;
}

/** A program in a message. */
export type PackedProgram = Omit<Program, "stages"> & {
  stages: (Omit<Stage, "model"> & { model: ArrayBuffer })[];
};

/** What a worker must know of a job to begin. Everything large it asks for when it lacks it. */
export interface Header {
  /** The job's number. */
  job: number;
  /** The program's digest. */
  program: string;
  /** The name of the data: equal names, equal contents. */
  data: string;
  /** The name of what is fixed at level 1. */
  fixed: string;
  /** The names of what paired moments are taken against, by output. */
  references: Record<string, string>;
  /** Samples in all. */
  samples: number;
  /** Samples in a chunk; the last one may have fewer. */
  chunk: number;
  /** Chunks in a block. Sums are made of blocks, these of chunks: so any worker can make any block. */
  block: number;
  /** Threads of a session. */
  threads: number;
  /** Bytes of bound values that the worker may keep. */
  budget: number;
}

/** What a worker asks for; without a chunk: what is the same for all of them. */
export type Need =
  | { kind: "program" }
  | { kind: "data"; chunk?: number }
  | { kind: "rows"; rows: ArrayBuffer }
  | { kind: "fixed" }
  | { kind: "reference"; output: string; chunk: number }
  | { kind: "state"; step: number };

/** What it gets. */
export type Answer = { program: PackedProgram } | { feeds: Record<string, Packed> };

/** Evaluate items on a range of chunks. */
export interface EvaluateTask {
  /** Which task this is. */
  kind: "evaluate";
  /** What becomes of the outputs; others are dropped. */
  outputs: Record<string, Reduction>;
  /** How many items. */
  count: number;
  /** The inputs of the last level for all items, one after the other. */
  items: Record<string, Packed>;
  /** The chunks, `to` excluded. */
  chunks: { from: number; to: number };
}

/** Go on with a training. */
export interface StepsTask {
  /** Which task this is. */
  kind: "steps";
  /** The number of the first step. Where the worker does not stand there it asks for the state. */
  from: number;
  /** The output that is the loss: a scalar, or one number a sample. */
  loss: string;
  /** The samples of the steps, one after the other (int32). */
  rows: ArrayBuffer;
  /** Where each step's samples begin, and the end. */
  offsets: number[];
  /** Inputs that are one number a step. */
  scalars: Record<string, number[]>;
  /** Whether the state after the last step is to be sent back. */
  state: boolean;
  /** Whether the training ends with these steps. */
  last: boolean;
}

/** Make a program of a loss. */
export interface RecordTask {
  /** Which task this is. */
  kind: "record";
  /** The loss. */
  traces: Traces;
  /** Which program. */
  what: keyof RecordedLoss;
  /** What the program's function takes. */
  argument?: number | string;
  /** What it computes with. */
  precision: Precision;
  /** How many samples a θ will be evaluated on. */
  samples?: number;
}

/** What a worker is asked to do. */
export type Task = EvaluateTask | StepsTask | RecordTask;

/** From the pool to a worker. */
export type Request =
  | { kind: "task"; id: number; header: Header; task: Task }
  | { kind: "answer"; id: number; answer?: Answer }
  | { kind: "cancel"; job: number }
  | { kind: "forget"; name: string }
  | { kind: "count"; id: number };

/** What a worker holds. */
export interface Holdings {
  /** Programs. */
  programs: number;
  /** Sessions of the native runtime. */
  sessions: number;
  /** Bound values: frames, data, references. */
  bound: number;
  /** Their size. */
  bytes: number;
  /** Tensors of tfjs; 0 where it was not loaded. */
  tensors: number;
}

/** What a task gave. */
export interface TaskResult {
  /** By output, for all items; moments are five doubles an item. */
  values: Record<string, Packed>;
  /** Time in the last level, without loading and binding. */
  milliseconds: number;
  /** Of a training: the losses of its steps (float64). */
  losses?: ArrayBuffer;
  /** Of a training: whether the state of its last step is not finite. */
  diverged?: boolean;
  /** Of a recording. */
  program?: PackedProgram;
  /** Of a recording: why there is no program. */
  refused?: string;
}

/** From a worker to the pool. */
export type Reply =
  | { kind: "done"; id: number; result: TaskResult }
  | { kind: "failed"; id: number; message: string; unavailable: boolean }
  | { kind: "cancelled"; id: number }
  | { kind: "need"; id: number; job: number; need: Need }
  | { kind: "counted"; id: number; holdings: Holdings };
