import { assertAlmostEquals, assertEquals } from "@std/assert";
import { builder } from "../../lib/engine/build.ts";
import { openSession, runSession } from "../../lib/engine/execute.ts";
import { cut, groups, joined } from "../../lib/engine/flat.ts";
import { loopModel, STEPS } from "../../lib/engine/loop.ts";
import type { Port } from "../../lib/engine/program.ts";
import { layout } from "../../mod.ts";

const floats = (...values: number[]) => Float32Array.from(values);
const float = (shape: number[]) => ({ dtype: "float32", shape }) as const;
const port = (name: string): Port => ({ name, dtype: "float32", shape: [] });
const count: Port = { name: STEPS, dtype: "int64", shape: [] };
const times = (n: number) => ({ data: BigInt64Array.of(BigInt(n)), shape: [] });

Deno.test("a loop hands on what is carried, takes another sample each step, and keeps what stays", async () => {
  const b = builder();
  const [x, state, rate, fixed] = [
    b.input("x", float([-1, 2]), 0),
    b.input("state", float([2]), 0),
    b.input("rate", float([]), 0),
    b.input("fixed", float([2]), 0),
  ];
  const sum = b.op("ReduceSum", [x], { axes: [0], keepdims: 0 });
  const next = b.op("Add", [b.op("Mul", [state, fixed]), b.op("Mul", [sum, rate])]);
  // an input as an output, and one value as two
  b.graph.outputs = [
    { name: "next", value: next },
    { name: "seen", value: state },
    { name: "again", value: next },
    { name: "twice", value: sum },
  ];
  const session = await openSession(loopModel(b.graph, { next: "state" }));
  const found = await runSession(session, [count, ...["x", "state", "rate", "fixed"].map(port)], {
    [STEPS]: times(3),
    x: { data: floats(1, 2, 3, 4, 10, 20, 30, 40, 0, 0, 1, 1), shape: [3, 2, 2] },
    state: { data: floats(1, 1), shape: [2] },
    rate: { data: floats(1, 0.5, 2), shape: [3] },
    fixed: { data: floats(2, -1), shape: [2] },
  });
  // (1, 1) → 2·1 + 4, −1 + 6 → 2·6 + 20, −5 + 30 → 2·32 + 2, −25 + 2
  assertEquals([...found.next.data], [66, -23]);
  assertEquals([...found.seen.data], [1, 1, 6, 5, 32, 25]);
  assertEquals([...found.again.data], [6, 5, 32, 25, 66, -23]);
  assertEquals([...found.twice.data], [4, 6, 40, 60, 1, 1]);
  assertEquals(found.seen.shape, [3, 2]);
  await session.release();
});

Deno.test("large tensors stay apart from step to step, small ones together, and what moves from what does not", async () => {
  const shape = layout({
    a: [3],
    b: [2, 2],
    wide: [150, 150],
    c: [5],
    mean: { shape: [2], role: "state" },
    variance: { shape: [2], role: "state" },
  });
  assertEquals(groups(shape), [[0, 1], [2], [3], [4, 5]]);
  const sizes = [7, 22500, 5, 4];
  const b = builder(),
    pieces = b.ops("Split", [b.input("v", float([22516]), 0)], { axis: 0, sizes });
  const moved = groups(shape).map((some, k) => {
    const tensors = cut(b, shape, pieces[k], "t", some);
    if (k === 3) return pieces[k];
    const doubled = Object.entries(tensors).map(([name, x]) => [name, b.op("Add", [x, x])]);
    return joined(b, shape, Object.fromEntries(doubled), "t", "float32", some);
  });
  b.graph.outputs = [{ name: "next", value: b.op("Concat", moved, { axis: 0 }) }];
  const session = await openSession(loopModel(b.graph, { next: "v" }));
  const v = Float32Array.from({ length: 22516 }, (_, i) => Math.sin(i));
  const { next } = await runSession(session, [count, port("v")], {
    [STEPS]: times(4),
    v: { data: v, shape: [22516] },
  });
  assertEquals(next.shape, [22516]);
  v.forEach((x, i) => assertAlmostEquals(Number(next.data[i]), i < 22512 ? 16 * x : x, 1e-6));
  await session.release();
});
