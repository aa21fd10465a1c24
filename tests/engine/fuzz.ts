/** Random losses, natively and on wasm: `deno task fuzz [how many] [first seed]`. */
import { deviation } from "../../lib/engine/check.ts";
import { execute } from "../../lib/engine/execute.ts";
import type { HostTensor, Precision } from "../../lib/engine/program.ts";
import {
  type Compiled,
  type RecordedLoss,
  recordLoss,
  type Rule,
} from "../../lib/engine/record_loss.ts";
import { ready } from "../../lib/tensor/backend.ts";
import type { Case } from "./losses.ts";
import { randomNetwork } from "./random_network.ts";
import { randomPhysics } from "./random_physics.ts";
import { type PlainNetwork, randomPlain } from "./random_plain.ts";

await ready();

/** What float32 may leave of values and derivatives, where wasm does not leave less itself. */
const tolerance: Record<string, number> = {
  value: 1e-5,
  slice: 1e-5,
  gradient: 1e-4,
  product: 5e-4,
  step: 1e-4,
};

/** By how much more than wasm the native engine may be off from double precision. */
const MORE = 4;

type Outputs = Record<string, HostTensor>;

async function outputsOf({ program }: Compiled, inputs: Outputs): Promise<Outputs> {
  const execution = await execute(program);
  try {
    return await execution.run(inputs);
  } finally {
    await execution.release();
  }
}

const doubled = (inputs: Outputs): Outputs =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [name, {
      data: data instanceof Float32Array ? Float64Array.from(data) : data,
      shape,
    }]),
  );

const numbers = ({ data }: HostTensor) => Float64Array.from(data as Float64Array);

/** Whether what is far from wasm's is no further from what double precision gives than wasm's is. */
async function isRounding(
  double: () => Compiled,
  inputs: Outputs,
  name: string,
  found: HostTensor,
  wasm: Float64Array,
): Promise<boolean> {
  const exact = numbers((await outputsOf(double(), doubled(inputs)))[name]);
  return deviation(numbers(found), exact) <= MORE * deviation(wasm, exact);
}

/** Compares everything that a random loss computes; says what does not agree. */
export async function disagreements(seed: number): Promise<string[]> {
  const kind = seed % 8;
  if (kind === 1) return await plainDisagreements(randomPlain(seed));
  const { loss, theta, name }: Case & { name: string } = kind === 0
    ? randomPhysics(seed)
    : randomNetwork(seed);
  const rule = (["sgd", "momentum", "adam"] as Rule[])[seed % 3];
  const functions: Record<string, (of: RecordedLoss) => Compiled> = {
    value: (of) => of.value(),
    slice: (of) => of.slice(1 + seed % 2),
    gradient: (of) => of.gradient(),
    product: (of) => of.product(),
    step: (of) => of.step(rule),
  };
  const recorded = (precision: Precision) => recordLoss(loss, { theta, precision });
  const single = recorded("float32");
  const wrong: string[] = [];
  for (const [what, compile] of Object.entries(functions)) {
    try {
      const compiled = compile(single), double = () => compile(recorded("float64"));
      for (const { inputs, expected } of compiled.checks) {
        const found = await outputsOf(compiled, inputs);
        for (const [output, { data }] of Object.entries(expected)) {
          const distance = deviation(numbers(found[output]), data);
          if (distance <= tolerance[what]) continue;
          if (await isRounding(double, inputs, output, found[output], data)) continue;
          wrong.push(`${name}: ${what} (${output}) is off by ${distance.toExponential(1)}`);
        }
      }
    } catch (error) {
      wrong.push(`${name}: ${what}: ${(error as Error).message}`);
    }
  }
  return wrong;
}

/** Double precision against plain loops: losses, and the slope and curvature along a direction. */
async function plainDisagreements(network: PlainNetwork): Promise<string[]> {
  const { loss, name, losses, along } = network, wrong: string[] = [];
  const theta = Float64Array.from(network.theta);
  const { tensors, size } = loss.layout;
  const v = new Float64Array(size);
  for (const { role, offset, shape } of tensors) {
    const end = offset + shape.reduce((n, m) => n * m, 1);
    for (let i = offset; role !== "state" && i < end; i++) v[i] = Math.sin(1 + 2 * i);
  }
  const expect = (what: string, found: number, wanted: number, most: number) => {
    const distance = Math.abs(found - wanted) / Math.max(Math.abs(wanted), 1);
    if (!(distance <= most)) wrong.push(`${name}: ${what} is off by ${distance.toExponential(1)}`);
  };
  const dot = (a: HostTensor) => numbers(a).reduce((sum, x, i) => sum + x * v[i], 0);
  try {
    const recorded = recordLoss(loss, { theta, precision: "float64" });
    const fields = Object.fromEntries(
      Object.entries(loss.fields).map(([name, { data, shape }]) => [
        `data/${name}`,
        { data, shape: [...shape] } as HostTensor,
      ]),
    );
    const n = loss.fields.x.shape[0];
    const inputs = {
      ...doubled(fields),
      theta: { data: theta, shape: [size] },
      v: { data: v, shape: [size] },
      weight: { data: Float64Array.of(1 / n), shape: [] },
    };
    const run = (compiled: Compiled) =>
      outputsOf(
        compiled,
        Object.fromEntries(
          compiled.program.inputs.map(({ name }) => [name, inputs[name as keyof typeof inputs]]),
        ),
      );
    const wanted = losses(theta), { slope, curvature } = along(theta, v);
    const values = numbers((await run(recorded.value())).losses);
    wanted.forEach((loss, i) => expect(`loss ${i}`, values[i], loss, 1e-9));
    expect("the slope", dot((await run(recorded.gradient())).gradient), slope, 1e-6);
    expect("the curvature", dot((await run(recorded.product())).product), curvature, 1e-3);
  } catch (error) {
    wrong.push(`${name}: ${(error as Error).message}`);
  }
  return wrong;
}

if (import.meta.main) {
  const [count = 10_000, first = 1] = Deno.args.map(Number);
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const wrong = await disagreements(seed);
    for (const line of wrong) console.log(line);
    if (wrong.length > 0) failed++;
    if ((seed - first + 1) % 100 === 0) {
      console.error(`${seed - first + 1} losses, ${failed} failed`);
    }
  }
  console.log(`${count} losses from seed ${first}, ${failed} failed`);
  Deno.exit(failed ? 1 : 0);
}
