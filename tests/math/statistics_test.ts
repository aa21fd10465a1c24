import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { bootstrap } from "../../lib/math/bootstrap.ts";
import { random } from "../../lib/math/random.ts";
import {
  mean,
  pairedError,
  quantile,
  standardDeviation,
  standardError,
} from "../../lib/math/statistics.ts";
import { tQuantile } from "../../lib/math/student.ts";

Deno.test("mean, standard deviation and errors of a small sample", () => {
  const values = [2, 4, 4, 4, 5, 5, 7, 9];
  assertEquals(mean(values), 5);
  assertAlmostEquals(standardDeviation(values), Math.sqrt(32 / 7), 1e-14);
  assertAlmostEquals(standardError(values), Math.sqrt(32 / 7 / 8), 1e-14);
  assertEquals(standardError([3]), NaN);
  assertEquals(pairedError([1, 5, 9], [0, 4, 8]), 0);
  assertAlmostEquals(pairedError([1, 2, 6], [0, 0, 0]), Math.sqrt(7 / 3), 1e-14);
});

Deno.test("quantiles interpolate between order statistics", () => {
  assertEquals(quantile([1, 2, 3, 4], 0.5), 2.5);
  assertEquals(quantile([1, 2, 3, 4], 0), 1);
  assertEquals(quantile([1, 2, 3, 4], 1), 4);
});

Deno.test("Student's quantiles are those of the tables", () => {
  const table = [[1, 12.7062047], [2, 4.30265273], [9, 2.26215716], [30, 2.04227246], [
    120,
    1.97993041,
  ]];
  for (const [freedom, t] of table) assertAlmostEquals(tQuantile(0.975, freedom), t, 1e-7);
  assertAlmostEquals(tQuantile(0.95, 5), 2.01504837, 1e-8);
  assertAlmostEquals(tQuantile(0.025, 9), -2.26215716, 1e-8);
  assertAlmostEquals(tQuantile(0.5, 3), 0, 1e-12);
  assertAlmostEquals(tQuantile(0.975, 1e7), 1.959964, 1e-5);
  assertThrows(() => tQuantile(1, 3), RangeError, "p must be between 0 and 1, got 1");
  assertThrows(() => tQuantile(0.9, 0), RangeError, "freedom must be above 0, got 0");
});

Deno.test("bootstrap intervals of a mean agree with theory, and hold the mean 95 times in 100", () => {
  const n = 60;
  let held = 0, width = 0;
  for (let seed = 0; seed < 200; seed++) {
    const source = random(seed, "test");
    const values = Float64Array.from({ length: n }, source.normal);
    const { low, high } = bootstrap(n, { seed, resamples: 400 })(values);
    if (low < 0 && 0 < high) held++;
    width += (high - low) / 200;
  }
  assertAlmostEquals(width, 2 * 1.96 / Math.sqrt(n), 0.03);
  assert(held > 176 && held < 199, `${held} of 200 intervals hold the mean`);
});

Deno.test("bootstrap intervals share their resamples, repeat with their seed and know no NaN", () => {
  const values = Float64Array.from({ length: 30 }, (_, i) => Math.sin(i));
  const interval = bootstrap(30, { seed: 1 });
  const one = interval(values), other = interval(values.map((x) => x + 5));
  assertAlmostEquals(other.low - one.low, 5, 1e-12);
  assertAlmostEquals(other.high - one.high, 5, 1e-12);
  assertEquals(bootstrap(30, { seed: 1 })(values), one);
  assert(bootstrap(30, { seed: 2 })(values).low !== one.low);
  assertEquals(interval(values.map((x, i) => i === 3 ? Infinity : x)), { low: NaN, high: NaN });
});
