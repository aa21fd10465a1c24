import { filling, type Graph } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Whether x > 0 is read off max(x, 0) where that is computed anyway: so nobody but it takes x, and the
 * runtime computes product and ReLU as one.
 */
export function masks(graph: Graph): Graph {
  const rectified = new Map(
    graph.nodes.filter(({ op }) => op === "Relu").map((
      { inputs, outputs },
    ) => [inputs[0], outputs[0]]),
  );
  const written = new Set<string>();
  // A mask may be asked for before the ReLU is written: then the ReLU moves up.
  return rewrite(graph, ({ op, inputs: [x, bound], outputs }, { b, from }) => {
    if (op === "Relu") written.add(outputs[0]);
    if (op !== "Greater") return;
    // it may have got the rank of a picture
    const view = from(bound), number = view?.op === "Reshape" ? view.inputs[0] : bound;
    if (filling(b.graph, number) !== 0) return;
    const relu = rectified.get(x);
    return relu && written.has(relu) ? [b.op("Greater", [relu, bound])] : undefined;
  });
}
