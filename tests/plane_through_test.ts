import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { landscape } from "../lib/landscape.ts";
import { layout } from "../lib/layout.ts";
import { random } from "../lib/math/random.ts";
import { planeThrough } from "../lib/plane_through.ts";
import { pointAt } from "../lib/slice.ts";
import { quadratic } from "../lib/synthetic.ts";
import { added, dot, norm, type Vector } from "../lib/vector.ts";

const { normal } = random(4, "test");
const points = [1, 1, 1].map(() => Float64Array.from({ length: 40 }, normal));
const distance = (a: Vector, b: Vector) => norm(added(a, b, -1));

Deno.test("the three points lie in their plane where it says, at their true distances and angles", () => {
  for (const single of [false, true]) {
    const [a, b, c] = single ? points.map((x) => Float32Array.from(x)) : points;
    const before = [a, b, c].map((x) => x.slice());
    const plane = planeThrough(a, b, c), [u, v] = plane.directions;
    assertAlmostEquals(norm(u), 1, 1e-14);
    assertAlmostEquals(norm(v), 1, 1e-14);
    assertAlmostEquals(dot(u, v), 0, 1e-14);
    [a, b, c].forEach((point, k) =>
      assertAlmostEquals(
        distance(pointAt(plane, plane.coordinates[k]), point),
        0,
        single ? 1e-6 : 1e-13,
      )
    );
    assertEquals([...plane.coordinates[0]], [0, 0]);
    assertEquals(plane.coordinates[1][1], 0);
    assert(plane.coordinates[2][1] > 0);
    const [, second, third] = plane.coordinates;
    assertAlmostEquals(
      Math.hypot(second[0] - third[0], third[1]),
      distance(b, c),
      single ? 1e-6 : 1e-12,
    );
    assertEquals([a, b, c] as Vector[], before);
  }
});

Deno.test("as a range it holds its points, and laid over the landscape it names them", async () => {
  const loss = quadratic(new Float64Array(40).fill(1));
  const plane = planeThrough(points[0], points[1], points[2], { names: ["one", "two", "three"] });
  const surface = await landscape(loss, plane, {
    range: { include: plane },
    resolution: 9,
    progress: false,
  });
  plane.coordinates.forEach((at) =>
    at.forEach((x, k) => assert(surface.range[k].from < x && x < surface.range[k].to))
  );
  assertEquals(surface.labels, [...plane.labels]);
  const texts = [...surface.plot({ overlay: [plane] }).querySelectorAll("text")]
    .map((text) => text.textContent);
  for (const name of ["one", "two", "three"]) assert(texts.includes(name), name);
  assert(texts.some((text) => text!.startsWith("The loss surface")), "three points are no path");
});

Deno.test("with a layout the plane leaves moving statistics alone", () => {
  const over = layout({ w: [3], mean: { shape: [1], role: "state" } });
  const at = (...x: number[]) => Float64Array.from(x);
  const plane = planeThrough(at(0, 0, 0, 5), at(1, 0, 0, 7), at(0, 2, 0, -1), { layout: over });
  assertEquals(plane.directions, [at(1, 0, 0, 0), at(0, 1, 0, 0)]);
  assertEquals(plane.digest, over.digest);
});

Deno.test("points on a line, of other sizes, or that are none are refused", () => {
  const [a, b, c] = points;
  const refused = (call: () => unknown, message: string) =>
    assertThrows(call, Error, `Cannot lay a plane through three points: ${message}`);
  refused(
    () => planeThrough(a, b, added(a, added(b, a, -1), 3)),
    "a, b, c must not lie on one line, but c is",
  );
  refused(() => planeThrough(a, a, c), "a, b, c must not lie on one line, but a and b are equal");
  refused(() => planeThrough(a, b, a), "a, b, c must not lie on one line, but c is within");
  refused(
    () => planeThrough(a, b, new Float64Array(3)),
    "c must have 40 numbers like the first, got 3",
  );
  refused(() => planeThrough(a, a.map(() => NaN), c), "b holds NaN at 0");
  refused(
    () => planeThrough(a, b, [1] as unknown as Vector),
    "c must be a Float32Array or Float64Array, got Array",
  );
  refused(() => planeThrough(a, b, c, { names: ["x"] }), "names must be three strings, got [x]");
});
