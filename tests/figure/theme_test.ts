import { assert, assertGreater } from "@std/assert";
import { lab, rgb } from "npm:d3@7.9.0";
import { themes } from "../../lib/figure/theme.ts";

/** Relative luminance (WCAG 2.1). */
function luminance(color: string): number {
  const { r, g, b } = rgb(color);
  const [lr, lg, lb] = [r, g, b].map((c: number) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * lr + 0.7152 * lg + 0.0722 * lb;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((p, q) => p - q);
  return (high + 0.05) / (low + 0.05);
}

/** How a colour looks without green or without red cones (Machado et al., 2009, full severity). */
const blind = {
  none: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  deuteranopia: [[0.367, 0.861, -0.228], [0.28, 0.673, 0.047], [-0.012, 0.043, 0.969]],
  protanopia: [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
};

function seen(color: string, matrix: number[][]): { l: number; a: number; b: number } {
  const { r, g, b } = rgb(color);
  const linear = [r, g, b].map((c: number) => (c / 255) ** 2.2);
  const [x, y, z] = matrix.map((row) => row.reduce((sum, m, k) => sum + m * linear[k], 0))
    .map((c) => 255 * Math.max(0, Math.min(1, c)) ** (1 / 2.2));
  return lab(rgb(x, y, z));
}

for (const theme of Object.values(themes)) {
  Deno.test(`${theme.name}: text can be read on its ground`, () => {
    for (const color of [theme.ink, theme.quiet]) {
      for (const ground of [theme.paper, theme.hole]) assertGreater(contrast(color, ground), 4.5);
    }
    assertGreater(contrast(theme.ink, theme.halo), 7);
    assertGreater(contrast(theme.series[0], theme.paper), 4.5);
  });

  Deno.test(`${theme.name}: lines can be seen on the paper, and a path with its halo on every loss`, () => {
    for (const color of theme.series) assertGreater(contrast(color, theme.paper), 3);
    for (let t = 0; t <= 1; t += 0.05) {
      const ground = theme.ramp(t);
      const seen = [theme.accent, theme.halo].map((color) => contrast(color, ground));
      assertGreater(Math.max(...seen), 2.2);
    }
    assertGreater(contrast(theme.accent, theme.halo), 3.5);
  });

  Deno.test(`${theme.name}: the ramp of the loss gets lighter all the way, from cool to warm`, () => {
    const steps = Array.from({ length: 65 }, (_, k) => lab(theme.ramp(k / 64)));
    for (let k = 1; k < steps.length; k++) assertGreater(steps[k].l, steps[k - 1].l);
    assertGreater(steps[64].l - steps[0].l, 70);
    assert(steps[0].b < -10 && steps[64].b > 10, "dark is not blue or pale is not yellow");
  });

  Deno.test(`${theme.name}: the colours of series differ for colour-blind readers too`, () => {
    for (const matrix of Object.values(blind)) {
      const colors = theme.series.map((color) => seen(color, matrix));
      colors.forEach((p, i) =>
        colors.slice(0, i).forEach((q) =>
          assertGreater(Math.hypot(p.l - q.l, p.a - q.a, p.b - q.b), 25)
        )
      );
    }
  });
}
