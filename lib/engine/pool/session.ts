import { setImmediate } from "node:timers";
import type { Tensor } from "npm:onnxruntime-node@1.30.0";
import { sessionOptions } from "../execute.ts";
import type { HostTensor, NumberType, Port } from "../program.ts";
import { shapeAt, sizeAt, type Values, zeros } from "./pack.ts";
import { NativeUnavailable } from "./unavailable.ts";

/** Values by name, as the runtime takes them. */
export type Tensors = Record<string, Tensor>;

/** A model that is ready to run. */
export interface Session {
  /** Runs it, and holds this thread until it is through; results are in memory of the caller's. */
  runNow(feeds: Tensors, into: Tensors): void;
  /** The same after a turn of the event loop, with what it needs picked out of all values. */
  run(values: ReadonlyMap<string, Tensor>, into: ReadonlyMap<string, Tensor>): Promise<void>;
  /** Frees it. */
  release(): Promise<void>;
}

let sessions = 0;

/** How many sessions there are in this thread. */
export const sessionCount = (): number => sessions;

/** A turn of the event loop: messages come in. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Makes a session of a model. The runtime is loaded for the first one, since it is large.
 *
 * It is the runtime's own binding: around it each run takes a turn of the event loop, which costs a small
 * network a quarter of its time.
 */
export async function session(model: Uint8Array, threads: number): Promise<Session> {
  await loaded();
  const { binding, initOrt } = await import("npm:onnxruntime-node@1.30.0/dist/binding.js");
  initOrt();
  const native = new binding.InferenceSession();
  const { buffer, byteOffset, byteLength } = model;
  native.loadModel(buffer as ArrayBuffer, byteOffset, byteLength, sessionOptions({ threads }));
  const inputs = native.inputMetadata.map(({ name }) => name);
  sessions++;
  return {
    runNow: (feeds, into) => void native.run(feeds, into, {}),
    async run(values, into) {
      await turn();
      const feeds = Object.fromEntries(inputs.map((name) => [name, values.get(name)!]));
      native.run(feeds, Object.fromEntries(into), {});
    },
    release() {
      sessions--;
      native.dispose();
      return Promise.resolve();
    },
  };
}

/** The runtime, or an error that tells that it is missing. */
export async function loaded(): Promise<typeof import("npm:onnxruntime-node@1.30.0")> {
  try {
    return await import("npm:onnxruntime-node@1.30.0");
  } catch (error) {
    throw new NativeUnavailable(`ONNX Runtime cannot be loaded: ${(error as Error).message}`);
  }
}

/** A tensor of the runtime over host memory. */
export async function tensor(
  dtype: NumberType,
  data: Values,
  shape: readonly number[],
): Promise<Tensor> {
  const { Tensor } = await loaded();
  return new Tensor(dtype as "float32", data as HostTensor["data"] as Float32Array, shape);
}

/** Memory for the outputs of a stage on n samples. */
export async function memoryFor(
  ports: readonly Port[],
  samples: number,
): Promise<Map<string, Tensor>> {
  const memory = new Map<string, Tensor>();
  for (const { name, dtype, shape } of ports) {
    const data = zeros(dtype, sizeAt(shape, samples));
    memory.set(name, await tensor(dtype, data, shapeAt(shape, samples)));
  }
  return memory;
}

/** The host memory of a tensor. */
export const dataOf = (tensor: Tensor): Values => tensor.data as Values;
