import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { FigureOptions } from "../../lib/figure/drawing.ts";
import { type Figure, figure } from "../../lib/figure/figure.ts";
import { legendWidth } from "../../lib/figure/legend.ts";
import { lossScale } from "../../lib/figure/loss_scale.ts";
import { formatNumber, textWidth } from "../../lib/figure/text.ts";
import { insidePart } from "../../lib/landscape/paths.ts";
import { drawScree } from "../../lib/pca/scree.ts";
import { drawRun } from "../../lib/run/curves.ts";
import { drawTrajectory } from "../../lib/trajectory/draw.ts";
import { axis, bowl, gallery, sampled } from "./gallery.ts";

/** The texts of a figure that a selector finds. */
const textsOf = (result: Figure, options: FigureOptions = {}, selector = "text") =>
  [...result.plot(options).querySelectorAll(selector)]
    .map((text) => text.textContent!.replaceAll("\u00a0", " "));

/** All that a figure says. */
const said = (result: Figure, options?: FigureOptions) => textsOf(result, options).join(" ");

const plane = (f: (x: number, y: number) => number, count = 11) =>
  sampled([axis(-1, 1, count), axis(-1, 1, count)], f);

const volume = (f: (x: number, y: number, z: number) => number, count = 9) =>
  sampled([axis(-1, 1, 4), axis(-1, 1, 4), axis(-1, 1, count)], f);

const pathOf = (...points: number[][]) =>
  figure({
    coordinates: points.map((at) => Float64Array.from(at)),
    epochs: points.map((_, k) => k),
    residuals: new Float64Array(points.length),
    labels: points[0].map((_, k) => `direction ${k + 1}`),
    partial: false,
  }, drawTrajectory);

/** Names beside the colours: after the last picture, in the order of the legend. */
const legendTexts = (result: Figure, options?: FigureOptions) =>
  textsOf(result, options, 'g[text-anchor="start"] text[x="20"]');

Deno.test("names of losses that differ in the last digits are told apart, and none is wider than its place", () => {
  for (
    const f of [
      (x: number) => 1e9 + x,
      (x: number) => -1e9 + x,
      (x: number) => 1234567.123 + 1e-6 * x,
      (x: number) => 1 + 1e-9 * x,
    ]
  ) {
    const names = legendTexts(plane(f));
    assertGreater(names.length, 4);
    assertEquals(new Set(names).size, names.length, `${names}`);
    for (const name of names) assertLess(textWidth(name), legendWidth - 24, name);
  }
  const words = said(plane((x) => 1e9 + x));
  assert(words.includes("loss − 1e9") && words.includes("0.4") && words.includes("−0.4"), words);
  const line = sampled([axis(-1, 1, 5)], (x) => 1e9 + x);
  assert(said(line).includes("loss − 1e9"), said(line));
  const ticks = textsOf(line, {}, '[aria-label="y-axis tick label"] text');
  assertEquals(ticks, ["−1", "−0.5", "0", "0.5", "1"]);
  assert(said(plane((x) => 1e9 + x), { view: "surface" }).includes("loss − 1e9"));
});

Deno.test("one loss, give or take its rounding, is one colour with one name", () => {
  for (const f of [() => 2, (x: number) => 2 + 1e-15 * x]) {
    for (const count of [2, 5]) {
      assertEquals(legendTexts(plane(f, count)), ["2"]);
      assertEquals(lossScale(plane(f, count).values).levels, []);
    }
  }
  assert(said(volume(() => 2), { view: "isosurfaces" }).includes("loss 2 everywhere"));
});

Deno.test("denormal losses are one loss: no axis can be divided so finely", () => {
  for (const least of [5e-324, 1e-310]) {
    const step = (x: number) => x > 0 ? least : 0;
    assertEquals(legendTexts(plane(step)).length, 1);
    const line = sampled([axis(-1, 1, 5)], step);
    assertEquals(textsOf(line, {}, '[aria-label="y-axis tick label"] text').length, 1);
  }
});

Deno.test("a log scale that cuts off low losses says below which; one that does not keeps quiet", () => {
  const flat = plane((x) => Math.abs(x) < 0.3 ? 0 : 10 ** (8 * Math.abs(x)));
  const [floor] = lossScale(flat.values).domain;
  assertEquals(legendTexts(flat)[0], `≤ ${formatNumber(floor, 2)}`);
  assert(said(flat, { view: "surface" }).includes("≤ "));
  assert(!said(plane((x, y) => 0.1 + bowl(x, y))).includes("≤"));
  const line = sampled([axis(-1, 1, 5)], (x) => x * x);
  assert(
    said(line, { y: { type: "log" } }).includes("losses of 0 or less are not on the log axis"),
  );
  assert(!said(line).includes("losses of 0"));
  const run = (lowest: number) =>
    figure({
      history: [1, 0.1, 0.01].map((trainLoss, epoch) => ({ epoch, trainLoss, learningRate: 0.1 })),
      stepLosses: Float32Array.of(1, lowest, 0.1, 0.01),
      config: {},
      seed: 1,
      partial: false,
      // deno-lint-ignore no-explicit-any
    } as any, drawRun);
  assert(said(run(1e-6)).includes("batch of each step, cut at 0.005"));
  assert(!said(run(0.02)).includes("cut at"));
});

Deno.test("the centre is named where it is inside the range, and nothing stands on the subtitle", () => {
  const aside = sampled([axis(0.2, 0.9, 7)], (x) => x * x);
  assert(!said(aside).includes("centre · 0"));
  assert(said(sampled([axis(-0.2, 0.9, 7)], (x) => x * x)).includes("centre · 0"));
  // on a log axis a centre of 0 has no place
  const log = sampled([axis(-1, 1, 7)], (x) => x * x);
  assert(!said(log, { y: { type: "log" } }).includes("centre · 0"));
});

Deno.test("slices go through what is nearest to 0, the ends, and rise", () => {
  for (const count of [2, 4, 5, 6, 7, 9, 10, 21]) {
    for (const [from, to] of [[-1, 1], [-0.1, 1], [-1, 0.3], [0.5, 2], [-3, -1]]) {
      const z = axis(from, to, count);
      const result = sampled([axis(-1, 1, 2), axis(-1, 1, 2), z], (x) => 1 + x);
      const heights = textsOf(result).filter((text) => text.startsWith("at "))
        .map((text) => Number(text.slice(3).replace("−", "-")));
      const nearest = z.reduce((a, b) => Math.abs(b) < Math.abs(a) ? b : a);
      assertEquals(heights.length, count < 6 ? Math.min(3, count) : 6);
      for (const at of [from, to, nearest]) {
        assert(heights.some((height) => Math.abs(height - at) < 6e-3), `${at} of ${heights}`);
      }
      heights.slice(1).forEach((height, k) => assertGreater(height, heights[k]));
    }
  }
});

Deno.test("a title speaks of a path where some of it is inside the window", () => {
  const crossing = [[-3, -0.5], [3, 0.5]], passing = [[-3, 0.5], [0.5, 3]];
  for (const view of ["contour", "surface"]) {
    const title = (...points: number[][]) =>
      textsOf(plane(bowl), { view, overlay: [pathOf(...points)] })[0];
    assert(title(...crossing).toLowerCase().includes("path"), title(...crossing));
    assert(!title(...passing).includes("path"), title(...passing));
  }
  const around = (...points: number[][]) =>
    textsOf(volume((x, y, z) => 0.1 + x * x + y * y + z * z), {
      view: "isosurfaces",
      overlay: [pathOf(...points)],
    })[0];
  assert(around([0, 0, -9], [0, 0, 9]).includes("path"));
  assert(!around([2, 0, -9], [2, 0, 9]).includes("path"));
});

Deno.test("the part of a piece of path that is inside the window begins and ends at its edges", () => {
  const axes = [axis(-1, 1, 3), axis(0, 4, 3)];
  assertEquals(insidePart([-3, 1], [1, 1], axes), [0.5, 1]);
  assertEquals(insidePart([0, 1], [0, 1], axes), [0, 1]);
  assertEquals(insidePart([0, -2], [0, 6], axes), [0.25, 0.75]);
  assertEquals(insidePart([2, 1], [2, 3], axes), undefined);
  assertEquals(insidePart([-2, 3.5], [-0.5, 5], axes), undefined);
});

Deno.test("at the least width no two names of an x-axis touch, and a 0 keeps its own", () => {
  const huge = sampled([axis(-1e12, 1e12, 5), axis(-1e12, 1e12, 5)], bowl);
  for (const [name, result, options] of [...gallery(), ["huge", huge, {}] as const]) {
    for (const width of [200, 260, 560]) {
      const rows = new Map<string, { from: number; to: number }[]>();
      const svg = result.plot({ ...options, width });
      [...svg.querySelectorAll('[aria-label="x-axis tick label"]')].forEach((axis, panel) => {
        for (const text of axis.querySelectorAll("text")) {
          const at = Number(/translate\(([-\d.e]+)/.exec(text.getAttribute("transform")!)![1]);
          const half = textWidth(text.textContent!) / 2;
          const row = rows.get(`${panel}`) ?? [];
          rows.set(`${panel}`, [...row, { from: at - half, to: at + half }]);
        }
      });
      for (const row of rows.values()) {
        row.sort((a, b) => a.from - b.from);
        row.slice(1).forEach(({ from }, k) =>
          assertGreater(from, row[k].to, `${name} at ${width} px`)
        );
      }
    }
  }
  for (const view of ["surface", "isosurfaces"]) {
    const result = view === "surface" ? plane(bowl) : volume((x, y, z) => x * x + y * y + z * z);
    const boxes = [...result.plot({ view, width: 200 }).querySelectorAll("text[dy][text-anchor]")]
      .filter((text) => /^[−\d.]+$/.test(text.textContent!))
      .map((text) => {
        const [x, y] = ["x", "y"].map((name) => Number(text.getAttribute(name)));
        const half = textWidth(text.textContent!) / 2;
        const middle = text.getAttribute("text-anchor") === "end" ? x - half : x;
        return { x: middle, y, half, text: text.textContent! };
      });
    assertGreater(boxes.length, 3);
    boxes.forEach((a, k) => {
      for (const b of boxes.slice(0, k)) {
        const apart = Math.abs(a.x - b.x) > a.half + b.half || Math.abs(a.y - b.y) > 8;
        assert(apart, `${view}: ${a.text} on ${b.text}`);
      }
    });
  }
  const ticks = textsOf(plane(bowl), { width: 200 }, '[aria-label="x-axis tick label"] text');
  assert(ticks.includes("0"), `${ticks}`);
});

Deno.test("what is not all of the movement is never 100%", () => {
  for (const first of [0.999, 0.9987, 0.99987, 0.9999987]) {
    const explained = Float64Array.of(first, 0.9 * (1 - first), 0.1 * (1 - first));
    const scree = figure({
      explained: explained.slice(0, 2),
      null: explained.slice(0, 2),
      scree: { explained, null: explained },
    }, drawScree);
    const numbers = textsOf(scree, {}, '[aria-label="text"] text');
    assert(numbers.length > 0 && !numbers.includes("100%"), numbers.join(" · "));
    assert(!textsOf(scree)[0].includes("100%"), textsOf(scree)[0]);
    assert(!scree.summary().includes("100%"), scree.summary());
  }
});
