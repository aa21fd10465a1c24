import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertRejects,
} from "@std/assert";
import { evaluate } from "../../../lib/engine/pool/evaluate.ts";
import type { Job } from "../../../lib/engine/pool/job.ts";
import { pool } from "../../../lib/engine/pool/pool.ts";
import { standardDeviation } from "../../../lib/math/statistics.ts";
import {
  alongRows,
  convolution,
  gradientAt,
  productAt,
  samples,
  valueOnSlice,
  vector,
} from "./programs.ts";
import { withPool } from "./with_pool.ts";

const width = 6, n = 100, data = samples(n, width), theta = vector(width);
const residuals = alongRows(data, theta).map((s, i) => s - Number(data.y.data[i]));
const losses = residuals.map((r) => r * r / 2);
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
const at = (values: Float32Array, name = "theta") => ({
  count: 1,
  at: () => ({ [name]: values }),
});

Deno.test("losses, gradients and per-sample numbers come out as computed by hand", () =>
  withPool({ workers: 2 }, async (pool) => {
    const reference = Float64Array.from(residuals, (_, i) => i / n);
    const [found] = await evaluate(
      pool,
      { program: gradientAt({ width }), data, chunk: 30, references: { losses: reference } },
      at(theta),
      { outputs: { losses: "moments", residuals: "rows", gradient: "mean" } },
    );
    const { moments, arrays } = found!;
    const [added] = await evaluate(
      pool,
      { program: gradientAt({ width }), data, chunk: 50 },
      at(theta),
      { outputs: { gradient: "sum" } },
    );
    arrays.gradient.forEach((g, j) =>
      assertAlmostEquals(Number(added!.arrays.gradient[j]), 2 * Number(g), 1e-5)
    );
    assertEquals(moments.losses.count, n);
    assertAlmostEquals(moments.losses.sum, sum(losses), 1e-4);
    const sd = Math.sqrt(moments.losses.squares / (n - 1));
    assertAlmostEquals(sd, standardDeviation(losses), 1e-5);
    const differences = losses.map((l, i) => l - reference[i]);
    assertAlmostEquals(moments.losses.differenceSum, sum(differences), 1e-4);
    assertAlmostEquals(
      Math.sqrt(moments.losses.differenceSquares / (n - 1)),
      standardDeviation(differences),
      1e-5,
    );
    residuals.forEach((r, i) => assertAlmostEquals(Number(arrays.residuals[i]), r, 1e-5));
    for (let j = 0; j < width; j++) {
      const expected = sum(residuals.map((r, i) => r * Number(data.x.data[i * width + j]))) / n;
      assertAlmostEquals(Number(arrays.gradient[j]), expected, 1e-5);
    }
  }));

Deno.test("one worker and three give the same bits, in points and in chunks", async () => {
  const slice = {
    origin: { data: theta, shape: [width] },
    directions: { data: vector(2 * width, 3), shape: [2, width] },
  };
  const points = Float32Array.from({ length: 2 * 40 }, (_, i) => Math.sin(i));
  const surface: Job = { program: valueOnSlice({ width }), data, fixed: slice, chunk: 17 };
  const gradient: Job = { program: gradientAt({ width }), data, chunk: 3 };
  const all = async (workers: number) =>
    await withPool({ workers }, async (pool) => [
      await evaluate(
        pool,
        surface,
        { count: 40, at: (from, to) => ({ coordinates: points.subarray(2 * from, 2 * to) }) },
        { outputs: { losses: "moments" } },
      ),
      await evaluate(pool, gradient, at(theta), { outputs: { gradient: "mean", losses: "rows" } }),
    ]);
  const one = await all(1);
  assertEquals(await all(3), one);
  assert(one.flat().every((found) => found !== undefined));
});

Deno.test("products at one θ: what depends on θ is bound once, several v go together", () =>
  withPool({ workers: 2 }, async (pool) => {
    const fixed = { theta: { data: theta, shape: [width] } };
    const job: Job = { program: productAt({ width }), data, fixed, chunk: 40, single: true };
    const vs = vector(3 * width, 5);
    const found = await evaluate(
      pool,
      job,
      { count: 3, at: (from, to) => ({ v: vs.subarray(from * width, to * width) }) },
      { outputs: { product: "mean" } },
    );
    const s = alongRows(data, theta);
    for (let k = 0; k < 3; k++) {
      const t = alongRows(data, vs.subarray(k * width, (k + 1) * width));
      for (let j = 0; j < width; j++) {
        const terms = s.map((si, i) => si * si * t[i] * Number(data.x.data[i * width + j]));
        assertAlmostEquals(Number(found[k]!.arrays.product[j]), sum(terms) / n, 1e-4);
      }
    }
    const bound = async () => (await pool.holdings()).map(({ bound }) => bound);
    const before = await bound();
    assert(before.length > 0 && before.every((count) => count > 0));
    await evaluate(pool, job, at(theta, "v"), { outputs: { product: "mean" } });
    assertEquals(await bound(), before, "another v binds nothing anew");
  }));

Deno.test("double precision goes all the way through", () =>
  withPool({ workers: 1 }, async (pool) => {
    const exact = Object.fromEntries(
      Object.entries(data).map(([name, { data, shape }]) => [name, {
        data: Float64Array.from(data as Float32Array),
        shape,
      }]),
    );
    const [found] = await evaluate(
      pool,
      { program: gradientAt({ width, precision: "float64" }), data: exact, chunk: 30 },
      { count: 1, at: () => ({ theta: Float64Array.from(theta) }) },
      { outputs: { losses: "moments" } },
    );
    assertAlmostEquals(found!.moments.losses.sum, sum(losses), 1e-11);
  }));

Deno.test("a filter that is a constant gets a session of its own, which is released", () =>
  withPool({ workers: 1 }, async (pool) => {
    const program = convolution(4), pictures = vector(5 * 16, 7);
    assert(program.stages.some(({ constants }) => constants?.length), "nothing is baked");
    const job = { program, data: { pictures: { data: pictures, shape: [5, 1, 4, 4] } }, chunk: 2 };
    const center = new Float32Array(9);
    center[4] = 2;
    const filters = [center, vector(9, 8), center.map((x) => 3 * x)];
    const found = await evaluate(
      pool,
      job,
      {
        count: 3,
        at: (from, to) => ({
          theta: Float32Array.from(filters.slice(from, to).flatMap((f) => [...f])),
        }),
      },
      { outputs: { sums: "rows" } },
    );
    for (let i = 0; i < 5; i++) {
      const total = 2 * sum([...pictures.subarray(i * 16, (i + 1) * 16)]);
      assertAlmostEquals(Number(found[0]!.arrays.sums[i]), total, 1e-5);
      assertAlmostEquals(Number(found[2]!.arrays.sums[i]), 3 * total, 1e-5);
    }
    const [{ sessions }] = await pool.holdings();
    const kept = program.stages.filter(({ constants }) => !constants?.length).length;
    assertEquals(sessions, kept);
  }));

Deno.test("NaN and infinity are data", () =>
  withPool({ workers: 1 }, async (pool) => {
    const job = { program: gradientAt({ width }), data, chunk: 30 };
    const options = { outputs: { losses: "moments" } } as const;
    const value = async (x: number) =>
      (await evaluate(pool, job, at(new Float32Array(width).fill(x)), options))[0]!.moments.losses
        .sum;
    assertEquals(await value(NaN), NaN);
    assertEquals(await value(1e30), Infinity);
  }));

Deno.test("what is missing or has a wrong size is refused by name", () =>
  withPool({ workers: 1 }, async (pool) => {
    const program = gradientAt({ width }), outputs = { losses: "moments" } as const;
    await assertRejects(
      () => evaluate(pool, { program, data: { x: data.x } }, at(theta), { outputs }),
      RangeError,
      "its input y is missing",
    );
    const short = { data: new Float32Array(n - 1), shape: [n - 1] };
    await assertRejects(
      () => evaluate(pool, { program, data: { ...data, y: short } }, at(theta), { outputs }),
      RangeError,
      "its input y must have shape [batch], got [99]",
    );
    await assertRejects(
      () => evaluate(pool, { program, data }, at(theta.subarray(1)), { outputs }),
      RangeError,
      "theta must have 6 numbers for 1 items, got 5",
    );
    const broken = { ...program, digest: "broken" };
    broken.stages = [{ ...program.stages[0], model: new Uint8Array([1, 2, 3]) }];
    await assertRejects(
      () => evaluate(pool, { program: broken, data }, at(theta), { outputs }),
      Error,
      "Cannot evaluate the loss: ",
    );
    const [found] = await evaluate(pool, { program, data }, at(theta), { outputs });
    assertGreater(found!.moments.losses.sum, 0);
  }));

Deno.test("a pool has workers", () => {
  let message = "";
  try {
    pool({ workers: 0 });
  } catch (error) {
    message = (error as Error).message;
  }
  assertEquals(message, "Cannot start workers: workers must be a positive integer, got 0");
});
