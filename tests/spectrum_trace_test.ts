import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { tQuantile } from "../lib/math/student.ts";
import { spectrum } from "../lib/spectrum.ts";
import { quadratic } from "../lib/synthetic.ts";
import { dot } from "../lib/vector.ts";
import { assertClose } from "./assert_close.ts";
import { at, matrix } from "./matrix.ts";

const quiet = { progress: false };

Deno.test("one Rademacher probe gives the exact trace of a diagonal Hessian", async () => {
  const loss = quadratic([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (let seed = 0; seed < 5; seed++) {
    const { trace } = await spectrum(at(loss), { probes: 1, top: 0, bottom: 0, seed, ...quiet });
    assertEquals(trace, { value: 55, standardError: NaN, probes: 1 });
  }
});

Deno.test("a probe has the variance 2(‖H‖²_F − Σ Hᵢᵢ²), and the standard error says so", async () => {
  const lambda = [9, 4, 1, -2, 3, 0.5], operator = matrix(lambda, 5);
  const diagonal: number[] = [];
  for (let i = 0; i < 6; i++) {
    const e = Float64Array.from({ length: 6 }, (_, j) => +(i === j));
    diagonal.push(dot(e, await operator.product(e)));
  }
  const squares = (x: number[]) => x.reduce((s, v) => s + v * v, 0);
  const variance = 2 * (squares(lambda) - squares(diagonal));
  const { trace } = await spectrum(operator, { probes: 3000, top: 0, bottom: 0, ...quiet });
  assertAlmostEquals(
    trace!.standardError,
    Math.sqrt(variance / 3000),
    0.05 * Math.sqrt(variance / 3000),
  );
  assertAlmostEquals(trace!.value, 15.5, 4 * trace!.standardError);
});

Deno.test("the density comes with eigenvalues and probes, and shares its products with the trace", async () => {
  const operator = matrix([5, 4, 3, 2, 1, -1], 3);
  const { density, trace, products } = await spectrum(operator, quiet);
  assertEquals(density!.nodes.length, 10);
  assertEquals([density!.x.length, density!.y.length], [512, 512]);
  const sum = density!.y.reduce((a, b) => a + b) * (density!.x[1] - density!.x[0]);
  assertAlmostEquals(sum, 1, 1e-4);
  // in six dimensions six steps are exact: nodes are eigenvalues
  density!.nodes.forEach((nodes) => assertClose(nodes, [-1, 1, 2, 3, 4, 5], 1e-8));
  const without = await spectrum(operator, { density: false, ...quiet });
  assertEquals(without.density, undefined);
  assertAlmostEquals(without.trace!.value, trace!.value, 1e-12);
  assertEquals(products, without.products - 10 + 60);
  const own = await spectrum(operator, { top: 0, bottom: 0, density: { width: 0.5 }, ...quiet });
  assertEquals([own.density!.width, own.products], [0.5, 60]);
  const traced = await spectrum(operator, { top: 0, bottom: 0, ...quiet });
  assertEquals([traced.density, traced.products], [undefined, 10]);
});

Deno.test("a trace goes on to its target, by either method", async () => {
  const operator = matrix([50, 9, ...Array.from({ length: 100 }, (_, i) => Math.sin(i))], 2);
  const only = { top: 0, bottom: 0, ...quiet };
  const half = ({ standardError, probes }: { standardError: number; probes: number }) =>
    tQuantile(0.975, probes - 1) * standardError;
  for (const method of ["hutchinson", "hutch++"] as const) {
    const { trace } = await spectrum(operator, { ...only, trace: { relativeError: 0.1, method } });
    assert(half(trace!) <= 0.1 * Math.abs(trace!.value), method);
    assertAlmostEquals(trace!.value, 59.6, 4 * trace!.standardError + 0.5);
    const capped = await spectrum(operator, {
      ...only,
      trace: { absoluteError: 1e-12, most: 40, method },
    });
    assert(capped.products <= 40);
  }
});
