/** The numbers that a program computes with. */
export type Precision = "float32" | "float64";

/** The types of numbers that go into and come out of stages; `bool` travels as bytes of 0 and 1. */
export type NumberType = "float32" | "float64" | "int32" | "int64" | "bool";

/** When an input is known: 0 with the data, 1 with θ (or a slice), 2 with v (or coordinates). */
export type Level = 0 | 1 | 2;

/** A length of an axis: a number, or a multiple of the number of samples in the batch. */
export type Dimension = number | "batch" | `${number}*batch`;

/** Numbers and their shape, row-major, in the memory of the host. */
export interface HostTensor {
  /** The numbers; a bool is a byte of 0 or 1. */
  data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
  /** The length of each axis; `[]` is a scalar. */
  shape: number[];
}

/** A named input or output. */
export interface Port {
  /** Unique within its program. */
  name: string;
  /** The type of its numbers. */
  dtype: NumberType;
  /** The length of each axis. */
  shape: Dimension[];
}

/**
 * The part of a program that can run once the inputs of a level are known. Its inputs are inputs of the
 * program, and outputs of earlier stages, by name.
 */
export interface Stage {
  /** The level of the latest of its inputs. Several stages may have the same. */
  level: Level;
  /** An ONNX model. */
  model: Uint8Array;
  /** What goes into it. */
  inputs: Port[];
  /** What comes out of it: outputs of the program, and what later stages take. */
  outputs: Port[];
  /**
   * Inputs that are written into the model as constants before a session is made of it (`bake`): the runtime
   * lays the filters of a convolution out anew, which halves its time. A session then serves one θ or point.
   */
  constants?: Port[];
  /** Bytes a sample that there are at the same time while it runs. */
  bytes: number;
}

/** A function as data that travels to workers: stages in the order in which they run. */
export interface Program {
  /** Equal for programs that compute the same in the same way. */
  digest: string;
  /** What its floats are. */
  precision: Precision;
  /** What it takes, with the level at which each is known. */
  inputs: (Port & { level: Level })[];
  /** What it gives. */
  outputs: Port[];
  /** Its parts. */
  stages: Stage[];
  /**
   * Of a program that is one step of many: which outputs the next step takes, as which inputs. Its one model
   * makes any number of steps: see `loopModel`.
   */
  carry?: Record<string, string>;
  /** Floating-point operations by level, as fixed + perSample · samples. */
  flops: { fixed: number[]; perSample: number[] };
}
