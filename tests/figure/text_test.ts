import { assert, assertEquals, assertLess } from "@std/assert";
import { placeLabels } from "../../lib/figure/place_labels.ts";
import {
  formatNumber,
  formatNumbers,
  formatShare,
  textWidth,
  wrap,
} from "../../lib/figure/text.ts";

Deno.test("numbers have three digits, a true minus sign, and say what they are not", () => {
  const cases: [number, string][] = [
    [0.04312, "0.0431"],
    [-2, "−2"],
    [0, "0"],
    [12345.6, "12,300"],
    [1.5e-9, "1.5e−9"],
    [2.5e7, "2.5e7"],
    [NaN, "NaN"],
    [-Infinity, "−∞"],
  ];
  for (const [value, text] of cases) assertEquals(formatNumber(value), text);
});

Deno.test("numbers that stand together can be told apart", () => {
  assertEquals(formatNumbers([2, 2.00001, 2.00002]), ["2", "2.00001", "2.00002"]);
  assertEquals(formatNumbers([0.1, 0.25, 0.1]), ["0.1", "0.25", "0.1"]);
});

Deno.test("shares are percentages", () => {
  assertEquals([0.8812, 0.0042, 1, 0, 0.9987].map(formatShare), [
    "88%",
    "0.4%",
    "100%",
    "0%",
    "99.9%",
  ]);
});

Deno.test("wrapped lines fit, lose no word, and no line begins with a separator", () => {
  const text = "loss 0.0431 at the centre · 61 × 61 points · mean over 500 samples · seed 1";
  for (const width of [80, 150, 300, 528]) {
    const lines = wrap(text, width);
    assertEquals(lines.join(" ").replaceAll("\u00a0", " "), text);
    for (const line of lines) {
      assert(!line.startsWith("·"));
      assert(textWidth(line) <= width || !line.includes(" "));
    }
  }
});

Deno.test("labels keep off each other, inside the frame, and optional ones give way", () => {
  const frame = { x1: 0, x2: 300, y1: 0, y2: 200 };
  const labels = [[10, 10], [14, 12], [290, 190], [285, 188]].map(([x, y], k) => ({
    x,
    y,
    text: `epoch ${k}`,
  }));
  const placed = placeLabels(labels, { frame, clear: [] });
  const boxes = placed.map(({ at, text }) => ({ at, half: textWidth(text, 12, true) / 2 }));
  boxes.forEach(({ at, half }, i) => {
    assert(at.x - half >= 0 && at.x + half <= 300 && at.y >= 6 && at.y <= 194);
    for (const other of boxes.slice(0, i)) {
      assert(Math.abs(other.at.x - at.x) >= half + other.half || Math.abs(other.at.y - at.y) >= 14);
    }
  });
  const crowded = Array.from(
    { length: 60 },
    () => ({ x: 150, y: 100, text: "epoch", optional: true }),
  );
  assertLess(placeLabels(crowded, { frame, clear: [] }).length, 12);
});
