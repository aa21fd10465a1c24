import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { lossScale } from "../../lib/figure/loss_scale.ts";
import { paintScene, type Pen } from "../../lib/figure/scene.ts";
import { textWidth } from "../../lib/figure/text.ts";
import { themes } from "../../lib/figure/theme.ts";
import { planeOf } from "../../lib/landscape/drawn.ts";
import { isosurface } from "../../lib/landscape/isosurface.ts";
import { surfaceScene, valueAt } from "../../lib/landscape/surface.ts";
import { axis, bowl, sampled, spiral, torn } from "../figure/gallery.ts";

const labels = ["x", "y"];

Deno.test("the isosurface of a sphere has its radius and its area", () => {
  const points = axis(-1.5, 1.5, 31);
  const values = new Float64Array(31 ** 3);
  points.forEach((x, i) =>
    points.forEach((y, j) =>
      points.forEach((z, k) => values[(i * 31 + j) * 31 + k] = x * x + y * y + z * z)
    )
  );
  const { vertices, triangles } = isosurface(values, [31, 31, 31], 1);
  const at = (v: number) => [0, 1, 2].map((k) => -1.5 + 0.1 * vertices[3 * v + k]);
  let area = 0;
  for (const [a, b, c] of triangles.map((triangle) => triangle.map(at))) {
    for (const point of [a, b, c]) assertAlmostEquals(Math.hypot(...point), 1, 6e-3);
    const [u, v] = [b.map((x, k) => x - a[k]), c.map((x, k) => x - a[k])];
    area +=
      Math.hypot(u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]) /
      2;
  }
  assertAlmostEquals(area, 4 * Math.PI, 0.01 * 4 * Math.PI);
});

Deno.test("every edge of a closed isosurface belongs to two triangles", () => {
  const values = Float64Array.from(
    { length: 9 ** 3 },
    (_, n) => Math.hypot(Math.floor(n / 81) - 4, Math.floor(n / 9) % 9 - 4.1, n % 9 - 3.9),
  );
  const edges = new Map<string, number>();
  for (const triangle of isosurface(values, [9, 9, 9], 2.7).triangles) {
    triangle.forEach((a, k) => {
      const edge = [a, triangle[(k + 1) % 3]].sort((p, q) => p - q).join();
      edges.set(edge, (edges.get(edge) ?? 0) + 1);
    });
  }
  assertGreater(edges.size, 100);
  assertEquals(new Set(edges.values()), new Set([2]));
});

Deno.test("cells with a corner that is not finite have no isosurface", () => {
  const values = new Float64Array(27).map((_, n) => n % 3);
  const whole = isosurface(values, [3, 3, 3], 0.5).triangles.length;
  values[13] = Infinity;
  assertEquals(isosurface(values, [3, 3, 3], 0.5).triangles.length, 0);
  assertGreater(whole, 0);
});

Deno.test("a surface has a face for each cell with a height, and none elsewhere", () => {
  const plane = planeOf(torn());
  const scene = surfaceScene(plane, lossScale(plane.values), themes.light, { labels, paths: [] });
  let cells = 0;
  for (let i = 0; i + 1 < plane.x.length; i++) {
    for (let j = 0; j + 1 < plane.y.length; j++) {
      const middle = [(plane.x[i] + plane.x[i + 1]) / 2, (plane.y[j] + plane.y[j + 1]) / 2];
      if (!Number.isNaN(valueAt(plane, middle[0], middle[1]))) cells++;
    }
  }
  assertEquals(scene.faces.length, cells);
  assertLess(cells, (plane.x.length - 1) * (plane.y.length - 1));
});

Deno.test("a path runs on the surface, not below it", () => {
  const plane = planeOf(sampled([axis(-2, 2, 41), axis(-1, 1, 41)], bowl));
  const scale = lossScale(plane.values, "linear");
  const { paths: [path], height } = surfaceScene(plane, scale, themes.light, {
    labels,
    paths: [{ ...spiral(), color: "#d9480f" }],
  });
  for (let k = 0; k < path.points.length; k += 3) {
    const [x, y, z] = path.points.slice(k, k + 3);
    const ground = height * (2 * bowl(2 * x, y) / 14 - 1);
    assertLess(Math.abs(z - ground), 0.02);
  }
  assertEquals(path.labels.map(({ text }) => text), ["start", "epoch 19.5"]);
});

Deno.test("what is nearer is painted later, from every side", () => {
  const plane = planeOf(sampled([axis(-1, 1, 5), axis(-1, 1, 5)], bowl));
  const scene = surfaceScene(plane, lossScale(plane.values), themes.light, { labels, paths: [] });
  for (const yaw of [-2, -0.6, 0.4, 1.8, 3]) {
    const painted: number[][] = [];
    const pen: Pen = { fill: (points) => painted.push(points), line() {}, dot() {}, text() {} };
    paintScene(pen, { ...scene, vertices: scene.vertices.map((v, k) => k % 3 === 2 ? 0 : v) }, {
      yaw,
      pitch: 0.6,
      width: 400,
      height: 300,
    });
    // On a flat surface seen from above, nearer is lower on the screen.
    const heights = painted.map((p) => (p[1] + p[3] + p[5] + p[7]) / 4);
    for (let k = 1; k < heights.length; k++) assert(heights[k] > heights[k - 1] - 1e-6);
  }
});

Deno.test("the height is the loss: twice as high above the floor for twice the loss on a linear scale", () => {
  const scale = lossScale([0, 1, 2, 4], "linear");
  assertEquals(scale.position(2), 2 * scale.position(1));
  assertEquals([scale.position(0), scale.position(4)], [0, 1]);
});

Deno.test("the name of the height stands upright beside its edge, left of its numbers, and goes when seen from above", () => {
  const plane = planeOf(sampled([axis(-1, 1, 5), axis(-1, 1, 5)], bowl));
  const scene = surfaceScene(plane, lossScale(plane.values), themes.light, { labels, paths: [] });
  const texts = (yaw: number, pitch: number) => {
    const said: { text: string; x: number; y: number; angle?: number }[] = [];
    const pen: Pen = {
      fill() {},
      line() {},
      dot() {},
      text: (x, y, text, { angle }) => said.push({ text, x, y, angle }),
    };
    paintScene(pen, scene, { yaw, pitch, width: 560, height: 448 });
    return said;
  };
  for (const yaw of [-2.4, -0.62, 0.4, 1.8]) {
    const said = texts(yaw, 0.56), name = said.find(({ text }) => text === scene.axes[2].label)!;
    const numbers = said.filter(({ text }) =>
      scene.axes[2].ticks.some((tick) => tick.text === text)
    )
      .slice(-scene.axes[2].ticks.length);
    assertEquals(name.angle, -90);
    assert(name.x >= 8, `${name.x}`);
    // numbers end where they stand; the name is 12 px high, lying down
    for (const { text, x } of numbers) assertLess(name.x + 6, x - textWidth(text));
    const heights = numbers.map(({ y }) => y);
    assert(name.y > Math.min(...heights) && name.y < Math.max(...heights));
  }
  assert(!texts(-0.62, Math.PI / 2).some(({ text }) => text === scene.axes[2].label));
});
