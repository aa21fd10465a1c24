import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  momentsOf,
  readMoments,
  together,
  writeMoments,
} from "../../../lib/engine/pool/moments.ts";
import { vector } from "./programs.ts";

Deno.test("moments of two parts together are those of the whole", () => {
  const values = vector(1000).map((x) => 1e4 + x), reference = vector(1000, 3);
  const whole = momentsOf(values, reference);
  const parts = together(
    momentsOf(values.subarray(0, 300), reference.subarray(0, 300)),
    momentsOf(values.subarray(300), reference.subarray(300)),
  );
  assertEquals(parts.count, 1000);
  for (const key of ["sum", "squares", "differenceSum", "differenceSquares"] as const) {
    assertAlmostEquals(parts[key] / whole[key], 1, 1e-12);
  }
});

Deno.test("infinite parts stay infinite, and moments are written as they are", () => {
  const infinite = momentsOf([1, Infinity]), all = together(infinite, momentsOf([2, Infinity]));
  assertEquals(all.sum, Infinity);
  const memory = new Float64Array(10);
  writeMoments(memory, 1, all);
  assertEquals(readMoments(memory, 1), all);
});
