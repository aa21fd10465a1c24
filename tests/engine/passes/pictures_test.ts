/** Passes over graphs of pictures: what each makes of a small graph, and that the numbers stay. */
import { assertEquals } from "@std/assert";
import type { Builder } from "../../../lib/engine/build.ts";
import { channels } from "../../../lib/engine/passes/channels.ts";
import { correlations } from "../../../lib/engine/passes/correlations.ts";
import { dead } from "../../../lib/engine/passes/dead.ts";
import { folded } from "../../../lib/engine/passes/folded.ts";
import { margins } from "../../../lib/engine/passes/margins.ts";
import { repeated } from "../../../lib/engine/passes/repeated.ts";
import { scales } from "../../../lib/engine/passes/scales.ts";
import { slopes } from "../../../lib/engine/passes/slopes.ts";
import { strides } from "../../../lib/engine/passes/strides.ts";
import { views } from "../../../lib/engine/passes/views.ts";
import { graphOf, left, ops } from "./left.ts";

const LAST = [0, 2, 3, 1], FIRST = [0, 3, 1, 2];
const conv = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };

Deno.test("channels, folded: between convolutions nothing is transposed, and batch norm is in the weights", async () => {
  const inputs = { x: [-1, 2, 6, 6], w: [3, 2, 3, 3], u: [3, 3, 3, 3], scale: [3], shift: [3] };
  const graph = graphOf(inputs, (b, { x, w, u, scale, shift }) => {
    const z = b.op("Transpose", [b.op("Conv", [x, w], conv)], { perm: LAST });
    const norm = b.op("Add", [b.op("Mul", [z, scale]), shift]);
    const y = b.op("Transpose", [b.op("Relu", [norm])], { perm: FIRST });
    const deep = b.op("Transpose", [b.op("Conv", [y, u], conv)], { perm: LAST });
    return [
      b.op("ReduceMean", [b.op("Add", [deep, b.op("Relu", [norm])])], {
        axes: [1, 2],
        keepdims: 0,
      }),
    ];
  });
  const passes = [repeated, channels, views, dead, folded, views, dead, folded, repeated];
  const result = await left(graph, ...passes);
  assertEquals(result.filter((op) => op !== "Reshape"), [
    "Mul",
    "Conv",
    "Relu",
    "Conv",
    "Add",
    "ReduceMean",
  ]);
});

Deno.test("margins: zeros around a picture belong to the convolution, slices to one slice", async () => {
  const graph = graphOf({ x: [-1, 2, 6, 6], w: [3, 2, 3, 3] }, (b, { x, w }) => {
    const framed = b.op("Pad", [x], { pads: [0, 0, 1, 2, 0, 0, 0, 1] });
    const z = b.op("Conv", [framed, w], { ...conv, pads: [0, 0, 0, 0] });
    const part = (x: string, axis: number) =>
      b.op("Slice", [x], { axes: [axis], starts: [1], ends: [4], steps: [2] });
    return [part(part(z, 2), 3)];
  });
  assertEquals(await left(graph, margins), ["Conv", "Slice"]);
});

Deno.test("strides: every other row, written by reshapes, is a slice with a stride", async () => {
  const graph = graphOf({ x: [-1, 4, 6, 3] }, (b, { x }) => {
    const pairs = (x: string, rows: number, size: number) =>
      b.op("Slice", [b.op("Reshape", [x], { shape: [rows, 2, size] })], {
        axes: [1],
        starts: [0],
        ends: [1],
        steps: [1],
      });
    return [b.op("Reshape", [pairs(pairs(x, -2, 18), -6, 3)], { shape: [-1, 2, 3, 3] })];
  });
  assertEquals(await left(graph, strides, views, strides, views), ["Slice", "Slice"]);
});

Deno.test("correlations: a filter's gradient is a product for each of its taps", async () => {
  const graph = graphOf({ x: [2, -1, 8, 8], dy: [3, -1, 6, 6] }, (b, { x, dy }) => [
    b.op("Conv", [x, dy], { ...conv, pads: [0, 0, 0, 0] }),
  ]);
  assertEquals((await left(graph, correlations)).filter((op) => op === "Gemm").length, 9);
  const strided = graphOf({ x: [2, -1, 9, 9], dy: [3, -1, 4, 4] }, (b, { x, dy }) => [
    b.op("Conv", [x, dy], { ...conv, pads: [0, 0, 0, 0], dilations: [2, 2] }),
  ]);
  assertEquals((await left(strided, correlations)).includes("Conv"), false);
});

const convolution = (pads = [1, 1, 1, 1], strides = [1, 1], dilations = [1, 1]) => ({
  strides,
  pads,
  dilations,
  group: 1,
});

Deno.test("scales: what scales the channels of a picture scales the filter, or what comes out", async () => {
  const sizes = {
    x: [-1, 3, 5, 5],
    dy: [-1, 4, 5, 5],
    w: [2, 3, 3, 3],
    s: [1, 3, 1, 1],
    t: [1, 4, 1, 1],
  };
  const early = graphOf(sizes, (b, { x, w, s }) => [
    b.op("Conv", [b.op("Mul", [s, x]), w], convolution()),
  ]);
  assertEquals(await left(early, scales), ["Mul", "Conv"]);
  const swapped = (b: Builder, x: string) => b.transpose(x, [1, 0, 2, 3]);
  const late = graphOf(sizes, (b, { x, dy, t }) => [
    b.op("Conv", [swapped(b, x), swapped(b, b.op("Mul", [dy, t]))], convolution()),
  ]);
  assertEquals(await left(late, scales), ["Transpose", "Transpose", "Conv", "Mul"]);
  // one number for each sample is no scale of channels
  const samples = graphOf({ ...sizes, s: [-1, 1, 1, 1] }, (b, { x, w, s }) => [
    b.op("Conv", [b.op("Mul", [x, s]), w], convolution()),
  ]);
  assertEquals(await left(samples, scales), ["Mul", "Conv"]);
});

/**
 * Σ a·(w∗x − μ) by channel, and a convolution of x by a: the gradient by the filter, where it has the same
 * pads and the strides as dilations. `margin` zeros around x are apart from the pads of the gradient.
 */
const around = [1, 1, 1, 1];
function scaledConvolution({ stride = 1, margin = 0, gradientPads = around }) {
  const [h, w] = [3, 4].map((n) => (6 + 2 - n) / stride), strides = [stride, stride];
  return graphOf(
    {
      x: [-1, 3, 6, 6],
      a: [-1, 2, Math.floor(h) + 1, Math.floor(w) + 1],
      w: [2, 3, 3, 4],
      mean: [1, 2, 1, 1],
    },
    (b, { x, a, w, mean }) => {
      const swapped = (y: string) => b.transpose(y, [1, 0, 2, 3]);
      const framed = b.op("Pad", [x], { pads: [0, 0, margin, margin, 0, 0, margin, margin] });
      const rest = gradientPads.map((n) => n - margin);
      const slope = b.op("Conv", [swapped(framed), swapped(a)], convolution(rest, [1, 1], strides));
      const shifted = b.op("Sub", [b.op("Conv", [x, w], convolution(around, strides)), mean]);
      const sum = b.op("ReduceSum", [b.op("Mul", [shifted, a])], { axes: [0, 2, 3], keepdims: 0 });
      return [sum, slope];
    },
  );
}

Deno.test("slopes: the gradient by a scale of channels comes of that by the filter", async () => {
  for (const options of [{}, { margin: 1 }, { stride: 2 }]) {
    const after = await left(scaledConvolution(options), slopes);
    // what is left of the sum over all places is one over the filter, and the sum of a
    assertEquals(after.filter((op) => op === "Conv").length, 1, JSON.stringify(options));
    assertEquals(after.filter((op) => op === "ReduceSum").length, 2);
  }
  // seen from elsewhere it is another gradient
  const other = scaledConvolution({ gradientPads: [2, 1, 0, 1] });
  assertEquals(await left(other, slopes), ops(other));
});
