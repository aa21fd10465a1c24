import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { randomDirections } from "../lib/directions.ts";
import { coarseToFine } from "../lib/grid.ts";
import { landscape } from "../lib/landscape.ts";
import { layout } from "../lib/layout.ts";
import type { Loss } from "../lib/loss.ts";
import type { ProgressState } from "../lib/progress.ts";
import { quadratic, rosenbrock, rugged } from "../lib/synthetic.ts";
import { trajectory } from "../lib/trajectory.ts";
import { axes } from "./axes.ts";

const quiet = { progress: false };
const plane = { origin: new Float64Array(2), directions: axes(2) };

Deno.test("x² + 10y² on a non-square and on a 3×3 grid: no axis is swapped, no cell shifted", async () => {
  const loss = quadratic([2, 20]);
  for (const resolution of [[7, 4], [3, 3]]) {
    const range = { axes: [{ from: -1, to: 2 }, { from: -3, to: 1 }] };
    const { axes: [xs, ys], values } = await landscape(loss, plane, {
      range,
      resolution,
      ...quiet,
    });
    assertEquals([xs.length, ys.length], resolution);
    assertEquals([xs[0], xs.at(-1), ys[0], ys.at(-1)], [-1, 2, -3, 1]);
    xs.forEach((x, i) =>
      ys.forEach((y, j) => {
        assertAlmostEquals(x, -1 + 3 * i / (xs.length - 1), 1e-15);
        assertAlmostEquals(values[i * ys.length + j], x * x + 10 * y * y, 1e-12);
      })
    );
  }
});

Deno.test("in three dimensions the first axis is the slowest", async () => {
  const loss = quadratic([2, 4, 6]);
  const slice = { origin: new Float64Array(3), directions: axes(3) };
  const { values } = await landscape(loss, slice, { resolution: [2, 3, 5], ...quiet });
  [-1, 1].forEach((x, i) =>
    [-1, 0, 1].forEach((y, j) =>
      [-1, -0.5, 0, 0.5, 1].forEach((z, k) =>
        assertAlmostEquals(values[(i * 3 + j) * 5 + k], x * x + 2 * y * y + 3 * z * z, 1e-14)
      )
    )
  );
});

Deno.test("the middle of a symmetric grid is the loss at the origin, bit for bit", async () => {
  for (const loss of [rosenbrock(5), rugged({ size: 5 }), quadratic([1, 2, 3, 4, 5])]) {
    const origin = Float32Array.of(0.1, -0.7, 0.33, 1.7, 0.9);
    const slice = { origin, directions: randomDirections(loss.layout, origin) };
    for (const [range, resolution] of [[1, 11], [0.3, 7], [1 / 3, 3], [Math.PI, 21]]) {
      const { values, center, axes, done } = await landscape(loss, slice, {
        range,
        resolution,
        ...quiet,
      });
      assertEquals(axes[0][(resolution - 1) / 2], 0);
      assertEquals(values[(values.length - 1) / 2], await loss.value(origin));
      assertEquals(center, await loss.value(origin));
      assert(done.every((d) => d === 1));
    }
  }
});

Deno.test("NaN and ∞ stay where they are, and are done", async () => {
  const bowl = quadratic([2, 2]);
  const value = async (x: ArrayLike<number>) =>
    x[0] > 0.5 ? NaN : x[1] < -0.5 ? Infinity : await bowl.value(Float64Array.from(x));
  const loss: Loss = { ...bowl, value, evaluate: async (x) => ({ loss: await value(x) }) };
  const { axes: [xs, ys], values, done, partial } = await landscape(loss, plane, {
    resolution: 9,
    ...quiet,
  });
  xs.forEach((x, i) =>
    ys.forEach((y, j) =>
      assertEquals(values[9 * i + j], x > 0.5 ? NaN : y < -0.5 ? Infinity : x * x + y * y)
    )
  );
  assert(done.every((d) => d === 1) && !partial);
});

Deno.test("neither weights nor directions are changed, and the same call gives the same numbers", async () => {
  const loss = rosenbrock(4), origin = Float32Array.of(1, 2, 3, 4);
  const directions = randomDirections(loss.layout, origin);
  const before = [origin, ...directions].map((v) => v.slice());
  const one = await landscape(loss, { origin, directions }, { resolution: 5, ...quiet });
  const two = await landscape(loss, { origin, directions }, { resolution: 5, ...quiet });
  assertEquals([origin, ...directions] as unknown[], before);
  assertEquals({ ...one, provenance: 0 }, { ...two, provenance: 0 });
});

Deno.test("directions are not followed on state, and stay as they are", async () => {
  const over = layout({ w: [1], moving_variance: { shape: [1], role: "state" } });
  const seen: number[] = [];
  const loss: Loss = {
    ...quadratic([1, 1]),
    layout: over,
    evaluate: (x) => (seen.push(x[1]), Promise.resolve({ loss: x[0] })),
  };
  const directions = [Float64Array.of(1, 5)];
  const slice = { origin: Float64Array.of(0, 7), directions };
  const { values } = await landscape(loss, slice, { resolution: 3, ...quiet });
  assertEquals(values, Float64Array.of(-1, 0, 1));
  assertEquals(seen, [7, 7, 7]);
  assertEquals(directions, [Float64Array.of(1, 5)]);
});

Deno.test("points are done from coarse to fine, each once", () => {
  for (const shape of [[5], [2, 3], [7, 4], [3, 4, 5]]) {
    const order = coarseToFine(shape);
    assertEquals([...order].sort((a, b) => a - b), [...order.keys()]);
  }
  assertEquals(
    [...coarseToFine([9])],
    [0, 8, 4, 2, 6, 1, 3, 5, 7].sort((a, b) => {
      const rank = (i: number) => i === 4 ? 0 : i % 4 === 0 ? 1 : i % 2 === 0 ? 2 : 3;
      return rank(a) - rank(b) || a - b;
    }),
  );
});

Deno.test("a stopped landscape is valid: what was done is there, and it says that it is partial", async () => {
  const stop = new AbortController(), bowl = quadratic([1, 1]);
  let count = 0;
  const loss: Loss = {
    ...bowl,
    evaluate(x, options) {
      options!.signal!.throwIfAborted();
      if (++count === 20) stop.abort();
      return bowl.evaluate(x);
    },
  };
  const whole = await landscape(bowl, plane, { resolution: 11, ...quiet });
  const result = await landscape(loss, plane, { resolution: 11, signal: stop.signal, ...quiet });
  assert(result.partial && !whole.partial);
  assertEquals(result.done.reduce((a, b) => a + b), 20);
  result.values.forEach((x, i) => assertEquals(x, result.done[i] ? whole.values[i] : NaN));
  assertEquals(result.center, 0);
  const never = await landscape(loss, plane, {
    resolution: 3,
    range: "auto",
    signal: stop.signal,
    ...quiet,
  });
  assertEquals(never.values, new Float64Array(9).fill(NaN));
  assertEquals([never.partial, never.center, never.axes[0].length], [true, NaN, 3]);
});

Deno.test("progress is told of every point and of the end", async () => {
  const reports: ProgressState[] = [], ends: ProgressState[] = [];
  const progress = {
    report: (s: ProgressState) => reports.push(s),
    end: (s: ProgressState) => ends.push(s),
  };
  await landscape(quadratic([1, 1]), plane, { resolution: [3, 4], progress });
  assertEquals(reports.map(({ done }) => done), Array.from({ length: 13 }, (_, i) => i + 1));
  assertEquals(reports[0].total, 13);
  assertEquals(ends.length, 1);
  reports.length = 0;
  await landscape(quadratic([1, 1]), plane, { resolution: 3, progress });
  assertEquals(reports.at(-1)!.done, reports.at(-1)!.total);
});

Deno.test("an error of the loss is not swallowed", async () => {
  const loss: Loss = { ...quadratic([1, 1]), evaluate: () => Promise.reject(new Error("no data")) };
  await assertRejects(() => landscape(loss, plane, quiet), Error, "no data");
});

Deno.test("what cannot be sampled is refused in words", async () => {
  const loss = quadratic([1, 1]);
  const fails = (options: Parameters<typeof landscape>[2], message: string, slice = plane) =>
    assertRejects(() => landscape(loss, slice, { ...quiet, ...options }), RangeError, message);
  await fails(
    { resolution: 1 },
    "Cannot sample the landscape: resolution must be at least 2, got 1",
  );
  await fails({ resolution: NaN }, "resolution must be at least 2, got NaN");
  await fails({ resolution: 2.5 }, "resolution must be an integer, got 2.5");
  await fails({ resolution: [3] }, "one number or one for each of the 2 directions, got 1");
  await fails({ range: 0 }, "range must be above 0 and finite, got 0");
  await fails({ range: -1 }, "range must be above 0 and finite, got -1");
  await fails({ range: { from: 1, to: -1 } }, "got from 1 to -1");
  await fails({ range: { from: 1, to: 1 } }, "got from 1 to 1");
  await fails({ range: { from: 0, to: Infinity } }, "got from 0 to Infinity");
  await fails({ range: { axes: [{ from: 0, to: 1 }] } }, "one extent for each of the 2 directions");
  await fails({ range: { include: [] } }, "range.include holds no checkpoint");
  const line = { origin: new Float64Array(2), directions: axes(2, 1) };
  const path = await trajectory([Float64Array.of(1, 1)], line, quiet);
  await fails({ range: { include: path } }, "paths in this slice of 2 directions, got one with 1");
  const four = { origin: new Float64Array(4), directions: axes(4) };
  await assertRejects(
    () => landscape(quadratic([1, 1, 1, 1]), four, quiet),
    RangeError,
    "at most 3 directions, got 4",
  );
  await fails({}, "at least one direction", { ...plane, directions: [] });
  await fails({}, "direction 1 of the slice must have 2 numbers", {
    ...plane,
    directions: axes(3, 1),
  });
  await fails({}, "direction 1 of the slice is all zeros", {
    ...plane,
    directions: [new Float64Array(2)],
  });
  await fails({}, "origin of the slice holds NaN", { ...plane, origin: Float64Array.of(0, NaN) });
  await assertRejects(
    () => landscape(loss, undefined as unknown as typeof plane, quiet),
    TypeError,
    "a slice is { origin, directions }",
  );
});
