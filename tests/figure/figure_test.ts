import {
  assert,
  assertEquals,
  assertGreater,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as Plot from "npm:@observablehq/plot@0.6.17";
import { document } from "../../lib/figure/document.ts";
import type { FigureOptions } from "../../lib/figure/drawing.ts";
import { display, type Figure, figure } from "../../lib/figure/figure.ts";
import { fromJSON } from "../../lib/figure/json.ts";
import { report } from "../../lib/figure/report.ts";
import { axis, bowl, gallery, sampled, spiral, torn } from "./gallery.ts";
import { glyphsOf } from "./glyphs.ts";
import { checkXML } from "./xml.ts";

const drawing = { title: "T", subtitle: "S", summary: "one line", panels: [] };

Deno.test("a result is plain data: its ways of being looked at are not enumerable", () => {
  const result = figure({ values: [1, 2] }, () => drawing);
  assertEquals(Object.keys(result), ["values"]);
  assertEquals({ ...result }, { values: [1, 2] } as typeof result);
});

Deno.test("nothing is drawn before a result is shown, and its data is not touched", () => {
  let drawn = 0;
  const data = { values: Float64Array.of(1, NaN) };
  const result = figure(data, () => (drawn++, drawing));
  result.toJSON();
  assertEquals(drawn, 0);
  result.svg();
  assertEquals(drawn, 1);
  assertEquals(Object.getOwnPropertyNames(data), ["values"]);
});

Deno.test("toJSON and fromJSON take NaN and infinities there and back, at any depth", () => {
  const data = {
    values: Float64Array.of(1, NaN, Infinity, -Infinity, 1e-300),
    axes: [Float64Array.of(0, 1), Float64Array.of(2, 3)],
    done: Uint8Array.of(1, 0),
    center: NaN,
    nested: { low: [Infinity], text: "a" },
    missing: undefined,
  };
  const text = JSON.stringify(figure(data, () => drawing));
  assertStringIncludes(text, '[1,"NaN","Infinity","-Infinity",1e-300]');
  const { missing: _, ...expected } = data;
  assertEquals(
    fromJSON(text, { values: Float64Array, axes: Float64Array, done: Uint8Array }),
    expected,
  );
});

Deno.test("every figure is well-formed XML, light and dark, with text that its font can set", async () => {
  const known = await glyphsOf(
    import.meta.resolve("npm:@expo-google-fonts/inter@0.4.2/400Regular/Inter_400Regular.ttf"),
  );
  for (const [name, result, options] of gallery()) {
    for (const theme of ["light", "dark"] as const) {
      const svg = result.svg({ ...options, theme });
      const texts = checkXML(svg, name);
      assert(texts.length > 0, `${name} says nothing`);
      for (const character of texts.join("")) {
        assert(known.has(character.codePointAt(0)!), `"${character}" in ${name} has no glyph`);
      }
      assert(
        !/NaN[,\s"]|undefined|Infinity/.test(
          svg.replace(/>[^<]*</g, "><").replace(/aria-label="[^"]*"/g, ""),
        ),
        `${name} has a coordinate that is no number`,
      );
    }
  }
});

Deno.test("a figure drawn twice is the same text, and two figures share no id", () => {
  const [a, b] = [torn(), sampled([axis(-1, 1, 9), axis(-1, 1, 9)], (x) => x > 0.5 ? NaN : 1 + x)];
  const overlay = [spiral()];
  assertEquals(a.svg({ overlay }), a.svg({ overlay }));
  const ids = (svg: string) => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  const [inA, inB] = [ids(a.svg({ overlay })), ids(b.svg({ overlay }))];
  assert(inA.length > 0 && inB.length > 0);
  assertEquals(new Set([...inA, ...inB]).size, inA.length + inB.length);
  for (const [, id] of a.svg({ overlay }).matchAll(/url\(#([^)]+)\)/g)) assert(inA.includes(id));
});

Deno.test("labels and titles of any characters give a well-formed picture, and a page without their scripts", async () => {
  const nasty = [
    "a < b & \"c\" 'd' ]]>",
    "</script><script>x</script><!--",
    "nul \0, \u0001, half \ud800, \ufffe, ü ∞ \u00a0",
  ];
  const caption = nasty.join(" ");
  const axes = [axis(-1, 1, 4), axis(-1, 1, 4), axis(-1, 1, 4)];
  const look = (title: string) => ({ title, subtitle: title, names: nasty });
  const cases: [Figure, FigureOptions][] = [
    [sampled(axes.slice(0, 1), (x) => 1 + x * x, { labels: nasty, caption }), {}],
    ...["contour", "surface"].map((view): [Figure, FigureOptions] => [
      sampled(axes.slice(0, 2), bowl, { labels: nasty, caption }),
      { view, overlay: [spiral()] },
    ]),
    ...["slices", "isosurfaces"].map((view): [Figure, FigureOptions] => [
      sampled(axes, bowl, { labels: nasty, caption }),
      { view },
    ]),
  ];
  // deno-lint-ignore no-control-regex
  const control = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
  for (const [result, options] of cases) {
    for (const title of nasty) {
      const all = { ...options, ...look(title) };
      const svg = result.svg(all);
      checkXML(svg, title);
      assert(svg.isWellFormed() && !control.test(svg));
      assertEquals(svg, result.plot(all).outerHTML);
      const html = result.html(all) +
        report({ title, lead: title, sections: [{ title, figure: result, options: all }] });
      assert(html.isWellFormed() && !control.test(html));
      assertEquals(html.split("<script").length, html.split("</script>").length);
      assert(!html.includes("<script>x"));
    }
    assertGreater((await result.png({ ...options, ...look(caption), scale: 0.5 })).length, 100);
  }
  const language = '"><script>x</script>';
  assert(!report({ title: "", sections: [], language }).includes("<script>x"));
});

Deno.test("Plot's own options go before ours", () => {
  const surface = sampled([axis(-2, 2, 9), axis(-1, 1, 9)], bowl);
  const mark = Plot.dot([[0.5, 0.5]], { r: 9, fill: "#123456" });
  const svg = surface.svg({
    x: { label: "my own label" },
    marks: [mark],
    title: "My title",
    width: 640,
  });
  assertStringIncludes(svg, "my own label");
  assertStringIncludes(svg, "My title");
  assertStringIncludes(svg, 'fill="#123456"');
  assertStringIncludes(svg, 'width="640"');
  assert(!svg.includes("direction 1<"));
});

Deno.test("marks keep their places and colours in a plot of one's own", () => {
  const surface = sampled([axis(-2, 2, 21), axis(-1, 1, 21)], bowl);
  const path = spiral();
  const plot = Plot.plot({
    document,
    width: 400,
    height: 300,
    x: { domain: [-4, 4] },
    marks: [surface.marks(), path.marks({ color: "#ff00ff" })],
    // deno-lint-ignore no-explicit-any
  }) as any;
  const x = plot.scale("x").apply as (value: number) => number;
  const ground = plot.querySelector('[aria-label="rect"] rect') ??
    plot.querySelector("rect[width]");
  assertEquals(Number(ground.getAttribute("x")), x(-2));
  assertEquals(Number(ground.getAttribute("width")), x(2) - x(-2));
  const start = plot.querySelector("circle[stroke='#ff00ff']");
  assert(Math.abs(Number(start.getAttribute("cx")) - x(1.6)) < 0.01);
});

Deno.test("an overlay is laid on top, and only what draws itself can be one", () => {
  const surface = sampled([axis(-2, 2, 9), axis(-1, 1, 9)], bowl);
  assertStringIncludes(surface.svg({ overlay: [spiral()] }), "epoch 19.5");
  assertThrows(
    // deno-lint-ignore no-explicit-any
    () => surface.svg({ overlay: [{ coordinates: [] } as any] }),
    TypeError,
    "overlay takes results that draw themselves",
  );
});

Deno.test("overlays are named in the key", () => {
  const line = sampled([axis(-1, 1, 9)], (x) => 1 + x * x);
  assertStringIncludes(line.svg({ overlay: [line], names: ["with momentum"] }), "with momentum");
  const surface = sampled([axis(-2, 2, 9), axis(-1, 1, 9)], bowl);
  for (const view of ["contour", "surface"]) {
    const svg = surface.svg({ view, overlay: [spiral(), spiral(-1)], names: ["seed 1"] });
    assertStringIncludes(svg, "seed 1");
    assertStringIncludes(svg, "run 2");
  }
});

Deno.test("views and themes that do not exist are named with those that do", () => {
  const surface = sampled([axis(-2, 2, 5), axis(-1, 1, 5)], bowl);
  assertThrows(
    () => surface.svg({ view: "sphere" }),
    RangeError,
    'view must be "contour" or "surface" for 2 directions, got "sphere"',
  );
  assertThrows(
    () => surface.svg({ theme: "blue" as "light" }),
    RangeError,
    '"light" or "dark", got "blue"',
  );
  assertThrows(
    () => surface.svg({ width: NaN }),
    RangeError,
    "width must be 200 to 10000 px, got NaN",
  );
  assertThrows(
    () => spiral().svg({ view: "top" }),
    RangeError,
    'must be "path" or "loss", got "top"',
  );
});

Deno.test("a PNG has two pixels for each CSS px, and text in it", async () => {
  const result = figure({}, () => drawing);
  const png = await result.png();
  assertEquals([...png.subarray(1, 4)], [..."PNG"].map((c) => c.charCodeAt(0)));
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(result.svg())!;
  const header = new DataView(png.buffer, png.byteOffset);
  assertEquals(header.getUint32(16), 2 * Number(width));
  assertEquals(header.getUint32(20), 2 * Number(height));
  const silent = figure({}, () => ({ ...drawing, title: " ", subtitle: " " }));
  assertNotEquals(png.length, (await silent.png()).length);
  await assertRejects(() => result.png({ scale: -1 }));
});

Deno.test("a notebook is given an image that needs no script, and more where scripts run", async () => {
  const surface = sampled([axis(-2, 2, 9), axis(-1, 1, 9)], bowl);
  const flat = await surface[display]();
  assertEquals(Object.keys(flat), ["image/svg+xml", "image/png", "text/plain"]);
  assertStringIncludes(flat["text/plain"], "9 × 9 points");
  // deno-lint-ignore no-explicit-any
  const solid = await (surface.plot({ view: "surface" }) as any)[Symbol.for("Jupyter.display")]();
  assertEquals(Object.keys(solid), ["text/html", "image/png", "text/plain"]);
  assert(/^<div[^>]*><img [^>]*src="data:image\/png;base64,/.test(solid["text/html"]));
});

Deno.test("pages need no network, and hold each figure in both looks", () => {
  for (const [name, result, options] of gallery()) {
    const html = result.html(options);
    const outside = html.replaceAll("http://www.w3.org/2000/svg", "").match(/(https?:)?\/\/[a-z]/i);
    assertEquals(outside, null, `${name} points outside`);
    assertStringIncludes(html, 'class="when-light"');
    assertStringIncludes(html, 'class="when-dark"');
  }
  const html = report({
    title: "A <b> & more",
    sections: [{
      title: "One",
      text: ["a", "b"],
      numbers: {
        loss: "0.1",
        share: "94% (a random walk: 87%)",
        top: "29.1 ± 9e-3",
        odd: "(none)",
      },
      figure: torn(),
      caption: "c",
    }],
  });
  assertStringIncludes(html, "<h1>A &lt;b&gt; &amp; more</h1>");
  assertStringIncludes(html, "<p>a</p>\n<p>b</p>");
  assertStringIncludes(html, "<dt>loss</dt><dd>0.1</dd>");
  assertStringIncludes(html, "<dd>94%<small>a random walk: 87%</small></dd>");
  assertStringIncludes(html, "<dd>29.1<small>± 9e-3</small></dd>");
  assertStringIncludes(html, "<dd>(none)</dd>");
  assertStringIncludes(html, "<figcaption>c</figcaption>");
});
