import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assignment } from "../../lib/math/assignment.ts";
import { random } from "../../lib/math/random.ts";

const total = (gain: ArrayLike<number>, order: ArrayLike<number>) =>
  Array.from(order).reduce((sum, j, i) => sum + gain[i * order.length + j], 0);

/** The largest total of all n! permutations. */
function bruteForce(gain: Float64Array, n: number): number {
  const visit = (row: number, free: number[]): number =>
    row === n ? 0 : Math.max(
      ...free.map((j) => gain[row * n + j] + visit(row + 1, free.filter((k) => k !== j))),
    );
  return visit(0, Array.from({ length: n }, (_, j) => j));
}

const isPermutation = (order: Int32Array) =>
  assertEquals([...order].sort((a, b) => a - b), Array.from(order, (_, i) => i));

Deno.test("an assignment gains as much as the best of all permutations", async () => {
  const { normal, integer } = random(1, "assignment");
  for (let n = 1; n <= 7; n++) {
    for (let trial = 0; trial < 12; trial++) {
      // every second one of few different numbers, with many ties
      const draw = trial % 2 ? () => integer(3) : () => 100 * normal();
      const gain = Float64Array.from({ length: n * n }, draw);
      const order = await assignment(gain, n);
      isPermutation(order);
      assertAlmostEquals(total(gain, order), bruteForce(gain, n), 1e-9);
    }
  }
});

Deno.test("no exchange of two or three columns gains on a large assignment", async () => {
  const n = 60, { normal } = random(2, "assignment");
  const gain = Float64Array.from({ length: n * n }, () => normal() ** 3);
  const order = await assignment(gain, n);
  isPermutation(order);
  const at = (i: number, j: number) => gain[i * n + order[j]];
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      assert(at(a, b) + at(b, a) <= at(a, a) + at(b, b) + 1e-12);
      for (let c = 0; c < n; c++) {
        assert(at(a, b) + at(b, c) + at(c, a) <= at(a, a) + at(b, b) + at(c, c) + 1e-12);
      }
    }
  }
});

Deno.test("gains that are equal, zero or not finite end in some permutation", async () => {
  isPermutation(await assignment(new Float64Array(25), 5));
  isPermutation(await assignment(new Float64Array(25).fill(NaN), 5));
  assertEquals(await assignment(Float64Array.of(NaN, 1, 2, -Infinity), 2), Int32Array.of(1, 0));
  assertEquals(await assignment(new Float64Array(0), 0), new Int32Array(0));
});
