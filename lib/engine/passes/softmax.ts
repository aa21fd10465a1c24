import { type Graph, type Node, same } from "../graph.ts";
import { rewrite, type Rewriting } from "./rewrite.ts";

/**
 * The pieces of softmax and log-softmax along the last axis become one node each: exp s / Σ exp s, and
 * log Σ exp s − s. Both are the same for s and for s less its maximum.
 */
export function softmax(graph: Graph): Graph {
  return rewrite(graph, (node, rewriting) => {
    const { b } = rewriting, [x, y] = node.inputs;
    if (node.op === "Sub") {
      const s = summedExponent(
        rewriting.from(x)?.op === "Log" ? rewriting.from(x)!.inputs[0] : "",
        rewriting,
      );
      if (s && s.argument === y) return [b.op("Neg", [logSoftmax(y, rewriting)])];
      const t = summedExponent(
        rewriting.from(y)?.op === "Log" ? rewriting.from(y)!.inputs[0] : "",
        rewriting,
      );
      if (t && t.argument === x) return [logSoftmax(x, rewriting)];
      return;
    }
    if (node.op === "Div") return share(x, y, undefined, rewriting);
    if (node.op !== "Mul") return;
    for (const [e, quotient] of [[x, y], [y, x]]) {
      const division = rewriting.from(quotient);
      if (division?.op !== "Div") continue;
      const found = share(e, division.inputs[1], division.inputs[0], rewriting);
      if (found) return found;
    }
  });
}

/** e/Σe, times a factor; for e = exp s. */
function share(e: string, sum: string, factor: string | undefined, rewriting: Rewriting) {
  const { b } = rewriting;
  const found = summedExponent(sum, rewriting);
  if (!found || found.exponential !== e) return;
  const { shape } = b.value(found.argument);
  const whole = b.op("Softmax", [unshifted(found.argument, rewriting)], { axis: shape.length - 1 });
  return [factor === undefined ? whole : b.op("Mul", [whole, factor])];
}

/** s and exp s of a value that is Σ exp s along the last axis, kept as an axis of length 1. */
function summedExponent(name: string, { b, from }: Rewriting) {
  const sum = viaReshape(from(name), from);
  if (sum?.op !== "ReduceSum") return;
  const [exponential] = sum.inputs, exp = from(exponential);
  if (exp?.op !== "Exp") return;
  const { shape } = b.value(exponential);
  const kept = shape.with(-1, 1);
  if (!same(sum.attributes.axes as number[], [shape.length - 1])) return;
  if (!same(b.value(name).shape, kept)) return;
  return { exponential, argument: exp.inputs[0] };
}

const viaReshape = (node: Node | undefined, from: Rewriting["from"]) =>
  node?.op === "Reshape" ? from(node.inputs[0]) : node;

/** z, where s is z less its maximum along the last axis. */
function unshifted(s: string, { b, from }: Rewriting): string {
  const node = from(s);
  if (node?.op !== "Sub") return s;
  const max = viaReshape(from(node.inputs[1]), from);
  const last = b.value(s).shape.length - 1;
  const isShift = max?.op === "ReduceMax" && max.inputs[0] === node.inputs[0] &&
    same(max.attributes.axes as number[], [last]);
  return isShift ? node.inputs[0] : s;
}

function logSoftmax(s: string, rewriting: Rewriting): string {
  const { b } = rewriting;
  return b.op("LogSoftmax", [unshifted(s, rewriting)], { axis: b.value(s).shape.length - 1 });
}
