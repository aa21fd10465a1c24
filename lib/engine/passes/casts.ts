import { type Graph, same } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

/** Truth values become floats in one step, and places of maxima are compared as they come. */
export function casts(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs, attributes }, { b, from }) => {
    if (op === "Cast") {
      const before = from(inputs[0]);
      if (before?.op !== "Cast" || b.value(before.inputs[0]).dtype !== "bool") return;
      return [b.op("Cast", before.inputs, attributes)];
    }
    if (op !== "Equal") return;
    const places = inputs.map((x) => from(x)).map((n) =>
      n?.op === "Cast" && from(n.inputs[0])?.op.startsWith("Arg") ? n.inputs[0] : undefined
    );
    const [left, right] = places;
    if (left && right && same(b.value(left).shape, b.value(right).shape)) {
      return [b.op("Equal", [left, right])];
    }
  });
}
