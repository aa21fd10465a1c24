import type { Graph } from "./graph.ts";
import { dead } from "./passes/dead.ts";
import { repeated } from "./passes/repeated.ts";

/** All passes, in an order in which each finds what the ones before it have prepared. */
export function optimize(graph: Graph): Graph {
  const passes = [dead, repeated, dead];
  return passes.reduce((g, pass) => pass(g), graph);
}
