import type { Graph, Length } from "../graph.ts";
import { rewrite, type Rewriting } from "./rewrite.ts";

/**
 * What scales the channels of a picture on its way into a convolution scales weights instead: its filter, or,
 * where the picture is the filter, as in the gradient by a filter, what comes out. So the gradient of batch norm
 * in eval mode takes no pass over pictures.
 */
export function scales(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs: [x, w, ...bias], attributes }, rewriting) => {
    if (op !== "Conv" || attributes.group !== 1) return;
    const { b, from } = rewriting, picture = scaled(x, rewriting);
    if (picture && fixed(b.value(w).shape)) {
      return [b.op("Conv", [picture.x, b.op("Mul", [w, picture.by]), ...bias], attributes)];
    }
    const turned = from(w), swaps = String(turned?.attributes.perm) === SWAPPED;
    const filter = turned?.op === "Transpose" && swaps && scaled(turned.inputs[0], rewriting);
    if (!filter || bias.length) return;
    const result = b.op("Conv", [x, b.transpose(filter.x, SWAP)], attributes);
    return [b.op("Mul", [result, filter.by])];
  });
}

/** The samples become channels, and the channels samples. */
const SWAP = [1, 0, 2, 3], SWAPPED = String(SWAP);

const fixed = (shape: Length[]) => shape.every((n) => n > 0);

/** A picture before it was scaled, and by what: one number for each channel, known without the samples. */
function scaled(name: string, { b, from }: Rewriting): { x: string; by: string } | undefined {
  const node = from(name), { shape } = b.value(name);
  if (node?.op !== "Mul" || shape.length !== 4) return;
  for (const [x, by] of [node.inputs, node.inputs.toReversed()]) {
    const own = b.value(by).shape;
    const perChannel = own.length === 4 && own[1] === shape[1] &&
      own.every((n, i) => i === 1 || n === 1);
    if (perChannel && !fixed(shape)) return { x, by };
  }
}
