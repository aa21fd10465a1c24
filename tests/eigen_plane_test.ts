import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { eigenPlane } from "../lib/eigen_plane.ts";
import { landscape } from "../lib/landscape.ts";
import { factorization, quadratic } from "../lib/synthetic.ts";
import { dot } from "../lib/vector.ts";

const quiet = { progress: false };

Deno.test("the plane of a rotated quadratic has its largest and smallest eigenvalue, which a random direction hides", async () => {
  const eigenvalues = Float64Array.from(
    { length: 60 },
    (_, i) => i === 0 ? 50 : i === 1 ? -4 : 0.5,
  );
  const theta = new Float64Array(60).fill(0.1), before = theta.slice();
  const loss = quadratic(eigenvalues, { rotation: 3 });
  const plane = await eigenPlane(loss, theta, quiet);
  assertAlmostEquals(plane.curvatures[0], 50, 1e-6);
  assertAlmostEquals(plane.curvatures[1], -4, 1e-6);
  assert(plane.residuals.every((r) => r < 1e-3 * 50));
  assert(plane.randomCurvature > 0 && plane.randomCurvature < 10, `${plane.randomCurvature}`);
  assertAlmostEquals(dot(plane.directions[0], plane.directions[1]), 0, 1e-8);
  assertEquals(theta, before);
  assertEquals(plane.center, await loss.value(theta));
  // along an eigenvector of a quadratic the loss is its slope and its parabola
  plane.profiles.forEach(({ coordinates, along }, k) =>
    coordinates.forEach((x, i) => {
      const expected = plane.center + plane.slopes[k] * x + plane.curvatures[k] * x * x / 2;
      assertAlmostEquals(along[i], expected, 1e-6);
    })
  );
  assert(plane.summary().includes("curvature 50 and −4"), plane.summary());
  assert(plane.svg().includes("Curvature of both signs"));
});

Deno.test("it is a slice: the landscape on it bends as its axes say", async () => {
  const loss = factorization();
  const plane = await eigenPlane(loss, Float64Array.of(0, 0), quiet);
  const { values, labels, center } = await landscape(loss, plane, {
    range: 0.01,
    resolution: 3,
    ...quiet,
  });
  assertAlmostEquals((values[1] + values[7] - 2 * center) / 0.01 ** 2, 1, 1e-3);
  assertAlmostEquals((values[3] + values[5] - 2 * center) / 0.01 ** 2, -1, 1e-3);
  assert(labels[0].includes("λ = 1") && labels[1].includes("λ = −1"), `${labels}`);
});

Deno.test("where the loss is flat its reach is that of θ", async () => {
  const flat = await eigenPlane(quadratic([1e-30, 0, 0]), Float64Array.of(3, 4, 0), quiet);
  assertEquals(flat.profiles.map(({ coordinates }) => coordinates.at(-1)), [5, 5]);
});

Deno.test("stopped before there is a plane it rejects, later it is partial", async () => {
  await assertRejects(
    () =>
      eigenPlane(factorization(), Float64Array.of(0, 0), { signal: AbortSignal.abort(), ...quiet }),
    DOMException,
  );
  const stop = new AbortController();
  const plane = await eigenPlane(factorization(), Float64Array.of(0.5, 0), {
    signal: stop.signal,
    progress: { report: ({ done }) => void (done >= 2 && stop.abort()) },
  });
  assert(plane.partial && Number.isNaN(plane.randomCurvature));
  assertEquals(plane.directions.length, 2);
  assertEquals(plane.profiles.length, 2);
});

Deno.test("misuse is refused", async () => {
  const at = Float64Array.of(0, 0);
  await assertRejects(
    () => eigenPlane(factorization(), at, { resolution: 2, ...quiet }),
    RangeError,
    "Cannot find the eigenvector plane: resolution must be an integer of 3 or more, got 2",
  );
  await assertRejects(
    () => eigenPlane(factorization(), new Float64Array(3), quiet),
    RangeError,
    "Cannot find the eigenvector plane",
  );
  await assertRejects(
    () => eigenPlane(quadratic([1]), Float64Array.of(1), quiet),
    RangeError,
    "Cannot find the eigenvector plane: a plane needs at least 2 numbers that move, got 1",
  );
  const unknown = { ...quadratic([2, 1]), value: () => Promise.resolve(NaN) };
  await assertRejects(
    () => eigenPlane(unknown, at, quiet),
    RangeError,
    "Cannot find the eigenvector plane: the loss at θ must be finite, got NaN",
  );
});
