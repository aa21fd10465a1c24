import { BackendWasm } from "npm:@tensorflow/tfjs-backend-wasm@4.22.0";
import wasmFactory from "npm:@tensorflow/tfjs-backend-wasm@4.22.0/wasm-out/tfjs-backend-wasm.js";
import process from "node:process";
import { keepKernels, registerKernels } from "./kernels.ts";
import { castKernel } from "./kernels/cast.ts";
import { gatherKernel } from "./kernels/gather.ts";
import { matMulKernel } from "./kernels/matmul.ts";
import { paddedKernel, paddedKernels } from "./kernels/padding.ts";
import { sliceKernels } from "./kernels/slice.ts";
import { repair } from "./repair.ts";
import "./shown.ts";
import * as tf from "./tf.ts";
import wasm from "./wasm_module.js";

type Backends = {
  backendName: string | null;
  backendInstance: tf.KernelBackend | null;
  registry: Record<string, tf.KernelBackend>;
};
const backends = () => tf.engine() as unknown as Backends;

let started: Promise<void> | undefined;

/**
 * Starts the wasm backend and repairs tfjs's derivatives; later calls return the same promise. Needs no
 * permission. A backend that the user has chosen stays chosen; where none was, wasm is.
 */
export function ready(): Promise<void> {
  started ??= start().catch((error) => {
    started = undefined;
    throw error;
  });
  return started;
}

async function start(): Promise<void> {
  const chosen = backends().backendName;
  if (!("wasm" in backends().registry)) {
    const backend = new BackendWasm(await instantiate());
    // The package's own factory reads the file anew, for which it needs a path and a permission.
    tf.removeBackend("wasm");
    tf.registerBackend("wasm", () => backend, 2);
  }
  // Also binds the kernels that were registered last to the backend, whoever started it.
  await tf.setBackend("wasm");
  const native = new Map(tf.getKernelsForBackend("wasm").map((k) => [k.kernelName, k]));
  const kernel = (name: string) => native.get(name)!;
  const slices = sliceKernels(kernel);
  const mended = [
    ...slices,
    castKernel(kernel(tf.Cast)),
    gatherKernel(kernel(tf.GatherV2)),
    matMulKernel((name) => slices.find((k) => k.kernelName === name) ?? kernel(name)),
    ...paddedKernels.map((name) => paddedKernel(kernel(name))),
  ];
  registerKernels("wasm");
  keepKernels("wasm", [
    ...mended,
    ...[...native.values()].filter((kernel) =>
      !mended.some((k) => k.kernelName === kernel.kernelName)
    ),
  ]);
  repair();
  if (chosen && chosen !== "wasm") await tf.setBackend(chosen);
}

// A CommonJS module: its types put the function one level too deep.
const factory = wasmFactory as unknown as typeof wasmFactory.default;

type WasmModule = ConstructorParameters<typeof BackendWasm>[0];
type Emscripten = WasmModule & {
  cwrap(name: string, result: string | null, args: string[]): never;
};

/** The compiled kernels in memory, with the entry points that the backend expects. */
async function instantiate(): Promise<WasmModule> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.listeners(event as "exit"));
  const module = await factory({
    instantiateWasm(
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ) {
      WebAssembly.instantiate(wasm, imports).then((instance) => done(instance, wasm));
      return {};
    },
  }) as Emscripten;
  // Emscripten's handlers would turn every rejection of the host program into its end.
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as "exit")) {
      if (!before[i].includes(listener)) process.off(event, listener);
    }
  });
  module.tfjs = {
    init: module.cwrap("init", null, []),
    initWithThreadsCount: module.cwrap("init_with_threads_count", null, ["number"]),
    getThreadsCount: module.cwrap("get_threads_count", "number", []),
    registerTensor: module.cwrap("register_tensor", null, ["number", "number", "number"]),
    disposeData: module.cwrap("dispose_data", null, ["number"]),
    dispose: module.cwrap("dispose", null, []),
  };
  return module;
}

/**
 * Runs f on a backend and puts back the one that was chosen before, whatever happens. f is synchronous.
 * Tensors of another backend move when they are used.
 *
 * @throws {Error} if the backend is not running: `await ready()` first.
 */
export function onBackend<T>(name: string, f: () => T): T {
  const state = backends();
  const { backendName, backendInstance } = state;
  if (!(name in state.registry)) {
    throw new Error(
      `Cannot compute on the ${name} backend: it is not running; await ready() first`,
    );
  }
  if (backendName === name) return f();
  // Not setBackend(): it would bind all kernels of the backend anew, twice.
  Object.assign(state, { backendName: name, backendInstance: state.registry[name] });
  try {
    return f();
  } finally {
    Object.assign(state, { backendName, backendInstance });
  }
}
