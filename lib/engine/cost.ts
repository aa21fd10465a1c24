import { count, type Graph, type Length, levels, type Node } from "./graph.ts";
import type { NumberType, Program } from "./program.ts";

/** A number that grows with the batch: fixed + perSample · samples. */
export interface Linear {
  fixed: number;
  perSample: number;
}

/** What a core does in a second, by orders of magnitude: enough to choose between forms, not to predict. */
const rates = {
  /** Floating-point operations in products of matrices. */
  product: 1e11,
  /** Floating-point operations in convolutions whose filters are inputs, and constants. */
  convolution: 5e10,
  bakedConvolution: 1e11,
  /** Nodes that are made part of a session: fewer a second, the more there are. */
  nodes: 3.5e3,
  /** Bytes that are read or written in passes over memory. */
  memory: 2e10,
};

/** Floating-point operations of a run: about 50 ms of a core. */
const RUN = 5e9;

/** Bytes that a run may take, for what goes in, what comes out and what is between. */
const ROOM = 1e8;

/** Operations that give numbers that are there already another shape. */
const isView = ({ op }: Node) => op === "Reshape" || op === "Identity";

const linear = (n: number): Linear =>
  n < 0 ? { fixed: 0, perSample: -n } : { fixed: n, perSample: 0 };

/** Floating-point operations of a node: two for each multiplication in products, one per number elsewhere. */
function flopsOf({ op, inputs, outputs, attributes }: Node, graph: Graph): Linear {
  const shape = (name: string) => graph.values.get(name)!.shape;
  const result = shape(outputs[0]);
  const times = (n: Length[], factor: number): Linear => linear(count(n) * factor);
  switch (op) {
    case "Gemm": {
      const inner = shape(inputs[0])[attributes.transA ? 0 : 1];
      return times([...result, inner], 2);
    }
    case "MatMul":
      return times([...result, shape(inputs[0]).at(-1)!], 2);
    case "Conv":
      return times([...result, ...shape(inputs[1]).slice(1)], 2);
    case "MaxPool":
    case "AveragePool":
      return times([...result, ...attributes.kernel_shape as number[]], 1);
    case "Reshape":
    case "Transpose":
    case "Slice":
    case "Split":
    case "Concat":
    case "Expand":
    case "Batch":
    case "Identity":
    case "Cast":
      return { fixed: 0, perSample: 0 };
  }
  return times(/^Reduce|^Arg/.test(op) ? shape(inputs[0]) : result, 1);
}

/** Floating-point operations by level, from 0 to 2. */
export function flopsByLevel(graph: Graph): { fixed: number[]; perSample: number[] } {
  const total = { fixed: [0, 0, 0], perSample: [0, 0, 0] };
  const level = levels(graph);
  for (const node of graph.nodes) {
    const at = Math.max(0, level.get(node.outputs[0])!),
      { fixed, perSample } = flopsOf(node, graph);
    total.fixed[at] += fixed;
    total.perSample[at] += perSample;
  }
  return total;
}

/** Bytes of a number. */
const width: Record<NumberType, number> = { float32: 4, float64: 8, int32: 4, int64: 8, bool: 1 };

/**
 * Bytes a sample that there are at the same time while a level runs, by level: what goes in, what comes out, and
 * what is between at its widest place. What does not grow with the batch is left out.
 */
export function bytesByLevel(graph: Graph): number[] {
  const level = levels(graph), levelOf = ({ outputs }: Node) => level.get(outputs[0])!;
  const views = new Set(graph.nodes.filter(isView).flatMap(({ outputs }) => outputs));
  const bytes = (name: string) => {
    const { dtype, shape } = graph.values.get(name)!;
    return views.has(name) ? 0 : linear(count(shape)).perSample * width[dtype];
  };
  return [0, 1, 2].map((at) => {
    const nodes = graph.nodes.filter((node) => levelOf(node) === at);
    const lastUse = new Map(graph.outputs.map(({ value }) => [value, Infinity]));
    let place = 0;
    for (const node of graph.nodes) {
      if (levelOf(node) < at) continue;
      const step = levelOf(node) === at ? place++ : Infinity;
      for (const name of node.inputs) {
        if (name) lastUse.set(name, Math.max(lastUse.get(name) ?? 0, step));
      }
    }
    let now = 0;
    for (const name of lastUse.keys()) if (level.get(name)! < at) now += bytes(name);
    let most = now;
    nodes.forEach(({ inputs, outputs }, step) => {
      for (const name of outputs) now += bytes(name);
      most = Math.max(most, now);
      for (const name of new Set([...inputs, ...outputs])) {
        if (name && level.get(name) === at && (lastUse.get(name) ?? 0) <= step) now -= bytes(name);
      }
    });
    return most;
  });
}

/** How many samples a program should run on at a time: a run is short then, and what it takes is bounded. */
export function samplesInRun({ flops, bytes }: Pick<Program, "flops" | "bytes">): number {
  const most = Math.min(RUN / Math.max(...flops.perSample, 1), ROOM / Math.max(...bytes, 1));
  return Math.max(1, Math.floor(most));
}

/** Whether some samples are work for more than a run. */
export const isLong = (
  { flops: { perSample } }: Pick<Program, "flops">,
  samples: number,
): boolean => samples * Math.max(...perSample) > RUN;

/**
 * Whether the product of n samples [n, rows] with weights that are a combination of an origin and `directions`
 * is better made of the products with each of them: then a point costs a pass over directions + 1 results
 * instead of a product.
 */
export function distributes(rows: number, directions: number): boolean {
  const product = 2 * rows / rates.product;
  const passes = 4 * (directions + 1) / rates.memory;
  return product > passes;
}

/** Where filters of convolutions become constants of a model. */
export interface Baking {
  /** Filters that are known before the last level: one session serves all that comes later. */
  early: boolean;
  /** Filters of the last level: a session for each θ or point. */
  own: boolean;
}

/** How many v are multiplied at one θ, say. */
const REPEATS = 10;

/**
 * Whether filters should become constants, which the runtime convolves with twice as fast: where passes over
 * so many samples gain more than it costs to make a session. One that serves a single v or point serves a run of
 * it at most, since large batches are spread over workers.
 */
export function baking(graph: Graph, samples: number): Baking {
  const level = levels(graph), latest = Math.max(...level.values());
  const run = samplesInRun({ flops: flopsByLevel(graph), bytes: bytesByLevel(graph) });
  const flops = { early: 0, own: 0 };
  let nodes = 0;
  for (const node of graph.nodes) {
    if (level.get(node.outputs[0]) !== latest) continue;
    nodes++;
    if (node.op !== "Conv" || level.get(node.inputs[1])! < 0) continue;
    const { fixed, perSample } = flopsOf(node, graph);
    if (level.get(node.inputs[1]) === latest) {
      flops.own += fixed + perSample * Math.min(samples, run);
    } else flops.early += REPEATS * (fixed + perSample * samples);
  }
  const gain = 1 / rates.convolution - 1 / rates.bakedConvolution, cost = nodes / rates.nodes;
  return { early: flops.early * gain > cost, own: flops.own * gain > cost };
}
