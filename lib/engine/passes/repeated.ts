import type { Graph } from "../graph.ts";

/** With one node where several do the same to the same values, and one constant where several are equal. */
export function repeated(graph: Graph): Graph {
  const renamed = new Map<string, string>(), seen = new Map<string, string[]>();
  const now = (name: string) => renamed.get(name) ?? name;
  const constants = new Map<string, string>();
  for (const [name, { data, shape }] of graph.constants) {
    if (data.length > 64) continue;
    const key = `${graph.values.get(name)!.dtype} [${shape}] ${
      Array.from(data as Float32Array, String)
    }`;
    const first = constants.get(key);
    if (first) renamed.set(name, first);
    else constants.set(key, name);
  }
  const nodes = graph.nodes.flatMap((node) => {
    const inputs = node.inputs.map(now);
    const key = `${node.op} ${inputs} ${JSON.stringify(node.attributes)}`;
    const first = seen.get(key);
    if (first) {
      node.outputs.forEach((output, i) => renamed.set(output, first[i]));
      return [];
    }
    seen.set(key, node.outputs);
    return [{ ...node, inputs }];
  });
  return {
    ...graph,
    nodes,
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: now(value) })),
  };
}
