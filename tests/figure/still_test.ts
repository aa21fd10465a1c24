import * as Plot from "npm:@observablehq/plot@0.6.17";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { document } from "../../lib/figure/document.ts";
import { still } from "../../lib/figure/still.ts";
import { checkXML } from "./xml.ts";

const dots = Plot.dot([[1, 2], [3, 4], [5, 1]], { stroke: (_, i) => i });

Deno.test("a plot of one's own is an image on a light ground, with PNG beside it, and stays as it was", async () => {
  const plot = Plot.plot({
    document,
    width: 300,
    height: 200,
    ariaLabel: "three dots",
    marks: [dots],
  });
  const before = plot.outerHTML;
  const bundle = await still(plot);
  assertEquals(Object.keys(bundle), ["image/svg+xml", "image/png", "text/plain"]);
  assertEquals(bundle["text/plain"], "three dots");
  const svg = bundle["image/svg+xml"];
  checkXML(svg, "plot");
  assert(svg.includes(' width="300"') && svg.includes(' height="200"'));
  assert(svg.includes('fill="#ffffff"'));
  assert(bundle["image/png"].startsWith("iVBORw0KGgo"));
  assertEquals(plot.outerHTML, before);
});

Deno.test("title, legends and caption of a plot are in its image", async () => {
  const plot = Plot.plot({
    document,
    title: "Dots & <more>",
    subtitle: "of three",
    caption: "by hand",
    color: { legend: true, label: "their number" },
    symbol: { legend: true },
    marks: [dots, Plot.dot(["a", "b"], { x: 1, y: 1, symbol: (d: string) => `kind ${d}` })],
  });
  const bundle = await still(plot);
  const texts = checkXML(bundle["image/svg+xml"], "plot").join("|");
  for (const text of ["Dots ", "of three", "by hand", "their number", "kind a", "kind b"]) {
    assertStringIncludes(texts, text);
  }
  assertEquals(bundle["text/plain"], "Plot: Dots & <more>");
});

Deno.test("a raster and the legend of a continuous scale are drawn without a browser", async () => {
  const options = { x1: 0, y1: 0, x2: 1, y2: 1, width: 2, height: 1, pixelSize: 1 };
  const color = { legend: true, type: "linear", range: ["#000000", "#ff0000"] } as const;
  const marks = [Plot.raster([0, 1], { ...options, fill: (d: number) => d })];
  const { "image/svg+xml": svg } = await still(Plot.plot({ document, color, marks }));
  const images = [...svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)];
  assertEquals(images.length, 2);
  const ramp = Uint8Array.fromBase64(images[0][1]);
  assertEquals([...ramp.subarray(0, 4)], [137, 80, 78, 71]);
  assertEquals(new DataView(ramp.buffer).getUint32(16), 256);
});

Deno.test("what is no plot is shown as HTML", async () => {
  const list = document.createElement("ul");
  list.innerHTML = "<li>one</li>";
  assertEquals(await still(list), { "text/html": "<ul><li>one</li></ul>", "text/plain": "one" });
  const outerHTML = "<b>bold</b>";
  assertEquals((await still({ outerHTML }))["text/html"], outerHTML);
});
