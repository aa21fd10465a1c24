import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { randomDirections } from "../lib/directions.ts";
import { coarseToFine } from "../lib/grid.ts";
import { landscape } from "../lib/landscape.ts";
import { layout } from "../lib/layout.ts";
import type { Loss } from "../lib/loss.ts";
import { pairedError } from "../lib/math/statistics.ts";
import { tQuantile } from "../lib/math/student.ts";
import type { ProgressState } from "../lib/progress.ts";
import { quadratic, rosenbrock, rugged } from "../lib/synthetic.ts";
import { trajectory } from "../lib/trajectory.ts";
import type { Vector } from "../lib/vector.ts";
import { linearRegression, logisticRegression, rows } from "./regression.ts";

const quiet = { progress: false };
const axes = (n: number, count = n) =>
  Array.from({ length: count }, (_, k) => Float64Array.from({ length: n }, (_, i) => +(i === k)));
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

Deno.test("errors: s/√n at each point, and the paired error against the center, which is 0 at the center", async () => {
  const { inputs, noise } = rows(700, 3);
  const loss = linearRegression(inputs, noise),
    slice = { origin: new Float64Array(3), directions: axes(3, 1) };
  const result = await landscape(loss, slice, { resolution: 5, ...quiet });
  const at = async (
    x: number,
  ) => (await loss.evaluate(Float64Array.of(x, 0, 0), { perSample: true }));
  const center = await at(0);
  for (const [i, x] of result.axes[0].entries()) {
    const { perSample, standardError } = await at(x);
    assertEquals(result.standardErrors![i], standardError);
    assertEquals(result.differenceErrors![i], pairedError(perSample!, center.perSample!));
    assertAlmostEquals(
      result.intervals!.high[i] - result.intervals!.low[i],
      2 * tQuantile(0.975, 699) * standardError!,
      1e-12,
    );
  }
  assertEquals(result.differenceErrors![2], 0);
  assert(result.differenceErrors![1] < result.standardErrors![1]);
  assertEquals(result.intervals!.method, "t");
  assertEquals(result.accuracies, undefined);
  const { samples, engine, precision, evaluations, seed } = result.provenance;
  assertEquals({ samples, engine, precision, evaluations, seed }, {
    samples: 700,
    engine: "closed form",
    precision: "float64",
    evaluations: 5,
    seed: undefined,
  });
});

Deno.test("below 512 samples intervals come from a seeded bootstrap; in two dimensions there are none", async () => {
  const { inputs, noise } = rows(100, 2);
  const loss = logisticRegression(inputs, noise.map(Math.sign));
  const line = { origin: Float64Array.of(0.1, 0), directions: axes(2, 1) };
  const result = await landscape(loss, line, { resolution: 9, ...quiet });
  const { low, high, method } = result.intervals!;
  assertEquals(method, "bootstrap");
  result.values.forEach((value, i) => {
    assert(low[i] < value && value < high[i]);
    assertAlmostEquals(
      (high[i] - low[i]) / 3.92,
      result.standardErrors![i],
      0.2 * result.standardErrors![i],
    );
  });
  assert(result.accuracies!.every((a) => a >= 0 && a <= 1));
  const other = await landscape(loss, line, { resolution: 9, seed: 1, ...quiet });
  assert(other.intervals!.low[0] !== low[0]);
  const same = await landscape(loss, line, { resolution: 9, ...quiet });
  assertEquals(same.intervals, result.intervals);
  assertEquals((await landscape(loss, plane, { resolution: 3, ...quiet })).intervals, undefined);
});

Deno.test("a box around a path holds it with its margin, also where it does not move", async () => {
  const path = await trajectory(
    [[4, 1], [0, 1], [2, 1]].map((p) => Float64Array.from(p)),
    plane,
    quiet,
  );
  const loss = quadratic([1, 1]);
  const { range, axes: [xs] } = await landscape(loss, plane, {
    range: { include: path },
    resolution: 3,
    ...quiet,
  });
  assertEquals(range, [{ from: -0.6, to: 4.6 }, { from: -1, to: 3 }]);
  assertEquals([xs[0], xs[2]], [-0.6, 4.6]);
  const tight = await landscape(loss, plane, {
    range: { include: [path, path], margin: 0 },
    resolution: 3,
    ...quiet,
  });
  assertEquals(tight.range[0], { from: 0, to: 4 });
});

Deno.test("an automatic range ends where the loss has risen tenfold, along each direction, and says so", async () => {
  for (const scale of [1e-3, 1, 1e4]) {
    // 2 + scale·x²/2·{1, 100}: rises by 18 at √(36/scale) and a tenth of it
    const bowl = quadratic([scale, 100 * scale]);
    const value = async (x: Float64Array | Float32Array) => 2 + await bowl.value(x);
    const loss: Loss = { ...bowl, value, evaluate: async (x) => ({ loss: await value(x) }) };
    const { range, caption } = await landscape(loss, plane, {
      range: "auto",
      resolution: 3,
      ...quiet,
    });
    const edge = Math.sqrt(36 / scale);
    [edge, edge / 10].forEach((expected, k) => {
      assert(
        range[k].to >= expected && range[k].to <= 1.1 * expected,
        `${range[k].to}, ${expected}`,
      );
      assertEquals(range[k].from, -range[k].to);
    });
    assert(caption!.includes("rises to 10 times its value"), caption);
  }
  const flat: Loss = {
    ...quadratic([1, 1]),
    value: (x) => Promise.resolve(1 - Math.exp(-x[0] * x[0]) / 2),
    evaluate: (x) => Promise.resolve({ loss: 1 - Math.exp(-x[0] * x[0]) / 2 }),
  };
  const bounded = await landscape(flat, plane, { range: "auto", resolution: 3, ...quiet });
  assertEquals(bounded.range.map(({ to }) => to), [2, 1]);
  assertStringIncludes(
    bounded.caption!,
    "rises to 10 times its value at the origin: ±2, as it rises by 0.49 only and ±1, as it does not rise",
  );
});

Deno.test("an automatic range says truthfully what it found where the loss is no positive bowl", async () => {
  const captionOf = async (f: (x: Vector) => number, origin: Vector = new Float64Array(2)) => {
    const value = (x: Vector) => Promise.resolve(f(x));
    const loss: Loss = {
      ...quadratic([1, 1]),
      value,
      evaluate: async (x) => ({ loss: await value(x) }),
    };
    const line = { origin, directions: axes(2, 1) };
    const { caption, range } = await landscape(loss, line, {
      range: "auto",
      resolution: 3,
      ...quiet,
    });
    return { caption, to: range[0].to };
  };
  const negative = await captionOf((x) => x[0] ** 2 / 2 - 2);
  assert(negative.to >= 6 && negative.to <= 6.6, `${negative.to}`);
  assertStringIncludes(
    negative.caption!,
    "the loss rises by 18, 9 times its size at the origin: ±6",
  );
  const small = await captionOf((x) => x[0] ** 2 / 2);
  assertStringIncludes(small.caption!, "the loss rises by 0.1: ±0.");
  assertEquals(await captionOf(() => 3), {
    caption:
      "range chosen so that the loss rises to 10 times its value at the origin: ±1, as it does not rise",
    to: 1,
  });
  assertEquals(await captionOf(() => NaN), {
    caption: "range ±1: the loss at the origin is NaN, so none could be chosen",
    to: 1,
  });
  const wall = await captionOf((x) => Math.abs(x[0]) < 3 ? 1 : NaN);
  assertStringIncludes(wall.caption!, "where it is no longer finite");
  assert(wall.to >= 3 && wall.to <= 3.3, `${wall.to}`);
  const far = await captionOf(() => 1, Float32Array.of(3.4e38, 0));
  assertStringIncludes(far.caption!, "as it does not rise");
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
