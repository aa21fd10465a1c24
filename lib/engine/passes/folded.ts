import type { Graph } from "../graph.ts";
import { rewrite, type Rewriting } from "./rewrite.ts";

/**
 * What multiplies the channels of a convolution or product, or is added to them, goes into its weights and
 * its bias: batch norm in eval mode costs nothing then.
 */
export function folded(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs }, rewriting) => {
    if (op !== "Mul" && op !== "Add" && op !== "Sub") return;
    for (const [layer, other] of op === "Sub" ? [inputs] : [inputs, inputs.toReversed()]) {
      const node = rewriting.from(layer);
      if (!node || rewriting.uses(layer) !== 1) continue;
      const channel = node.op === "Conv" ? 1 : node.op === "Gemm" ? 1 : -1;
      if (channel < 0 || (node.op === "Gemm" && op !== "Mul")) continue;
      const values = perChannel(other, layer, channel, rewriting);
      if (!values) continue;
      const [x, weights, bias] = node.inputs, { b } = rewriting;
      if (op !== "Mul") {
        const shift = op === "Sub" ? b.op("Neg", [values]) : values;
        return [withBias(rewriting, node.op, [x, weights, bias], shift, node.attributes)];
      }
      const filter = b.value(weights).shape;
      const aligned = node.op === "Conv"
        ? b.reshape(values, [filter[0], ...filter.slice(1).map(() => 1)])
        : node.attributes.transB
        ? b.reshape(values, [filter[0], 1])
        : values;
      // Scaling the weights of a product pays where there are fewer of them than results.
      if (node.op === "Gemm" && (b.value(layer).shape[0] >= 0 || filter[0] > 1024)) continue;
      if (bias && b.value(bias).shape.length > 1 && b.value(bias).shape[0] !== 1) continue;
      const scaled = [x, b.op("Mul", [weights, aligned])];
      if (bias) scaled.push(b.op("Mul", [b.reshape(bias, b.value(bias).shape.slice(-1)), values]));
      return [b.op(node.op, scaled, node.attributes)];
    }
  });
}

/** One number for each channel as [c], where a value is that and known before the layer's result. */
function perChannel(
  name: string,
  layer: string,
  channel: number,
  { b, level }: Rewriting,
): string | undefined {
  const { shape } = b.value(layer), own = b.value(name).shape;
  const padded = [...Array(Math.max(0, shape.length - own.length)).fill(1), ...own];
  const isChannels = padded.length === shape.length && shape[channel] > 0 &&
    padded.every((n, i) => n === (i === channel ? shape[channel] : 1));
  if (!isChannels || level(name) > level(layer)) return;
  return b.reshape(name, [shape[channel]]);
}

function withBias(
  { b }: Rewriting,
  op: string,
  [x, weights, bias]: string[],
  values: string,
  attributes: Record<string, number | number[] | string>,
): string {
  return b.op(op, [x, weights, bias ? b.op("Add", [bias, values]) : values], attributes);
}
