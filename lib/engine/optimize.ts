import type { Graph } from "./graph.ts";
import { broadcasts } from "./passes/broadcasts.ts";
import { dead } from "./passes/dead.ts";
import { biased, transposed } from "./passes/gemms.ts";
import { masks } from "./passes/masks.ts";
import { repeated } from "./passes/repeated.ts";
import { sums } from "./passes/sums.ts";
import { views } from "./passes/views.ts";

/** A function from graphs to graphs that compute the same. */
export type Pass = (graph: Graph) => Graph;

const tidy: Pass = (graph) => dead(repeated(dead(graph)));
const simplify: Pass[] = [views, broadcasts, sums, tidy];

/** All passes, in an order in which each finds what the ones before it have prepared. */
const passes: Pass[] = [
  tidy,
  ...simplify,
  ...simplify,
  transposed,
  tidy,
  biased,
  tidy,
  masks,
  tidy,
];

/** The graph, shaped for the runtime: fewer nodes, larger ones, early ones. */
export function optimize(graph: Graph): Graph {
  return passes.reduce((g, pass) => pass(g), graph);
}
