import { type Graph, type Length, type Node, same } from "../graph.ts";
import { isElementwise } from "./broadcasts.ts";
import { rewrite, type Rewriting } from "./rewrite.ts";

/**
 * Transposes move behind the operations that do not care for the order of axes, so that those of one picture
 * operation meet those of the next and vanish: tfjs has the channels last, the runtime first.
 */
export function channels(graph: Graph): Graph {
  return rewrite(graph, (node, rewriting) => {
    const { b } = rewriting, { op, inputs, attributes } = node;
    const perm = transposition(inputs, rewriting);
    if (!perm) return;
    const back = perm.map((_, i) => perm.indexOf(i));
    /** x as it was before the transpose. */
    const source = (x: string) => {
      const before = rewriting.from(x);
      if (before?.op === "Transpose" && same(before.attributes.perm as number[], perm)) {
        return before.inputs[0];
      }
      const { shape } = b.value(x);
      const padded = [...Array(perm.length - shape.length).fill(1), ...shape];
      const turned = b.transpose(b.reshape(x, padded), back);
      // Its axes are put in order themselves: free where they have the length 1, and worth it where the rest
      // of a picture comes with its channels first.
      return viewOnly(padded, back) || same(perm, CHANNELS_LAST) ? turned : undefined;
    };
    const places = (axes: number[]) => axes.map((i) => perm[i]);

    if (isElementwise(op) && op !== "Clip") {
      const sources = inputs.map(source);
      if (sources.some((x) => x === undefined)) return;
      return [b.transpose(b.op(op, sources as string[], attributes), perm)];
    }
    const x = rewriting.from(inputs[0])?.op === "Transpose" ? source(inputs[0]) : undefined;
    if (x === undefined) return;
    switch (op) {
      case "Clip":
        return [b.transpose(b.op(op, [x, ...inputs.slice(1)], attributes), perm)];
      case "Pad": {
        const rank = perm.length, pads = attributes.pads as number[];
        const moved = [...back.map((i) => pads[i]), ...back.map((i) => pads[rank + i])];
        return [
          b.transpose(b.op(op, [x, ...inputs.slice(1)], { ...attributes, pads: moved }), perm),
        ];
      }
      case "Slice":
        return [
          b.transpose(
            b.op(op, [x], { ...attributes, axes: places(attributes.axes as number[]) }),
            perm,
          ),
        ];
      case "Concat": {
        const sources = inputs.map(source);
        if (
          sources.some((y, i) => y === undefined || rewriting.from(inputs[i])?.op !== "Transpose")
        ) return;
        return [
          b.transpose(
            b.op(op, sources as string[], { axis: perm[attributes.axis as number] }),
            perm,
          ),
        ];
      }
    }
    if (/^Reduce/.test(op)) return [reduced(node, x, perm, rewriting)];
  });
}

/** From [n, c, h, w] to [n, h, w, c]. */
const CHANNELS_LAST = [0, 2, 3, 1];

/** Whether a transpose leaves the numbers where they are: it only moves axes of length 1. */
const viewOnly = (shape: Length[], perm: number[]) => {
  const moved = perm.filter((i) => shape[i] !== 1);
  return moved.every((i, k) => k === 0 || i > moved[k - 1]);
};

/** How the axes of an operand of rank 3 or more were exchanged. */
function transposition(inputs: string[], { from, b }: Rewriting): number[] | undefined {
  const found = inputs.map((x) => from(x)).filter((n) => n?.op === "Transpose")
    .map((n) => n!.attributes.perm as number[]);
  return found.length > 0 && found[0].length > 2 &&
      inputs.every((x) => b.value(x).shape.length <= found[0].length)
    ? found[0]
    : undefined;
}

/** A reduction before the transpose; what is left of the transpose comes after it. */
function reduced({ op, attributes }: Node, x: string, perm: number[], { b }: Rewriting): string {
  const axes = (attributes.axes as number[]).map((i) => perm[i]).sort((i, j) => i - j);
  const result = b.op(op, [x], { ...attributes, axes });
  if (attributes.keepdims) return b.transpose(result, perm);
  const left = perm.filter((i) => !axes.includes(i));
  const sorted = left.toSorted((i, j) => i - j);
  return b.transpose(result, left.map((i) => sorted.indexOf(i)));
}
