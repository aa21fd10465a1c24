import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { hessian } from "../lib/hessian.ts";
import type { Loss } from "../lib/loss.ts";
import { l2, withPenalty } from "../lib/penalty.ts";
import { random } from "../lib/math/random.ts";
import { symmetricEigen } from "../lib/math/symmetric.ts";
import { spectrum } from "../lib/spectrum.ts";
import { factorization, quadratic, rosenbrock } from "../lib/synthetic.ts";
import { linearRegression, logisticRegression, rows } from "./regression.ts";
import { assertClose } from "./assert_close.ts";
import { at, matrix } from "./matrix.ts";

const quiet = { progress: false };

Deno.test("linear regression: the eigenvalues of (2/N)·XᵀX", async () => {
  const { inputs, noise } = rows(50, 6);
  const gram = Array.from(
    { length: 6 },
    (_, i) =>
      Float64Array.from(
        { length: 6 },
        (_, j) => inputs.reduce((s, x) => s + 2 * x[i] * x[j] / 50, 0),
      ),
  );
  const expected = symmetricEigen(gram).values.reverse();
  const { eigenvalues, bottom } = await spectrum(at(linearRegression(inputs, noise)), quiet);
  assertClose(eigenvalues, expected.slice(0, 5));
  assertClose(bottom, expected.slice(5));
});

Deno.test("logistic regression at 0: XᵀX/(4N); as a two-class softmax the top eigenvalue is twice that", async () => {
  const { inputs, noise } = rows(40, 4);
  const signs = noise.map(Math.sign);
  const gram = Array.from(
    { length: 4 },
    (_, i) =>
      Float64Array.from({ length: 4 }, (_, j) => inputs.reduce((s, x) => s + x[i] * x[j] / 160, 0)),
  );
  const expected = symmetricEigen(gram).values.reverse();
  const one = await spectrum(at(logisticRegression(inputs, signs)), quiet);
  assertClose(one.eigenvalues, expected);
  // softmax over (w₊·x, w₋·x) is the logistic loss of w₊ − w₋: inputs (x, −x)
  const doubled = inputs.map((x) => Float64Array.of(...x, ...x.map((v) => -v)));
  const two = await spectrum(at(logisticRegression(doubled, signs)), { top: 8, ...quiet });
  assertClose(two.eigenvalues, [...expected.map((x) => 2 * x), 0, 0, 0, 0]);
});

Deno.test("½(ab − 1)²: +1 and −1 at the origin, 0 and a² + b² on the valley", async () => {
  const loss = factorization();
  const saddle = await spectrum(at(loss), quiet);
  assertClose(saddle.eigenvalues, [1, -1]);
  assertClose(saddle.bottom, [-1]);
  for (const [a, b] of [[1, 1], [10, 0.1], [-2, -0.5]]) {
    const { eigenvalues, bottom, converged } = await spectrum(at(loss, [a, b]), quiet);
    assertClose(eigenvalues, [a * a + b * b, 0]);
    assertAlmostEquals(bottom[0], 0, 1e-10 * eigenvalues[0]);
    assertEquals(converged, [true, true]);
  }
});

Deno.test("a penalty λ|θ|² moves every eigenvalue up by 2λ", async () => {
  const loss = rosenbrock(6), point = [1, -0.5, 0.3, 1, 0.7, -1];
  const plain = await spectrum(at(loss, point), { top: 6, ...quiet });
  const moved = await spectrum(at(withPenalty(loss, l2(3)), point), { top: 6, ...quiet });
  assertClose(moved.eigenvalues, plain.eigenvalues.map((x) => x + 6));
});

Deno.test("a zero Hessian has the eigenvalues 0, and no NaN", async () => {
  for (const n of [1, 3, 200]) {
    const result = await spectrum(at(quadratic(new Float64Array(n))), quiet);
    assertEquals(result.eigenvalues, new Float64Array(Math.min(5, n)));
    assertEquals(result.bottom, Float64Array.of(0));
    assertEquals([...result.converged, ...result.bottomConverged].every(Boolean), true);
    assertEquals(result.trace, { value: 0, standardError: 0, probes: 10 });
    assertEquals(result.residuals, new Float64Array(Math.min(5, n)));
  }
});

Deno.test("eigenvalues ±λ of one size are both found, with their signs", async () => {
  for (const seed of [1, 2, 3]) {
    for (const n of [2, 60]) {
      const lambda = Array.from({ length: n }, (_, i) => i % 2 ? 3 : -3);
      const { eigenvalues, bottom } = await spectrum(matrix(lambda, seed), {
        top: 1,
        seed,
        ...quiet,
      });
      assertClose(eigenvalues, [3]);
      assertClose(bottom, [-3]);
    }
  }
});

Deno.test("repeated eigenvalues are found as often as they are there", async () => {
  for (const seed of [1, 2, 3, 4]) {
    const small = await spectrum(matrix([5, 5, 5, 1, 1, 1, 1], seed), { seed, ...quiet });
    assertClose(small.eigenvalues, [5, 5, 5, 1, 1]);
    assertClose(small.bottom, [1]);
    // among many others, so that no starting vector's space is used up
    const rest = Array.from({ length: 150 }, (_, i) => i / 150);
    const options = { top: 5, bottom: 2, tolerance: 1e-7, seed, ...quiet };
    const large = await spectrum(matrix([5, 5, 5, 4, -2, -2, ...rest], seed), {
      ...options,
      steps: 60,
    });
    assertClose(large.eigenvalues, [5, 5, 5, 4, 149 / 150], 1e-6);
    assertClose(large.bottom, [-2, -2], 1e-6);
    assert(large.converged.slice(0, 4).every(Boolean) && large.bottomConverged.every(Boolean));
  }
});

Deno.test("copies of what stands out are found, whatever the seed, with few products more", async () => {
  let products = 0;
  for (let seed = 0; seed < 12; seed++) {
    const { normal } = random(seed, "bulk");
    const bulk = Array.from({ length: 250 }, () => 0.3 * normal() ** 2);
    const operator = matrix([40, 22, 22, 9, 6, 4.5, -1.5, -1.5, -0.7, ...bulk], seed);
    const options = { bottom: 2, probes: 0, seed, ...quiet };
    const result = await spectrum(operator, options);
    assertClose(result.eigenvalues, [40, 22, 22, 9, 6], 1e-4);
    assertClose(result.bottom, [-1.5, -1.5], 1e-2);
    products += result.products;
  }
  assert(products < 12 * 50, `${products} products`);
});

Deno.test("with the defaults the ends of a large spectrum are within the tolerance, in few products", async () => {
  for (const seed of [1, 2, 3]) {
    const { normal } = random(seed, "test");
    // the shape of a network's spectrum: a bulk at 0, some outliers, a few negative ones
    const bulk = Array.from({ length: 390 }, () => 0.3 * normal() ** 2);
    const lambda = [40, 22, 15, 9, 6, 4, -1.5, -0.7, ...bulk];
    const result = await spectrum(matrix(lambda, seed), { seed, density: false, ...quiet });
    assertClose(result.eigenvalues, [40, 22, 15, 9, 6], 1e-4);
    assertClose(result.bottom, [-1.5], 0.04 * 1e-2);
    assert([...result.converged, ...result.bottomConverged].every(Boolean));
    [...result.residuals, ...result.bottomResiduals].forEach((r) => assert(r <= 1e-3 * 40));
    const sum = lambda.reduce((a, b) => a + b);
    assertAlmostEquals(result.trace!.value, sum, 5 * result.trace!.standardError);
    assert(result.products < 80, `${result.products} products`);
  }
});

Deno.test("a block of the Hessian has its own spectrum, without zeros from the rest", async () => {
  // x'Ax with A = diag(3, 2, 7, 5): the layout of quadratic has one tensor, so split it
  const base = quadratic([3, 2, 7, 5]);
  const { layout } = await import("../lib/layout.ts");
  const over = layout({ a: [2], b: [1], frozen: { shape: [1], role: "state" } });
  const loss: Loss = { ...base, layout: over };
  const theta = new Float64Array(4);
  const all = await spectrum(hessian(loss, theta), { top: 4, ...quiet });
  assertEquals(all.dimension, 3);
  assertClose(all.eigenvalues, [7, 3, 2]);
  assertClose(all.bottom, [2]);
  assertEquals(all.trace!.value, 12);
  const block = await spectrum(hessian(loss, theta, { parameters: ["a"] }), {
    vectors: true,
    ...quiet,
  });
  assertClose(block.eigenvalues, [3, 2]);
  assertClose(block.bottom, [2]);
  assertEquals(block.trace!.value, 5);
  assertEquals([...block.vectors!.top[0]].slice(2), [0, 0]);
});
