import { onBackend } from "./backend.ts";
import { guarded } from "./guard.ts";
import { type RecordBackend, recordBackend, type Tape } from "./record_backend.ts";
import * as tf from "./tf.ts";

/** The types of numbers that are recorded. */
export type RecordedType = "float32" | "int32" | "bool";

/** An array as it goes into a record. */
export interface RecordInput {
  /** Row-major; doubles are rounded. */
  data: Float32Array | Float64Array | Int32Array | Uint8Array;
  /** The length of each axis. */
  shape: readonly number[];
}

/** An output of an earlier node, or a constant, seen with a shape. */
export type Operand =
  & { shape: number[]; dtype: RecordedType }
  & ({ node: number; output: number } | { constant: number });

/** A kernel that ran, with plain attributes: see `plainAttributes`. */
export interface RecordedNode {
  /** The kernel's name, or `Input`. */
  kernel: string;
  /** Its inputs by name, or in order. */
  inputs: Record<string, Operand | Operand[]> | Operand[];
  /** Its attributes: numbers, texts, arrays of numbers. */
  attributes: Record<string, unknown>;
  /** Its attributes as tfjs gave them, for a replay. */
  given?: Record<string, unknown>;
  /** Whether no derivative sees it: see `constant`. */
  hidden?: boolean;
  /** What came out. */
  outputs: { shape: number[]; dtype: RecordedType }[];
}

/** Numbers that depend on no input. */
export interface RecordedConstant {
  /** Row-major. */
  data: Float32Array | Int32Array | Uint8Array;
  /** Their type. */
  dtype: RecordedType;
}

/** All that happened to the inputs on their way to the outputs. */
export interface Recorded {
  /** Inputs first, then each kernel after those it takes its inputs from. */
  nodes: RecordedNode[];
  /** What else goes in. */
  constants: RecordedConstant[];
  /** The results by name. */
  outputs: Record<string, Operand>;
  /** The first values of the results. */
  values: Record<string, Float32Array | Int32Array | Uint8Array>;
}

/**
 * Runs f once, on the wasm backend's numbers, and writes down every kernel whose result depends on an
 * input. f may take derivatives: give them `{ backend: "record" }`.
 *
 * Needs a running backend (`await ready()`). Cost: one run of f on wasm.
 *
 * @throws {Error} if f reads a value that depends on an input, or lets random numbers meet one: the reason
 * and the op are said.
 */
export function record(
  inputs: Record<string, RecordInput>,
  f: (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>,
): Recorded {
  const backend = recordBackend();
  if (backend.tape) throw new Error("Cannot record: a recording is under way");
  const tape: Tape = { nodes: [], constants: [], known: new Map() };
  backend.tape = tape;
  let recorded!: Recorded;
  try {
    onBackend("record", () =>
      guarded(() =>
        tf.tidy(() => {
          recorded = finish(backend, tape, f(tensors()));
        })
      ));
    return recorded;
  } finally {
    backend.tape = undefined;
  }

  function tensors() {
    return Object.fromEntries(
      Object.entries(inputs).map(([name, { data, shape }]) => {
        const tensor = inputTensor({ data, shape });
        backend.mark(tensor, name);
        return [name, tensor];
      }),
    );
  }
}

/** An input as a tensor of the present backend. */
export function inputTensor({ data, shape: lengths }: RecordInput): tf.Tensor {
  const shape = [...lengths];
  if (data instanceof Int32Array) return tf.tensor(data.slice(), shape, "int32");
  if (data instanceof Uint8Array) return tf.tensor(data.slice(), shape, "bool");
  return tf.tensor(Float32Array.from(data), shape);
}

function finish(
  backend: RecordBackend,
  { nodes, constants }: Tape,
  results: Record<string, tf.Tensor>,
): Recorded {
  const entries = Object.entries(results);
  return {
    nodes,
    constants,
    outputs: Object.fromEntries(
      entries.map(([name, t]) => [name, backend.operand(t, `output ${name}`)]),
    ),
    values: Object.fromEntries(
      entries.map(([name, t]) => [
        name,
        (backend.peek(t.dataId) as Float32Array | Int32Array | Uint8Array).slice(),
      ]),
    ),
  };
}
