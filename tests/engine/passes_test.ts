/** Each pass: what it makes of a small graph, and that the numbers stay. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { arrayOf, type Builder, builder } from "../../lib/engine/build.ts";
import { deviation } from "../../lib/engine/check.ts";
import { openSession, runSession } from "../../lib/engine/execute.ts";
import { countAt, type Graph } from "../../lib/engine/graph.ts";
import { onnxModel } from "../../lib/engine/onnx.ts";
import { optimize, type Pass } from "../../lib/engine/optimize.ts";
import { broadcasts } from "../../lib/engine/passes/broadcasts.ts";
import { casts } from "../../lib/engine/passes/casts.ts";
import { channels } from "../../lib/engine/passes/channels.ts";
import { correlations } from "../../lib/engine/passes/correlations.ts";
import { dead } from "../../lib/engine/passes/dead.ts";
import { distributed } from "../../lib/engine/passes/distributed.ts";
import { factors } from "../../lib/engine/passes/factors.ts";
import { folded } from "../../lib/engine/passes/folded.ts";
import { biased, transposed, turned } from "../../lib/engine/passes/gemms.ts";
import { margins } from "../../lib/engine/passes/margins.ts";
import { masks } from "../../lib/engine/passes/masks.ts";
import { ranks } from "../../lib/engine/passes/ranks.ts";
import { repeated } from "../../lib/engine/passes/repeated.ts";
import { scales } from "../../lib/engine/passes/scales.ts";
import { slopes } from "../../lib/engine/passes/slopes.ts";
import { softmax } from "../../lib/engine/passes/softmax.ts";
import { strides } from "../../lib/engine/passes/strides.ts";
import { sums } from "../../lib/engine/passes/sums.ts";
import { views } from "../../lib/engine/passes/views.ts";
import type { HostTensor, Level } from "../../lib/engine/program.ts";
import { noise } from "./losses.ts";

/** A graph of float inputs [shape] or [shape, level], and the values that `write` gives. */
function graphOf(
  inputs: Record<string, number[] | [number[], Level]>,
  write: (b: Builder, x: Record<string, string>) => string[],
): Graph {
  const b = builder(), named: Record<string, string> = {};
  for (const [name, given] of Object.entries(inputs)) {
    const [shape, level] = Array.isArray(given[0])
      ? given as [number[], Level]
      : [given as number[], 0];
    named[name] = b.input(name, { dtype: "float32", shape }, level as Level);
  }
  b.graph.outputs = write(b, named).map((value, i) => ({ name: `out${i}`, value }));
  return b.graph;
}

const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);
const samples = 5;

async function run(graph: Graph): Promise<HostTensor[]> {
  const names = graph.inputs.map(({ name }) => name);
  const values: Record<string, HostTensor> = Object.fromEntries(names.map((name, i) => {
    const shape = graph.values.get(name)!.shape.map((n) => countAt([n], samples));
    return [name, noise(i, name, ...shape)];
  }));
  const outputs = graph.outputs.map(({ value }) => value);
  const session = await openSession(onnxModel(graph, names, [...new Set(outputs)]));
  const ports = names.map((name) => ({ name, dtype: "float32" as const, shape: [] }));
  const results = await runSession(session, ports, values);
  await session.release();
  return outputs.map((name) => results[name]);
}

/** Applies passes, checks that the numbers stay, and gives the operators that are left. */
async function left(graph: Graph, ...passes: Pass[]): Promise<string[]> {
  const result = dead(passes.reduce((g, pass) => pass(g), graph));
  const [before, after] = [await run(graph), await run(result)];
  before.forEach(({ data, shape }, i) => {
    assertEquals(after[i].shape, shape);
    assertLess(
      deviation(after[i].data as Float32Array, Float64Array.from(data as Float32Array)),
      2e-6,
    );
  });
  return ops(result);
}

const gemm = { transA: 0, transB: 0 };

Deno.test("dead: what no output depends on goes", async () => {
  const graph = graphOf({ x: [3] }, (b, { x }) => {
    b.op("Exp", [b.op("Neg", [x])]);
    return [b.op("Tanh", [x])];
  });
  assertEquals(await left(graph), ["Tanh"]);
  assertEquals(dead(graph).values.size, 2);
});

Deno.test("repeated: the same operation on the same values runs once", async () => {
  const graph = graphOf({ x: [3] }, (b, { x }) => {
    const twice = [0, 1].map(() =>
      b.op("Add", [b.op("Exp", [x]), b.constant(Float32Array.of(2), [], "float32")])
    );
    return [b.op("Mul", twice)];
  });
  assertEquals(await left(graph, repeated), ["Exp", "Add", "Mul"]);
});

Deno.test("views: reshapes and transposes that undo each other vanish", async () => {
  const graph = graphOf({ x: [2, 3, 4] }, (b, { x }) => {
    const there = b.op("Transpose", [x], { perm: [2, 0, 1] });
    const back = b.op("Transpose", [there], { perm: [1, 2, 0] });
    const flat = b.op("Reshape", [b.op("Reshape", [back], { shape: [6, 4] })], { shape: [24] });
    return [b.op("Exp", [flat])];
  });
  assertEquals(await left(graph, views), ["Reshape", "Exp"]);
});

Deno.test("views: a transpose that only moves axes of length 1 is a reshape", async () => {
  const graph = graphOf(
    { x: [-1, 1, 4] },
    (b, { x }) => [b.op("Transpose", [x], { perm: [1, 0, 2] })],
  );
  assertEquals(await left(graph, views), ["Reshape"]);
});

Deno.test("broadcasts: ones that spread a sum over the batch are not made", async () => {
  const graph = graphOf({ x: [-1, 4], w: [] }, (b, { x, w }) => {
    const ones = b.op("Expand", [b.scalar(1, "float32"), b.op("Batch", [x])], { shape: [-1, 4] });
    const spread = b.op("Mul", [b.op("Reshape", [w], { shape: [1, 1] }), ones]);
    return [b.op("Mul", [b.op("Neg", [spread]), x])];
  });
  assertEquals(await left(graph, broadcasts), ["Reshape", "Neg", "Mul"]);
});

Deno.test("broadcasts: where the shape is needed, what is repeated is repeated last", async () => {
  const graph = graphOf({ x: [1, 4] }, (b, { x }) => {
    const zeros = b.constant(new Float32Array(12), [3, 4], "float32");
    return [b.op("Exp", [b.op("Add", [zeros, x])])];
  });
  assertEquals(await left(graph, broadcasts), ["Exp", "Expand"]);
});

Deno.test("ranks: axes of length 1 do not stand between a product and its bias", async () => {
  const graph = graphOf({ x: [-1, 3], w: [3, 4], bias: [4] }, (b, { x, w, bias }) => {
    const z = b.op("Reshape", [b.op("Gemm", [x, w], gemm)], { shape: [1, -1, 4] });
    return [b.op("Reshape", [b.op("Relu", [b.op("Add", [z, bias])])], { shape: [-1, 4] })];
  });
  assertEquals(await left(graph, ranks, views, dead, biased), ["Gemm", "Relu"]);
});

Deno.test("casts: truth becomes float in one step, places of maxima are compared as they come", async () => {
  const graph = graphOf({ x: [-1, 3], y: [-1, 3] }, (b, { x, y }) => {
    const place = (z: string) => b.op("Cast", [b.op("ArgMax", [z], { axis: 1 })], { to: "int32" });
    const same = b.op("Equal", [place(x), place(y)]);
    return [b.op("Cast", [b.op("Cast", [same], { to: "int32" })], { to: "float32" })];
  });
  assertEquals(await left(graph, casts), ["ArgMax", "ArgMax", "Equal", "Cast"]);
});

Deno.test("transposed, biased: transposes and sums become part of products", async () => {
  const graph = graphOf({ x: [4, -1], w: [5, 4], u: [-1, 3], s: [3, 5], bias: [5] }, (b, g) => {
    const turn = (x: string) => b.op("Transpose", [x], { perm: [1, 0] });
    const z = b.op("Gemm", [turn(g.x), turn(g.w)], gemm);
    const both = b.op("Add", [z, b.op("Gemm", [g.u, g.s], gemm)]);
    return [b.op("Add", [g.bias, both])];
  });
  assertEquals(await left(graph, transposed, biased), ["Gemm", "Gemm"]);
});

Deno.test("biased: a product that is known early does not wait for a late bias", async () => {
  const inputs = { x: [-1, 3], w: [3, 2], late: [[2], 2] as [number[], Level] };
  const graph = graphOf(
    inputs,
    (b, { x, w, late }) => [b.op("Add", [b.op("Gemm", [x, w], gemm), late])],
  );
  assertEquals(await left(graph, biased), ["Gemm", "Add"]);
});

Deno.test("turned: an early left factor is transposed early, and a late one not at all", async () => {
  const inputs = { h: [-1, 4], d: [[-1, 3], 2] as [number[], Level] };
  const first = graphOf(inputs, (b, { h, d }) => [b.op("Gemm", [h, d], { transA: 1, transB: 0 })]);
  assertEquals(await left(first, turned), ["Transpose", "Gemm"]);
  assertEquals(turned(first).nodes.at(-1)!.attributes.transA, 0);
  const second = graphOf(inputs, (b, { h, d }) => [b.op("Gemm", [d, h], { transA: 1, transB: 0 })]);
  assertEquals(await left(second, turned), ["Transpose", "Gemm", "Transpose"]);
});

Deno.test("masks: x > 0 is read off the ReLU of x", async () => {
  const graph = graphOf({ x: [-1, 4] }, (b, { x }) => {
    const z = b.op("Neg", [x]), relu = b.op("Relu", [z]);
    const zero = b.reshape(b.scalar(0, "float32"), [1, 1]);
    const mask = b.op("Cast", [b.op("Greater", [z, zero])], { to: "float32" });
    return [relu, mask];
  });
  await left(graph, masks);
  const relu = masks(graph).nodes.find(({ op }) => op === "Relu")!;
  assertEquals(masks(graph).nodes.find(({ op }) => op === "Greater")!.inputs[0], relu.outputs[0]);
});

Deno.test("sums: a sum of a sum is one", async () => {
  const graph = graphOf({ x: [-1, 3, 4] }, (b, { x }) => {
    const inner = b.op("ReduceSum", [x], { axes: [2], keepdims: 1 });
    return [b.op("ReduceSum", [inner], { axes: [1, 2], keepdims: 0 })];
  });
  assertEquals(await left(graph, sums), ["ReduceSum"]);
});

Deno.test("factors: what is known early is multiplied early", async () => {
  const inputs = {
    late: [[-1, 3], 2] as [number[], Level],
    a: [-1, 3],
    c: [-1, 1],
    d: [-1, 1],
  };
  const graph = graphOf(inputs, (b, { late, a, c, d }) => {
    const chain = b.op("Div", [b.op("Neg", [b.op("Mul", [late, c])]), d]);
    return [b.op("Mul", [chain, a])];
  });
  const result = dead(factors(graph));
  await left(graph, factors);
  const touched = result.nodes.filter(({ inputs }) => inputs.includes("late"));
  assertEquals(touched.map(({ op }) => op), ["Mul"]);
  assertEquals(touched[0].outputs[0], result.outputs[0].value);
});

Deno.test("softmax: the pieces of softmax and log-softmax become one node each", async () => {
  const graph = graphOf({ z: [-1, 4], w: [-1, 1] }, (b, { z, w }) => {
    const max = b.op("ReduceMax", [z], { axes: [1], keepdims: 1 });
    const s = b.op("Sub", [z, max]), e = b.op("Exp", [s]);
    const sum = b.op("ReduceSum", [e], { axes: [1], keepdims: 1 });
    return [b.op("Sub", [b.op("Log", [sum]), s]), b.op("Mul", [e, b.op("Div", [w, sum])])];
  });
  assertEquals((await left(graph, softmax)).sort(), ["LogSoftmax", "Mul", "Neg", "Softmax"]);
});

Deno.test("softmax: a sum over another axis is none", async () => {
  const graph = graphOf({ z: [4, 4] }, (b, { z }) => {
    const e = b.op("Exp", [z]);
    return [b.op("Div", [e, b.op("ReduceSum", [e], { axes: [0], keepdims: 1 })])];
  });
  assertEquals(await left(graph, softmax), ["Exp", "ReduceSum", "Div"]);
});

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

function sliceGraph(rows: number): Graph {
  const size = rows * 7 + 7 + 7 * 2;
  return graphOf({ x: [-1, rows], frame: [[3, size], 1], c: [[1, 3], 2] }, (b, { x, frame, c }) => {
    const flat = b.reshape(b.op("Gemm", [c, frame], gemm), [size]);
    const [w, bias, u] = b.ops("Split", [flat], { axis: 0, sizes: [rows * 7, 7, 14] });
    const z = b.op("Gemm", [x, b.reshape(w, [rows, 7]), bias], gemm);
    return [b.op("Gemm", [b.op("Tanh", [z]), b.reshape(u, [7, 2])], gemm)];
  });
}

Deno.test("distributed: wide data meets the origin and each direction once, narrow data each point", async () => {
  const wide = await left(sliceGraph(200), distributed);
  assert(wide.includes("MatMul"), "the product with all rows of the frame");
  const shaped = dead(distributed(sliceGraph(200)));
  const late = shaped.nodes.filter(({ inputs }) => inputs.includes("x"));
  assertEquals(late.map(({ op }) => op), ["MatMul"]);
  assertEquals(await left(sliceGraph(2), distributed), await left(sliceGraph(2)));
});

Deno.test("all passes leave a graph that is run twice through them as it is", () => {
  const once = optimize(sliceGraph(200));
  assertEquals(ops(optimize(once)), ops(once));
});

Deno.test("filling arrays: types of numbers", () => {
  assertEquals(arrayOf("int64", [1, 2]), BigInt64Array.of(1n, 2n));
  assertEquals(arrayOf("bool", [1, 0]), Uint8Array.of(1, 0));
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
