/** Random networks, natively and on wasm: `deno run -A tests/engine/fuzz.ts [how many] [first seed]`. */
import { deviation } from "../../lib/engine/check.ts";
import { execute } from "../../lib/engine/execute.ts";
import { type Compiled, recordLoss } from "../../lib/engine/record_loss.ts";
import { randomNetwork } from "./random_network.ts";

/** What float32 may leave of values and derivatives. */
const tolerance: Record<string, number> = {
  value: 1e-5,
  slice: 1e-5,
  gradient: 1e-4,
  product: 5e-4,
};

/** Compares everything that a random network's loss computes; says what does not agree. */
export async function disagreements(seed: number): Promise<string[]> {
  const { loss, theta, name } = randomNetwork(seed);
  const recorded = recordLoss(loss, { theta });
  const programs: Record<string, () => Compiled> = {
    value: recorded.value,
    slice: () => recorded.slice(1),
    gradient: recorded.gradient,
    product: recorded.product,
  };
  const wrong: string[] = [];
  for (const [what, compiled] of Object.entries(programs)) {
    try {
      const { program, checks } = compiled();
      const execution = await execute(program);
      for (const { inputs, expected } of checks) {
        const found = await execution.run(inputs);
        for (const [output, { data }] of Object.entries(expected)) {
          const distance = deviation(found[output].data as Float32Array, data);
          if (!(distance <= tolerance[what])) {
            wrong.push(`${name}: ${what} (${output}) is off by ${distance.toExponential(1)}`);
          }
        }
      }
      await execution.release();
    } catch (error) {
      wrong.push(`${name}: ${what}: ${(error as Error).message}`);
    }
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
      console.error(`${seed - first + 1} networks, ${failed} failed`);
    }
  }
  Deno.exit(failed ? 1 : 0);
}
