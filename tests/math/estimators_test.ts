import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { hutchinson, hutchPlusPlus, type Products } from "../../lib/math/hutchinson.ts";
import { quadratures } from "../../lib/math/quadrature.ts";
import { random } from "../../lib/math/random.ts";
import { smoothed } from "../../lib/math/smoothed.ts";
import { mean, standardError } from "../../lib/math/statistics.ts";
import { tQuantile } from "../../lib/math/student.ts";
import { dot, norm, unit } from "../../lib/vector.ts";

const breathe = () => Promise.resolve();

/** A dense symmetric matrix without an outlier: independent normal entries (a semicircle of eigenvalues), shifted. */
function matrix(n: number, seed: number) {
  const { normal } = random(seed, "estimators test");
  const rows = Array.from({ length: n }, () => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) rows[i][j] = rows[j][i] = normal() / Math.sqrt(n);
    rows[i][i] = 0.5 + Math.SQRT2 * normal() / Math.sqrt(n);
  }
  const products: Products = (vs) =>
    Promise.resolve(vs.map((v) => Float64Array.from(rows, (row) => dot(row, v))));
  const trace = rows.reduce((sum, row, i) => sum + row[i], 0);
  const squares = rows.reduce((sum, row) => sum + dot(row, row), 0);
  return { products, trace, squares };
}

const signs = (n: number, seed: number) => {
  const { sign } = random(seed, "signs");
  return () => Float64Array.from({ length: n }, sign);
};

/** In how many of 200 repetitions the 95% interval covers the truth. */
async function covered(
  estimate: (seed: number) => Promise<{ value: number; standardError: number; probes: number }>,
  truth: number,
): Promise<number> {
  let count = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { value, standardError, probes } = await estimate(seed);
    if (Math.abs(value - truth) <= tQuantile(0.975, probes - 1) * standardError) count++;
  }
  return count;
}

const n = 60, { products, trace, squares } = matrix(n, 1);

Deno.test("Hutchinson: the 95% interval of 30 probes covers the trace in 178 to 198 of 200 repetitions", async () => {
  const count = await covered(
    (seed) => hutchinson(products, { least: 30, most: 30, batch: 8, draw: signs(n, seed) }),
    trace,
  );
  assert(count >= 178 && count <= 198, `${count}`);
});

Deno.test("Hutch++: the 95% interval covers the trace in 178 to 198 of 200 repetitions", async () => {
  for (const least of [30, 90]) {
    const count = await covered(
      (seed) =>
        hutchPlusPlus(products, { least, most: least, batch: 8, draw: signs(n, seed), breathe }),
      trace,
    );
    assert(count >= 178 && count <= 198, `${count} with ${least} products`);
  }
});

Deno.test("density: the 95% intervals of its first moments cover them in 178 to 198 of 200 repetitions", async () => {
  const moments = [trace / n, squares / n];
  const estimates = await Promise.all(Array.from({ length: 200 }, async (_, seed) => {
    const starts = Array.from({ length: 30 }, signs(n, seed));
    const found = await quadratures(products, starts, { steps: 6, breathe });
    return [1, 2].map((power) => {
      const each = found.map(({ quadrature: { nodes, weights } }) =>
        nodes.reduce((sum, node, k) => sum + weights[k] * node ** power, 0)
      );
      return { value: mean(each), standardError: standardError(each), probes: 30 };
    });
  }));
  for (const power of [0, 1]) {
    const count = await covered((seed) => Promise.resolve(estimates[seed][power]), moments[power]);
    assert(count >= 178 && count <= 198, `${count} for moment ${power + 1}`);
  }
});

Deno.test("probes go on until the interval is within the target, at least the least and at most the most", async () => {
  const draw = () => signs(n, 3);
  const half = ({ standardError, probes }: { standardError: number; probes: number }) =>
    tQuantile(0.975, probes - 1) * standardError;
  const target = (value: number) => 0.1 * Math.abs(value);
  const options = { least: 10, most: 10_000, batch: 8, target };
  const plain = await hutchinson(products, { ...options, draw: draw() });
  assert(half(plain) <= 0.1 * plain.value && plain.probes > 10);
  const plus = await hutchPlusPlus(products, { ...options, least: 30, draw: draw(), breathe });
  assert(half(plus) <= 0.1 * plus.value);
  const capped = await hutchinson(products, { ...options, most: 20, draw: draw() });
  assertEquals(capped.probes, 20);
  const easy = await hutchinson(products, { ...options, target: () => 1e9, draw: draw() });
  assertEquals(easy.probes, 10);
});

Deno.test("Hutch++ counts what is large exactly", async () => {
  const lambda = Float64Array.from({ length: 200 }, (_, i) => i < 8 ? 100 - i : 1e-3);
  // in a rotated basis, so that probes are not exact
  const u = unit(signs(200, 5)().map((x, i) => x * (1 + i % 7)));
  const reflect = (v: ArrayLike<number>) => {
    const along = 2 * dot(u, v as Float64Array);
    return Float64Array.from(v, (x, i) => x - along * u[i]);
  };
  const rotated: Products = (vs) =>
    Promise.resolve(vs.map((v) => reflect(reflect(v).map((x, i) => lambda[i] * x))));
  const truth = lambda.reduce((a, b) => a + b);
  const options = { least: 45, most: 45, batch: 8, draw: signs(200, 1) };
  const plus = await hutchPlusPlus(rotated, { ...options, breathe });
  assertEquals([plus.exact, plus.probes], [15, 15]);
  assertAlmostEquals(plus.value, truth, 1e-3);
  const plain = await hutchinson(rotated, options);
  assert(plus.standardError < 1e-2 * plain.standardError);
});

Deno.test("quadrature from a unit v: weights sum to 1, and moments are vᵀHᵏv", async () => {
  const v = unit(signs(n, 7)().map((x, i) => x + 0.01 * i));
  const [once] = await products([v]), [twice] = await products([once]);
  for (const steps of [2, 3, 10, 60]) {
    const [{ quadrature: { nodes, weights }, along }] = await quadratures(products, [v], {
      steps,
      breathe,
    });
    const moment = (k: number) => nodes.reduce((sum, node, i) => sum + weights[i] * node ** k, 0);
    assertEquals(nodes.length, steps);
    assertAlmostEquals(moment(0), 1, 1e-12);
    assertAlmostEquals(moment(1), dot(v, once), 1e-12);
    assertAlmostEquals(along, dot(v, once), 1e-12);
    assertAlmostEquals(moment(2), norm(once) ** 2, 1e-12);
    assertAlmostEquals(moment(3), dot(once, twice), 1e-12);
    if (steps > 2) assertAlmostEquals(moment(4), norm(twice) ** 2, 1e-11);
  }
});

Deno.test("without reorthogonalisation the measure stays what it is, copies of nodes and all", async () => {
  // outliers converge early, and come again
  const size = 400,
    lambda = Float64Array.from({ length: size }, (_, i) => i < 3 ? 1e3 * (i + 1) : i / size);
  const diagonal: Products = (vs) =>
    Promise.resolve(vs.map((v) => Float64Array.from(v, (x, i) => lambda[i] * x)));
  const start = signs(size, 1)();
  const [{ quadrature: { nodes, weights } }] = await quadratures(diagonal, [start], {
    steps: 60,
    breathe,
  });
  const above = (x: number) => nodes.reduce((sum, node, k) => node > x ? sum + weights[k] : sum, 0);
  assert(nodes.filter((node) => Math.abs(node - 3e3) < 1e-6).length > 1);
  for (const [x, count] of [[500, 3], [1500, 2], [2500, 1]]) {
    assertAlmostEquals(above(x), count / size, 1e-10);
  }
  assertAlmostEquals(above(0.5), lambda.filter((l) => l > 0.5).length / size, 2 / size * 5);
});

Deno.test("a smoothed density integrates to 1, has the moments of its nodes, and a band over probes", async () => {
  const starts = Array.from({ length: 8 }, signs(n, 2));
  const found = await quadratures(products, starts, { steps: 20, breathe });
  const { x, y, low, high, width } = smoothed(found.map(({ quadrature }) => quadrature));
  const step = x[1] - x[0],
    integral = (f: (i: number) => number) => step * x.reduce((sum, _, i) => sum + f(i), 0);
  assertAlmostEquals(integral((i) => y[i]), 1, 1e-4);
  const first = mean(found.map(({ along }) => along / n));
  assertAlmostEquals(integral((i) => y[i] * x[i]), first, 1e-3);
  assert(x.every((_, i) => low[i] <= y[i] && y[i] <= high[i]));
  const own = smoothed(found.map(({ quadrature }) => quadrature), { width: 0.2 });
  assertEquals(own.width, 0.2);
  assert(width < 0.1 && Math.max(...own.y) < Math.max(...y));
  const alone = smoothed([found[0].quadrature]);
  assert(alone.low.every(Number.isNaN) && alone.y.every((v) => v >= 0));
});
