import { builder } from "./build.ts";
import { type Graph, levels, type Node, producers, type Value } from "./graph.ts";
import { onnxModel } from "./onnx.ts";
import { dead } from "./passes/dead.ts";
import { cheap, type Forms, peakBytes } from "./cost.ts";
import type { Dimension, Level, Port, Stage } from "./program.ts";

/** What costs little more to do again than to read: one pass over numbers that are there anyway. */
const quick = new Set(["Mul", "Greater", "Cast"]);

/** A part of a graph that can run at once. */
export interface Part {
  level: Level;
  graph: Graph;
  inputs: string[];
  outputs: string[];
  /** Inputs that become constants of the model. */
  constants: string[];
}

/**
 * Cuts a graph into the parts that can run once the inputs of a level are known. Filters of convolutions
 * that do not depend on data become constants of the part that they are used in, where that is asked for; if
 * they are of its own level, a part before it computes them. Where memory is scarce, less is handed over: masks,
 * and what is another value times a factor, are made again.
 */
export function parts(
  graph: Graph,
  forms: Forms = { early: false, own: false, scarce: false },
): Part[] {
  const whole = named(graph);
  const from = producers(whole), level = levels(whole), latest = Math.max(...level.values());
  const becomesConstant = (name: string) => level.get(name) === latest ? forms.own : forms.early;
  const data = dependsOnBatch(whole), stageOf = stageNumbers(whole, becomesConstant, data);
  const numbers = [...new Set(whole.nodes.map((node) => stageOf.get(node)!))]
    .filter((n) => n >= 0).sort((a, b) => a - b);
  const inputs = new Set(whole.inputs.map(({ name }) => name));
  const outputs = new Set(whole.outputs.map(({ value }) => value));

  // From the last part to the first: what a part takes decides what earlier ones must give.
  const wanted = new Set<string>(), found: Part[] = [];
  for (const number of numbers.toReversed()) {
    const all = whole.nodes.filter((node) => stageOf.get(node) === number);
    const given = all.flatMap((node) => node.outputs)
      .filter((name) => outputs.has(name) || wanted.has(name));
    const own = needed(all, given);
    const taken = new Set<string>(), extra = new Set<Node>();
    const take = (name: string): void => {
      if (name === "" || whole.constants.has(name)) return;
      const node = from.get(name);
      if (node && own.has(node)) return;
      if (node && (stageOf.get(node)! < 0 || (cheap.has(node.op) && !wanted.has(name)))) {
        if (extra.has(node)) return;
        extra.add(node);
        node.inputs.forEach(take);
      } else taken.add(name);
    };
    for (const node of own) node.inputs.forEach(take);
    if (forms.scarce) {
      for (const { outputs: [name] } of whole.nodes) {
        const again = taken.has(name) && quicklyMade(name, { graph: whole, from, data, taken });
        if (!again) continue;
        taken.delete(name);
        again.nodes.forEach((node) => extra.add(node));
        again.small.forEach(take);
      }
    }
    for (const name of taken) if (!inputs.has(name)) wanted.add(name);
    const nodes = whole.nodes.filter((node) => own.has(node) || extra.has(node));
    found.unshift({
      level: Math.floor(number) as Level,
      graph: dead({ ...whole, nodes, outputs: given.map((value) => ({ name: value, value })) }),
      inputs: [...taken],
      outputs: given,
      constants: baked([...own], { taken, from, data }).filter(becomesConstant),
    });
  }
  return found.filter(({ outputs }) => outputs.length > 0);
}

/**
 * The nodes that make a value out of others that are taken, by a pass or two over them, and what small values they
 * take; undefined where that cannot be.
 */
function quicklyMade(name: string, { graph, from, data, taken }: {
  graph: Graph;
  from: Map<string, Node>;
  data: ReadonlySet<string>;
  taken: ReadonlySet<string>;
}): { nodes: Set<Node>; small: Set<string> } | undefined {
  const nodes = new Set<Node>(), small = new Set<string>();
  const can = (value: string, passes: number): boolean => {
    if (graph.constants.has(value) || (value !== name && taken.has(value))) return true;
    if (!data.has(value)) return Boolean(small.add(value));
    const node = from.get(value);
    if (!node || passes === 0 || !quick.has(node.op)) return false;
    nodes.add(node);
    return node.inputs.every((input) => can(input, passes - 1));
  };
  return data.has(name) && can(name, 2) ? { nodes, small } : undefined;
}

/** The nodes that some values depend on: what later parts do again for themselves is not needed here. */
function needed(nodes: Node[], values: string[]): Set<Node> {
  const live = new Set(values), found = new Set<Node>();
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    found.add(node);
    for (const input of node.inputs) live.add(input);
  }
  return new Set(nodes.filter((node) => found.has(node)));
}

/**
 * The number of the part in which each node runs: its level, or half a step after it where weights that become
 * constants are of that level too, and the node is not part of them. −1: wherever it is needed.
 */
function stageNumbers(
  graph: Graph,
  becomesConstant: (name: string) => boolean,
  data: ReadonlySet<string>,
): Map<Node, number> {
  const level = levels(graph);
  const split = new Set<number>();
  for (const { op, inputs: [, filter] } of graph.nodes) {
    if (op === "Conv" && !data.has(filter) && becomesConstant(filter)) {
      split.add(level.get(filter)!);
    }
  }
  return new Map(graph.nodes.map((node) => {
    const at = level.get(node.outputs[0])!;
    const early = split.has(at) && !node.outputs.some((name) => data.has(name));
    return [node, split.has(at) && !early ? at + 0.5 : at];
  }));
}

/** The values that depend on an input that has samples. */
function dependsOnBatch(graph: Graph): Set<string> {
  const depends = new Set(
    graph.inputs.filter(({ name }) => graph.values.get(name)!.shape.some((n) => n < 0))
      .map(({ name }) => name),
  );
  for (const node of graph.nodes) {
    if (node.inputs.some((name) => depends.has(name))) {
      for (const output of node.outputs) depends.add(output);
    }
  }
  return depends;
}

/** What goes into convolutions as filter or bias, from outside of the part. */
function baked(
  own: Node[],
  { taken, from, data }: {
    taken: Set<string>;
    from: Map<string, Node>;
    data: ReadonlySet<string>;
  },
): string[] {
  const found = new Set<string>();
  const visit = (name: string | undefined): void => {
    if (!name || data.has(name)) return;
    if (taken.has(name)) found.add(name);
    else if (cheap.has(from.get(name)?.op ?? "")) from.get(name)!.inputs.forEach(visit);
  };
  for (const { op, inputs } of own) if (op === "Conv") inputs.slice(1).forEach(visit);
  return [...found];
}

/** The graph with each output under its own name: what is an input, a constant or given twice is copied. */
function named(graph: Graph): Graph {
  const from = producers(graph), level = levels(graph), taken = new Map<string, string>();
  const copy: Graph = {
    ...graph,
    nodes: [...graph.nodes],
    constants: new Map(graph.constants),
    values: new Map(graph.values),
  };
  const b = builder(copy);
  for (const { name, value } of graph.outputs) {
    const alone = from.has(value) && level.get(value)! >= 0 && !taken.has(value);
    taken.set(
      alone ? value : level.get(value)! < 0 ? tied(value) : b.op("Identity", [value]),
      name,
    );
  }
  const now = (name: string) => taken.get(name) ?? name;
  return {
    ...copy,
    nodes: copy.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(now),
      outputs: node.outputs.map(now),
    })),
    values: new Map([...copy.values].map(([name, value]) => [now(name), value])),
    outputs: graph.outputs.map(({ name }) => ({ name, value: name })),
  };

  /** A constant that waits for an input, as every part must take something. */
  function tied(value: string): string {
    const { dtype } = b.value(value), { name } = graph.inputs[0];
    const batch = b.op("Batch", [b.value(name).shape.length ? name : b.reshape(name, [1])]);
    const zero = b.op("Cast", [b.reshape(b.op("Sub", [batch, batch]), [])], { to: dtype });
    return b.op("Add", [value, zero]);
  }
}

/** A part as an ONNX model. Its outputs have the names of its values. */
export function stage({ level, graph, inputs, outputs, constants }: Part): Stage {
  const variable = inputs.filter((name) => !constants.includes(name));
  const port = (name: string) => portOf(name, graph.values.get(name)!);
  return {
    level,
    model: onnxModel(graph, variable, outputs),
    inputs: variable.map(port),
    outputs: outputs.map(port),
    ...(constants.length && { constants: constants.map(port) }),
    bytes: peakBytes(graph),
  };
}

/** A value as others see it. */
export function portOf(name: string, { dtype, shape }: Value): Port {
  return { name, dtype, shape: shape.map(dimension) };
}

const dimension = (n: number): Dimension => n >= 0 ? n : n === -1 ? "batch" : `${-n}*batch`;
