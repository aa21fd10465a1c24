import { type Builder, builder } from "../build.ts";
import { consumers, type Graph, type Node } from "../graph.ts";

/** What a rule sees: the graph that is being written. */
export interface Rewriting {
  /** Where new nodes go. */
  b: Builder;
  /** The node in the new graph that gives a value; undefined for inputs and constants. */
  from(name: string): Node | undefined;
  /** How many nodes and outputs take a value, as far as known from the old graph. */
  uses(name: string): number;
  /** The level at which a value is known; −1 for constants. */
  level(name: string): number;
}

/** Gives the values that replace a node's, or undefined where the node stays. Its inputs are new names. */
export type Rule = (node: Node, rewriting: Rewriting) => string[] | undefined;

/**
 * A new graph in which rules have replaced nodes, one after the other in the order in which they run. What
 * nobody takes any more is left in: see `dead`.
 */
export function rewrite(graph: Graph, rule: Rule): Graph {
  const values = new Map(graph.values);
  const out: Graph = {
    inputs: graph.inputs,
    nodes: [],
    constants: new Map(graph.constants),
    values,
    outputs: [],
  };
  const b = builder(out);
  const renamed = new Map<string, string>(), produced = new Map<string, Node>();
  const level = new Map<string, number>([["", -1]]);
  for (const { name, level: l } of graph.inputs) level.set(name, l);
  const uses = new Map<string, number>();
  for (const [name, users] of consumers(graph)) uses.set(name, users.length);
  const now = (name: string) => renamed.get(name) ?? name;

  let noted = 0;
  const note = () => {
    for (; noted < out.nodes.length; noted++) {
      const node = out.nodes[noted];
      const latest = Math.max(-1, ...node.inputs.map((name) => level.get(name) ?? -1));
      for (const output of node.outputs) {
        produced.set(output, node);
        level.set(output, latest);
      }
    }
  };
  const rewriting: Rewriting = {
    b,
    from: (name) => (note(), produced.get(name)),
    uses: (name) => uses.get(name) ?? 0,
    level: (name) => (note(), level.get(name) ?? -1),
  };
  for (const node of graph.nodes) {
    const current = { ...node, inputs: node.inputs.map(now) };
    const replaced = rule(current, rewriting);
    if (!replaced) {
      out.nodes.push(current);
      continue;
    }
    replaced.forEach((name, i) => {
      const old = node.outputs[i];
      if (name === old) return;
      renamed.set(old, name);
      uses.set(name, (uses.get(name) ?? 0) + (uses.get(old) ?? 0));
    });
  }
  out.outputs = graph.outputs.map(({ name, value }) => ({ name, value: now(value) }));
  return out;
}
