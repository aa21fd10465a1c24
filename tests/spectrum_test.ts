import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { hessian } from "../lib/hessian.ts";
import type { Loss, Operator } from "../lib/loss.ts";
import { l2, withPenalty } from "../lib/penalty.ts";
import { fromJSON } from "../lib/figure/json.ts";
import { random } from "../lib/math/random.ts";
import { tQuantile } from "../lib/math/student.ts";
import { symmetricEigen } from "../lib/math/symmetric.ts";
import type { ProgressState } from "../lib/progress.ts";
import { spectrum } from "../lib/spectrum.ts";
import { factorization, quadratic, rosenbrock } from "../lib/synthetic.ts";
import { dot, norm, type Vector } from "../lib/vector.ts";
import { linearRegression, logisticRegression, rows } from "./regression.ts";

const quiet = { progress: false };
const at = (loss: Loss, point?: number[]) =>
  hessian(loss, point ? Float64Array.from(point) : new Float64Array(loss.layout.size));
/** An operator with the given eigenvalues in a random rotation. */
const matrix = (eigenvalues: number[], rotation = 1) => at(quadratic(eigenvalues, { rotation }));
const assertClose = (actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-10) => {
  assertEquals(actual.length, expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs), 1e-300);
  Array.from(expected, (x, i) => assertAlmostEquals(actual[i], x, tolerance * scale));
};

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

Deno.test("the limit of stability is drawn where the learning rate is known", async () => {
  const operator = matrix([30, 12, 3, 1, 0.5, 0.1]);
  const said = (text: { textContent: string | null }) =>
    text.textContent!.replaceAll("\u00a0", " ");
  const result = await spectrum(operator, { learningRate: 0.125, momentum: 0.5, ...quiet });
  assertEquals(result.stability, { value: 24, rule: "2(1 + β)/η", matrix: "hessian" });
  for (const view of ["stems", "density"]) {
    assert(said(result.plot({ width: 1200, view })).includes("2(1 + β)/η = 24: full-batch"));
  }
  const plain = await spectrum(operator, quiet);
  assertEquals(plain.stability, undefined);
  assertRejectsView(plain);
  await assertRejects(
    () => spectrum(operator, { learningRate: -1, ...quiet }),
    RangeError,
    "got -1",
  );
});

function assertRejectsView(result: Awaited<ReturnType<typeof spectrum>>) {
  assertThrows(() => result.plot({ view: "pie" }), RangeError, 'view must be "stems" or "density"');
}

Deno.test("a spectrum survives JSON", async () => {
  const result = await spectrum(matrix([3, 2, 1]), { learningRate: 1, ...quiet });
  const arrays = Object.fromEntries(
    [
      "eigenvalues",
      "residuals",
      "bottom",
      "bottomResiduals",
      "x",
      "y",
      "low",
      "high",
      "nodes",
      "weights",
    ]
      .map((name) => [name, Float64Array]),
  );
  assertEquals(fromJSON<unknown>(JSON.stringify(result), arrays), { ...result });
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

Deno.test("the figure says over how many samples, from which seed and with how many probes", async () => {
  const { inputs, noise } = rows(50, 6), loss = linearRegression(inputs, noise);
  const options = { top: 2, bottom: 0, probes: 4, seed: 9, ...quiet };
  const svg = (await spectrum(at(loss), options)).plot({ width: 1200 });
  const said = svg.textContent!.replaceAll("\u00a0", " ");
  for (const text of ["(4 probes)", "mean over 50 samples", "seed 9"]) {
    assert(said.includes(text), said);
  }
  const closed = (await spectrum(matrix([3, 2, 1]), quiet)).plot({ width: 1200 });
  assert(!closed.textContent!.includes("samples"));
});
