import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Loss } from "../lib/loss.ts";
import { random } from "../lib/math/random.ts";
import { symmetricEigen } from "../lib/math/symmetric.ts";
import { factorization, quadratic, rosenbrock, rugged } from "../lib/synthetic.ts";
import { added, dot, scaled } from "../lib/vector.ts";

const losses: Record<string, Loss> = {
  quadratic: quadratic([3, 1, -2], { center: [1, 2, 3] }),
  "rotated quadratic": quadratic([3, 1, -2, 5], { center: [1, 0, 0, 1], rotation: 3 }),
  factorization: factorization(),
  "deep factorization": factorization(4),
  rosenbrock: rosenbrock(4),
  rugged: rugged({ size: 3, extrema: 5 }),
};

for (const [name, loss] of Object.entries(losses)) {
  Deno.test(`${name}: gradient and Hessian products are the derivatives of the value`, async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { normal } = random(seed, "test");
      const draw = () => Float64Array.from({ length: loss.layout.size }, () => 0.5 * normal());
      const x = draw(), v = draw(), u = draw(), h = 1e-5;
      const [ahead, behind] = [added(x, v, h), added(x, v, -h)];
      const slope = (await loss.value(ahead) - await loss.value(behind)) / (2 * h);
      const gradient = await loss.gradient(x), product = await loss.product(x, v);
      const size = 1 + Math.abs(slope) + Math.sqrt(dot(product, product));
      assertAlmostEquals(dot(gradient, v), slope, 1e-7 * size);
      const bend = scaled(
        added(await loss.gradient(ahead), await loss.gradient(behind), -1),
        1 / (2 * h),
      );
      bend.forEach((b, i) => assertAlmostEquals(product[i], b, 1e-6 * size));
      // uᵀHv = vᵀHu
      assertAlmostEquals(dot(u, product), dot(v, await loss.product(x, u)), 1e-12 * size);
      // the second difference along v is vᵀHv + O(h²)
      const step = 1e-3;
      const middle = await loss.value(x);
      const second = (await loss.value(added(x, v, step)) + await loss.value(added(x, v, -step)) -
        2 * middle) / step ** 2;
      assertAlmostEquals(second, dot(v, product), 1e-3 * size);
    }
  });
}

Deno.test("a rotated quadratic has the eigenvalues it was given, and another seed another rotation", async () => {
  const lambda = [5, 5, 1, 0, -3];
  const matrix = async (rotation: number) => {
    const loss = quadratic(lambda, { rotation });
    const unit = (i: number) => Float64Array.from(lambda, (_, j) => i === j ? 1 : 0);
    return await Promise.all(lambda.map((_, i) => loss.product(new Float64Array(5), unit(i))));
  };
  const [one, other] = [await matrix(1), await matrix(2)];
  symmetricEigen(one).values.forEach((x, i) =>
    assertAlmostEquals(x, lambda.toReversed()[i], 1e-13)
  );
  assert(Math.abs(one[0][1] - other[0][1]) > 1e-3);
  assert(Math.abs(one[0][1]) > 1e-3);
});

Deno.test("random rotations are uniform: the first axis goes everywhere alike", async () => {
  const seeds = 400, sums = [0, 0, 0];
  for (let rotation = 0; rotation < seeds; rotation++) {
    const loss = quadratic([1, 0, 0], { rotation });
    for (const i of [0, 1, 2]) {
      const e = Float64Array.from([0, 1, 2], (j) => i === j ? 1 : 0);
      sums[i] += dot(e, await loss.product(e, e)) / seeds;
    }
  }
  // the square of a coordinate on the sphere has mean 1/3 and variance 4/45
  for (const sum of sums) assertAlmostEquals(sum, 1 / 3, 4 * Math.sqrt(4 / 45 / seeds));
});

Deno.test("factorization has a saddle at 0 with curvature ±1, and a²+b² on its valley", async () => {
  const loss = factorization();
  const saddle = await loss.product(Float64Array.of(0, 0), Float64Array.of(2, 3));
  assertEquals(saddle, Float64Array.of(-3, -2));
  const v = Float64Array.of(0.1, 10);
  assertAlmostEquals((await loss.product(Float64Array.of(10, 0.1), v))[1], 100.01 * 10, 1e-9);
});

Deno.test("a rugged loss has a minimum in each of its wells", async () => {
  for (const size of [1, 2, 10]) {
    const loss = rugged({ size, extrema: 5, seed: size });
    const minima: Float64Array[] = [];
    const { uniform } = random(1, "test");
    for (let start = 0; start < 40 && size < 3; start++) {
      let x = Float64Array.from({ length: size }, () => 2 * uniform() - 1);
      for (let i = 0; i < 2000; i++) x = added(x, await loss.gradient(x), -0.005);
      const slope = await loss.gradient(x);
      if (dot(slope, slope) > 1e-10) continue;
      if (minima.every((m) => dot(added(m, x, -1), added(m, x, -1)) > 1e-4)) minima.push(x);
      if (minima.length > 5) break;
    }
    if (size < 3) assertEquals(minima.length, 5);
    assertAlmostEquals(await loss.value(new Float64Array(size)), 0, 1e-2);
  }
});

Deno.test("analytic losses refuse what makes no sense", async () => {
  assertThrows(() => quadratic([]), RangeError, "eigenvalues must be finite numbers, got []");
  assertThrows(() => quadratic([1, NaN]), RangeError, "must be finite numbers, got NaN at 1");
  assertThrows(() => quadratic([1, 2], { center: [1] }), RangeError, "center must have 2 numbers");
  assertThrows(() => factorization(0), RangeError, "depth must be an integer of 1 or more, got 0");
  assertThrows(() => rosenbrock(1), RangeError, "size must be an integer of 2 or more, got 1");
  assertThrows(() => rugged({ extrema: 1.5 }), RangeError, "extrema must be an integer");
  const loss = quadratic([1, 2]);
  await assertRejects(() => loss.value(Float64Array.of(1)), RangeError, "must have the 2 numbers");
  await assertRejects(() => loss.value(Float64Array.of(1, NaN)), RangeError, "θ holds NaN at 1");
});
