import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { bootstrap } from "../../lib/math/bootstrap.ts";
import { type Random, random } from "../../lib/math/random.ts";
import {
  mean,
  pairedError,
  quantile,
  standardDeviation,
  standardError,
} from "../../lib/math/statistics.ts";
import { tQuantile } from "../../lib/math/student.ts";
import { symmetricEigen } from "../../lib/math/symmetric.ts";
import { evenScale, norm, unit } from "../../lib/vector.ts";

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

Deno.test("bootstrap intervals hold the mean of few values as often as their table says", () => {
  const held = (n: number, draw: (source: Random) => number, truth: number) => {
    const source = random(9, `test ${n}`), interval = bootstrap(n, { resamples: 500 });
    let count = 0;
    for (let k = 0; k < 500; k++) {
      const { low, high } = interval(Float64Array.from({ length: n }, () => draw(source)));
      if (low <= truth && truth <= high) count++;
    }
    return count / 500;
  };
  const exponential = ({ uniform }: Random) => -Math.log(1 - uniform());
  // the standard deviation of a share of 500 is 0.01
  for (const [n, normal, skew] of [[2, 0.954, 0.899], [5, 0.964, 0.931], [10, 0.964, 0.94]]) {
    assertAlmostEquals(held(n, ({ normal }) => normal(), 0), normal, 0.03);
    assertAlmostEquals(held(n, exponential, 1), skew, 0.035);
  }
  for (const n of [30, 100]) {
    assertAlmostEquals(held(n, ({ normal }) => normal(), 0), 0.945, 0.03);
    assertAlmostEquals(held(n, exponential, 1), 0.946, 0.03);
  }
});

Deno.test("bootstrap intervals of skewed values reach further where the tail is", () => {
  const values = Float64Array.from({ length: 40 }, (_, i) => -Math.log(1 - (i + 0.5) / 40));
  const { low, high } = bootstrap(40)(values), center = mean(values);
  assert(high - center > 1.2 * (center - low), `${low}, ${center}, ${high}`);
  assertEquals(bootstrap(3)([2, 2, 2]), { low: 2, high: 2 });
  assertEquals(bootstrap(1)([2]), { low: NaN, high: NaN });
});

Deno.test("lengths, deviations and eigenvalues do not underflow or overflow", () => {
  for (const scale of [1e-200, 1, 1e200]) {
    const v = Float64Array.of(3, 4, 0).map((x) => scale * x);
    assertAlmostEquals(norm(v) / scale, 5, 1e-12);
    assertAlmostEquals(norm(unit(v)), 1, 1e-15);
    assertAlmostEquals(standardDeviation(v) / scale, Math.sqrt(13 / 3), 1e-12);
    const { values } = symmetricEigen([[2, 1], [1, 2]].map((row) => row.map((x) => scale * x)));
    assertAlmostEquals(values[0] / scale, 1, 1e-12);
    assertAlmostEquals(values[1] / scale, 3, 1e-12);
  }
  assertEquals([norm(Float64Array.of(NaN, 1)), norm(Float64Array.of(-Infinity, 1))], [
    NaN,
    Infinity,
  ]);
  assertEquals([norm(new Float64Array(2)), evenScale([]), evenScale([[0]])], [0, 1, 1]);
  assertEquals(evenScale([[5e-324], [-3]]), 0.5);
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
