import { distributes } from "../cost.ts";
import { consumers, type Graph, levels, type Node, producers } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

/** Where the parameters of a point come from: rows of a frame, combined, then split. */
interface Point {
  /** The combination: factors [1, rows] times the frame [rows, size of θ]. */
  gemm: Node;
  /** The pieces of the point. */
  split: Node;
  rows: number;
}

/**
 * In a program for slices, products of what does not depend on the coordinates with weights that are a
 * combination are made once for the origin and each direction, where that costs less for each point: the
 * product of wide data with the first layer. What is left of the parameters stays one combination.
 */
export function distributed(graph: Graph): Graph {
  const point = findPoint(graph);
  if (!point) return graph;
  const pieces = distributable(graph, point);
  if (pieces.size === 0) return graph;
  const { split, gemm: { inputs: [factors, frame] }, rows } = point;
  const sizes = split.attributes.sizes as number[];
  const stacks = new Set<string>();

  return rewrite(graph, ({ op, inputs, outputs, attributes }, { b }) => {
    if (outputs[0] === split.outputs[0]) {
      const columns = b.ops("Split", [frame], { axis: 1, sizes });
      const rest = sizes.map((_, i) => i).filter((i) => !pieces.has(i));
      const values: string[] = columns.slice();
      if (rest.length > 0) {
        const kept = rest.map((i) => columns[i]);
        const narrow = kept.length === 1 ? kept[0] : b.op("Concat", kept, { axis: 1 });
        const flat = b.op("Gemm", [factors, narrow], { transA: 0, transB: 0 });
        const whole = b.reshape(flat, [rest.reduce((n, i) => n + sizes[i], 0)]);
        const parts = rest.length === 1
          ? [whole]
          : b.ops("Split", [whole], { axis: 0, sizes: rest.map((i) => sizes[i]) });
        rest.forEach((i, k) => values[i] = parts[k]);
      }
      for (const i of pieces) stacks.add(values[i]);
      return values;
    }
    // A distributed piece is a stack of the frame's rows, whatever its shape.
    if (op === "Reshape" && stacks.has(inputs[0])) {
      const stack = b.reshape(inputs[0], [rows, ...attributes.shape as number[]]);
      stacks.add(stack);
      return [stack];
    }
    if (op !== "Gemm" || !stacks.has(inputs[1])) return;
    const [x, weights, bias] = inputs, width = b.value(weights).shape[2];
    const products = b.op("MatMul", [x, weights]);
    const inside = bias && stacks.has(bias);
    const sum = inside ? b.op("Add", [products, b.reshape(bias, [rows, 1, width])]) : products;
    const samples = b.value(x).shape[0];
    const late = b.op("Gemm", [factors, b.reshape(sum, [rows, samples * width])], {
      transA: 0,
      transB: 0,
    });
    const result = b.reshape(late, [samples, width]);
    return [bias && !inside ? b.op("Add", [result, bias]) : result];
  });
}

function findPoint(graph: Graph): Point | undefined {
  const from = producers(graph);
  const split = graph.nodes.find(({ op, inputs: [x] }) => {
    const flat = op === "Split" ? from.get(x) : undefined;
    return flat?.op === "Reshape" && from.get(flat.inputs[0])?.inputs[1] === "frame";
  });
  if (!split) return;
  const gemm = from.get(from.get(split.inputs[0])!.inputs[0])!;
  return { gemm, split, rows: graph.values.get("frame")!.shape[0] };
}

/** The pieces that go nowhere but into a product that pays: its weights, and its bias. */
function distributable(graph: Graph, { split, rows }: Point): Set<number> {
  const users = consumers(graph), level = levels(graph), found = new Set<number>();
  const from = producers(graph);
  const pieceOf = (name: string | undefined): number => {
    const node = name && from.get(name);
    const source = node && node.op === "Reshape" ? node.inputs[0] : name;
    const piece = split.outputs.indexOf(source ?? "");
    const alone = (value: string) => users.get(value)?.length === 1;
    return piece >= 0 && alone(source!) && alone(name!) ? piece : -1;
  };
  for (const { op, inputs, attributes } of graph.nodes) {
    if (op !== "Gemm" || attributes.transA || attributes.transB) continue;
    const piece = pieceOf(inputs[1]);
    if (piece < 0 || level.get(inputs[0])! > 1) continue;
    if (!distributes(graph.values.get(inputs[1])!.shape[0], rows - 1)) continue;
    found.add(piece);
    const bias = pieceOf(inputs[2]);
    if (bias >= 0) found.add(bias);
  }
  return found;
}
