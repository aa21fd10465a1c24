import { composedKernels, registerKernels } from "./kernels.ts";
import { engine, isHidden } from "./engine.ts";
import { plainAttributes } from "./record_attributes.ts";
import type { Operand, RecordedConstant, RecordedNode, RecordedType } from "./record.ts";
import * as tf from "./tf.ts";

type DataId = tf.TensorInfo["dataId"];
type Values = tf.backend_util.BackendValues;

/** What stands behind a tensor of the record backend. */
interface Slot {
  /** Its numbers on the backend that computes. */
  numeric: DataId;
  shape: number[];
  dtype: tf.DataType;
  /** How it comes about, where it depends on an input. */
  symbol?: { node: number; output: number; kernel: string };
  /** The random function that made it. */
  random?: string;
  references: number;
}

/** The recording under way: what is written down so far. */
export interface Tape {
  nodes: RecordedNode[];
  constants: RecordedConstant[];
  /** Numbers of constants by the data that they were read from. */
  known: Map<DataId, number>;
}

/**
 * A tfjs backend on which every kernel runs on the wasm backend, so that shapes and a first value are
 * known, and is also written down where one of its inputs depends on a recorded input. What does not
 * depend on one is a number already. Reading a value that depends on an input is refused.
 */
export class RecordBackend extends tf.KernelBackend {
  readonly #store = new Map<DataId, Slot>();
  readonly #numeric: tf.KernelBackend;
  /** Present while something is recorded. */
  tape: Tape | undefined;

  constructor(numeric: tf.KernelBackend) {
    super();
    this.#numeric = numeric;
  }

  override write(values: Values, shape: number[], dtype: tf.DataType): DataId {
    const id = {};
    this.move(id, values, shape, dtype, 1);
    return id;
  }

  override move(
    id: DataId,
    values: Values,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    const random = engine().state.scopeStack.map(({ name }) =>
      /^(rand\w*|multinomial\w*|truncatedNormal)__op$/.exec(name)?.[1]
    )
      .find((name) => name);
    const numeric = this.#numeric.write(values, shape, dtype);
    this.#store.set(id, { numeric, shape, dtype, references, ...(random && { random }) });
  }

  override readSync(id: DataId): Values {
    const slot = this.#store.get(id)!;
    if (slot.symbol) {
      throw new Error(
        "Cannot record: the value of a tensor that depends on the weights or the data is read " +
          `(it comes from ${slot.symbol.kernel})`,
      );
    }
    return this.#numeric.readSync(slot.numeric) as Values;
  }

  // deno-lint-ignore require-await
  override async read(id: DataId): Promise<Values> {
    return this.readSync(id);
  }

  /** The first value of a tensor, whatever it depends on. */
  peek(id: DataId): Values {
    return this.#numeric.readSync(this.#store.get(id)?.numeric ?? id) as Values;
  }

  override disposeData(id: DataId, force = false): boolean {
    const slot = this.#store.get(id);
    if (!slot) return true;
    if (--slot.references > 0 && !force) return false;
    this.#numeric.disposeData(slot.numeric);
    return this.#store.delete(id);
  }

  override incRef(id: DataId): void {
    this.#store.get(id)!.references++;
  }

  override refCount(id: DataId): number {
    return this.#store.get(id)?.references ?? 0;
  }

  override numDataIds(): number {
    return this.#store.size;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}

  /** Makes a tensor an input. */
  mark(tensor: tf.Tensor, name: string): void {
    const { dtype, shape } = tensor;
    this.#store.get(tensor.dataId)!.symbol = {
      node: this.tape!.nodes.length,
      output: 0,
      kernel: `input ${name}`,
    };
    this.tape!.nodes.push({
      kernel: "Input",
      inputs: {},
      attributes: { name },
      outputs: [{ dtype: plainType(dtype, name), shape }],
    });
  }

  /** Runs a kernel on numbers and, where it depends on an input, writes it down. */
  run(
    kernel: tf.KernelConfig,
    { inputs, attrs = {} }: KernelCall,
  ): tf.TensorInfo | tf.TensorInfo[] {
    const result = kernel.kernelFunc({
      inputs: mapInputs(inputs, (t) => this.#plain(t)) as tf.NamedTensorInfoMap,
      attrs: attrs as tf.NamedAttrMap,
      backend: this.#numeric,
    });
    const results = Array.isArray(result) ? result : [result];
    const name = kernel.kernelName;
    const node = this.#record(name, inputs, attrs, results);
    const random = name === tf.Multinomial ? name : listed(inputs)
      .map(({ dataId }) => this.#store.get(dataId)?.random).find((source) => source);
    const outputs = results.map(({ dataId, shape, dtype }, output): tf.TensorInfo => {
      // An output that is an input with another shape shares its numbers: the kernel has counted that.
      const id = {};
      this.#store.set(id, {
        numeric: dataId,
        shape,
        dtype,
        references: 1,
        ...(node >= 0 && { symbol: { node, output, kernel: name } }),
        ...(random && { random }),
      });
      return { dataId: id, shape, dtype };
    });
    return Array.isArray(result) ? outputs : outputs[0];
  }

  /** A tensor as the backend that computes knows it. */
  #plain(t: tf.TensorInfo): tf.TensorInfo {
    const slot = this.#store.get(t.dataId);
    return slot ? { dataId: slot.numeric, shape: t.shape, dtype: t.dtype } : t;
  }

  /** The number of the new node, or −1 where there is nothing to write down. */
  #record(kernel: string, inputs: Inputs, attrs: object, results: tf.TensorInfo[]): number {
    const depends = this.tape &&
      listed(inputs).some((t) => this.#store.get(t.dataId)?.symbol) &&
      kernel !== tf.ZerosLike && kernel !== tf.OnesLike;
    if (!depends) return -1;
    this.tape!.nodes.push({
      kernel,
      inputs: mapInputs(inputs, (t) => this.operand(t, kernel)),
      attributes: plainAttributes(kernel, inputs, attrs),
      given: attrs as Record<string, unknown>,
      ...(isHidden() && { hidden: true }),
      outputs: results.map(({ dtype, shape }) => ({ dtype: plainType(dtype, kernel), shape })),
    });
    return this.tape!.nodes.length - 1;
  }

  /** Where a tensor comes from: a node, or a constant whose numbers are kept. */
  operand(t: tf.TensorInfo, reader: string): Operand {
    const slot = this.#store.get(t.dataId), tape = this.tape!;
    const dtype = plainType(t.dtype, reader);
    if (slot?.symbol) {
      const { node, output } = slot.symbol;
      return { node, output, shape: t.shape, dtype };
    }
    if (slot?.random) {
      throw new Error(
        `Cannot record: ${slot.random} draws random numbers, which would stay the same ever after ` +
          `(they go into ${reader}); draw them before, and pass them as data`,
      );
    }
    const numeric = slot?.numeric ?? t.dataId;
    let constant = tape.known.get(numeric);
    if (constant === undefined) {
      constant = tape.constants.length;
      const data = this.#numeric.readSync(numeric) as Float32Array | Int32Array | Uint8Array;
      tape.constants.push({ data: data.slice(), dtype });
      tape.known.set(numeric, constant);
    }
    return { constant, shape: t.shape, dtype };
  }
}

type Inputs = Record<string, tf.TensorInfo | tf.TensorInfo[] | undefined> | tf.TensorInfo[];
interface KernelCall {
  inputs: Inputs;
  attrs?: object;
}

function plainType(dtype: tf.DataType, where: string): RecordedType {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype;
  throw new Error(`Cannot record: numbers of type ${dtype} (in ${where})`);
}

/** The inputs of Concat, AddN … are an array, those of other kernels a record, in which some are missing. */
function mapInputs<T>(inputs: Inputs, f: (t: tf.TensorInfo) => T): Record<string, T | T[]> | T[] {
  if (Array.isArray(inputs)) return inputs.map(f);
  return Object.fromEntries(
    Object.entries(inputs ?? {}).filter(([, t]) => t).map(([name, t]) => [
      name,
      Array.isArray(t) ? t.map(f) : f(t!),
    ]),
  );
}

const listed = (inputs: Inputs): tf.TensorInfo[] =>
  (Object.values(inputs ?? {}) as (tf.TensorInfo | tf.TensorInfo[] | undefined)[]).flat()
    .filter((t): t is tf.TensorInfo => t !== undefined && t !== null);

let registered: RecordBackend | undefined;

/** The backend called `record`, which is registered by the first call; wasm must be running. */
export function recordBackend(): RecordBackend {
  if (registered) return registered;
  const backend = new RecordBackend(tf.findBackend("wasm"));
  tf.registerBackend("record", () => backend, 0);
  // Makes the instance known, without choosing it.
  tf.findBackend("record");
  const composed = new Set(composedKernels);
  for (const kernel of tf.getKernelsForBackend("wasm")) {
    if (composed.has(kernel.kernelName)) continue;
    tf.registerKernel({
      kernelName: kernel.kernelName,
      backendName: "record",
      kernelFunc: (call) => backend.run(kernel, call as KernelCall),
    });
  }
  // Kernels that are written with ops: their parts are recorded.
  registerKernels("record");
  registered = backend;
  return backend;
}
