import { constant, engine } from "./engine.ts";
import type { Operand, Recorded, RecordedNode } from "./record.ts";
import * as tf from "./tf.ts";

/**
 * Runs f as a derivative does: on a tape, where fused kernels come in parts. What the tape saves is disposed of.
 */
export function onTape<T extends tf.TensorContainer>(f: () => T): T {
  const e = engine();
  e.startTape();
  try {
    return f();
  } finally {
    e.endTape();
    if (e.state.gradientDepth === 0) {
      e.state.activeTape?.forEach(({ saved }) => saved.forEach((t) => t?.dispose()));
      e.state.activeTape = null;
    }
  }
}

/**
 * Computes what was recorded once more, for other inputs of the same shapes, on the present backend. To tfjs it
 * is a function like any other: it can be recorded and, where it was recorded on a tape, differentiated.
 */
export function replay(
  { nodes, constants, outputs }: Recorded,
  inputs: Record<string, tf.Tensor>,
): Record<string, tf.Tensor> {
  const results: tf.Tensor[][] = [];
  const operand = (o: Operand): tf.Tensor => {
    if ("constant" in o) {
      const { data, dtype } = constants[o.constant];
      return tf.tensor(data.slice(), o.shape, dtype);
    }
    const found = results[o.node][o.output];
    return found.shape.join() === o.shape.join() ? found : tf.reshape(found, o.shape);
  };
  const named = (given: RecordedNode["inputs"]) =>
    Array.isArray(given) ? given.map((o) => operand(o as Operand)) : Object.fromEntries(
      Object.entries(given).map(([name, o]) => [
        name,
        Array.isArray(o) ? o.map(operand) : operand(o),
      ]),
    );
  for (const { kernel, inputs: from, given, attributes, hidden } of nodes) {
    if (kernel === "Input") {
      results.push([inputs[attributes.name as string]]);
      continue;
    }
    const run = () => [engine().runKernel(kernel, named(from) as tf.Tensor[], given)].flat();
    results.push(hidden ? constant(run) : run());
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, o]) => [name, operand(o)]));
}

/** The part of a record that comes after one of its outputs, which becomes an input of that name. */
export function after(recorded: Recorded, name: string): Recorded {
  const { [name]: place, ...outputs } = recorded.outputs;
  if (!("node" in place)) return pruned({ ...recorded, outputs });
  const { shape, dtype } = place;
  const nodes = recorded.nodes.with(place.node, {
    kernel: "Input",
    inputs: {},
    attributes: { name },
    outputs: [{ shape: [...shape], dtype }],
  });
  return pruned({ ...recorded, nodes, outputs });
}

/** A record without what no output depends on. */
export function pruned(recorded: Recorded): Recorded {
  const used = new Set<number>(), { nodes } = recorded;
  const use = (operands: Operand[]) => {
    for (const o of operands) if ("node" in o) used.add(o.node);
  };
  use(Object.values(recorded.outputs));
  for (let i = nodes.length - 1; i >= 0; i--) {
    if (nodes[i].kernel === "Input") used.add(i);
    else if (used.has(i)) use(Object.values(nodes[i].inputs).flat());
  }
  const kept = [...used].sort((a, b) => a - b);
  const number = new Map(kept.map((old, i) => [old, i]));
  const moved = <T>(o: T): T => {
    if (Array.isArray(o)) return o.map(moved) as T;
    return "node" in (o as object)
      ? { ...o, node: number.get((o as unknown as { node: number }).node)! }
      : o;
  };
  const each = <T extends object>(from: T): T =>
    Array.isArray(from) ? from.map(moved) as T : Object.fromEntries(
      Object.entries(from).map(([name, o]) => [name, moved(o)]),
    ) as T;
  return {
    ...recorded,
    nodes: kept.map((i) => ({ ...nodes[i], inputs: each(nodes[i].inputs) })),
    outputs: each(recorded.outputs),
  };
}
