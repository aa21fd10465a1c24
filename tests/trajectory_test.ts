import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { layout } from "../lib/layout.ts";
import type { Loss } from "../lib/loss.ts";
import { random } from "../lib/math/random.ts";
import { standardDeviation } from "../lib/math/statistics.ts";
import { pca } from "../lib/pca.ts";
import type { Run } from "../lib/run.ts";
import { pointAt } from "../lib/slice.ts";
import { quadratic } from "../lib/synthetic.ts";
import { trajectory } from "../lib/trajectory.ts";
import { added, norm } from "../lib/vector.ts";

const quiet = { progress: false };
const gaussian = (n: number, seed: number) =>
  Float64Array.from({ length: n }, random(seed, "test").normal);

Deno.test("points of a slice get their coordinates back, also where directions are oblique", async () => {
  for (const seed of [1, 2, 3]) {
    const origin = gaussian(30, seed), a = gaussian(30, seed + 10);
    const slice = {
      origin,
      directions: [a, added(a, gaussian(30, seed + 20), 0.1), gaussian(30, seed + 30)],
    };
    const wanted = [[0, 0, 0], [1, -2, 3], [0.5, 0.25, -7]];
    const path = await trajectory(wanted.map((c) => pointAt(slice, c)), slice, quiet);
    wanted.forEach((c, i) => {
      c.forEach((x, k) => assertAlmostEquals(path.coordinates[i][k], x, 1e-10));
      assertAlmostEquals(path.residuals[i], 0, 1e-10);
      assertAlmostEquals(path.distances[i], norm(added(pointAt(slice, c), origin, -1)), 1e-12);
    });
    assertEquals(path.coordinates[0], new Float64Array(3));
  }
});

Deno.test("the nearest point is the nearest: residuals are orthogonal to every direction", async () => {
  const slice = { origin: gaussian(8, 1), directions: [gaussian(8, 2), gaussian(8, 3)] };
  const theta = gaussian(8, 4);
  const { coordinates: [c], residuals: [residual] } = await trajectory([theta], slice, quiet);
  const off = (point: number[]) => norm(added(theta, pointAt(slice, point), -1));
  assertAlmostEquals(off([...c]), residual, 1e-12);
  for (const step of [[1e-3, 0], [-1e-3, 0], [0, 1e-3], [0, -1e-3]]) {
    assert(off([c[0] + step[0], c[1] + step[1]]) > residual);
  }
});

Deno.test("the loss at checkpoints is told from the loss in the plane", async () => {
  const loss = quadratic([2, 2, 2]);
  const slice = { origin: new Float64Array(3), directions: [Float64Array.of(2, 0, 0)] };
  const points = [Float64Array.of(2, 1, 0), Float64Array.of(0, 0, 0)];
  const path = await trajectory(points, slice, { loss, ...quiet });
  assertEquals(path.losses, Float64Array.of(5, 0));
  assertEquals(path.planeLosses, Float64Array.of(4, 0));
  assertEquals(path.residuals, Float64Array.of(1, 0));
  assertEquals(path.provenance.evaluations, 4);
  assert(!path.partial);
});

Deno.test("a run brings epochs, steps, stability, and the labels of its components", async () => {
  const over = layout({ w: [3], moving_mean: { shape: [1], role: "state" } });
  const thetas = [[3, 1, 0, 0], [1, 2, 0, 50], [0, 0, 1, 99]].map((t) => Float32Array.from(t));
  const stepLosses = Float32Array.from({ length: 50 }, (_, i) => i < 45 ? 10 - i / 5 : i % 2);
  const run: Run = {
    layout: over,
    config: {},
    seed: 1,
    checkpoints: thetas.map((theta, i) => ({ epoch: 2 * i, step: 20 * i, theta })),
    initial: thetas[0],
    best: thetas[2],
    final: thetas[2],
    stepLosses,
    history: [],
    partial: false,
  };
  const slice = pca(run);
  const path = await trajectory(run, slice, quiet);
  assertEquals(path.epochs, Float64Array.of(0, 2, 4));
  assertEquals(path.steps, Float64Array.of(0, 20, 40));
  assertEquals(path.labels, slice.labels);
  assertAlmostEquals(path.stability!.all, standardDeviation(stepLosses), 1e-12);
  assertAlmostEquals(path.stability!.lastTenth, standardDeviation([1, 0, 1, 0, 1]), 1e-12);
  // state moved by 99, which is no distance
  assertAlmostEquals(path.distances[0], Math.sqrt(9 + 1 + 1), 1e-6);
  // three checkpoints span a plane
  for (const residual of path.residuals) assertAlmostEquals(residual, 0, 1e-12);
  const history = [4, 2, 1].map((trainLoss, epoch) => ({ epoch, trainLoss, learningRate: 1 }));
  const coarse = await trajectory(
    { ...run, stepLosses: new Float32Array(0), history },
    slice,
    quiet,
  );
  assertAlmostEquals(coarse.stability!.all, standardDeviation([4, 2, 1]), 1e-12);
});

Deno.test("a stopped trajectory keeps its coordinates and what losses there are", async () => {
  const stop = new AbortController(), bowl = quadratic([1, 1]);
  let count = 0;
  const loss: Loss = { ...bowl, value: (x) => (++count === 3 && stop.abort(), bowl.value(x)) };
  const slice = { origin: new Float64Array(2), directions: [Float64Array.of(1, 0)] };
  const points = [1, 2, 3, 4].map((x) => Float64Array.of(x, x));
  const path = await trajectory(points, slice, { loss, signal: stop.signal, ...quiet });
  assert(path.partial);
  assertEquals(path.coordinates.map((c) => c[0]), [1, 2, 3, 4]);
  assertEquals(path.losses, Float64Array.of(1, 4, NaN, NaN));
  assertEquals(path.planeLosses, Float64Array.of(0.5, NaN, NaN, NaN));
});

Deno.test("the share in the slice is that of the squared movement around the mean of the path", async () => {
  // around their mean the points are (∓1, ∓2, 0) and (0, 0, ±2): 2 of 18 along x, 10 of 18 in the plane x, y
  const points = [[4, 3, 7], [6, 7, 7], [5, 5, 9], [5, 5, 5]].map((p) => Float64Array.from(p));
  const [x, y, z] = [0, 1, 2].map((k) =>
    Float64Array.from({ length: 3 }, (_, i) => i === k ? 2 : 0)
  );
  const inPlane = async (directions: Float64Array[], origin = new Float64Array(3)) =>
    (await trajectory(points, { origin, directions }, quiet)).inPlane;
  assertAlmostEquals(await inPlane([x]), 2 / 18, 1e-12);
  assertAlmostEquals(await inPlane([x, y]), 10 / 18, 1e-12);
  assertAlmostEquals(await inPlane([x, y, z]), 1, 1e-12);
  // where the slice lies is a matter of distance, not of share, and costs no digits
  assertAlmostEquals(await inPlane([x, y], Float64Array.of(1e7, -1e7, 1e7)), 10 / 18, 1e-7);
  const still = await trajectory([points[0]], { origin: points[1], directions: [x] }, quiet);
  assertEquals(still.inPlane, NaN);
});

Deno.test("in the plane of a path's own components it is what they explain, however oblique the directions", async () => {
  const points = Array.from({ length: 12 }, (_, k) => gaussian(40, k));
  const plane = pca(points), [a, b] = plane.directions;
  const explained = plane.explained[0] + plane.explained[1];
  assertAlmostEquals((await trajectory(points, plane, quiet)).inPlane, explained, 1e-12);
  const oblique = { ...plane, directions: [a, added(a, b, 0.2)] };
  assertAlmostEquals((await trajectory(points, oblique, quiet)).inPlane, explained, 1e-10);
  const said = (await trajectory(points, plane, quiet)).summary();
  assert(said.includes("of its movement in the plane"), said);
});

Deno.test("nothing is changed, and the same call gives the same", async () => {
  const origin = gaussian(5, 1), directions = [gaussian(5, 2)], points = [gaussian(5, 3)];
  const before = [origin, ...directions, ...points].map((v) => v.slice());
  const one = await trajectory(points, { origin, directions }, quiet);
  const two = await trajectory(points, { origin, directions }, quiet);
  assertEquals({ ...one, provenance: 0 }, { ...two, provenance: 0 });
  assertEquals([origin, ...directions, ...points], before);
});

Deno.test("what does not fit is refused", async () => {
  const slice = { origin: new Float64Array(2), directions: [Float64Array.of(1, 0)] };
  const fails = (f: () => Promise<unknown>, message: string) =>
    assertRejects(f, RangeError, message);
  await fails(() => trajectory([], slice, quiet), "there is no checkpoint");
  await fails(
    () => trajectory([Float64Array.of(1)], slice, quiet),
    "origin of the slice must have 1",
  );
  await fails(() => trajectory([Float64Array.of(1, NaN)], slice, quiet), "holds NaN at 1");
  const twice = { ...slice, directions: [Float64Array.of(1, 1), Float64Array.of(2, 2)] };
  await fails(() => trajectory([Float64Array.of(1, 0)], twice, quiet), "must be independent");
  const loss = quadratic([1, 1, 1]);
  await fails(
    () => trajectory([Float64Array.of(1, 0)], slice, { loss, ...quiet }),
    "must have 3 numbers",
  );
});
