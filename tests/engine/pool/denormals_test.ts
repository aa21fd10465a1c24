import { assertEquals } from "@std/assert";
import { builder } from "../../../lib/engine/build.ts";
import { compile } from "../../../lib/engine/compile.ts";
import { evaluate } from "../../../lib/engine/pool/evaluate.ts";
import { withPool } from "./with_pool.ts";

Deno.test("denormal numbers are 0 in every worker, so that all give the same and none is slow", async () => {
  const b = builder(), dtype = "float32";
  const x = b.input("x", { dtype, shape: [-1] }, 0),
    theta = b.input("theta", { dtype, shape: [] }, 1);
  b.graph.outputs = [{ name: "y", value: b.op("Mul", [x, theta]) }];
  const job = {
    program: compile(b.graph, { precision: dtype }),
    data: { x: { data: new Float32Array(20_000).fill(1e-30), shape: [20_000] } },
  };
  for (let k = 0; k < 3; k++) {
    // each pool's worker is another thread, and only the first makes the process's first session
    await withPool({ workers: 1 }, async (pool) => {
      const factors = Float32Array.of(1e-10, 1);
      const at = (from: number, to: number) => ({ theta: factors.slice(from, to) });
      const outputs = { y: "rows" } as const;
      const found = await evaluate(pool, job, { count: 2, at }, { outputs });
      const [tiny, normal] = found.map((each) => each!.arrays.y as Float32Array);
      assertEquals(tiny.filter((y) => y !== 0).length, 0);
      assertEquals(normal[0], Math.fround(1e-30));
    });
  }
});
