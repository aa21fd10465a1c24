import { assertEquals, assertRejects } from "@std/assert";
import { landscape } from "../lib/landscape.ts";
import { layout } from "../lib/layout.ts";
import type { Loss } from "../lib/loss.ts";
import { pca } from "../lib/pca.ts";
import type { Range } from "../lib/range.ts";
import type { Slice } from "../lib/slice.ts";
import { quadratic } from "../lib/synthetic.ts";
import { axes } from "./axes.ts";

const quiet = { progress: false };
const plane = { origin: new Float64Array(2), directions: axes(2) };

Deno.test("θ that would overflow its precision is refused before anything is computed", async () => {
  const never = () => Promise.reject(new Error("computed"));
  const loss: Loss = { ...quadratic([1, 1]), evaluate: never, value: never };
  const single = { origin: new Float32Array(2), directions: axes(2) };
  const refused = (slice: Slice, range: Range, message: string, of = loss) =>
    assertRejects(() => landscape(of, slice, { range, ...quiet }), RangeError, message);
  await refused(
    single,
    1e39,
    "Cannot sample the landscape: range is too large for float32: θ[0] gets as large as 1.0e+39",
  );
  await refused(plane, 1e39, "too large for float32", { ...loss, precision: "float32" });
  const double = { origin: Float64Array.of(0, -1e308), directions: axes(2) };
  await refused(double, 8e307, "too large for float64: θ[1] gets as large as Infinity");
  await refused(
    plane,
    { include: { coordinates: [[0, 1], [NaN, 1]] } },
    "range.include must hold finite coordinates, got [NaN,1] at point 2",
  );
  const inside = await landscape(quadratic([1, 1]), single, {
    range: 3e38,
    resolution: 3,
    ...quiet,
  });
  assertEquals(inside.range[0].to, 3e38);
});

Deno.test("grids that no memory holds are refused with their cost", async () => {
  const loss = quadratic([1, 1]);
  await assertRejects(
    () => landscape(loss, plane, { resolution: 1e5, ...quiet }),
    RangeError,
    "resolution must give at most 100,000,000 points, got 100000 × 100000 = 10,000,000,000, " +
      "which take 116 days at a millisecond each",
  );
  await assertRejects(
    () => landscape(loss, plane, { resolution: [2, 1e9], ...quiet }),
    RangeError,
    "got 2 × 1000000000 = 2,000,000,000",
  );
});

Deno.test("a slice of another layout is refused, with both digests", async () => {
  const [wide, flat] = [layout({ a: [2, 1] }), layout({ a: [1, 2] })];
  const path = [[0, 0], [1, 0], [2, 3]].map((x) => Float64Array.from(x));
  const slice = pca(path, { layout: wide });
  assertEquals(slice.digest, wide.digest);
  const loss: Loss = { ...quadratic([1, 1]), layout: flat };
  await assertRejects(
    () => landscape(loss, slice, quiet),
    RangeError,
    `the slice and the loss must have one layout, got the digest ${wide.digest} (slice) and ` +
      `the digest ${flat.digest} (loss)`,
  );
  const same = { ...loss, layout: wide };
  assertEquals((await landscape(same, slice, { resolution: 3, ...quiet })).partial, false);
});

Deno.test("arguments and options of another kind are refused in words", async () => {
  const loss = quadratic([1, 1]);
  const refused = (options: unknown, message: string, of: unknown = loss) =>
    assertRejects(
      () => landscape(of as Loss, plane, options as Parameters<typeof landscape>[2]),
      Error,
      message,
    );
  const model = { predict() {}, layers: [] };
  const means = "make one with modelLoss(model, samples)";
  await refused(quiet, `expected a loss, got null: ${means} or functionLoss`, null);
  await refused(quiet, `expected a loss, got a tf.LayersModel: ${means}`, model);
  await refused(quiet, "expected a loss, got Object", plane);
  await refused(null, "options must be an object, got null");
  await refused("x", "options must be an object, got string x");
  for (const resolution of [null, {}, true, "5"]) {
    await refused({ resolution }, "resolution must be a number, or one for each direction, got ");
  }
  await refused({ resolution: ["3", 4] }, "resolution must be a number, got string 3");
  await refused({ range: { axes: null } }, "range.axes must be a list of { from, to }, got null");
  await refused(
    { range: { axes: [null, null] } },
    "range must go from a number to a number, got null",
  );
  await refused({ range: { from: "0", to: 1 } }, "got from string 0 to number 1");
  await refused({ range: {} }, "got from undefined to undefined");
  await refused({ range: "1" }, "range must be a number, { from, to }");
  await refused(
    { range: [-1, 1] },
    'range must be a number, { from, to }, { axes }, { include } or "auto", got [-1,1]; say { from, to }',
  );
  await refused(
    { range: { include: null } },
    "range.include must be a trajectory or { coordinates }, got null",
  );
  await refused(
    { range: { include: {} } },
    "range.include must be a trajectory or { coordinates }, got Object",
  );
  await refused({ range: { include: { coordinates: [null, [1, 2]] } } }, "got one with null");
  await refused(
    { range: { include: { coordinates: [[1, 2]] }, margin: "1" } },
    "range.margin must be",
  );
  await refused({ labels: ["one"] }, "labels must be one for each of the 2 directions, got 1");
  await refused({ labels: "xy" }, "labels must be a list of strings, got string xy");
  await refused({ labels: ["x", 2] }, "labels must be a list of strings, got a list with number 2");
  await refused({ seed: NaN }, "seed must be an integer, got NaN");
});
