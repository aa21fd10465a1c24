import type { Tensor } from "npm:onnxruntime-node@1.30.0";
import { openSession } from "../execute.ts";
import type { HostTensor, NumberType, Port } from "../program.ts";
import { shapeAt, sizeAt, type Values, zeros } from "./pack.ts";
import { NativeUnavailable } from "./unavailable.ts";

/** A model that is ready to run. */
export interface Session {
  /** Runs it on values by name; results are in memory of the caller's, where given. */
  run(feeds: ReadonlyMap<string, Tensor>, into: ReadonlyMap<string, Tensor>): Promise<void>;
  /** Frees it. */
  release(): Promise<void>;
}

let sessions = 0;

/** How many sessions there are in this thread. */
export const sessionCount = (): number => sessions;

/** Makes a session of a model. The runtime is loaded for the first one, since it is large. */
export async function session(model: Uint8Array, threads: number): Promise<Session> {
  await loaded();
  const native = await openSession(model, { threads });
  sessions++;
  return {
    async run(feeds, into) {
      // the runtime refuses inputs that the model does not have
      const inputs = Object.fromEntries(native.inputNames.map((name) => [name, feeds.get(name)!]));
      await native.run(inputs, Object.fromEntries(into));
    },
    async release() {
      sessions--;
      await native.release();
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
