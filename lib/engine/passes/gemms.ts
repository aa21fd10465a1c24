import type { Graph, Length } from "../graph.ts";
import { rewrite, type Rewriting } from "./rewrite.ts";

/** Transposes before a product become part of it. */
export function transposed(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs, attributes }, { b, from }) => {
    if (op !== "Gemm") return;
    const [left, right] = [from(inputs[0]), from(inputs[1])].map((n) =>
      n?.op === "Transpose" && n.inputs[0] ? n : undefined
    );
    if (!left && !right) return;
    return [
      b.op("Gemm", [
        left?.inputs[0] ?? inputs[0],
        right?.inputs[0] ?? inputs[1],
        ...inputs.slice(2),
      ], {
        ...attributes,
        transA: Number(Boolean(attributes.transA) !== Boolean(left)),
        transB: Number(Boolean(attributes.transB) !== Boolean(right)),
      }),
    ];
  });
}

/** A sum with a product becomes part of it: a bias, or another product. */
export function biased(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs }, rewriting) => {
    if (op !== "Add") return;
    const { level } = rewriting;
    for (const [product, other] of [inputs, inputs.toReversed()]) {
      // A product that is known early is not computed again with what comes late.
      if (level(product) < Math.max(level(product), level(other))) continue;
      const sum = added(product, other, rewriting);
      if (sum) return [sum];
    }
  });
}

/** A product with something added to it, where nobody else takes the product. */
function added(product: string, other: string, rewriting: Rewriting): string | undefined {
  const { b, from, uses } = rewriting, node = from(product);
  if (node?.op !== "Gemm" || uses(product) !== 1) return;
  if (!fits(b.value(other).shape, b.value(product).shape)) return;
  const [x, y, bias] = node.inputs;
  if (bias === undefined) return b.op("Gemm", [x, y, other], node.attributes);
  const inner = added(bias, other, rewriting);
  return inner && b.op("Gemm", [x, y, inner], node.attributes);
}

/** Whether one shape is broadcast to the other without changing it. */
const fits = (small: Length[], shape: Length[]) =>
  small.length <= shape.length &&
  small.every((n, i) => n === 1 || n === shape[shape.length - small.length + i]);

/**
 * The runtime multiplies by a transposed left factor a third slower. One that is known early is transposed
 * early; where only the right one is, the product is made transposed, and its result turned.
 */
export function turned(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs: [x, y, bias], attributes, outputs }, { b, level }) => {
    if (op !== "Gemm" || !attributes.transA) return;
    const now = Math.max(level(x), level(y), level(bias ?? ""));
    if (level(x) < now) {
      const left = b.transpose(x, [1, 0]);
      return [b.op("Gemm", bias ? [left, y, bias] : [left, y], { ...attributes, transA: 0 })];
    }
    const isSmall = b.value(outputs[0]).shape.every((n) => n > 0);
    if (level(y) >= now || bias || attributes.transB || !isSmall) return;
    const product = b.op("Gemm", [b.transpose(y, [1, 0]), x], { ...attributes, transA: 0 });
    return [b.transpose(product, [1, 0])];
  });
}
