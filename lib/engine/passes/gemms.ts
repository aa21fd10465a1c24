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
  return rewrite(graph, ({ op, inputs, outputs }, rewriting) => {
    if (op !== "Add") return;
    const { b } = rewriting, { shape } = b.value(outputs[0]);
    for (const [product, other] of [inputs, inputs.toReversed()]) {
      const gemm = ownGemm(product, rewriting);
      const latest = Math.max(rewriting.level(product), rewriting.level(other));
      // A product that is known early is not computed again with what comes late.
      if (!gemm || rewriting.level(product) < latest) continue;
      if (
        !fits(b.value(other).shape, b.value(product).shape) ||
        b.value(product).shape.length !== shape.length
      ) continue;
      return [b.op("Gemm", [...gemm.inputs, other], gemm.attributes)];
    }
  });
}

/** A product without a bias that nobody else takes. */
function ownGemm(name: string, { from, uses }: Rewriting) {
  const node = from(name);
  return node?.op === "Gemm" && node.inputs.length === 2 && uses(name) === 1 ? node : undefined;
}

/** Whether one shape is broadcast to the other without changing it. */
const fits = (small: Length[], shape: Length[]) =>
  small.length <= shape.length &&
  small.every((n, i) => n === 1 || n === shape[shape.length - small.length + i]);
