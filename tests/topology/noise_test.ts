import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
} from "@std/assert";
import { landscape } from "../../lib/landscape.ts";
import type { Loss } from "../../lib/loss.ts";
import { rugged } from "../../lib/synthetic.ts";
import { type Topology, topology } from "../../lib/topology.ts";
import { noisySurface, twoAxes } from "../noisy_surface.ts";

const quiet = { progress: false };

/** The topology of a surface of 15 × 15 or more points with noise. */
const noisy = async (
  loss: Loss,
  { of = "population", range = 1, resolution = 15, perSample = true }: {
    of?: "population" | "trainingSet";
    range?: number;
    resolution?: number;
    perSample?: boolean | number;
  } = {},
) =>
  await topology(
    await landscape(loss, twoAxes, { range, resolution, perSample, ...quiet }),
    { of, resamples: 200, ...quiet },
  );

/** Whether some basin is deeper than the noise, whatever the grid allows. */
const deeperThanNoise = ({ basins, noise }: Topology) =>
  basins.some(({ saddle, persistence }) => saddle && persistence > noise.threshold);

Deno.test("on flat surfaces with noise that points share no more than 5% of basins are false", async () => {
  for (const [n, waviness] of [[20, 3], [100, 8]]) {
    let wrong = 0, deep = 0;
    for (let seed = 0; seed < 100; seed++) {
      const found = await noisy(noisySurface(undefined, { n, size: 1, waviness, seed }));
      wrong += +deeperThanNoise(found);
      deep += found.basins.length - 1;
    }
    assertLessOrEqual(wrong, 5, `${n} samples, waviness ${waviness}`);
    assertGreater(deep, 100, "there are local minima that could be taken for basins");
  }
});

Deno.test("at least 90% of true basins are found beside the noise, and none that is not there", async () => {
  let found = 0, truth = 0, wrong = 0;
  for (let seed = 0; seed < 12; seed++) {
    const wells = rugged({ extrema: 5, seed });
    const grid = { range: 1.2, resolution: 31 };
    const clean = await topology(await landscape(wells, twoAxes, { ...grid, ...quiet }), quiet);
    assertEquals(clean.count, 5);
    const seen = await noisy(noisySurface(wells, { n: 500, size: 1, seed }), grid);
    const open = clean.basins.slice(0, 5).map(({ minimum }) => minimum.coordinates);
    truth += open.length;
    for (const { minimum: { coordinates: [x, y] } } of seen.basins.slice(0, seen.count)) {
      const near = open.findIndex((at) => Math.hypot(at[0] - x, at[1] - y) < 0.2);
      if (near < 0) wrong++;
      else found++, open.splice(near, 1);
    }
  }
  assertGreater(found, 0.9 * truth);
  assertEquals(wrong, 0);
});

Deno.test("the band is that of the samples: half as wide for four times as many, and an offset that all share is no noise", async () => {
  const bandOf = async (n: number) =>
    (await noisy(noisySurface(undefined, { n, size: 1, seed: 5 }))).noise.band!;
  assertAlmostEquals(await bandOf(800) / await bandOf(200), 0.5, 0.1);
  const base = noisySurface(undefined, { n: 50, size: 0, seed: 1 });
  const offsets: Loss = {
    ...base,
    async evaluate(x, options) {
      const { perSample, ...rest } = await base.evaluate(x, options);
      return { ...rest, ...(perSample && { perSample: perSample.map((l, k) => l + k * k) }) };
    },
  };
  assertAlmostEquals((await noisy(offsets)).noise.band!, 0, 1e-12);
});

Deno.test("a subsample of a training set is nearer to it than to the population; a part of the losses tells the same", async () => {
  const loss = noisySurface(undefined, { n: 300, size: 1, seed: 2, available: 400 });
  const population = (await noisy(loss)).noise;
  const set = (await noisy(loss, { of: "trainingSet" })).noise;
  assertAlmostEquals(set.band! / population.band!, Math.sqrt(1 - 300 / 400), 1e-12);
  const part = (await noisy(loss, { perSample: 150 })).noise;
  assertEquals([part.samples, population.samples], [150, 300]);
  assertAlmostEquals(part.band! / population.band!, 1, 0.15);
});

Deno.test("a stopped bootstrap says so, and counts what holes cut off only", async () => {
  const loss = noisySurface(rugged({ extrema: 4 }), { n: 40, size: 0.01, seed: 1 });
  const surface = await landscape(loss, twoAxes, {
    range: 1.2,
    resolution: 31,
    perSample: true,
    ...quiet,
  });
  const stop = new AbortController();
  const found = await topology(surface, {
    of: "population",
    signal: stop.signal,
    progress: { report: ({ done }) => void (done >= 20 && stop.abort()) },
  });
  assert(found.partial);
  assertEquals(found.count, 1);
  assertEquals(found.noise.band, NaN);
  assertEquals(found.basins.length >= 4, true);
});
