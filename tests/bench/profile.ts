import { InferenceSession, Tensor } from "npm:onnxruntime-node@1.30.0";
import { sessionOptions } from "../../lib/engine/execute.ts";
import { bake } from "../../lib/engine/bake.ts";
import { perStep, STEPS } from "../../lib/engine/loop.ts";
import { chunkOf } from "../../lib/engine/pool/job.ts";
import type { HostTensor, Program, Stage } from "../../lib/engine/program.ts";
import { recordLoss } from "../../lib/engine/record_loss.ts";
import { ready } from "../../lib/tensor/backend.ts";
import { recordable } from "./recordable.ts";
import { workload, type WorkloadName, workloads } from "./workloads.ts";

/** What a run of a program's last level spends its time on, in milliseconds. */
export interface ProfileRow {
  /** The workload. */
  workload: WorkloadName;
  /** What is computed: a point of a surface, a gradient, a product, a step. */
  what: string;
  /** By kind of operation. */
  milliseconds: Record<string, number>;
  /** Operations that run. */
  nodes: number;
}

/** Kinds of operations, by ONNX's names and those that the runtime gives to what it fuses. */
const kinds: [kind: string, names: RegExp][] = [
  ["products", /Gemm|MatMul|Conv/],
  ["reductions, softmax", /^Reduce|Softmax|LogSumExp|Pool|Arg/],
  [
    "moving numbers",
    /^(Transpose|Reshape|Concat|Split|Slice|Pad|Expand|Gather|Cast|Reorder|Squeeze|Unsqueeze|Tile|Shape|Identity)/,
  ],
];
const kindOf = (op: string) => kinds.find(([, names]) => names.test(op))?.[0] ?? "elementwise";

/** Runs each function of a workload in one thread with the runtime's profiler on. */
export async function profile(name: WorkloadName): Promise<ProfileRow[]> {
  await ready();
  const made = workload(workloads[name]), { theta, batch } = made;
  const loss = recordable(made), n = loss.fields.x.shape[0], size = theta.length;
  const recorded = recordLoss(loss, { theta });
  const vector = (data: Float32Array): HostTensor => ({ data, shape: [data.length] });
  const frame = new Float32Array(3 * size);
  [theta, ...made.slice.directions].forEach((row, i) => frame.set(row, i * size));
  const scalar = (x: number): HostTensor => ({ data: Float32Array.of(x), shape: [] });
  const given: Record<string, HostTensor> = {
    theta: vector(Float32Array.from(theta)),
    v: vector(Float32Array.from(theta, (_, i) => Math.sin(i))),
    velocity: vector(new Float32Array(size)),
    weight: scalar(1 / n),
    learningRate: scalar(0.01),
    momentum: scalar(0.9),
    frame: { data: frame, shape: [3, size] },
    coordinates: vector(Float32Array.of(0.1, -0.2)),
  };
  const functions: [what: string, program: () => Program, samples: number][] = [
    ["point of a surface", () => recorded.slice(2).program, n],
    ["gradient", () => recorded.gradient().program, n],
    ["Hessian-vector product", () => recorded.product().program, n],
    ["training step", () => recorded.step("momentum").program, Math.min(batch, n)],
  ];
  const rows: ProfileRow[] = [];
  for (const [what, program, samples] of functions) {
    const p = program(), chunk = what === "training step" ? samples : chunkOf(p, samples);
    const values: Record<string, HostTensor> = { ...given };
    for (const [field, { data, shape }] of Object.entries(loss.fields)) {
      const row = data.length / shape[0];
      values[`data/${field}`] = {
        data: data.slice(0, chunk * row) as Float32Array,
        shape: [chunk, ...shape.slice(1)],
      };
    }
    const { milliseconds, nodes } = await profiled(p, p.carry ? manySteps(p, values) : values);
    const times = p.carry ? 1 / TOGETHER : Math.ceil(samples / chunk);
    for (const kind in milliseconds) milliseconds[kind] *= times;
    const found = { milliseconds, nodes: p.carry ? Math.round(nodes / TOGETHER) : nodes };
    rows.push({ workload: name, what, ...found });
    console.error(`profile · ${name} ${what}: ${JSON.stringify(found.milliseconds)}`);
  }
  return rows;
}

/** How many training steps one run makes. */
const TOGETHER = 16;

/** The inputs of a step for a model that makes many, in each the same. */
function manySteps({ inputs, carry = {} }: Program, values: Record<string, HostTensor>) {
  const carried = new Set(Object.values(carry)), found = { ...values };
  for (const { name, shape } of inputs) {
    if (carried.has(name) || !perStep(shape)) continue;
    const { data, shape: own } = values[name],
      all = new (data.constructor as typeof Float32Array)(
        TOGETHER * data.length,
      );
    for (let k = 0; k < TOGETHER; k++) all.set(data as Float32Array, k * data.length);
    found[name] = { data: all, shape: [TOGETHER, ...own] };
  }
  found[STEPS] = { data: BigInt64Array.of(BigInt(TOGETHER)), shape: [] };
  return found;
}

/** How often the last level runs. */
const RUNS = 12;

async function profiled(program: Program, values: Record<string, HostTensor>) {
  const last = Math.max(...program.stages.map(({ level }) => level));
  const milliseconds: Record<string, number> = {};
  let nodes = 0;
  for (const stage of program.stages) {
    const prefix = await Deno.makeTempFile();
    const session = await InferenceSession.create(model(stage, values), {
      ...sessionOptions({ threads: 1 }),
      ...(stage.level === last && { enableProfiling: true, profileFilePrefix: prefix }),
    });
    const feeds = Object.fromEntries(session.inputNames.map((name) => {
      const dtype = stage.inputs.find((port) => port.name === name)?.dtype ?? "int64";
      const { data, shape } = values[name];
      return [name, new Tensor(dtype as "float32", data as Float32Array, shape)];
    }));
    for (let run = 0; run < (stage.level === last ? RUNS : 1); run++) {
      for (const [name, { data, dims }] of Object.entries(await session.run(feeds))) {
        values[name] = { data: data as Float32Array, shape: [...dims] };
      }
    }
    if (stage.level === last) {
      session.endProfiling();
      const found = await readProfile(prefix);
      for (const [kind, ms] of Object.entries(found.milliseconds)) {
        milliseconds[kind] = (milliseconds[kind] ?? 0) + ms;
      }
      nodes += found.nodes;
    }
    await session.release();
    await Deno.remove(prefix);
  }
  return { milliseconds, nodes };
}

const model = ({ model, constants }: Stage, values: Record<string, HostTensor>) =>
  constants ? bake(model, constants, values) : model;

interface Event {
  cat: string;
  name: string;
  dur: number;
  args?: { op_name?: string };
}

/** The median run's milliseconds, by kind. */
async function readProfile(prefix: string) {
  const folder = prefix.slice(0, prefix.lastIndexOf("/"));
  let file = "";
  for await (const { name } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (path.startsWith(prefix) && path !== prefix) file = path;
  }
  const events: Event[] = JSON.parse(await Deno.readTextFile(file));
  await Deno.remove(file);
  // the events of a run come before the run's own
  const runs: { total: number; kinds: Record<string, number>; nodes: number }[] = [];
  let kinds: Record<string, number> = {}, nodes = 0;
  for (const { cat, name, dur, args } of events) {
    // a loop's time is that of its body
    if (cat === "Node" && name.endsWith("_kernel_time") && args?.op_name !== "Loop") {
      const kind = kindOf(args?.op_name ?? "");
      kinds[kind] = (kinds[kind] ?? 0) + dur / 1000;
      nodes++;
    } else if (cat === "Session" && name === "model_run") {
      runs.push({ total: dur / 1000, kinds, nodes });
      [kinds, nodes] = [{}, 0];
    }
  }
  const sorted = runs.slice(2).sort((a, b) => a.total - b.total), run = sorted[sorted.length >> 1];
  const inNodes = Object.values(run.kinds).reduce((a, b) => a + b, 0);
  return {
    milliseconds: { ...run.kinds, "between operations": run.total - inNodes },
    nodes: run.nodes,
  };
}
