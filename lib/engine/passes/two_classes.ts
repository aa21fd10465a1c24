import { consumers, type Graph, type Node, producers, same } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

/**
 * With two classes only the difference d of the logits counts: −log softmax of the true one is softplus(±d),
 * and the larger one is told by the sign of d. So the last layer is multiplied with one column in place of
 * two, and softmax, product and sum over classes become one operation on a vector: a sixth of a small
 * network's time. d − d is 0, or NaN where the logits are not finite, as in a softmax.
 */
export function twoClasses(graph: Graph): Graph {
  const logits = twoLogits(graph);
  if (logits.size === 0) return graph;
  const from = producers(graph), differences = new Map<string, string>();

  return rewrite(graph, ({ op, outputs, inputs }, { b }) => {
    /** z₁ − z₀ of the logits. */
    const difference = (z: string, [x, weights, bias]: string[]) => {
      const column = () => b.constant(Float32Array.of(-1, 1), [2, 1], "float32");
      const between = (rows: string) => b.op("Gemm", [rows, column()], { transA: 0, transB: 0 });
      const shift = bias ? [b.reshape(between(b.reshape(bias, [1, 2])), [1])] : [];
      const d = b.op("Gemm", [x, between(weights), ...shift], { transA: 0, transB: 0 });
      differences.set(z, b.reshape(d, [b.value(x).shape[0]]));
    };
    if (logits.has(outputs[0])) return void difference(outputs[0], inputs);
    if (op === "ArgMax" && differences.has(inputs[0])) {
      const d = differences.get(inputs[0])!;
      const second = b.op("Greater", [d, b.scalar(0, "float32")]);
      return [b.op("Cast", [second], { to: "int64" })];
    }
    const loss = op === "ReduceSum" ? from.get(outputs[0]) : undefined;
    const found = loss && crossEntropy(loss, graph, from);
    if (!found || !differences.has(found.logits)) return;
    const d = differences.get(found.logits)!;
    const summed = (...factors: number[]) => {
      const weighted = b.constant(Float32Array.from(factors), [2], "float32");
      const rows = b.op("Mul", [found.negatives, weighted]);
      return b.op("ReduceSum", [rows], { axes: [1], keepdims: 0 });
    };
    // a label that is no class has a row of zeros, and no loss
    const sign = summed(-1, 1), counts = summed(-1, -1);
    const value = b.op("Mul", [b.op("Softplus", [b.op("Mul", [d, sign])]), counts]);
    return [b.op("Add", [value, b.op("Sub", [d, d])])];
  });
}

/** Logits [n, 2] of a product, of which nothing is asked but a cross-entropy and which one is larger. */
function twoLogits(graph: Graph): Set<string> {
  const from = producers(graph), users = consumers(graph), found = new Set<string>();
  for (const node of graph.nodes) {
    const entropy = node.op === "ReduceSum" ? crossEntropy(node, graph, from) : undefined;
    const product = entropy && from.get(entropy.logits);
    if (product?.op !== "Gemm" || product.attributes.transA || product.attributes.transB) continue;
    const { dtype, shape } = graph.values.get(entropy!.logits)!, [, weights, bias] = product.inputs;
    const biased = !bias || same(graph.values.get(bias)!.shape, [2]);
    if (dtype !== "float32" || shape.length !== 2 || shape[1] !== 2 || !biased) continue;
    const others = users.get(entropy!.logits)!.filter((user) => user?.op !== "LogSoftmax");
    const chosen = others.every((user) => user?.op === "ArgMax" && isOverClasses(user));
    if (chosen && graph.values.get(weights)!.shape[1] === 2) found.add(entropy!.logits);
  }
  return found;
}

const isOverClasses = ({ attributes: { axis, keepdims } }: Node) => axis === 1 && !keepdims;

/** Σ over classes of log softmax times −1 at the true class: the logits, and those numbers. */
function crossEntropy(
  { inputs: [x], attributes }: Node,
  graph: Graph,
  from: Map<string, Node>,
) {
  const product = from.get(x);
  if (product?.op !== "Mul" || attributes.keepdims || !same(attributes.axes as number[], [1])) {
    return;
  }
  for (const [scores, negatives] of [product.inputs, product.inputs.toReversed()]) {
    const softmax = from.get(scores);
    if (softmax?.op !== "LogSoftmax" || softmax.attributes.axis !== 1) continue;
    if (isMinusOneHot(negatives, graph, from)) return { logits: softmax.inputs[0], negatives };
  }
}

/** Whether rows are −1 at one place at most, and 0 elsewhere: labels compared with two classes. */
function isMinusOneHot(name: string, graph: Graph, from: Map<string, Node>): boolean {
  const negative = from.get(name), cast = from.get(negative?.inputs[0] ?? "");
  const equal = from.get(cast?.inputs[0] ?? "");
  if (negative?.op !== "Neg" || cast?.op !== "Cast" || equal?.op !== "Equal") return false;
  return equal.inputs.some((classes, i) => {
    const { data } = graph.constants.get(classes) ?? {};
    const labels = graph.values.get(equal.inputs[1 - i])!.shape;
    return data?.length === 2 && data[0] !== data[1] && labels.length === 2 && labels[1] === 1;
  });
}
