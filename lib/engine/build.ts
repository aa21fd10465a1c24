import { type Attributes, type Graph, type Node, same, type Value } from "./graph.ts";
import { infer } from "./infer.ts";
import type { HostTensor, Level, NumberType } from "./program.ts";

/** Writes nodes into a graph, each with a new name and inferred types. */
export interface Builder {
  /** What is written so far. */
  readonly graph: Graph;
  /** A node with one result. */
  op(op: string, inputs: string[], attributes?: Attributes): string;
  /** A node with several. */
  ops(op: string, inputs: string[], attributes?: Attributes): string[];
  /** Numbers. */
  constant(data: HostTensor["data"], shape: number[], dtype: NumberType): string;
  /** One number. */
  scalar(value: number, dtype: NumberType): string;
  /** An input. */
  input(name: string, value: Value, level: Level): string;
  /** x in another shape; x itself where it has it. */
  reshape(x: string, shape: number[]): string;
  /** x with its axes in another order. */
  transpose(x: string, perm: number[]): string;
  /** What is known of a value. */
  value(name: string): Value;
  /** A name that nothing has. */
  fresh(): string;
}

/** A builder that goes on with a graph (a new one by default), which it changes. */
export function builder(
  graph: Graph = { inputs: [], nodes: [], constants: new Map(), values: new Map(), outputs: [] },
): Builder {
  const scalars = new Map<string, string>();
  let next = 0;
  const fresh = (): string => {
    let name;
    do name = `t${next++}`; while (graph.values.has(name));
    return name;
  };
  const value = (name: string) => {
    const known = graph.values.get(name);
    if (!known) throw new Error(`nothing is known of a value called "${name}"`);
    return known;
  };
  const ops = (op: string, inputs: string[], attributes: Attributes = {}) => {
    const known = inputs.map((name) => name ? value(name) : undefined);
    const outputs = infer(op, known, attributes).map((result) => {
      const name = fresh();
      graph.values.set(name, result);
      return name;
    });
    graph.nodes.push({ op, inputs, outputs, attributes } satisfies Node);
    return outputs;
  };
  const constant: Builder["constant"] = (data, shape, dtype) => {
    const name = fresh();
    graph.constants.set(name, { data, shape });
    graph.values.set(name, { dtype, shape });
    return name;
  };
  return {
    graph,
    ops,
    op: (...node) => ops(...node)[0],
    constant,
    scalar(value, dtype) {
      const key = `${dtype} ${Object.is(value, -0) ? "-0" : value}`;
      if (!scalars.has(key)) scalars.set(key, constant(arrayOf(dtype, [value]), [], dtype));
      return scalars.get(key)!;
    },
    input(name, known, level) {
      graph.inputs.push({ name, level });
      graph.values.set(name, known);
      return name;
    },
    reshape: (x, shape) => same(value(x).shape, shape) ? x : ops("Reshape", [x], { shape })[0],
    transpose: (x, perm) => perm.every((p, i) => p === i) ? x : ops("Transpose", [x], { perm })[0],
    value,
    fresh,
  };
}

/** Numbers as an array of a type. */
export function arrayOf(dtype: NumberType, values: ArrayLike<number>): HostTensor["data"] {
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "float64":
      return Float64Array.from(values);
    case "int32":
      return Int32Array.from(values);
    case "int64":
      return BigInt64Array.from(Array.from(values, BigInt));
    case "bool":
      return Uint8Array.from(values);
  }
}
