import { assert, assertEquals, assertLess } from "@std/assert";
import { themes } from "../../lib/figure/theme.ts";
import { axis, bowl, sampled, spiral } from "../figure/gallery.ts";

/** The text of a figure, its lines joined. */
const wordsOf = (
  svg: { querySelectorAll(selector: string): Iterable<{ textContent: string | null }> },
) =>
  [...svg.querySelectorAll("text")].map((text) => text.textContent).join(" ")
    .replaceAll("\u00a0", " ");

const surface = (caption?: string) =>
  sampled([axis(-2, 2, 21), axis(-1, 1, 21)], (x, y) => 0.1 + bowl(x, y), { caption });

Deno.test("under a path stands how far it is off the plane and from the centre, and what share is in it", () => {
  for (const view of ["contour", "surface"]) {
    const said = wordsOf(surface().plot({ view, overlay: [spiral()] }));
    assert(
      said.includes("path: 93% of its movement in the plane, up to 0.49 off it, 2.1 from"),
      said,
    );
    const fitted = surface("axes fitted to a run: 93% of its movement (a random walk: 76%)");
    const brief = wordsOf(fitted.plot({ view, overlay: [spiral()] }));
    assert(brief.includes("path: up to 0.49 off the plane, 2.1 from the centre"), brief);
  }
});

Deno.test("several paths each say theirs, by name; where they start is said once, in the key", () => {
  for (const view of ["contour", "surface"]) {
    const overlay = [spiral(), spiral(-1), spiral(0.5)], names = ["SGD", "Adam"];
    const said = wordsOf(surface().plot({ view, overlay, names }));
    for (const name of ["SGD", "Adam", "run 3"]) {
      assert(said.includes(`${name}: 93% of its movement in the plane`), said);
      // in the subtitle, in the key, and at the end of the path
      assertEquals(said.split(name).length - 1, 3, `${name} in ${said}`);
    }
    assertEquals(said.match(/\bstart\b/g)!.length, 1);
    assert(said.includes("Three paths of training on one loss surface"));
  }
});

Deno.test("a path that leaves the window says so", () => {
  const at = (from: number, to: number, overlay = [spiral()]) =>
    wordsOf(sampled([axis(from, to, 9), axis(-1, 1, 9)], bowl).plot({ overlay }));
  assert(!at(-2, 2).includes("outside"));
  assert(at(-2, 1).includes("partly outside the window"));
  assert(at(0.2, 2).includes("ends outside the window"));
  assert(at(3, 4).includes("all outside the window"));
});

Deno.test("labels that do not fit beside an axis are shortened, and the subtitle says the rest", () => {
  const long = (k: number) => `random direction ${k} (seed 42), in units of each filter's norm`;
  const flat = sampled([axis(-1, 1, 9), axis(-0.3, 0.3, 9)], bowl, { labels: [long(1), long(2)] });
  const said = wordsOf(flat.plot());
  assert(said.includes("axes in units of each filter's norm") && !said.includes(long(2)), said);
  const square = sampled([axis(-1, 1, 9), axis(-1, 1, 9)], bowl, { labels: [long(1), long(2)] });
  assert(wordsOf(square.plot()).includes(long(2)));
});

/** Relative luminance, as WCAG 2 has it. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16) / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

Deno.test("every isosurface stands out from the ground, and from the next, light and dark", () => {
  const volume = sampled(
    [axis(-1, 1, 9), axis(-1, 1, 9), axis(-1, 1, 9)],
    (x, y, z) => 0.001 + (x * x + y * y + z * z) ** 2,
  );
  for (const theme of ["light", "dark"] as const) {
    const svg = volume.plot({ view: "isosurfaces", theme });
    const swatches = [...svg.querySelectorAll('rect[width="20"]')].map((rect) => {
      const channels = rect.getAttribute("fill")!.match(/\d+/g)!.slice(0, 3).map(Number);
      return luminance(`#${channels.map((c) => c.toString(16).padStart(2, "0")).join("")}`);
    });
    assertEquals(swatches.length, 3);
    const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const ground = luminance(themes[theme].paper);
    for (const swatch of swatches) assertLess(1.6, contrast(swatch, ground));
    assertLess(1.25, contrast(swatches[0], swatches[1]));
    assertLess(1.25, contrast(swatches[1], swatches[2]));
  }
});
