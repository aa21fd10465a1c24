import type { Graph, Length } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Sums of sums become one. The sum of a matrix over its rows is a product with a row of ones: the runtime's
 * sum over the first axis is slow.
 */
export function sums(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs: [x], attributes }, { b, from, uses }) => {
    if (op !== "ReduceSum") return;
    const axes = attributes.axes as number[], { shape } = b.value(x);
    if (axes.every((i) => shape[i] === 1)) {
      return [b.reshape(x, reduced(shape, axes, attributes.keepdims as number))];
    }
    const before = from(x);
    if (before?.op === "ReduceSum" && uses(x) === 1 && before.attributes.keepdims) {
      const all = [...new Set([...axes, ...before.attributes.axes as number[]])].sort();
      return [b.op("ReduceSum", [before.inputs[0]], { ...attributes, axes: all })];
    }
  });
}

const reduced = (shape: Length[], axes: number[], keep: number) =>
  shape.flatMap((n, i) => axes.includes(i) ? (keep ? [1] : []) : [n]);
