import { assertEquals, assertLess } from "@std/assert";
import { type Builder, builder } from "../../../lib/engine/build.ts";
import { deviation } from "../../../lib/engine/check.ts";
import { openSession, runSession } from "../../../lib/engine/execute.ts";
import { countAt, type Graph } from "../../../lib/engine/graph.ts";
import { onnxModel } from "../../../lib/engine/onnx.ts";
import type { Pass } from "../../../lib/engine/optimize.ts";
import { dead } from "../../../lib/engine/passes/dead.ts";
import type { HostTensor, Level } from "../../../lib/engine/program.ts";
import { noise } from "../losses.ts";

/** A graph of float inputs [shape] or [shape, level], and the values that `write` gives. */
export function graphOf(
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

/** The operators of a graph, in its order. */
export const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);

/** Samples that graphs are run on. */
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
export async function left(graph: Graph, ...passes: Pass[]): Promise<string[]> {
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

/** Attributes of a product of matrices as they are. */
export const gemm = { transA: 0, transB: 0 };
