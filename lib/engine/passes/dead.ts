import type { Graph } from "../graph.ts";

/** Without the nodes and constants that no output depends on. */
export function dead(graph: Graph): Graph {
  const live = new Set(graph.outputs.map(({ value }) => value));
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => live.has(output))) return false;
    for (const input of node.inputs) live.add(input);
    return true;
  }).reverse();
  for (const { name } of graph.inputs) live.add(name);
  for (const { outputs } of nodes) for (const output of outputs) live.add(output);
  const kept = <V>(map: Map<string, V>) => new Map([...map].filter(([name]) => live.has(name)));
  return { ...graph, nodes, constants: kept(graph.constants), values: kept(graph.values) };
}
