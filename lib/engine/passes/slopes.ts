import { builder } from "../build.ts";
import { filling, type Graph, type Node, producers, same } from "../graph.ts";

/**
 * The gradient by what scales the channels of a convolution is a sum over all samples and places, Σ a·(w∗x − μ).
 * With the gradient by the filter, ∂w = Σ a·x, which is computed anyway, it is Σ w·∂w − μ·Σ a: a sum over a
 * filter. Then nobody but the next layer takes what the convolution gives, and they become one.
 */
export function slopes(graph: Graph): Graph {
  const from = producers(graph), out: Graph = { ...graph, nodes: [...graph.nodes] };
  const gradients = new Map(
    graph.nodes.flatMap((node) => {
      const turned = node.op === "Conv" ? from.get(node.inputs[1]) : undefined;
      return turned?.op === "Transpose" && same(turned.attributes.perm as number[], SWAP)
        ? [[turned.inputs[0], node] as const]
        : [];
    }),
  );
  const found = graph.nodes.filter((node) => {
    const sum = summed(node, graph, from);
    const gradient = sum && gradients.get(sum.a);
    if (!gradient || !fits(gradient, sum.convolution, graph, from)) return false;
    out.nodes = out.nodes.filter((other) => other !== node);
    write(out, node, sum, gradient);
    return true;
  });
  return found.length ? { ...out, nodes: ordered(out) } : graph;
}

const SWAP = [1, 0, 2, 3], PLACES = [0, 2, 3];

/** A sum over samples and places of a·(c − μ), where c is a convolution. */
interface Sum {
  a: string;
  convolution: Node;
  /** One number for each channel. */
  mean?: string;
}

function summed(
  { op, inputs, attributes }: Node,
  graph: Graph,
  from: Map<string, Node>,
): Sum | undefined {
  const product = op === "ReduceSum" && same(attributes.axes as number[], PLACES)
    ? from.get(inputs[0])
    : undefined;
  if (product?.op !== "Mul") return;
  for (const [a, factor] of [product.inputs, product.inputs.toReversed()]) {
    const shifted = from.get(factor), isShift = shifted?.op === "Sub";
    const convolution = isShift ? from.get(shifted.inputs[0]) : shifted;
    if (convolution?.op !== "Conv" || convolution.inputs[2] || convolution.attributes.group !== 1) {
      continue;
    }
    const mean = isShift ? shifted.inputs[1] : undefined;
    const [, channels] = graph.values.get(factor)!.shape;
    if (!mean || same(graph.values.get(mean)!.shape, [1, channels, 1, 1])) {
      return { a, convolution, mean };
    }
  }
}

/** Whether a convolution by `a` is the gradient by the filter of another one: of the same picture, as it saw it. */
function fits(gradient: Node, convolution: Node, graph: Graph, from: Map<string, Node>): boolean {
  const seen = seenBy(gradient.inputs[0], graph, from);
  const own = seenBy(convolution.inputs[0], graph, from);
  const [g, c] = [gradient, convolution].map(({ attributes }) =>
    attributes as Record<string, number[]>
  );
  const before = ({ perm, before }: typeof own, axis: number) => before[perm[axis]];
  const [, , height, width] = graph.values.get(gradient.outputs[0])!.shape;
  const [, , h, w] = graph.values.get(convolution.inputs[1])!.shape;
  return gradient.attributes.group === 1 && !gradient.inputs[2] && seen.source === own.source &&
    same(seen.perm, SWAP.map((i) => own.perm[i])) &&
    same(g.dilations, c.strides) && same(g.strides, c.dilations) && height >= h && width >= w &&
    [0, 1].every((i) => g.pads[i] + before(seen, i + 2) === c.pads[i] + before(own, i + 2));
}

/** Where a picture comes from, with axes exchanged and zeros before it on each axis of the source. */
function seenBy(name: string, graph: Graph, from: Map<string, Node>) {
  const { shape } = graph.values.get(name)!;
  let source = name, perm = shape.map((_, i) => i);
  const margins: { perm: number[]; pads: number[] }[] = [];
  for (;;) {
    const node = from.get(source);
    const isZero = node?.op === "Pad" && (node.attributes.mode ?? "constant") === "constant" &&
      (node.inputs.length === 1 || filling(graph, node.inputs[1]) === 0);
    if (node?.op === "Transpose") {
      const before = node.attributes.perm as number[];
      perm = perm.map((i) => before[i]);
      for (const margin of margins) margin.perm = margin.perm.map((i) => before[i]);
    } else if (isZero) {
      margins.push({ perm: shape.map((_, i) => i), pads: node.attributes.pads as number[] });
    } else break;
    source = node!.inputs[0];
  }
  const before = shape.map(() => 0);
  for (const { perm, pads } of margins) perm.forEach((axis, i) => before[axis] += pads[i]);
  return { source, perm, before };
}

/** Σ w·∂w − μ·Σ a, under the name of the sum. */
function write(
  out: Graph,
  { outputs, attributes }: Node,
  { a, convolution, mean }: Sum,
  gradient: Node,
) {
  const b = builder(out), [, weights] = convolution.inputs;
  const [count, , height, width] = b.value(weights).shape;
  const own = b.value(gradient.outputs[0]).shape;
  const whole = own[2] === height && own[3] === width;
  const slope = whole ? gradient.outputs[0] : b.op("Slice", [gradient.outputs[0]], {
    axes: [2, 3],
    starts: [0, 0],
    ends: [height, width],
    steps: [1, 1],
  });
  const sum = (x: string, axes: number[]) => b.op("ReduceSum", [x], { axes, keepdims: 0 });
  const product = sum(b.op("Mul", [b.transpose(weights, SWAP), slope]), [0, 2, 3]);
  const less = mean && b.op("Mul", [b.reshape(mean, [count]), sum(a, PLACES)]);
  const total = less ? b.op("Sub", [product, less]) : product;
  out.nodes.push({
    op: "Reshape",
    inputs: [total],
    outputs,
    attributes: { shape: attributes.keepdims ? [1, count, 1, 1] : [count] },
  });
}

/** The nodes in an order in which they can run. */
function ordered(graph: Graph): Node[] {
  const from = producers(graph), done = new Set<Node>(), nodes: Node[] = [];
  for (const last of graph.nodes) {
    const waiting = [last];
    while (waiting.length) {
      const node = waiting.at(-1)!;
      const first = node.inputs.map((name) => from.get(name)).filter((n) => n && !done.has(n));
      if (first.length) waiting.push(...first as Node[]);
      else {
        waiting.pop();
        if (!done.has(node)) nodes.push(node);
        done.add(node);
      }
    }
  }
  return nodes;
}
