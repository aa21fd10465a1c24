/** Each pass: what it makes of a small graph, and that the numbers stay. */
import { assert, assertEquals } from "@std/assert";
import { arrayOf } from "../../lib/engine/build.ts";
import type { Graph } from "../../lib/engine/graph.ts";
import { optimize } from "../../lib/engine/optimize.ts";
import { broadcasts } from "../../lib/engine/passes/broadcasts.ts";
import { casts } from "../../lib/engine/passes/casts.ts";
import { dead } from "../../lib/engine/passes/dead.ts";
import { distributed } from "../../lib/engine/passes/distributed.ts";
import { factors } from "../../lib/engine/passes/factors.ts";
import { biased, transposed, turned } from "../../lib/engine/passes/gemms.ts";
import { masks } from "../../lib/engine/passes/masks.ts";
import { ranks } from "../../lib/engine/passes/ranks.ts";
import { repeated } from "../../lib/engine/passes/repeated.ts";
import { softmax } from "../../lib/engine/passes/softmax.ts";
import { sums } from "../../lib/engine/passes/sums.ts";
import { views } from "../../lib/engine/passes/views.ts";
import type { Level } from "../../lib/engine/program.ts";
import { gemm, graphOf, left, ops } from "./passes/left.ts";

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
