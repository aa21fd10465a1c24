import { arrayOf } from "../build.ts";
import { filling, type Graph, type Length, type Node, same } from "../graph.ts";
import { broadcast } from "../infer.ts";
import { rewrite, type Rewriting } from "./rewrite.ts";

/** Operators that broadcast what they take, and see each number by itself. */
const elementwise = new Set(
  ("Abs Add And Cast Ceil Clip Cos Div Elu Equal Erf Exp Floor Greater GreaterOrEqual Less LessOrEqual Log " +
    "Max Min Mul Neg Not Or Pow Reciprocal Relu Round Sigmoid Sign Sin Sqrt Sub Tanh Where").split(
      " ",
    ),
);

/** Whether an operator sees each number by itself. */
export const isElementwise = (op: string): boolean => elementwise.has(op);

/**
 * Numbers that are repeated to fill a shape are repeated late, and where an operation repeats them by
 * itself, not at all: ones that a gradient spreads a sum with, zeros that it starts from.
 */
export function broadcasts(graph: Graph): Graph {
  const batch = graph.nodes.find(({ op }) => op === "Batch")?.outputs[0];
  return rewrite(graph, (node, rewriting) => {
    const { b } = rewriting;
    const [output] = node.outputs, { shape } = graph.values.get(output)!;
    const expanded = (x: string) =>
      same(b.value(x).shape, shape)
        ? x
        : b.op("Expand", shape.some((n) => n < 0) ? [x, batch!] : [x], { shape });

    if (node.op === "Expand") {
      const x = bare(node.inputs[0], rewriting);
      if (same(b.value(x).shape, shape)) return [x];
      return x === node.inputs[0] ? undefined : [expanded(x)];
    }
    if (node.op === "Reshape" || node.op === "Transpose") {
      const x = bare(node.inputs[0], rewriting);
      if (x === node.inputs[0] || b.value(x).shape.some((n) => n !== 1)) return;
      return [expanded(b.reshape(x, shape.map(() => 1)))];
    }
    if (!isElementwise(node.op)) return;
    const inputs = node.inputs.map((x) => x && bare(x, rewriting));
    const trivial = neutral(node, inputs, rewriting);
    if (trivial && b.value(trivial).dtype === graph.values.get(output)!.dtype) {
      return [expanded(trivial)];
    }
    if (inputs.every((x, i) => x === node.inputs[i])) return;
    if (node.op === "Clip") return;
    const reached = inputs.filter((x) => x).map((x) => b.value(x).shape)
      .reduce<Length[]>(broadcast, []);
    const result = b.op(node.op, inputs, node.attributes);
    return [same(reached, shape) ? result : expanded(result)];
  });
}

/** What is repeated: the input of an Expand, or one of the equal numbers of a constant. */
function bare(name: string, { b, from }: Rewriting): string {
  const node = from(name);
  if (node?.op === "Expand") return bare(node.inputs[0], { b, from } as Rewriting);
  const { dtype, shape } = b.value(name);
  if (shape.every((n) => n === 1)) return name;
  const value = filling(b.graph, name);
  if (value === undefined) return name;
  // With as many axes as before, so that nothing else has to change.
  return b.constant(arrayOf(dtype, [value]), shape.map(() => 1), dtype);
}

/** The operand that an operation with 0 or 1 gives back. */
function neutral({ op }: Node, [x, y]: string[], { b }: Rewriting): string | undefined {
  const [left, right] = [x, y].map((name) => name && filling(b.graph, name));
  const zeroLeft = Object.is(left, 0), zeroRight = right === 0;
  if ((op === "Mul" || op === "Div") && right === 1) return x;
  if (op === "Mul" && left === 1) return y;
  if ((op === "Add" || op === "Sub") && zeroRight) return x;
  if (op === "Add" && zeroLeft) return y;
}
