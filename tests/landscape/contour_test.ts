import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { lossScale } from "../../lib/figure/loss_scale.ts";
import { contourAt } from "../../lib/landscape/contour.ts";
import { planeOf } from "../../lib/landscape/drawn.ts";
import { valueAt } from "../../lib/landscape/surface.ts";
import { axis, bowl, sampled, torn } from "../figure/gallery.ts";

const linear = { color: { type: "linear" } } as const;
const onLinear = { position: (loss: number) => loss };

/**
 * From px to the coordinates of the data, read off the ticks of a drawn figure: nothing of what placed the
 * contours is used.
 */
// deno-lint-ignore no-explicit-any
function ruler(svg: any, along: "x" | "y"): (pixel: number) => number {
  const ticks = [...svg.querySelectorAll(`[aria-label="${along}-axis tick label"] text`)].map(
    (text) => {
      const [, x, y] = /translate\(([-\d.]+),([-\d.]+)\)/.exec(text.getAttribute("transform"))!;
      return {
        at: Number(along === "x" ? x : y),
        value: Number(text.textContent.replace("−", "-")),
      };
    },
  );
  const [a, b] = [ticks[0], ticks[ticks.length - 1]];
  return (pixel) => a.value + (pixel - a.at) * (b.value - a.value) / (b.at - a.at);
}

/** The corners of every path of the contours, in the coordinates of the data, by the colour it is filled with. */
// deno-lint-ignore no-explicit-any
function drawnAreas(svg: any): number[][][] {
  const [x, y] = [ruler(svg, "x"), ruler(svg, "y")];
  return [...svg.querySelectorAll('[aria-label="geo"]')]
    .filter((g) => g.getAttribute("fill") !== "none")
    .map((g) =>
      [...g.querySelector("path").getAttribute("d").matchAll(/([-\d.]+),([-\d.]+)/g)]
        .map(([, px, py]) => [x(Number(px)), y(Number(py))])
    );
}

Deno.test("contours of x² + 10y² on a grid that is not square lie where they must", () => {
  const plane = planeOf(sampled([axis(-2, 2, 161), axis(-1, 1, 81)], bowl));
  for (const level of [0.5, 1, 3]) {
    const { line } = contourAt(plane, level, onLinear);
    const points = line.coordinates.flat();
    const reach = (k: number) => Math.max(...points.map((point) => Math.abs(point[k])));
    assertAlmostEquals(reach(0), Math.sqrt(level), 1e-3);
    assertAlmostEquals(reach(1), Math.sqrt(level / 10), 1e-3);
    for (const [x, y] of points) assertAlmostEquals(bowl(x, y), level, 1e-2);
  }
});

Deno.test("in the figure they stand at the true ticks: no axis swapped, no cell shifted", () => {
  const surface = sampled([axis(-2, 2, 81), axis(-1, 1, 33)], bowl);
  const areas = drawnAreas(surface.plot(linear));
  const levels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
  assertEquals(areas.length, levels.length);
  areas.slice(0, 4).forEach((area, k) => {
    // The hole of the area above a level is the ellipse below it; the edges of the plane are left out.
    const edge = area.filter(([x, y]) => Math.abs(x) < 1.99 && Math.abs(y) < 0.99);
    const reach = (axis: number) => Math.max(...edge.map((point) => Math.abs(point[axis])));
    const onX = edge.filter(([, y]) => Math.abs(y) < 0.02);
    if (levels[k] < 4) {
      assertAlmostEquals(Math.max(...onX.map(([x]) => x)), Math.sqrt(levels[k]), 8e-3);
    }
    if (levels[k] < 4) {
      assertAlmostEquals(Math.min(...onX.map(([x]) => x)), -Math.sqrt(levels[k]), 8e-3);
    }
    assertAlmostEquals(reach(1), Math.sqrt(levels[k] / 10), 8e-3);
  });
});

Deno.test("on a grid of 3 × 3 points they are where linear interpolation puts them", () => {
  const surface = sampled([axis(-1, 1, 3), axis(-1, 1, 3)], bowl);
  const { line } = contourAt(planeOf(surface), 5, onLinear);
  const points = line.coordinates.flat();
  for (const [x, y] of points) {
    // Between y = 0 and y = ±1 the loss goes from x² to x² + 10; the samples are at x = −1, 0, 1.
    const expected = x === 0 ? 0.5 : Math.abs(x) === 1 ? 0.4 : Math.abs(y);
    assertAlmostEquals(Math.abs(y), expected, 1e-12);
  }
  assertEquals(new Set(points.map(([x]) => Math.round(x))), new Set([-1, 0, 1]));
  const at = drawnAreas(surface.plot(linear))[4].filter(([x]) => Math.abs(x) < 0.01);
  assertAlmostEquals(Math.min(...at.map(([, y]) => Math.abs(y))), 0.5, 8e-3);
});

Deno.test("a contour along an axis is a straight line at its place, on any spacing", () => {
  const y = Float64Array.of(0, 0.1, 0.5, 2, 3);
  const plane = planeOf(sampled([axis(0, 1, 4), y], (_, y) => y));
  for (const level of [0.05, 0.3, 0.5, 1.7]) {
    const points = contourAt(plane, level, onLinear).line.coordinates.flat();
    assertGreater(points.length, 1);
    for (const [, at] of points) assertAlmostEquals(at, level, 1e-12);
  }
});

Deno.test("on a log scale the logarithm is interpolated: a power of ten lies halfway between two", () => {
  const plane = planeOf(sampled([axis(0, 2, 3), axis(0, 1, 2)], (x) => 100 ** x));
  const points = contourAt(plane, 10, lossScale(plane.values, "log")).line.coordinates.flat();
  for (const [x] of points) assertAlmostEquals(x, 0.5, 1e-12);
});

Deno.test("the edges of the plane are filled to the brim and are no contour", () => {
  const plane = planeOf(sampled([axis(-1, 1, 5), axis(-1, 1, 5)], bowl));
  const { area, line } = contourAt(plane, 5, onLinear);
  const corners = area.coordinates.flat(2);
  assertEquals(Math.max(...corners.map(([x]) => x)), 1);
  assertEquals(Math.min(...corners.map(([, y]) => y)), -1);
  for (const points of line.coordinates) {
    for (let k = 1; k < points.length; k++) {
      const [a, b] = [points[k - 1], points[k]];
      assert(!(a[1] === b[1] && Math.abs(a[1]) === 1), "a line along the upper or lower edge");
    }
  }
});

Deno.test("where the loss is NaN or infinite there is a hole of exactly those cells, and no contour", () => {
  const surface = torn();
  const svg = surface.plot();
  const [x, y] = [ruler(svg, "x"), ruler(svg, "y")];
  // deno-lint-ignore no-explicit-any
  const holes = [...(svg as any).querySelectorAll("path.hole")].flatMap((path: any) =>
    [...path.getAttribute("d").matchAll(/M([-\d.]+),([-\d.]+)H([-\d.]+)V([-\d.]+)/g)]
      .map(([, x1, y1, x2, y2]) => [x(+x1), x(+x2), y(+y1), y(+y2)])
  );
  const inHole = (px: number, py: number) =>
    holes.some(([x1, x2, y1, y2]) =>
      px > x1 && px < x2 && py > Math.min(y1, y2) && py < Math.max(y1, y2)
    );
  const plane = planeOf(surface);
  for (let i = 0; i + 1 < plane.x.length; i++) {
    for (let j = 0; j + 1 < plane.y.length; j++) {
      const [px, py] = [(plane.x[i] + plane.x[i + 1]) / 2, (plane.y[j] + plane.y[j + 1]) / 2];
      assertEquals(inHole(px, py), Number.isNaN(valueAt(plane, px, py)), `cell ${i}, ${j}`);
    }
  }
  for (const level of [0.3, 1, 2, 4]) {
    for (
      const [px, py] of contourAt(plane, level, lossScale(plane.values, "log")).line.coordinates
        .flat()
    ) {
      assertLess(Math.abs(px * px + py * py + 0.2 - level), 0.06 * level);
    }
  }
  assert(surface.values.some((v) => v === Infinity) && surface.values.some(Number.isNaN));
});

Deno.test("the key and the subtitle say what a hole is, and how much was computed", () => {
  const svg = torn().svg();
  for (
    const text of [
      "NaN or ∞: no height",
      "not computed",
      "NaN or ∞ at",
      "stopped after 94% of the points",
    ]
  ) {
    assert(svg.includes(text), text);
  }
  assert(!sampled([axis(-1, 1, 5), axis(-1, 1, 5)], bowl).svg().includes("NaN"));
});

Deno.test("a surface that was stopped is drawn from the finest lattice that is complete", () => {
  const whole = sampled([axis(-1, 1, 9), axis(-1, 1, 5)], bowl);
  const done = whole.values.map((_, k) => Math.floor(k / 5) % 2 === 0 && k % 5 % 2 === 0 ? 1 : 0);
  const plane = planeOf({ ...whole, done: Uint8Array.from(done), partial: true });
  assertEquals(plane.stride, 2);
  assertEquals([...plane.x], [-1, -0.5, 0, 0.5, 1]);
  assertEquals([...plane.y], [-1, 0, 1]);
  assertEquals([...plane.values], [...plane.x].flatMap((x) => [...plane.y].map((y) => bowl(x, y))));
});

Deno.test("beside a loss of zero the contours of a log scale are where they must, within a third of a cell", () => {
  for (const [count, near] of [[5, 1e-300], [5, 0], [11, 0], [11, 1e-12], [21, 0], [41, 0]]) {
    const coordinates = axis(-1, 1, count), cell = 2 / (count - 1);
    const surface = sampled([coordinates, coordinates], (x, y) => Math.max(bowl(x, y), near));
    const scale = lossScale(surface.values);
    assertEquals(scale.type, "log");
    const areas = drawnAreas(surface.plot());
    assertEquals(areas.length, scale.levels.length);
    scale.levels.forEach((level, k) => {
      const edge = areas[k].filter(([x, y]) => Math.abs(x) < 0.99 && Math.abs(y) < 0.99);
      for (const [axis, steepness] of [1, 10].entries()) {
        const true_ = Math.sqrt(level / steepness);
        if (true_ > 0.98) continue;
        const onAxis = edge.filter((point) => Math.abs(point[1 - axis]) < 0.01);
        assertGreater(onAxis.length, 1, `${level} does not cross the axis ${axis}`);
        for (const point of onAxis) {
          assertAlmostEquals(Math.abs(point[axis]), true_, 0.34 * cell, `${count}: ${level}`);
        }
      }
    });
  }
});
