import type { HostTensor, Program } from "../program.ts";
import { evaluate } from "./evaluate.ts";
import type { Job } from "./job.ts";
import type { Pool } from "./pool.ts";
import { trainSteps } from "./train_steps.ts";

type Tensors = Record<string, HostTensor>;

/** Runs a program on the inputs of a check, by itself. */
export async function runCheck(pool: Pool, program: Program, inputs: Tensors): Promise<Tensors> {
  const last = Math.max(...program.inputs.map(({ level }) => level));
  if (program.carry) return await runStep(pool, program, inputs);
  const at = (level: number) => pick(inputs, program.inputs.filter((p) => p.level === level));
  const shapeOf = (name: string) => program.outputs.find((p) => p.name === name)!.shape;
  const outputs = Object.fromEntries(
    program.outputs.map(({ name, shape }) =>
      [name, shape[0] === "batch" ? "rows" : "sum"] as const
    ),
  );
  const items = { count: 1, at: () => mapValues(at(last), ({ data }) => data) };
  const job: Job = { program, data: at(0), ...(last === 2 && { fixed: at(1) }) };
  try {
    const [result] = await evaluate(pool, job, items, { outputs });
    return mapValues(result!.arrays, (data, name) => ({
      data: data as Float32Array,
      shape: shapeOf(name).length === 0 ? [] : [data.length],
    }));
  } finally {
    pool.forget(job.data!);
    if (job.fixed) pool.forget(job.fixed);
  }
}

/** Makes one step of training. Its outputs are those of {@link RecordedLoss.step}. */
async function runStep(pool: Pool, program: Program, inputs: Tensors): Promise<Tensors> {
  const { data, state, scalars } = partsOfStep(program, inputs);
  const n = Math.max(1, ...program.inputs.filter(batched).map(({ name }) => inputs[name].shape[0]));
  try {
    const { losses, state: next } = await trainSteps(pool, {
      program,
      data,
      state,
      loss: "loss",
      steps: 1,
      rows: () => Int32Array.from({ length: n }, (_, i) => i),
      scalars: mapValues(scalars, ({ data }) => () => Number(data[0])),
    });
    const vectors = Object.entries(program.carry!).map(([output, input]) => [output, next[input]]);
    return { loss: { data: losses, shape: [] }, ...Object.fromEntries(vectors) };
  } finally {
    pool.forget(data);
  }
}

/** What the inputs of a step are: data, what is carried from step to step, numbers. */
function partsOfStep({ inputs, carry }: Program, given: Tensors) {
  const carried = new Set(Object.values(carry!));
  const isData = (name: string) => name.startsWith("data/");
  return {
    data: pick(given, inputs.filter(({ name }) => isData(name))),
    state: pick(given, inputs.filter(({ name }) => carried.has(name))),
    scalars: pick(given, inputs.filter(({ name }) => !isData(name) && !carried.has(name))),
  };
}

const batched = ({ shape }: Program["inputs"][number]) => shape[0] === "batch";

const pick = (from: Tensors, ports: readonly { name: string }[]): Tensors =>
  Object.fromEntries(
    ports.filter(({ name }) => name in from).map(({ name }) => [name, from[name]]),
  );

const mapValues = <A, B>(record: Record<string, A>, f: (value: A, name: string) => B) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
