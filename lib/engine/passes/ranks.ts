import type { Graph } from "../graph.ts";
import { isElementwise } from "./broadcasts.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Operations on tensors whose first axes have the length 1 run without those axes: what stands before and
 * after them, a product and its bias, then meets.
 */
export function ranks(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs, outputs, attributes }, { b, from }) => {
    const reshaped = inputs.some((x) => from(x)?.op === "Reshape");
    if (!reshaped) return;
    if (isElementwise(op) && op !== "Clip") {
      const { shape } = b.value(outputs[0]);
      const extra = shape.findIndex((n) => n !== 1);
      const leading = extra < 0 ? shape.length : extra;
      if (leading === 0) return;
      const bare = inputs.map((x) => {
        const own = b.value(x).shape;
        return b.reshape(x, own.slice(Math.max(0, leading - (shape.length - own.length))));
      });
      return [b.reshape(b.op(op, bare, attributes), shape)];
    }
    if (/^Reduce/.test(op) && b.value(inputs[0]).shape[0] === 1) {
      const { shape } = b.value(inputs[0]);
      const axes = (attributes.axes as number[]).filter((i) => i > 0).map((i) => i - 1);
      const rest = b.reshape(inputs[0], shape.slice(1));
      const result = axes.length ? b.op(op, [rest], { ...attributes, axes }) : rest;
      return [b.reshape(result, b.value(outputs[0]).shape)];
    }
  });
}
