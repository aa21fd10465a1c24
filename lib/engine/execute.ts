import type { InferenceSession, Tensor } from "npm:onnxruntime-node@1.30.0";
import { bake } from "./bake.ts";
import { perStep, STEPS } from "./loop.ts";
import type { HostTensor, Level, Port, Program, Stage } from "./program.ts";

/** How a session runs. */
export interface ExecuteOptions {
  /** Threads inside an operation, default 1. */
  threads?: number;
}

/** A program with its sessions open. */
export interface Execution {
  /**
   * Runs the stages of the given levels and those after them. Values of earlier levels are those of the
   * call before.
   */
  run(inputs: Record<string, HostTensor>, from?: Level): Promise<Record<string, HostTensor>>;
  /** Closes the sessions. */
  release(): Promise<void>;
}

type Runtime = typeof import("npm:onnxruntime-node@1.30.0");
let runtime: Promise<Runtime> | undefined;

/** ONNX Runtime: large, loaded when it is first needed. */
const load = (): Promise<Runtime> => runtime ??= import("npm:onnxruntime-node@1.30.0");

/** How sessions run; denormal numbers count as 0, as they make a run up to 75 times slower. */
export const sessionOptions = (
  { threads = 1 }: ExecuteOptions,
): InferenceSession.SessionOptions => ({
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: "all",
  logSeverityLevel: 3,
  extra: {
    session: { set_denormal_as_zero: "1" },
    // One makes a node of x·σ(x) that has no kernel for doubles, one more margin than a pooling may have.
    optimization: { disable_specified_optimizers: "QuickGeluFusion;Pad_Fusion" },
  },
});

/** Opens a session for a model. */
export async function openSession(
  model: Uint8Array,
  options: ExecuteOptions = {},
): Promise<InferenceSession> {
  const { InferenceSession } = await load();
  return await InferenceSession.create(model, sessionOptions(options));
}

/** Runs a session on values by name, with no copy of what goes in. */
export async function runSession(
  session: InferenceSession,
  ports: Port[],
  values: Record<string, HostTensor>,
): Promise<Record<string, HostTensor>> {
  const { Tensor } = await load();
  const feeds: Record<string, Tensor> = {};
  for (const { name, dtype } of ports) {
    const { data, shape } = values[name];
    feeds[name] = new Tensor(dtype as "float32", data as Float32Array, shape);
  }
  const results = await session.run(feeds);
  return Object.fromEntries(
    Object.entries(results).map(([name, { data, dims }]) => [name, {
      data: data as HostTensor["data"],
      shape: [...dims],
    }]),
  );
}

/** Opens a program on this thread: `run` blocks it while it computes. */
export async function execute(
  program: Program,
  options: ExecuteOptions = {},
): Promise<Execution> {
  const opened = program.stages.map((stage) => ({
    stage,
    session: stage.constants ? undefined : openSession(stage.model, options),
  }));
  await Promise.all(opened.map(({ session }) => session));
  let values: Record<string, HostTensor> = {};
  const resultOf = (name: string) => {
    const { data, shape } = values[name];
    return { data, shape: program.carry && !(name in program.carry) ? shape.slice(1) : shape };
  };
  return {
    async run(inputs, from = 0) {
      values = { ...values, ...program.carry ? stepped(program, inputs) : inputs };
      for (const entry of opened) {
        if (entry.stage.level < from) continue;
        const session = await (entry.session ?? openBaked(entry.stage, values, options));
        const ports = program.carry ? [...entry.stage.inputs, steps] : entry.stage.inputs;
        Object.assign(values, await runSession(session, ports, values));
        if (!entry.session) await session.release();
      }
      return Object.fromEntries(program.outputs.map(({ name }) => [name, resultOf(name)]));
    },
    async release() {
      for (const { session } of opened) await (await session)?.release();
    },
  };
}

const steps: Port = { name: STEPS, dtype: "int64", shape: [] };

/** The inputs of a single step, as the model of many steps takes them. */
function stepped(
  { inputs, carry }: Program,
  values: Record<string, HostTensor>,
): Record<string, HostTensor> {
  const given = new Set(Object.values(carry!));
  const stacked = inputs.filter(({ name, shape }) => !given.has(name) && perStep(shape))
    .map(({ name }) => [name, { data: values[name].data, shape: [1, ...values[name].shape] }]);
  const steps = { data: BigInt64Array.of(1n), shape: [] };
  return { ...values, ...Object.fromEntries(stacked), [STEPS]: steps };
}

const openBaked = (
  { model, constants }: Stage,
  values: Record<string, HostTensor>,
  options: ExecuteOptions,
) => openSession(bake(model, constants!, values), options);
