import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { fromJSON } from "../lib/figure/json.ts";
import { landscape } from "../lib/landscape.ts";
import type { Loss } from "../lib/loss.ts";
import { factorization, quadratic, rosenbrock, rugged } from "../lib/synthetic.ts";
import { type Topology, topology, type TopologyLandscape } from "../lib/topology.ts";
import type { Vector } from "../lib/vector.ts";
import { noisySurface, twoAxes } from "./noisy_surface.ts";

const quiet = { progress: false };

/** A loss that is a formula of two coordinates. */
const formula = (f: (x: number, y: number) => number): Loss => {
  const value = (x: Vector) => Promise.resolve(f(x[0], x[1]));
  return { ...quadratic([1, 1]), value, evaluate: async (x) => ({ loss: await value(x) }) };
};

const topologyOf = async (loss: Loss, range: number, resolution: number | number[] = 51) =>
  await topology(await landscape(loss, twoAxes, { range, resolution, ...quiet }), quiet);

Deno.test("a quadratic has one basin, however narrow its valley is and however it lies on the grid", async () => {
  for (const steepness of [1, 30, 1000, 1e5]) {
    for (let rotation = 0; rotation < 6; rotation++) {
      const { count, basins, tree, region, parts } = await topologyOf(
        quadratic([1, steepness], { rotation }),
        1,
        31,
      );
      assertEquals([count, parts], [1, 1]);
      assertEquals(basins[0].minimum.coordinates, Float64Array.of(0, 0));
      assertEquals(basins[0].persistence, Infinity);
      assertEquals(basins[0].size, 31 * 31);
      assertEquals(tree.map(({ kind }) => kind), ["minimum", "top"]);
      assert(region.every((k) => k === 0));
    }
  }
  const { basins } = await topologyOf(quadratic([1, 1000], { rotation: 3 }), 1);
  assertGreater(basins.length, 10, "narrow valleys look like ponds: the test would prove nothing");
});

Deno.test("a valley with a kink for a floor is one basin at every angle", async () => {
  for (let k = 0; k < 30; k++) {
    const [c, s] = [Math.cos(0.013 + Math.PI * k / 30), Math.sin(0.013 + Math.PI * k / 30)];
    const valley = formula((x, y) => Math.abs(c * x + s * y - 0.1) + 0.01 * (s * x - c * y));
    assertEquals((await topologyOf(valley, 1, 21)).count, 1, `angle ${k}`);
  }
});

Deno.test("½(ab − 1)² has two basins that are joined at the saddle with height ½", async () => {
  for (const neighbours of ["axes", "diagonals"] as const) {
    const surface = await landscape(factorization(), twoAxes, { range: 2, ...quiet });
    const { count, basins: [deep, other], tree } = await topology(surface, {
      neighbours,
      ...quiet,
    });
    assertEquals(count, 2);
    assertEquals(other.saddle!.loss, 0.5);
    // on both axes the loss is ½
    assertAlmostEquals(other.saddle!.coordinates[0] * other.saddle!.coordinates[1], 0);
    assertEquals(other.joins, 0);
    assertAlmostEquals(other.persistence, 0.5, 1e-4);
    const signs = [deep, other].map(({ minimum: { coordinates: [a, b] } }) =>
      Math.sign(a) + Math.sign(b)
    );
    assertEquals(signs.sort(), [-2, 2]);
    assertEquals(tree.map(({ kind, children }) => [kind, children]), [
      ["minimum", []],
      ["minimum", []],
      ["saddle", [0, 1]],
      ["top", [2]],
    ]);
    assertEquals(tree[3].loss, 0.5 * 25);
  }
});

Deno.test("of rugged losses as many basins are found as they have wells, where the wells are", async () => {
  for (const [extrema, seed] of [[1, 1], [2, 1], [5, 2], [9, 3], [9, 42], [20, 4]]) {
    const { count, basins } = await topologyOf(rugged({ extrema, seed }), 1.2, 61);
    assertEquals(count, extrema, `${extrema} wells, seed ${seed}`);
    assertEquals(basins[0].minimum.coordinates, Float64Array.of(0, 0));
  }
  const space = {
    origin: new Float64Array(3),
    directions: [0, 1, 2].map((k) => Float64Array.from({ length: 3 }, (_, i) => +(i === k))),
  };
  const loss = rugged({ size: 3, extrema: 6, seed: 1 });
  const volume = await landscape(loss, space, { range: 1.2, resolution: 25, ...quiet });
  assertEquals((await topology(volume, quiet)).count, 6);
  const line = { origin: new Float64Array(1), directions: [Float64Array.of(1)] };
  const along = await landscape(rugged({ size: 1, extrema: 4 }), line, {
    resolution: 201,
    ...quiet,
  });
  assertEquals((await topology(along, quiet)).count, 4);
});

Deno.test("a merge tree joins wells at the passes between them and ends at the highest point", async () => {
  // along x: wells of depth 0, 1 and 2; passes of height 6 between the first two, and 4
  const heights = [7, 0, 6, 1, 4, 2, 9];
  const loss = formula((x) => heights[Math.round(x) + 3]);
  const line = { origin: twoAxes.origin, directions: [twoAxes.directions[0]] };
  const { tree, basins, count } = await topology(
    await landscape(loss, line, { range: 3, resolution: 7, ...quiet }),
    quiet,
  );
  assertEquals(count, 3);
  assertEquals(basins.map(({ persistence }) => persistence), [Infinity, 5, 2]);
  assertEquals(basins.map(({ joins }) => joins), [undefined, 0, 1]);
  assertEquals(tree.map(({ kind, loss, children }) => [kind, loss, children]), [
    ["minimum", 0, []],
    ["minimum", 1, []],
    ["minimum", 2, []],
    ["saddle", 4, [1, 2]],
    ["saddle", 6, [0, 3]],
    ["top", 9, [4]],
  ]);
});

Deno.test("three basins that meet at one point are joined by one saddle", async () => {
  const star = formula((x, y) => {
    const angle = Math.atan2(y, x), r = Math.hypot(x, y);
    return 1 - 0.5 * r * r * Math.cos(3 * angle) + r ** 4;
  });
  const { count, tree } = await topologyOf(star, 1, 41);
  assertEquals(count, 3);
  const saddles = tree.filter(({ kind }) => kind === "saddle");
  assertEquals(saddles.map(({ loss, children }) => [loss, children.length]), [[1, 3]]);
});

Deno.test("holes stay holes: a wall of ∞ or NaN makes two parts, each with a deepest basin", async () => {
  for (const wall of [Infinity, NaN, -Infinity]) {
    const loss = formula((x, y) => Math.abs(x) < 0.01 ? wall : x * x + y * y + 0.1 * x);
    const { parts, count, region, basins, tree } = await topologyOf(loss, 1, 21);
    assertEquals([parts, count], [2, 2]);
    assertEquals(basins.map(({ persistence }) => persistence), [Infinity, Infinity]);
    assertEquals(tree.filter(({ kind }) => kind === "top").length, 2);
    region.forEach((k, p) => assertEquals(k, Math.floor(p / 21) === 10 ? -1 : p < 210 ? 0 : 1));
  }
  const ring = formula((x, y) => Math.hypot(x, y) < 0.3 ? NaN : x * x + y * y);
  const { parts, region } = await topologyOf(ring, 1, 21);
  assertEquals(parts, 1);
  assertEquals(region[220], -1);
});

Deno.test("a flat surface is one basin, and so is one with flat floors", async () => {
  assertEquals((await topologyOf(formula(() => 3), 1, 11)).basins.length, 1);
  const floor = formula((x, y) => Math.max(0, Math.hypot(x, y) - 0.5));
  const { basins, count } = await topologyOf(floor, 1, 31);
  assertEquals([basins.length, count], [1, 1]);
  const same = [await topologyOf(rosenbrock(2), 2), await topologyOf(rosenbrock(2), 2)];
  assertEquals({ ...same[0], provenance: 0 }, { ...same[1], provenance: 0 });
});

Deno.test("what a stopped landscape has computed is taken as a coarser grid", async () => {
  const stop = new AbortController();
  const surface = await landscape(factorization(), twoAxes, {
    range: 2,
    resolution: 41,
    signal: stop.signal,
    progress: { report: ({ done }) => void (done > 700 && stop.abort()) },
  });
  assert(surface.partial);
  const { count, axes, partial, basins } = await topology(surface, quiet);
  assertEquals([count, partial], [2, true]);
  assertEquals(axes.map((axis) => axis.length), [21, 21]);
  assertEquals(axes[0][10], 0);
  assertEquals(basins[1].saddle!.loss, 0.5);
});

Deno.test("a loss on all samples is exact for them: its threshold is rounding, and says so", async () => {
  const loss = noisySurface(undefined, { n: 30, size: 1, seed: 3 });
  const surface = await landscape(loss, twoAxes, { resolution: 15, ...quiet });
  const exact = await topology(surface, quiet);
  assertEquals(exact.noise.kind, "rounding");
  assert(exact.svg().includes("no noise, only rounding"));
  assertLessOrEqual(exact.noise.threshold, 2 ** -49 * Math.max(...surface.values));
  const { provenance } = surface;
  const single = { ...surface, provenance: { ...provenance, precision: "float32" as const } };
  assertEquals((await topology(single, quiet)).noise.share, 2 ** -20);
  // a dent in the seventh digit is one in double precision, and none in single
  const dent = formula((x, y) =>
    1 + x * x + y * y - (Math.abs(x - 0.5) + Math.abs(y) < 0.1 ? 0.26 : 0)
  );
  const flat = await landscape(dent, twoAxes, { resolution: 21, ...quiet });
  const scaled = {
    ...flat,
    values: flat.values.map((v) => 1 + 1e-6 * v),
    provenance: { ...flat.provenance, precision: "float32" as const },
  };
  assertEquals(
    (await topology(scaled, quiet)).basins.map(({ limit }) => limit).includes("rounding"),
    true,
  );
  assertEquals((await topology(scaled, quiet)).count, 1);
});

Deno.test("JSON keeps a topology, and what was read from a file has the same", async () => {
  const surface = await landscape(factorization(), twoAxes, { range: 2, resolution: 21, ...quiet });
  const found = await topology(surface, quiet);
  const back = fromJSON<Topology>(JSON.stringify(found), {
    axes: Float64Array,
    coordinates: Float64Array,
    region: Int32Array,
    values: Float64Array,
    done: Uint8Array,
  });
  assertEquals(back, { ...found } as Topology);
  const read = fromJSON<TopologyLandscape>(JSON.stringify(surface), {
    axes: Float64Array,
    values: Float64Array,
    done: Uint8Array,
  });
  assertEquals((await topology(read, quiet)).basins, found.basins);
});

Deno.test("misuse is refused with what to do", async () => {
  const refused = async (of: TopologyLandscape, message: string, options = {}) =>
    await assertRejects(() => topology(of, { ...quiet, ...options }), Error, message);
  const surface = await landscape(factorization(), twoAxes, { resolution: 5, ...quiet });
  const doing = "Cannot find the topology: ";
  await refused(
    surface,
    `${doing}of: "population" needs a loss that is a mean over samples, and this one is not`,
    { of: "population" },
  );
  const sampled = noisySurface(undefined, { n: 9, size: 1, seed: 1, available: 90 });
  const without = await landscape(sampled, twoAxes, { resolution: 5, ...quiet });
  await refused(
    without,
    `${doing}of: "trainingSet" needs the loss of each sample, to tell basins from noise: ` +
      'sample the landscape with perSample: true, or say of: "samples"',
  );
  assertEquals((await topology(without, { of: "samples", ...quiet })).noise.kind, "rounding");
  const few = await landscape(sampled, twoAxes, { resolution: 5, perSample: true, ...quiet });
  await refused(few, `${doing}of: "trainingSet" needs the losses of at least 10 samples, got 9`);
  const thin = await landscape(factorization(), twoAxes, { resolution: [5, 2], ...quiet });
  await refused(thin, `${doing}the landscape must have at least 3 points along each axis, got 2`);
  const lost = await landscape(formula(() => NaN), twoAxes, { resolution: 3, ...quiet });
  await refused(lost, `${doing}the loss is finite at none of the 9 points`);
  // deno-lint-ignore no-explicit-any
  await refused(factorization() as any, `${doing}it needs a landscape, got a loss`);
  await refused(
    surface,
    `${doing}of must be "samples" or "trainingSet" or "population", got "test"`,
    {
      of: "test",
    },
  );
  await refused(surface, `${doing}neighbours must be "axes" or "diagonals", got number 4`, {
    neighbours: 4,
  });
  await refused(surface, `${doing}resamples must be an integer of 100 or more, got 10`, {
    resamples: 10,
  });
  const found = await topology(surface, quiet);
  assertThrows(
    () => found.svg({ view: "contour" }),
    RangeError,
    'Cannot draw the topology: view must be "basins" or "tree" or "persistence", got "contour"',
  );
});
