import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { hessian, quadratic, rosenbrock, spectra, spectrum, train } from "../mod.ts";
import { fromJSON } from "../lib/figure/json.ts";

const quiet = { progress: false };

Deno.test("each checkpoint has the spectrum of its Hessian", async () => {
  const loss = rosenbrock(60), start = new Float64Array(60).map((_, i) => Math.sin(i));
  const run = await train(loss, start, { epochs: 8, learningRate: 1e-4, ...quiet });
  const options = { top: 2, bottom: 1, tolerance: 1e-5, ...quiet };
  const along = await spectra(run, loss, options);
  assertEquals(along.epochs, Float64Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8));
  for (const [i, { theta }] of run.checkpoints.entries()) {
    const one = await spectrum(hessian(loss, theta), { ...options, density: false });
    const scale = 1e-4 * one.eigenvalues[0];
    [...one.eigenvalues].forEach((x, k) => assertAlmostEquals(along.eigenvalues[i][k], x, scale));
    assertAlmostEquals(along.bottom[i][0], one.bottom[0], scale);
    assert(along.converged[i].every(Boolean));
    assertEquals(along.traces![i], one.trace!.value);
    assertEquals(along.traceErrors![i], one.trace!.standardError);
  }
});

Deno.test("where the Hessian stays, a search that begins at what is known is shorter", async () => {
  const lambda = [9, 8.5, 8, ...Array.from({ length: 300 }, (_, i) => 8 * Math.sin(i))];
  const loss = quadratic(lambda, { rotation: 1 }), theta = new Float64Array(lambda.length).fill(1);
  const run = await train(loss, theta, { epochs: 5, learningRate: 0.01, ...quiet });
  const options = { top: 1, probes: 0, tolerance: 1e-4, ...quiet };
  const along = await spectra(run, loss, options);
  const alone = await spectrum(hessian(loss, theta), { ...options, bottom: 0 });
  assert(along.products < 0.75 * 6 * alone.products, `${along.products} and ${alone.products}`);
});

Deno.test("the limit of stability follows the learning rate of the steps to come", async () => {
  const loss = quadratic([10, 2]), theta = Float64Array.of(1, 1);
  const options = {
    epochs: 4,
    learningRate: 0.1,
    momentum: 0.5,
    stepSize: 2,
    gamma: 0.5,
    ...quiet,
  };
  const run = await train(loss, theta, { ...options, checkpointEvery: 1 });
  const { limits, rule, eigenvalues } = await spectra(run, loss, { top: 1, probes: 0, ...quiet });
  assertEquals(rule, "2(1 + β)/η");
  assertEquals(limits!.map(Math.round), Float64Array.of(30, 30, 60, 60, 60));
  eigenvalues.forEach(([largest]) => assertAlmostEquals(largest, 10, 1e-10));
  const bare = await spectra(run.checkpoints.map((c) => c.theta), loss, { probes: 0, ...quiet });
  assertEquals([bare.limits, bare.traces], [undefined, undefined]);
});

Deno.test("for Adam the limit is that of the Hessian as Adam sees it", async () => {
  const loss = quadratic([8, 3]), theta = Float64Array.of(1, -2);
  const settings = { optimizer: "adam", learningRate: 0.05, epochs: 6, ...quiet } as const;
  const run = await train(loss, theta, settings);
  const plain = await spectra(run, loss, { probes: 0, ...quiet });
  assertEquals(plain.limits, undefined);
  const seen = await spectra(run, loss, { preconditioned: true, probes: 0, ...quiet });
  assertEquals(seen.rule, "38/η");
  assertAlmostEquals(seen.limits![0], 760, 1e-9);
  assertEquals(seen.epochs[0], 1);
  seen.eigenvalues.forEach((values, i) => {
    const [a, b] = run.checkpoints[i + 1].secondMoment!;
    const expected = [8 / (Math.sqrt(a) + 1e-8), 3 / (Math.sqrt(b) + 1e-8)].sort((x, y) => y - x);
    expected.forEach((x, k) => assertAlmostEquals(values[k] / x, 1, 1e-6));
  });
});

Deno.test("at most so many checkpoints, evenly, with the first and the last", async () => {
  const loss = quadratic([1, 2]), theta = Float64Array.of(1, 1);
  const run = await train(loss, theta, { epochs: 30, checkpointEvery: 1, ...quiet });
  const epochs = async (
    checkpoints: number,
  ) => [...(await spectra(run, loss, { checkpoints, probes: 0, ...quiet })).epochs];
  assertEquals(await epochs(4), [0, 10, 20, 30]);
  assertEquals(await epochs(1), [30]);
  assertEquals((await epochs(100)).length, 31);
});

Deno.test("stopped spectra keep the checkpoints that are done; they survive JSON", async () => {
  const loss = quadratic(Array.from({ length: 60 }, (_, i) => i)), theta = new Float64Array(60);
  const run = await train(loss, theta.fill(1), { epochs: 5, learningRate: 1e-3, ...quiet });
  const stop = new AbortController();
  const progress = { report: ({ done }: { done: number }) => void (done >= 2 && stop.abort()) };
  const part = await spectra(run, loss, { probes: 0, signal: stop.signal, progress });
  assert(part.partial);
  assertEquals([part.epochs.length, part.eigenvalues.length, part.limits!.length], [2, 2, 2]);
  const arrays = Object.fromEntries(
    ["epochs", "eigenvalues", "residuals", "bottom", "bottomResiduals", "limits"]
      .map((name) => [name, Float64Array]),
  );
  assertEquals(fromJSON<unknown>(JSON.stringify(part), arrays), { ...part });
  assert(part.svg().includes("stopped before its end"));
});

Deno.test("what makes no sense is refused", async () => {
  const loss = quadratic([1, 2]), theta = Float64Array.of(1, 1);
  const run = await train(loss, theta, { epochs: 2, ...quiet });
  const fails = (options: object, message: string) =>
    assertRejects(() => spectra(run, loss, { ...quiet, ...options }), RangeError, message);
  await fails({ preconditioned: true }, "no checkpoint keeps v̂");
  await fails({ top: 0 }, "top must be an integer of 1 or more, got 0");
  await fails({ checkpoints: 0 }, "checkpoints must be an integer of 1 or more, got 0");
  await assertRejects(() => spectra([], loss, quiet), RangeError, "there is no checkpoint");
});
