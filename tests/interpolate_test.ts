import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { interpolate } from "../lib/interpolate.ts";
import { layout, part } from "../lib/layout.ts";
import type { Loss } from "../lib/loss.ts";
import { random } from "../lib/math/random.ts";
import { standardError } from "../lib/math/statistics.ts";
import { factorization, quadratic, rosenbrock } from "../lib/synthetic.ts";
import { norm, type Vector } from "../lib/vector.ts";
import { logisticRegression, rows } from "./regression.ts";

const quiet = { progress: false };
const [one, minusOne] = [Float64Array.of(1, 1), Float64Array.of(-1, -1)];

Deno.test("the straight path (1,1) → (−1,−1) on ½(ab − 1)² has a barrier of exactly ½", async () => {
  for (const resolution of [41, 21, 5]) {
    const result = await interpolate(factorization(), [one, minusOne], { resolution, ...quiet });
    assertEquals([result.barrier, result.barrierAt], [0.5, 0.5]);
  }
});

Deno.test("a convex loss has no barrier between two minimisers", async () => {
  const flat = quadratic([3, 1, 0, 0], { rotation: 4 });
  // two points of the null space: minimisers, not equal
  const { normal } = random(1, "test");
  const minimiser = async () => {
    let x = Float64Array.from({ length: 4 }, normal);
    for (let i = 0; i < 400; i++) {
      const g = await flat.gradient(x);
      x = x.map((xi, k) => xi - 0.5 * g[k]);
    }
    return x;
  };
  const { barrier } = await interpolate(flat, [await minimiser(), await minimiser()], quiet);
  assertAlmostEquals(barrier, 0, 1e-15);
  // between points that are no minimisers, a strictly convex loss lies below the chord: 0 at the ends
  const bowl = await interpolate(quadratic([2]), [Float64Array.of(-1), Float64Array.of(3)], quiet);
  assertEquals(bowl.barrier, 0);
});

Deno.test("0 and 1 are always among the points, exactly at the ends", async () => {
  const loss = rosenbrock(2), a = Float32Array.of(0.1, 0.7), b = Float32Array.of(-1.3, 0.2);
  for (const resolution of [2, 3, 4, 5, 10, 17, 40, 41]) {
    for (const [from, to] of [[-0.5, 1.5], [0, 1], [-0.3, 1], [-0.1, 7], [-1 / 3, 4 / 3]]) {
      const { axes: [axis], values, center, partial } = await interpolate(loss, [a, b], {
        resolution,
        from,
        to,
        ...quiet,
      });
      assertEquals([axis[0], axis.at(-1)], [from, to]);
      assert(axis.every((t, i) => i === 0 || t > axis[i - 1]), `${axis}`);
      assert(axis.length === resolution || resolution < 17, `${axis.length} for ${resolution}`);
      assertEquals(values[axis.indexOf(0)], await loss.value(a));
      assertEquals(values[axis.indexOf(1)], await loss.value(b));
      assertEquals(center, await loss.value(a));
      assert(!partial);
    }
  }
  const { axes: [axis] } = await interpolate(loss, [a, b], quiet);
  assertEquals(axis.length, 41);
  assertAlmostEquals(axis[1] - axis[0], 0.05, 1e-15);
});

Deno.test("accuracy, intervals and the barrier's paired error come from the samples", async () => {
  const { inputs, noise } = rows(300, 4);
  const loss = logisticRegression(inputs, noise.map(Math.sign));
  const [a, b] = [Float64Array.of(3, 0, 0, 1), Float64Array.of(-1, 2, -2, 0)];
  const result = await interpolate(loss, [a, b], { resolution: 9, ...quiet });
  assertEquals(result.intervals!.method, "bootstrap");
  assertEquals(result.accuracies!.length, 9);
  assertEquals(result.barrier, 0);
  const concave: Loss = {
    ...loss,
    async evaluate(x, options) {
      const { perSample } = await loss.evaluate(x, options);
      const losses = Float64Array.from(perSample!, (value) => -value);
      return {
        loss: losses.reduce((s, l) => s + l) / 300,
        perSample: losses,
        standardError: standardError(losses),
      };
    },
  };
  const up = await interpolate(concave, [a, b], { resolution: 9, ...quiet });
  const i = up.axes[0].indexOf(up.barrierAt), t = up.barrierAt;
  const at = async (x: Float64Array) => (await concave.evaluate(x, { perSample: true })).perSample!;
  const [here, start, end] = [
    await at(a.map((x, k) => (1 - t) * x + t * b[k])),
    await at(a),
    await at(b),
  ];
  assert(up.barrier > 0 && up.done[i] === 1);
  assertAlmostEquals(
    up.barrierError!,
    standardError(Float64Array.from(here, (l, k) => l - (1 - t) * start[k] - t * end[k])),
    1e-12,
  );
});

Deno.test("per-layer normalisation keeps the norms of weights between those of the ends", async () => {
  const over = layout({
    w1: [4, 5],
    b1: { shape: [5], role: "bias" },
    w2: [5, 1],
    v: { shape: [2], role: "state" },
  });
  const { normal } = random(2, "test");
  const [a, b] = [1, 3].map((s) => Float64Array.from({ length: over.size }, () => s * normal()));
  const seen: Vector[] = [];
  const loss: Loss = {
    ...quadratic([1]),
    layout: over,
    evaluate: (x) => (seen.push(x.slice()), Promise.resolve({ loss: 0 })),
  };
  const { axes: [axis] } = await interpolate(loss, [a, b], {
    resolution: 5,
    from: 0,
    to: 2,
    normalize: "layer",
    ...quiet,
  });
  assertEquals(axis, Float64Array.of(0, 0.5, 1, 1.5, 2));
  const [w1, b1, w2, state] = over.tensors;
  assertEquals(seen.find((x) => x[0] === a[0]), a);
  assertEquals(seen.find((x) => x[0] === b[0]), b);
  const inner = seen.find((x) =>
    Math.abs(x[b1.offset] - (a[b1.offset] + b[b1.offset]) / 2) < 1e-12
  )!;
  for (const w of [w1, w2]) {
    assertAlmostEquals(norm(part(inner, w)), (norm(part(a, w)) + norm(part(b, w))) / 2, 1e-12);
  }
  // beyond the end, moving statistics stay
  assertEquals(seen.filter((x) => x[state.offset] === b[state.offset]).length, 3);
});

Deno.test("three points make one way, with the higher of both barriers", async () => {
  const loss = factorization();
  const way = [one, minusOne, Float64Array.of(-0.5, -2)];
  const { axes: [axis], values, barrier, barrierAt } = await interpolate(loss, way, {
    resolution: 31,
    ...quiet,
  });
  assertEquals([axis[0], axis.at(-1)], [-0.5, 2.5]);
  for (const k of [0, 1, 2]) assertEquals(values[axis.indexOf(k)], 0);
  assertEquals([barrier, barrierAt], [0.5, 0.5]);
});

Deno.test("a loss that is not finite on the way is told, not hidden", async () => {
  const bowl = quadratic([1]);
  const holed = (hole: number): Loss => ({
    ...bowl,
    evaluate: async (x) => Math.abs(x[0] - 0.5) < 0.1 ? { loss: hole } : await bowl.evaluate(x),
  });
  const [a, b] = [Float64Array.of(0), Float64Array.of(1)];
  assertEquals((await interpolate(holed(Infinity), [a, b], quiet)).barrier, Infinity);
  assertEquals((await interpolate(holed(NaN), [a, b], quiet)).barrier, NaN);
});

Deno.test("a stopped interpolation has its ends first, and changes nothing", async () => {
  const stop = new AbortController(), base = factorization();
  let count = 0;
  const loss: Loss = {
    ...base,
    evaluate: (x, o) => (++count === 5 && stop.abort(), base.evaluate(x, o)),
  };
  const [a, b] = [one.slice(), minusOne.slice()];
  const result = await interpolate(loss, [a, b], { signal: stop.signal, ...quiet });
  assert(result.partial);
  const [axis] = result.axes;
  assertEquals([result.done[axis.indexOf(0)], result.done[axis.indexOf(1)]], [1, 1]);
  assert(result.barrier >= 0);
  assertEquals([a, b], [one, minusOne]);
  const never = await interpolate(loss, [a, b], { signal: stop.signal, ...quiet });
  assertEquals([never.barrier, never.partial], [NaN, true]);
});

Deno.test("what cannot be interpolated is refused", async () => {
  const loss = factorization();
  const fails = (points: Vector[], options: Parameters<typeof interpolate>[2], message: string) =>
    assertRejects(() => interpolate(loss, points, { ...quiet, ...options }), RangeError, message);
  await fails([one], {}, "two or more vectors, got 1");
  await fails([one, one.slice()], {}, "points 1 and 2 are equal");
  await fails([one, Float64Array.of(1)], {}, "point 2 must have the 2 numbers");
  await fails([one, Float64Array.of(1, NaN)], {}, "point 2 holds NaN");
  await fails([one, minusOne], { resolution: 1 }, "resolution must be at least 2, got 1");
  await fails([one, minusOne], { from: 0.5 }, "from must be 0 or less");
  await fails([one, minusOne], { to: 0.5 }, "to must be 1 or more");
  await fails(
    [one, minusOne],
    { normalize: "filter" as "layer" },
    'normalize must be "none" or "layer"',
  );
});

Deno.test("names of the points are kept, and stand on the axis; there must be one for each", async () => {
  const points = [one, minusOne];
  const { names, labels } = await interpolate(factorization(), points, {
    names: ["start", "trained"],
    ...quiet,
  });
  assertEquals(names, ["start", "trained"]);
  assertEquals(labels, ["from start (0) to trained (1)"]);
  const three = await interpolate(factorization(), [one, minusOne, one], {
    names: ["a", "b", "c"],
    ...quiet,
  });
  assertEquals(three.labels, ["through a (0), b (1), c (2)"]);
  assert(!("names" in await interpolate(factorization(), points, quiet)));
  await assertRejects(
    () => interpolate(factorization(), points, { names: ["start"], ...quiet }),
    RangeError,
    "names must be one for each of the 2 points, got 1",
  );
});
