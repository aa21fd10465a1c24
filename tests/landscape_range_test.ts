import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { landscape } from "../lib/landscape.ts";
import type { Loss } from "../lib/loss.ts";
import { quadratic } from "../lib/synthetic.ts";
import { trajectory } from "../lib/trajectory.ts";
import type { Vector } from "../lib/vector.ts";
import { axes } from "./axes.ts";

const quiet = { progress: false };
const plane = { origin: new Float64Array(2), directions: axes(2) };

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
