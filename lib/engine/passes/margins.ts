import { filling, type Graph, type Node } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

/** Zeros around a picture before a convolution become the convolution's own, and slices of slices one. */
export function margins(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs: [x, ...rest], attributes }, { b, from, uses }) => {
    const before = from(x);
    if (op === "Conv" && before?.op === "Pad" && isZero(before, graph)) {
      const pads = before.attributes.pads as number[], own = attributes.pads as number[];
      const outside = [pads[0], pads[1], pads[4], pads[5]];
      const inside = [pads[2], pads[3], pads[6], pads[7]];
      if (outside.some((n) => n !== 0) || inside.some((n) => n < 0)) return;
      return [
        b.op("Conv", [before.inputs[0], ...rest], {
          ...attributes,
          pads: own.map((n, i) => n + inside[i]),
        }),
      ];
    }
    if (op === "Slice" && before?.op === "Slice" && uses(x) === 1) {
      const [first, second] = [before.attributes, attributes] as Record<string, number[]>[];
      if (first.axes.some((axis) => second.axes.includes(axis))) return;
      const both = (name: string) => [...first[name], ...second[name]];
      return [
        b.op("Slice", before.inputs, {
          axes: both("axes"),
          starts: both("starts"),
          ends: both("ends"),
          steps: both("steps"),
        }),
      ];
    }
  });
}

const isZero = ({ inputs, attributes }: Node, graph: Graph) =>
  (attributes.mode ?? "constant") === "constant" &&
  (inputs.length === 1 || filling(graph, inputs[1]) === 0);
