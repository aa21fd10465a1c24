import { assert, assertEquals, assertGreater } from "@std/assert";
import { bake } from "../../lib/engine/bake.ts";
import { builder } from "../../lib/engine/build.ts";
import { compile } from "../../lib/engine/compile.ts";
import { distributes, flopsByLevel, formsFor, samplesInRun } from "../../lib/engine/cost.ts";
import { disagreement } from "../../lib/engine/check.ts";
import { execute, openSession, runSession } from "../../lib/engine/execute.ts";
import { simplest } from "../../lib/engine/simplest.ts";
import { recordLoss } from "../../lib/engine/record_loss.ts";
import { parts } from "../../lib/engine/stages.ts";
import { mlp, tf } from "../../mod.ts";
import { modelCase } from "./losses.ts";

const float = (...shape: number[]) => ({ dtype: "float32" as const, shape });

Deno.test("a node runs as early as what it depends on is known, and what is cheap is done again", () => {
  const b = builder();
  const x = b.input("x", float(-1, 4), 0),
    w = b.input("w", float(4, 3), 1),
    v = b.input("v", float(3), 2);
  const early = b.op("Exp", [x]);
  const middle = b.op("Gemm", [early, w], { transA: 0, transB: 0 });
  const seen = b.op("Reshape", [middle], { shape: [-3] });
  const late = b.op("Mul", [b.op("Reshape", [seen], { shape: [-1, 3] }), v]);
  b.graph.outputs = [{ name: "y", value: late }];
  const found = parts(b.graph);
  assertEquals(found.map(({ level }) => level), [0, 1, 2]);
  assertEquals(found.map(({ graph }) => graph.nodes.map(({ op }) => op)), [
    ["Exp"],
    ["Gemm"],
    ["Reshape", "Reshape", "Mul"],
  ]);
  assertEquals(found.map(({ inputs }) => inputs), [["x"], [early, "w"], [middle, "v"]]);
});

Deno.test("what a later part does again for itself, an earlier one neither does nor takes anything for", () => {
  const b = builder();
  const x = b.input("x", float(-1, 4), 0),
    w = b.input("w", float(4), 1),
    v = b.input("v", float(4), 2);
  const early = b.op("Exp", [x]), root = b.op("Sqrt", [w]);
  const spread = b.op("Expand", [root, early], { shape: [-1, 4] });
  b.graph.outputs = [{ name: "y", value: b.op("Mul", [spread, v]) }];
  const found = parts(b.graph);
  assertEquals(found.map(({ graph }) => graph.nodes.map(({ op }) => op)), [
    ["Exp"],
    ["Sqrt"],
    ["Expand", "Mul"],
  ]);
  assertEquals(found.map(({ inputs }) => inputs), [["x"], ["w"], [root, early, "v"]]);
});

Deno.test("where memory is scarce, masks and what is scaled are made again, with the same numbers", async () => {
  const b = builder();
  const x = b.input("x", float(-1, 4), 0),
    theta = b.input("theta", float(4), 1),
    v = b.input("v", float(4), 2);
  const relu = b.op("Relu", [b.op("Mul", [x, theta])]);
  const mask = b.op("Cast", [b.op("Greater", [relu, b.scalar(0, "float32")])], { to: "float32" });
  const scaled = b.op("Mul", [relu, b.op("Exp", [theta])]);
  const late = [relu, mask, scaled].map((value) => b.op("Mul", [value, v]));
  b.graph.outputs = late.map((value, i) => ({ name: `y${i}`, value }));
  const plain = { early: false, own: false, scarce: false };
  const [roomy, scarce] = [false, true].map((scarce) => parts(b.graph, { ...plain, scarce }));
  const perSample = (found: ReturnType<typeof parts>) =>
    found.at(-1)!.inputs.filter((name) => b.graph.values.get(name)?.shape[0] === -1).length;
  assertEquals([perSample(roomy), perSample(scarce)], [3, 1]);
  const inputs = {
    x: { data: Float32Array.of(1, -2, 3, 4, -5, 6, -7, 8), shape: [2, 4] },
    theta: { data: Float32Array.of(1, -1, 2, -2), shape: [4] },
    v: { data: Float32Array.of(1, 2, 3, 4), shape: [4] },
  };
  // as many samples as cannot be kept, and few
  const [many, few] = await Promise.all([1e9, 1].map(async (samples) => {
    const program = compile(b.graph, { precision: "float32", samples });
    const execution = await execute(program), results = await execution.run(inputs);
    await execution.release();
    return { results, taken: program.stages.at(-1)!.inputs.length };
  }));
  assertEquals(many.results, few.results);
  assert(many.taken < few.taken);
});

Deno.test("an output that is an input, a constant or given twice still comes out under each of its names", async () => {
  const b = builder();
  const x = b.input("x", float(-1), 0), y = b.op("Neg", [x]);
  const one = b.constant(Float32Array.of(1, 2), [2], "float32");
  b.graph.outputs = [
    { name: "first", value: y },
    { name: "second", value: y },
    { name: "same", value: x },
    { name: "fixed", value: one },
  ];
  const execution = await execute(compile(b.graph, { precision: "float32" }));
  const results = await execution.run({ x: { data: Float32Array.of(3, 4, 5), shape: [3] } });
  await execution.release();
  const numbers = Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
  );
  assertEquals(numbers, {
    first: [-3, -4, -5],
    second: [-3, -4, -5],
    same: [3, 4, 5],
    fixed: [1, 2],
  });
});

Deno.test("constants that are appended to a model are part of it", async () => {
  const b = builder();
  const x = b.input("x", float(2), 0), w = b.input("w", float(2), 1);
  b.graph.outputs = [{ name: "y", value: b.op("Mul", [x, w]) }];
  const [part] = compile(b.graph, { precision: "float32" }).stages.slice(-1);
  const { onnxModel } = await import("../../lib/engine/onnx.ts");
  const model = onnxModel(b.graph, ["x"], [b.graph.outputs[0].value]);
  const port = part.inputs.find(({ name }) => name === "w")!;
  const session = await openSession(
    bake(model, [port], { w: { data: Float32Array.of(3, 5), shape: [2] } }),
  );
  assertEquals(session.inputNames, ["x"]);
  const input = { x: { data: Float32Array.of(1, 2), shape: [2] } };
  const [y] = Object.values(await runSession(session, [{ ...port, name: "x" }], input));
  assertEquals(Array.from(y.data as Float32Array), [3, 10]);
  await session.release();
});

Deno.test("filters become constants where there are many samples, and compute the same", async () => {
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [16, 16, 3], filters: 16, kernelSize: 3, padding: "same" }),
      layers.batchNormalization({}),
      layers.activation({ activation: "relu" }),
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      layers.flatten(),
      layers.dense({ units: 3 }),
    ],
  });
  const { loss, theta } = modelCase(model, "crossEntropy");
  const [few, many] = [10, 1e5].map((samples) => recordLoss(loss, { theta, samples }));
  const baked = (program: ReturnType<typeof few.value>["program"]) =>
    program.stages.flatMap(({ constants = [] }) => constants.map(({ shape }) => shape.length));
  assertEquals(baked(few.slice(2).program), []);
  // Two filters and their biases, of the point; for a product those of θ.
  assertEquals(baked(many.slice(2).program).sort(), [1, 1, 4, 4]);
  assert(baked(many.product().program).includes(4));
  for (
    const { program, checks } of [many.value(), many.slice(1), many.gradient(), many.product()]
  ) {
    const execution = await execute(program);
    for (const { inputs, expected } of checks) {
      assertEquals(disagreement(await execution.run(inputs), expected), undefined);
    }
    await execution.release();
  }
});

Deno.test("what a program costs is known by level", () => {
  const { loss, theta } = modelCase(mlp({ inputs: 10, hidden: [20], outputs: 3 }), "crossEntropy");
  const { flops } = recordLoss(loss, { theta }).value().program;
  const products = 2 * (10 * 20 + 20 * 3);
  assertGreater(flops.perSample[1], products);
  assert(flops.perSample[1] < 1.3 * products);
  const b = builder();
  b.graph.outputs = [{ name: "y", value: b.op("Neg", [b.input("x", float(-1, 4), 2)]) }];
  assertEquals(flopsByLevel(b.graph), { fixed: [0, 0, 0], perSample: [0, 0, 4] });
});

Deno.test("the first layer is distributed for wide inputs only, and the less, the more directions", () => {
  assertEquals([1, 2, 3].map((k) => distributes(784, k)), [true, true, true]);
  assertEquals([1, 2, 3].map((k) => distributes(2, k)), [false, false, false]);
  const narrowest = (k: number) =>
    Array.from({ length: 1000 }, (_, n) => n).find((n) => distributes(n, k))!;
  assertGreater(narrowest(3), narrowest(1));
});

Deno.test("what a part takes in memory is what goes in, what comes out, and the widest place between", () => {
  const b = builder();
  const x = b.input("x", float(-1, 10), 0), theta = b.input("theta", float(10), 1);
  const early = b.op("Exp", [x]);
  const twenty = b.constant(Float32Array.from({ length: 20 }, (_, i) => i), [20], "float32");
  const narrow = b.reshape(b.op("Tanh", [b.op("Mul", [early, theta])]), [-1, 10, 1]);
  const wide = b.op("Exp", [b.op("Add", [narrow, twenty])]);
  const sum = b.op("ReduceSum", [wide], { axes: [1, 2], keepdims: 0 });
  b.graph.outputs = [{ name: "y", value: sum }];
  const { stages, flops } = compile(b.graph, { precision: "float32" });
  // x and its exponential; that, and the wide sum with its exponential
  assertEquals(stages.map(({ bytes }) => bytes), [40 + 40, 40 + 800 + 800]);
  const inRun = (bytes: number, work: number) =>
    samplesInRun({
      flops: { ...flops, perSample: [0, work, 0] },
      stages: stages.map((stage) => ({ ...stage, bytes })),
    });
  assertEquals([inRun(1e6, 1), inRun(1, 1e9), inRun(1e12, 1)], [60, 5, 1]);
});

Deno.test("baking pays for filters only, and for more samples the more", () => {
  const b = builder();
  const x = b.input("x", float(-1, 16, 32, 32), 0), w = b.input("w", float(16, 16, 3, 3), 1);
  const conv = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };
  b.graph.outputs = [{ name: "y", value: b.op("Conv", [x, w], conv) }];
  assertEquals(formsFor(b.graph, 1), { early: false, own: false, scarce: false });
  assertEquals(formsFor(b.graph, 1000), { early: false, own: true, scarce: false });
  // a session of its own serves a run at most, however many samples there are
  const layers = [...Array(200).keys()].reduce((y) => b.op("Tanh", [y]), b.graph.outputs[0].value);
  b.graph.outputs = [{ name: "y", value: layers }];
  assertEquals(formsFor(b.graph, 1e9).own, false);
  const v = b.input("v", float(-1, 16, 32, 32), 2);
  b.graph.outputs = [{ name: "y", value: b.op("Conv", [v, w], conv) }];
  assertEquals(formsFor(b.graph, 1000), { early: true, own: false, scarce: false });
});

Deno.test("a record is compiled to the same program each time", () => {
  const { loss, theta } = modelCase(mlp({ inputs: 5, hidden: [6], outputs: 3 }), "crossEntropy");
  const [one, two] = [0, 1].map(() => recordLoss(loss, { theta }).product().program);
  assertEquals(one.digest, two.digest);
  assertEquals(one.stages.map(({ model }) => model), two.stages.map(({ model }) => model));
  const other = recordLoss(loss, { theta, precision: "float64" }).product().program;
  assert(other.digest !== one.digest);
  assertEquals(simplest(0.25), 0.25);
});

Deno.test("a result that is not what wasm computed is noticed", () => {
  const expected = { y: { data: Float64Array.of(1, 2), shape: [2] } };
  const result = (...data: number[]) => ({ y: { data: Float32Array.from(data), shape: [2] } });
  assertEquals(disagreement(result(1, 2), expected), undefined);
  assertEquals(disagreement(result(1, 2.0001), expected), undefined);
  assert(
    disagreement(result(1, 2.01), expected)!.startsWith(
      "y differs from what wasm computed by 5.0e-3",
    ),
  );
  assert(disagreement(result(NaN, 2), expected) !== undefined);
  const broken = { y: { data: Float64Array.of(NaN, Infinity), shape: [2] } };
  assertEquals(disagreement(result(NaN, Infinity), broken), undefined);
  assertEquals(disagreement({}, expected), "it does not give y");
});
