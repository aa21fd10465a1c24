import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { landscape } from "../lib/landscape.ts";
import { pairedError } from "../lib/math/statistics.ts";
import { tQuantile } from "../lib/math/student.ts";
import { axes } from "./axes.ts";
import { linearRegression, logisticRegression, rows } from "./regression.ts";

const quiet = { progress: false };
const plane = { origin: new Float64Array(2), directions: axes(2) };

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
