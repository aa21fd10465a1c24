import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { hessian } from "../lib/hessian.ts";
import { layout } from "../lib/layout.ts";
import type { Loss } from "../lib/loss.ts";
import { preconditioned, scaled, shifted, summed } from "../lib/operators.ts";
import { products } from "../lib/products.ts";
import { spectrum } from "../lib/spectrum.ts";
import { quadratic } from "../lib/synthetic.ts";

const at = (eigenvalues: number[], rotation?: number) =>
  hessian(quadratic(eigenvalues, { rotation }), new Float64Array(eigenvalues.length));
const quiet = { progress: false };
const v = Float64Array.of(1, -2, 0.5);

Deno.test("sums, multiples and shifts of operators have the products of the matrices", async () => {
  const a = at([5, 2, -1]), b = at([1, 4, 3]);
  assertEquals(await summed([a, b]).product(v), Float64Array.of(6, -12, 1));
  assertEquals(await summed([a, b, b]).product(v), Float64Array.of(7, -20, 2.5));
  assertEquals(await scaled(a, -2).product(v), Float64Array.of(-10, 8, 1));
  assertEquals(await shifted(a, 3).product(v), Float64Array.of(8, -10, 1));
  assertEquals(await shifted(scaled(summed([a, b]), 0.5), 1).product(v), Float64Array.of(4, -8, 1));
});

Deno.test("several products at once are those of one after the other, and each is told once", async () => {
  const operators = [
    summed([at([5, 2, -1], 1), at([1, 4, 3], 2), at([1, 1, 7], 3)]),
    shifted(scaled(at([5, 2, -1], 1), 3), 2),
    preconditioned(at([5, 2, -1], 1), Float64Array.of(1, 2, 3)),
  ];
  const vs = [v, Float64Array.of(0, 1, 0), Float64Array.of(3, 3, 3)];
  for (const operator of operators) {
    const seen = new Map<number, ArrayLike<number>>();
    const all = await products(operator, vs, { visit: (i, image) => void seen.set(i, image) });
    for (const [i, one] of vs.entries()) {
      assertEquals(all[i], await operator.product(one));
      assertEquals(seen.get(i), all[i]);
    }
  }
});

Deno.test("eigenvalues move as they must", async () => {
  const a = at([5, 2, -1, 0.5, 0.25], 7);
  const moved = await spectrum(shifted(a, 3), { top: 5, ...quiet });
  [8, 5, 3.5, 3.25, 2].forEach((x, k) => assertAlmostEquals(moved.eigenvalues[k], x, 1e-10));
  const turned = await spectrum(scaled(a, -1), { top: 1, ...quiet });
  assertAlmostEquals(turned.eigenvalues[0], 1, 1e-10);
  assertAlmostEquals(turned.bottom[0], -5, 1e-10);
  const doubled = await spectrum(summed([a, a]), { top: 1, ...quiet });
  assertAlmostEquals(doubled.eigenvalues[0], 10, 1e-10);
});

Deno.test("P^−½AP^−½ has the eigenvalues of P⁻¹A", async () => {
  // 2 × 2: [[2, 1], [1, 3]], P = diag(4, 9): det(A − λP) = 36λ² − 30λ + 5
  const operator = {
    size: 2,
    product: (x: ArrayLike<number>) =>
      Promise.resolve(Float64Array.of(2 * x[0] + x[1], x[0] + 3 * x[1])),
    release() {},
  };
  const { eigenvalues } = await spectrum(preconditioned(operator, Float64Array.of(4, 9)), quiet);
  const root = Math.sqrt(30 * 30 - 4 * 36 * 5);
  assertAlmostEquals(eigenvalues[0], (30 + root) / 72, 1e-12);
  assertAlmostEquals(eigenvalues[1], (30 - root) / 72, 1e-12);
});

Deno.test("a sum acts on what its parts act on, and nothing moves outside", async () => {
  const over = layout({ a: [2], b: [1], frozen: { shape: [1], role: "state" } });
  const loss: Loss = { ...quadratic([3, 2, 7, 5]), layout: over }, theta = new Float64Array(4);
  const a = hessian(loss, theta, { parameters: ["a"] });
  const b = hessian(loss, theta, { parameters: ["b"] });
  const ones = new Float64Array(4).fill(1);
  const sum = summed([a, b]);
  assertEquals([sum.dimension, shifted(a, 1).dimension], [3, 2]);
  assertEquals(await sum.product(ones), Float64Array.of(3, 2, 7, 0));
  assertEquals(await shifted(a, 1).product(ones), Float64Array.of(4, 3, 0, 0));
  assertEquals((await spectrum(shifted(a, 1), quiet)).eigenvalues.length, 2);
  // where it does not act the diagonal may be anything
  const seen = preconditioned(a, Float64Array.of(1, 2, 0, NaN));
  assertEquals(
    (await spectrum(seen, quiet)).eigenvalues.map((x) => Math.round(1e9 * x) / 1e9),
    Float64Array.of(3, 1),
  );
});

Deno.test("they say where their numbers come from", () => {
  const a = at([1, 2]), single = { ...at([1, 2]), precision: "float32" as const, samples: 10 };
  assertEquals(summed([a, a]).engine, "closed form");
  assertEquals(summed([a, single]).precision, "float32");
  assertEquals(summed([a, single]).samples, undefined);
  assertEquals(scaled(single, 2).samples, 10);
});

Deno.test("what makes no sense is refused", async () => {
  const a = at([1, 2]);
  assertThrows(() => summed([]), TypeError, "needs a list of operators, got none");
  assertThrows(() => summed([a, at([1])]), RangeError, "must have one size, got 2 and 1");
  assertThrows(() => scaled(a, NaN), RangeError, "factor must be a finite number, got NaN");
  assertThrows(() => shifted(a, "1" as never), RangeError, "shift must be a finite number");
  assertThrows(() => shifted({} as never, 1), TypeError, "it needs an operator");
  assertThrows(() => preconditioned(a, Float64Array.of(1)), RangeError, "the 2 numbers");
  assertThrows(() => preconditioned(a, Float64Array.of(1, 0)), RangeError, "got 0 at 1");
  const stopped = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => summed([a, a]).products([v.slice(1)], { signal: stopped }));
});
