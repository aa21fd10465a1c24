/** Barriers against PyTorch in float64: see tests/references/barriers.py. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { alignNeurons, connectivity } from "../mod.ts";
import { convs, mlps } from "./references/cases.ts";
import { lossOf } from "./references/network.ts";

/** The losses on a line, and its barrier. */
interface Line {
  losses: number[];
  barrier: number;
  barrierAt: number;
}

interface Barrier extends Line {
  name: string;
  a: number[];
  b: number[];
  aligned?: Line & { b: number[] };
}

const barriers: Barrier[] =
  JSON.parse(Deno.readTextFileSync(new URL("references/barriers.json", import.meta.url))).cases;

for (const { name, a, b, aligned, ...raw } of barriers) {
  Deno.test(`the barrier between two trained networks is PyTorch's: ${name}`, async () => {
    const network = [...mlps, ...convs].find((network) => network.name === name)!;
    await using loss = lossOf(network, { engine: "wasm" });
    const points = [a, b].map((p) => Float32Array.from(p));
    const variants = aligned ? ["raw", "aligned"] as const : ["raw"] as const;
    const { connections } = await connectivity(loss, points, { variants });
    [raw, aligned].forEach((expected, k) => {
      if (!expected) return;
      const { barrier, barrierAt, curve } = connections[k];
      assert(expected.barrier > 0.02);
      assertAlmostEquals(barrier, expected.barrier, 1e-4 * expected.barrier);
      assertEquals(barrierAt, expected.barrierAt);
      expected.losses.forEach((l, i) => assertAlmostEquals(curve.values[i], l, 1e-5 * (1 + l)));
    });
    // the best of all orders and signs, tried one by one
    if (aligned) {
      assertEquals(await alignNeurons(loss, [points[0], points[1]]), Float32Array.from(aligned.b));
    }
  });
}
