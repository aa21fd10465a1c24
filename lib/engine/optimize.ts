import type { Graph } from "./graph.ts";
import { broadcasts } from "./passes/broadcasts.ts";
import { channels } from "./passes/channels.ts";
import { casts } from "./passes/casts.ts";
import { correlations } from "./passes/correlations.ts";
import { dead } from "./passes/dead.ts";
import { distributed } from "./passes/distributed.ts";
import { factors } from "./passes/factors.ts";
import { folded } from "./passes/folded.ts";
import { biased, transposed, turned } from "./passes/gemms.ts";
import { margins } from "./passes/margins.ts";
import { masks } from "./passes/masks.ts";
import { ranks } from "./passes/ranks.ts";
import { repeated } from "./passes/repeated.ts";
import { scales } from "./passes/scales.ts";
import { slopes } from "./passes/slopes.ts";
import { softmax } from "./passes/softmax.ts";
import { strides } from "./passes/strides.ts";
import { sums } from "./passes/sums.ts";
import { twoClasses } from "./passes/two_classes.ts";
import { views } from "./passes/views.ts";

/** A function from graphs to graphs that compute the same. */
export type Pass = (graph: Graph) => Graph;

const tidy: Pass = (graph) => dead(repeated(dead(graph)));
const simplify: Pass[] = [views, broadcasts, ranks, casts, sums, tidy];

/** All passes, in an order in which each finds what the ones before it have prepared. */
const passes: Pass[] = [
  tidy,
  ...simplify,
  ...simplify,
  strides,
  ...simplify,
  strides,
  ...simplify,
  channels,
  ...simplify,
  channels,
  ...simplify,
  scales,
  ...simplify,
  slopes,
  ...simplify,
  folded,
  ...simplify,
  folded,
  margins,
  ...simplify,
  correlations,
  ...simplify,
  softmax,
  tidy,
  factors,
  tidy,
  transposed,
  tidy,
  biased,
  twoClasses,
  tidy,
  masks,
  ...simplify,
  distributed,
  ...simplify,
  turned,
  tidy,
];

/** The graph, shaped for the runtime: fewer nodes, larger ones, early ones. */
export function optimize(graph: Graph): Graph {
  return passes.reduce((g, pass) => pass(g), graph);
}
