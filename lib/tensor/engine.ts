import * as tf from "./tf.ts";

/** An op on the tape of a derivative. */
export interface TapeNode {
  kernelName: string;
  inputs: Record<string, tf.Tensor>;
  outputs: tf.Tensor[];
  saved: tf.Tensor[];
  gradient?: (dys: tf.Tensor[]) => Record<string, () => tf.Tensor>;
}

type Inputs = Record<string, tf.Tensor | undefined> | tf.Tensor[];
/** The attributes of an op, such as its axis or strides. */
// deno-lint-ignore no-explicit-any
export type Attributes = Record<string, any>;

/** The parts of tfjs's engine that are used here and that its types hide. */
export interface Engine {
  state: {
    gradientDepth: number;
    kernelDepth: number;
    activeTape: TapeNode[] | null;
    activeScope: { name: string } | null;
    scopeStack: { name: string }[];
  };
  backendName: string | null;
  startTape(): void;
  endTape(): void;
  isTapeOn(): boolean;
  runKernel(name: string, inputs: Inputs, attributes?: Attributes): tf.Tensor | tf.Tensor[];
  addTapeNode(name: string, inputs: Inputs, outputs: tf.Tensor[], ...rest: unknown[]): void;
  /** Runs a kernel, or the forward function of a custom gradient. */
  runKernelFunc(call: {
    forwardFunc?: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => tf.Tensor;
  }): tf.Tensor | tf.Tensor[];
  gradients(
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy: tf.Tensor | null,
    allowNoGradients: boolean,
  ): { value: tf.Tensor; grads: (tf.Tensor | undefined)[] };
}

/** The one engine that all copies of tfjs in this process share. */
export const engine = (): Engine => tf.engine() as unknown as Engine;

/** True while an outer derivative records what is computed now. */
export const isRecorded = (): boolean => engine().isTapeOn();

let hidden = 0;

/** True inside of `constant`. */
export const isHidden = (): boolean => hidden > 0;

/** Computes f where no derivative sees it: masks and other factors that are constant almost everywhere. */
export function constant<T extends tf.Tensor | tf.Tensor[]>(f: () => T): T {
  const { state } = engine();
  state.kernelDepth++;
  hidden++;
  try {
    return f();
  } finally {
    state.kernelDepth--;
    hidden--;
  }
}

/** Runs a kernel by name. */
export function kernel(name: string, inputs: Inputs, attributes: Attributes = {}): tf.Tensor {
  return engine().runKernel(name, inputs, attributes) as tf.Tensor;
}
