import { type Graph, same } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

/** Chains of reshapes and of transposes become one, and nothing where they undo each other or shape numbers. */
export function views(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs: [x], attributes }, { b, from }) => {
    const before = x ? from(x) : undefined;
    switch (op) {
      case "Identity":
        return [x];
      case "Cast":
        return b.value(x).dtype === attributes.to ? [x] : undefined;
      case "Reshape": {
        const source = before?.op === "Reshape" ? before.inputs[0] : x;
        const shape = attributes.shape as number[], numbers = b.graph.constants.get(x);
        if (numbers) return [b.constant(numbers.data, shape, b.value(x).dtype)];
        if (same(b.value(source).shape, shape)) return [source];
        return source === x ? undefined : [b.reshape(source, shape)];
      }
      case "Transpose": {
        const perm = attributes.perm as number[], shape = b.value(x).shape;
        if (before?.op === "Transpose") {
          return [
            b.transpose(before.inputs[0], perm.map((i) => (before.attributes.perm as number[])[i])),
          ];
        }
        // Axes of length 1 may move freely: the numbers stay where they are.
        const moved = perm.filter((i) => shape[i] !== 1);
        if (moved.some((i, k) => k > 0 && i < moved[k - 1])) return;
        return [b.reshape(x, perm.map((i) => shape[i]))];
      }
    }
  });
}
