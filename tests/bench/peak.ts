import { builder } from "../../lib/engine/build.ts";
import { compile } from "../../lib/engine/compile.ts";
import { evaluate } from "../../lib/engine/pool/evaluate.ts";
import type { Pool } from "../../lib/engine/pool/pool.ts";

/** GFLOP/s of a large product of matrices in one thread of the native runtime. */
export async function productPeak(on: Pool): Promise<number> {
  const b = builder(), dtype = "float32", n = 1024;
  const values = Float32Array.from({ length: n * n }, (_, i) => Math.sin(i));
  const matrix = b.constant(values, [n, n], dtype);
  const scaled = b.op("Mul", [matrix, b.input("theta", { dtype, shape: [] }, 1)]);
  const product = b.op("MatMul", [scaled, matrix]);
  const sum = b.op("ReduceSum", [product], { axes: [0, 1], keepdims: 0 });
  b.graph.outputs = [{ name: "sum", value: sum }];
  const job = { program: compile(b.graph, { precision: dtype }) };
  const run = (count: number) =>
    evaluate(
      on,
      job,
      { count, at: (from, to) => ({ theta: new Float32Array(to - from).fill(1) }) },
      { outputs: { sum: "mean" } },
    );
  await run(2);
  const began = performance.now(), count = 8;
  await run(count);
  return count * 2 * n ** 3 / (performance.now() - began) / 1e6;
}

/** GFLOP/s of multiply-adds that stay in the registers of a core; undefined without a C compiler. */
export async function registerPeak(): Promise<number | undefined> {
  const program = await Deno.makeTempFile();
  try {
    const source = new URL("peak.c", import.meta.url).pathname;
    const { success } = await new Deno.Command("cc", {
      args: ["-O3", "-march=native", "-ffp-contract=fast", source, "-o", program],
    }).output();
    if (!success) return undefined;
    const { stdout } = await new Deno.Command(program).output();
    return Number(new TextDecoder().decode(stdout));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    await Deno.remove(program);
  }
}
