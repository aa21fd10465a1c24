import { count, type Graph, type Length, levels, type Node, producers } from "./graph.ts";
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
const ROOM = 6e7;

/** Bytes of data, and of what was made of them, that all workers together keep. */
export const KEPT = 6e8;

/** What costs less to do again than to hand over: it only looks at the numbers in another way. */
export const cheap: ReadonlySet<string> = new Set(["Reshape", "Expand", "Identity", "Slice"]);

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

/** What a value grows by with a sample. */
function bytesOf(graph: Graph, name: string): number {
  const { dtype, shape } = graph.values.get(name)!;
  return linear(count(shape)).perSample * width[dtype];
}

/**
 * Bytes a sample that there are at the same time while a graph runs: what goes in, what comes out, and what is
 * between at its widest place. What does not grow with the batch is left out.
 */
export function peakBytes(graph: Graph): number {
  const looksAt = new Map(
    graph.nodes.filter(isView).map(({ inputs, outputs }) => [outputs[0], inputs[0]]),
  );
  const memoryOf = (name: string): string =>
    looksAt.has(name) ? memoryOf(looksAt.get(name)!) : name;
  const sum = (names: Iterable<string>) =>
    [...names].reduce((sum, name) => sum + bytesOf(graph, name), 0);
  const nodes = graph.nodes.filter((node) => !isView(node));
  const made = new Set(nodes.flatMap(({ outputs }) => outputs)), taken = new Set<string>();
  const lastUse = new Map<string, number>();
  nodes.forEach(({ inputs }, step) => {
    for (const name of inputs.filter(Boolean).map(memoryOf)) {
      if (made.has(name)) lastUse.set(name, step);
      else taken.add(name);
    }
  });
  for (const { value } of graph.outputs) lastUse.set(memoryOf(value), Infinity);
  let now = sum(taken), most = now;
  nodes.forEach(({ inputs, outputs }, step) => {
    now += sum(outputs);
    most = Math.max(most, now);
    const over = [...outputs, ...inputs.map(memoryOf)].filter((name) =>
      made.has(name) && (lastUse.get(name) ?? 0) <= step
    );
    now -= sum(new Set(over));
  });
  return most;
}

/** Bytes a sample that the last level takes from those before it. */
function handedOver(graph: Graph): number {
  const level = levels(graph), latest = Math.max(...level.values()), from = producers(graph);
  const taken = new Set<string>();
  const take = (name: string): void => {
    if (level.get(name) === latest || level.get(name)! < 0) return;
    const node = from.get(name);
    if (node && cheap.has(node.op)) node.inputs.forEach(take);
    else taken.add(name);
  };
  for (const { outputs, inputs } of graph.nodes) {
    if (level.get(outputs[0]) === latest) inputs.forEach(take);
  }
  return [...taken].reduce((sum, name) => sum + bytesOf(graph, name), 0);
}

/** How many samples a program should run on at a time: a run is short then, and what it takes is bounded. */
export function samplesInRun({ flops, stages }: Pick<Program, "flops" | "stages">): number {
  const most = Math.min(samplesAtOnce(flops), ROOM / Math.max(...stages.map((s) => s.bytes), 1));
  return Math.max(1, Math.floor(most));
}

/** How many samples make a run long. */
const samplesAtOnce = ({ perSample }: Program["flops"]) => RUN / Math.max(...perSample, 1);

/** Floating-point operations of a program's longest level. */
export const workOf = (
  { flops: { fixed, perSample } }: Pick<Program, "flops">,
  samples: number,
): number => Math.max(...fixed.map((operations, i) => operations + samples * perSample[i]));

/** Floating-point operations that a core could do while a part is handed out: some 0.1 ms. */
const PART = 1e7;

/** The same for each number of θ or v, of which every part gets a copy, and gives one back to be added up. */
const PART_PER_NUMBER = 1600;

/** The most parts of an item. */
const PARTS = 16;

/**
 * Into how many parts the samples of a single item should be cut, so that several cores can work on it: n parts
 * take work / n and n times what a part costs, which is least at n = √(work / cost). It depends on the program
 * alone, as the parts of a sum show in its last bits.
 */
export function partsOf(
  { flops: { perSample }, inputs }: Pick<Program, "flops" | "inputs">,
  samples: number,
): number {
  const numbers = inputs.filter(({ level }) => level > 0).map(({ shape }) =>
    shape.reduce((size: number, n) => typeof n === "number" ? size * n : 0, 1)
  );
  const cost = PART + PART_PER_NUMBER * Math.max(0, ...numbers);
  const parts = Math.sqrt(samples * Math.max(...perSample) / cost);
  return Math.min(PARTS, samples, 2 ** Math.round(Math.log2(Math.max(1, parts))));
}

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

/** Forms that the parts of a graph can have. */
export interface Forms {
  /** Filters that are known before the last level: one session serves all that comes later. */
  early: boolean;
  /** Filters of the last level: a session for each θ or point. */
  own: boolean;
  /** Whether what is handed from part to part is too much to be kept for all samples. */
  scarce: boolean;
}

/** How many v are multiplied at one θ, say. */
const REPEATS = 10;

/**
 * The forms that suit a graph for so many samples. Filters should become constants, which the runtime convolves
 * with twice as fast, where passes over the samples gain more than it costs to make a session. One that serves
 * a single v or point serves a run of it at most, since large batches are spread over workers.
 */
export function formsFor(graph: Graph, samples: number): Forms {
  const level = levels(graph), latest = Math.max(...level.values());
  const run = samplesAtOnce(flopsByLevel(graph));
  const flops = { early: 0, own: 0 };
  let nodes = 0;
  for (const node of graph.nodes) {
    if (level.get(node.outputs[0]) !== latest) continue;
    // what makes the filters runs before, in a session that is made once
    if (bytesOf(graph, node.outputs[0]) > 0) nodes++;
    if (node.op !== "Conv" || level.get(node.inputs[1])! < 0) continue;
    const { fixed, perSample } = flopsOf(node, graph);
    if (level.get(node.inputs[1]) === latest) {
      flops.own += fixed + perSample * Math.min(samples, run);
    } else flops.early += REPEATS * (fixed + perSample * samples);
  }
  const gain = 1 / rates.convolution - 1 / rates.bakedConvolution, cost = nodes / rates.nodes;
  return {
    early: flops.early * gain > cost,
    own: flops.own * gain > cost,
    scarce: samples * handedOver(graph) > KEPT,
  };
}
