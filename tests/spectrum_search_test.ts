import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { hessian } from "../lib/hessian.ts";
import type { Operator } from "../lib/loss.ts";
import type { ProgressState } from "../lib/progress.ts";
import { spectrum } from "../lib/spectrum.ts";
import { quadratic, rosenbrock } from "../lib/synthetic.ts";
import { norm, type Vector } from "../lib/vector.ts";
import { assertClose } from "./assert_close.ts";
import { matrix } from "./matrix.ts";

const quiet = { progress: false };

Deno.test("residuals are measured: they agree with a product of one's own", async () => {
  const operator = matrix(Array.from({ length: 80 }, (_, i) => i * i));
  const { eigenvalues, residuals, vectors } = await spectrum(operator, {
    vectors: true,
    top: 3,
    ...quiet,
  });
  for (const [k, v] of vectors!.top.entries()) {
    assertAlmostEquals(norm(v), 1, 1e-12);
    const image = await operator.product(v);
    assertAlmostEquals(norm(image.map((x, i) => x - eigenvalues[k] * v[i])), residuals[k], 1e-9);
  }
  assertEquals(vectors!.bottom.length, 1);
});

Deno.test("what has not converged says so", async () => {
  const lambda = Array.from({ length: 300 }, (_, i) => 1 + i / 3e3);
  const { converged, residuals, eigenvalues } = await spectrum(matrix(lambda), {
    steps: 6,
    tolerance: 1e-6,
    ...quiet,
  });
  assertEquals(converged, [false, false, false, false, false]);
  assert(residuals.every((r) => r > 1e-6));
  assertEquals(eigenvalues.length, 5);
});

Deno.test("why the search ended is said: converged, budget spent, precision, stopped, not finite", async () => {
  const bulk = matrix(Array.from({ length: 300 }, (_, i) => 1 + i / 3e3));
  const outcome = async (operator: Operator, options: Parameters<typeof spectrum>[1]) =>
    (await spectrum(operator, { probes: 0, ...options, ...quiet })).outcome;
  assertEquals(await outcome(bulk, {}), "converged");
  assertEquals(await outcome(bulk, { budget: 8, tolerance: 1e-6 }), "budget spent");
  assertEquals(await outcome(bulk, { steps: 8, tolerance: 1e-6 }), "budget spent");
  assertEquals(await outcome(bulk, { signal: AbortSignal.abort() }), "stopped");
  assertEquals(await outcome(bulk, { top: 0, bottom: 0 }), undefined);
  const rounded: Operator = {
    ...bulk,
    product: async (v) =>
      (await bulk.product(v)).map((x) => x + 1e-5 * Math.sin(1e6 * x)) as Vector,
  };
  delete (rounded as { products?: unknown }).products;
  assertEquals(
    await outcome(rounded, { tolerance: 1e-9, top: 1, bottom: 0 }),
    "limited by precision",
  );
  const broken: Operator = {
    ...rounded,
    product: (v) => Promise.resolve(v.map(() => NaN) as Vector),
  };
  assertEquals(await outcome(broken, {}), "not finite");
  const spent = await spectrum(bulk, { budget: 30, tolerance: 1e-9, probes: 0, ...quiet });
  assert(spent.products <= 30 + 6);
});

Deno.test("products that are not finite give NaN, not an endless search", async () => {
  const operator: Operator = {
    size: 9,
    product: (v: Vector) => Promise.resolve(v.map(() => NaN) as Vector),
    release() {},
  };
  const result = await spectrum(operator, quiet);
  assertEquals(result.eigenvalues, new Float64Array(5).fill(NaN));
  assertEquals(result.converged, [false, false, false, false, false]);
  assertEquals(result.trace!.value, NaN);
});

Deno.test("same seed, same numbers; θ and the operator's vectors stay as they are", async () => {
  const theta = Float32Array.of(0.5, -1, 2, 0.1), before = theta.slice();
  const operator = hessian(rosenbrock(4), theta);
  theta[0] = 9;
  const one = await spectrum(operator, quiet), two = await spectrum(operator, quiet);
  assertEquals({ ...one, provenance: 0 }, { ...two, provenance: 0 });
  const direct = await spectrum(hessian(rosenbrock(4), before), quiet);
  assertEquals(direct.eigenvalues, one.eigenvalues);
  const v = Float64Array.of(1, 2, 3, 4);
  await operator.product(v);
  assertEquals(v, Float64Array.of(1, 2, 3, 4));
  const other = await spectrum(operator, { seed: 1, ...quiet });
  assert(other.trace!.value !== one.trace!.value);
  assertClose(other.eigenvalues, one.eigenvalues);
});

Deno.test("a stopped spectrum is valid and says that it is partial", async () => {
  const operator = matrix(Array.from({ length: 100 }, (_, i) => i));
  for (const after of [0, 1, 7, 30]) {
    const stop = new AbortController();
    if (after === 0) stop.abort();
    let count = 0;
    const slow: Operator = {
      ...operator,
      product(v) {
        if (++count === after) stop.abort();
        return operator.product(v);
      },
    };
    const result = await spectrum(slow, { signal: stop.signal, ...quiet });
    assert(result.partial);
    assertEquals(result.products, after);
    assertEquals(result.eigenvalues.length, Math.min(after, 5));
    assert(result.eigenvalues.every((x) => x <= 99.0001 && x >= 0));
    assert(result.converged.every((c) => c === false));
  }
});

Deno.test("progress is told of every product and is complete at the end", async () => {
  const reports: ProgressState[] = [], ends: ProgressState[] = [];
  const progress = {
    report: (s: ProgressState) => void reports.push(s),
    end: (s: ProgressState) => void ends.push(s),
  };
  const { products } = await spectrum(matrix([3, 2, 1]), { progress });
  assertEquals(reports.map((s) => s.done), Array.from({ length: products }, (_, i) => i + 1));
  assertEquals([ends[0].done, ends[0].total], [products, products]);
  const lambda = Array.from({ length: 200 }, (_, i) => 2 ** -i);
  const early = await spectrum(matrix(lambda), { progress, top: 1, bottom: 0 });
  assert(early.products < reports.at(-1)!.total);
  assertEquals([ends[1].done, ends[1].total], [early.products, early.products]);
});

Deno.test("what makes no sense is refused", async () => {
  const operator = matrix([1, 2, 3]);
  const fails = (options: Parameters<typeof spectrum>[1], message: string) =>
    assertRejects(() => spectrum(operator, { ...quiet, ...options }), RangeError, message);
  await fails({ top: -1 }, "top must be an integer of 0 or more, got -1");
  await fails({ probes: 1.5 }, "probes must be an integer of 0 or more, got 1.5");
  await fails({ tolerance: 0 }, "tolerance must be above 0, got 0");
  await fails({ steps: 2 }, "steps must be at least 3 for as many eigenvalues, got 2");
  await assertRejects(() => spectrum({} as Operator, quiet), TypeError, "it needs an operator");
  const loss = quadratic([1, 2]);
  const throws = (f: () => unknown, message: string) =>
    assertRejects(async () => await f(), RangeError, message);
  await throws(() => hessian(loss, Float64Array.of(1)), "must have the 2 numbers");
  await throws(() => hessian(loss, Float64Array.of(1, NaN)), "θ holds NaN at 1");
  await throws(
    () => hessian(loss, Float64Array.of(1, 1), { parameters: ["y"] }),
    "parameters must be among x, got y",
  );
  await throws(() => operator.product(Float64Array.of(1)), "v must have the 3 numbers");
});
