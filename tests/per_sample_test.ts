import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { landscape } from "../lib/landscape.ts";
import { samplesKept } from "../lib/per_sample.ts";
import { mean } from "../lib/math/statistics.ts";
import { quadratic } from "../lib/synthetic.ts";
import { linearRegression, rows } from "./regression.ts";

const quiet = { progress: false };
const { inputs, noise } = rows(30, 2);
const loss = linearRegression(inputs, noise);
const plane = {
  origin: Float64Array.of(0.3, -1),
  directions: [Float64Array.of(1, 0), Float64Array.of(0, 1)],
};

Deno.test("the losses of all samples are kept at every point, and their mean is the loss", async () => {
  const { values, perSample } = await landscape(loss, plane, {
    resolution: [5, 4],
    perSample: true,
    ...quiet,
  });
  assertEquals(perSample!.samples, Int32Array.from({ length: 30 }, (_, k) => k));
  assertEquals(perSample!.losses.length, 30 * 20);
  values.forEach((value, p) =>
    assertAlmostEquals(mean(perSample!.losses.subarray(30 * p, 30 * p + 30)), value, 1e-12)
  );
  const without = await landscape(loss, plane, { resolution: [5, 4], ...quiet });
  assertEquals(without.perSample, undefined);
  assertEquals(without.values, values);
});

Deno.test("so many samples as asked for are drawn by the seed, the same at every point", async () => {
  const kept = async (seed: number) =>
    await landscape(loss, plane, { resolution: 3, perSample: 7, seed, ...quiet });
  const all = await landscape(loss, plane, { resolution: 3, perSample: true, ...quiet });
  const some = await kept(1), { losses, samples } = some.perSample!;
  assertEquals(samples.length, 7);
  assertEquals(samples, samples.toSorted());
  assertEquals(some.provenance.seed, 1);
  for (let p = 0; p < 9; p++) {
    samples.forEach((sample, k) =>
      assertEquals(losses[7 * p + k], all.perSample!.losses[30 * p + sample])
    );
  }
  assertEquals((await kept(1)).perSample!.samples, samples);
  assert(String((await kept(2)).perSample!.samples) !== String(samples));
});

Deno.test("points that were not computed have NaN", async () => {
  const stop = new AbortController();
  const progress = { report: ({ done }: { done: number }) => void (done > 6 && stop.abort()) };
  const { perSample, done, partial } = await landscape(loss, plane, {
    resolution: 5,
    perSample: true,
    signal: stop.signal,
    progress,
  });
  assert(partial);
  done.forEach((d, p) => assertEquals(Number.isNaN(perSample!.losses[30 * p]), d === 0));
});

Deno.test("as many samples are kept as fit", () => {
  const of = (samples: number, size: number) =>
    samplesKept(true, { samples }, { size, doing: "test" });
  assertEquals(of(1437, 51 * 51), 1437);
  assertEquals(of(60000, 51 * 51), Math.floor(2 ** 26 / 51 ** 2));
  assertEquals(of(60000, 2 ** 25), 2);
});

Deno.test("what has no samples, or too many points, is refused", async () => {
  await assertRejects(
    () => landscape(quadratic([1, 1]), plane, { perSample: true, ...quiet }),
    RangeError,
    "Cannot sample the landscape: perSample needs a loss that is a mean over samples",
  );
  await assertRejects(
    () => landscape(loss, plane, { resolution: 6000, perSample: true, ...quiet }),
    RangeError,
    "perSample takes at most 33,554,432 points, got 36,000,000; take a lower resolution",
  );
  for (const perSample of [1, 2.5, NaN]) {
    await assertRejects(
      () => landscape(loss, plane, { perSample, ...quiet }),
      RangeError,
      `perSample must be an integer of 2 or more, got ${perSample}`,
    );
  }
});
