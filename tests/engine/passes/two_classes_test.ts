/** A cross-entropy of two classes as the softplus of a difference: against arithmetic in a line. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type Builder, builder } from "../../../lib/engine/build.ts";
import { compile } from "../../../lib/engine/compile.ts";
import { execute } from "../../../lib/engine/execute.ts";
import type { Graph } from "../../../lib/engine/graph.ts";
import { dead } from "../../../lib/engine/passes/dead.ts";
import { twoClasses } from "../../../lib/engine/passes/two_classes.ts";
import type { HostTensor } from "../../../lib/engine/program.ts";
import { noise } from "../losses.ts";

const plain = { transA: 0, transB: 0 }, sums = { axes: [1], keepdims: 0 };

/** −log softmax of the true one of some classes, and which is largest, of a linear model. */
function classifier(classes: number, more: (b: Builder, z: string) => string[] = () => []): Graph {
  const b = builder(), dtype = "float32", numbers = Array.from({ length: classes }, (_, i) => i);
  const x = b.input("x", { dtype, shape: [-1, 3] }, 0);
  const labels = b.input("labels", { dtype, shape: [-1] }, 0);
  const weights = b.input("weights", { dtype, shape: [3, classes] }, 1);
  const bias = b.input("bias", { dtype, shape: [classes] }, 1);
  const z = b.op("Gemm", [x, weights, bias], plain);
  const classNumbers = b.constant(Float32Array.from(numbers), [classes], dtype);
  const isTrue = b.op("Equal", [b.reshape(labels, [-1, 1]), classNumbers]);
  const oneHot = b.op("Neg", [b.op("Cast", [isTrue], { to: dtype })]);
  const scores = b.op("Mul", [b.op("LogSoftmax", [z], { axis: 1 }), oneHot]);
  const outputs = [
    b.op("ReduceSum", [scores], sums),
    b.op("ArgMax", [z], { axis: 1, keepdims: 0 }),
    ...more(b, z),
  ];
  const names = ["losses", "largest", "more"];
  b.graph.outputs = outputs.map((value, i) => ({ name: names[i], value }));
  return b.graph;
}

const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);

async function run(graph: Graph, inputs: Record<string, HostTensor>) {
  const opened = await execute(compile(graph, { precision: "float32" }));
  const { losses, largest } = await opened.run(inputs);
  await opened.release();
  return { losses: losses.data as Float32Array, largest: Array.from(largest.data, Number) };
}

const host = (values: number[], shape = [values.length]): HostTensor => ({
  data: Float32Array.from(values),
  shape,
});

Deno.test("two classes: the loss and the larger logit are those of a softmax", async () => {
  const n = 50, x = noise(1, "x", n, 3), weights = noise(2, "weights", 3, 2);
  const labels = Array.from({ length: n }, (_, i) => i % 3 === 0 ? 1 : 0), bias = [0.3, -0.2];
  const { losses, largest } = await run(classifier(2), {
    x: x as HostTensor,
    weights: weights as HostTensor,
    labels: host(labels),
    bias: host(bias),
  });
  for (let i = 0; i < n; i++) {
    const [z0, z1] = bias.map((b, c) =>
      [0, 1, 2].reduce((z, k) => z + x.data[3 * i + k] * weights.data[2 * k + c], b)
    );
    const right = labels[i] ? z1 : z0, wrong = labels[i] ? z0 : z1;
    assertAlmostEquals(losses[i], Math.log1p(Math.exp(wrong - right)), 1e-6);
    assertEquals(largest[i], z1 > z0 ? 1 : 0);
  }
});

Deno.test("two classes: ties, labels that are no class, and what is not finite, as with a softmax", async () => {
  const weights = host([0, 0, 0, 1, 1, 0], [3, 2]), bias = host([0, 0]);
  const x = host([1, 0, 0, 1, 0, 0, 0, Infinity, 0, 0, NaN, 0, 0, 60, 0], [5, 3]);
  const { losses, largest } = await run(classifier(2), {
    x,
    weights,
    bias,
    labels: host([0, 7, 1, 0, 0]),
  });
  assertAlmostEquals(losses[0], Math.LN2, 1e-7);
  assertEquals([losses[1], losses[2], losses[3], losses[4]], [0, NaN, NaN, 60]);
  assertEquals(largest.slice(0, 2), [0, 0]);
});

Deno.test("two classes: the last layer is left with one column", () => {
  const graph = dead(twoClasses(classifier(2))), shape = (x: string) => graph.values.get(x)!.shape;
  const products = graph.nodes.filter(({ op, inputs: [x] }) => op === "Gemm" && x === "x");
  assertEquals(products.map(({ outputs }) => shape(outputs[0])), [[-1, 1]]);
  assertEquals(ops(graph).filter((op) => /Soft/.test(op)), ["Softplus"]);
});

Deno.test("two classes: other numbers of classes, and logits that are asked for, stay", () => {
  for (const graph of [classifier(3), classifier(2, (b, z) => [b.op("Exp", [z])])]) {
    assertEquals(ops(twoClasses(graph)), ops(graph));
  }
});
