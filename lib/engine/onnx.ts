import { arrayOf } from "./build.ts";
import { type Attributes, type Graph, type Node, shapeText, type Value } from "./graph.ts";
import type { HostTensor, NumberType } from "./program.ts";
import { type Message, message } from "./protobuf.ts";

/** ONNX's numbers for types of elements. */
const elementTypes: Record<NumberType, number> = {
  float32: 1,
  float64: 11,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** The version of the format, and of the set of operators. */
const IR_VERSION = 10, OPSET = 21;

/** Which lists of whole numbers an operator takes as inputs, in order, at which place. */
const listInputs: Record<string, { names: string[]; at: number }> = {
  Slice: { names: ["starts", "ends", "axes", "steps"], at: 1 },
  Pad: { names: ["pads"], at: 1 },
  Tile: { names: ["repeats"], at: 1 },
  Split: { names: ["sizes"], at: 1 },
  ...Object.fromEntries(
    "Sum Mean Max Min Prod LogSumExp SumSquare".split(" ").map((op) => [
      `Reduce${op}`,
      { names: ["axes"], at: 1 },
    ]),
  ),
};

/**
 * A graph as the bytes of an ONNX model. `inputs` are the values that it takes, `outputs` those that it
 * gives, under their own names.
 */
export function onnxModel(
  graph: Graph,
  inputs: string[],
  outputs: string[],
): Uint8Array {
  const w = writing();
  write(w, graph, outputs);
  const info = (name: string) => valueInfo(name, graph.values.get(name)!);
  return modelOf(w.message(inputs.map(info), outputs.map(info)));
}

/** A graph as the bytes of a model. */
export const modelOf = (graph: Message): Uint8Array =>
  message().int(1, IR_VERSION).block(7, graph).block(8, message().text(1, "").int(2, OPSET))
    .bytes();

/** A graph in ONNX's own form, under construction. */
export interface Writing {
  /** A node. */
  add(op: string, from: string[], to: string[], attributes?: Attributes, body?: Message): void;
  /** A list of whole numbers, as a value. */
  wholeNumbers(values: number[]): string;
  /** A constant. */
  constant(name: string, value: HostTensor, dtype: NumberType): void;
  /** A name that nothing has. */
  fresh(): string;
  /** The graph, from what is known of its inputs and outputs. */
  message(inputs: Message[], outputs: Message[]): Message;
}

/** A new graph. Names that it makes begin with `mark`: those of a graph inside another one differ from it. */
export function writing(mark = "·"): Writing {
  const lists = new Map<string, string>();
  const nodes: Message[] = [], constants: Message[] = [];
  let next = 0;
  const fresh = () => `${mark}${next++}`;
  return {
    fresh,
    wholeNumbers(values) {
      const key = values.join();
      if (!lists.has(key)) {
        const name = fresh();
        lists.set(key, name);
        const data = arrayOf("int64", values);
        constants.push(tensor(name, { data, shape: [values.length] }, "int64"));
      }
      return lists.get(key)!;
    },
    constant: (name, value, dtype) => void constants.push(tensor(name, value, dtype)),
    add(op, from, to, attributes = {}, body) {
      const node = message();
      for (const name of from) node.text(1, name);
      for (const name of to) node.text(2, name);
      node.text(4, op);
      for (const [name, value] of Object.entries(attributes)) node.block(5, attribute(name, value));
      if (body) node.block(5, message().text(1, "body").block(6, body).int(20, 5));
      nodes.push(node);
    },
    message(inputs, outputs) {
      const graph = message();
      for (const node of nodes) graph.block(1, node);
      graph.text(2, "graph");
      for (const constant of constants) graph.block(5, constant);
      for (const input of inputs) graph.block(11, input);
      for (const output of outputs) graph.block(12, output);
      return graph;
    },
  };
}

/** Writes the nodes of a graph, and the constants that they or the outputs take. */
export function write(w: Writing, graph: Graph, outputs: string[]): void {
  for (const node of graph.nodes) lower(node, graph, w);
  const used = new Set([...graph.nodes.flatMap((node) => node.inputs), ...outputs]);
  for (const [name, constant] of graph.constants) {
    if (used.has(name)) w.constant(name, constant, graph.values.get(name)!.dtype);
  }
}

/** A node in ONNX's own form. */
export function lower({ op, inputs, outputs, attributes }: Node, graph: Graph, w: Writing): void {
  switch (op) {
    case "Batch":
      return w.add("Shape", inputs, outputs, { start: 0, end: 1 });
    case "Reshape":
      return w.add(op, [inputs[0], w.wholeNumbers(target(attributes.shape as number[]))], outputs);
    case "Expand":
      return w.add(op, [inputs[0], expansion(attributes.shape as number[], inputs[1], w)], outputs);
    case "Cast":
      return w.add(op, inputs, outputs, { to: elementTypes[attributes.to as NumberType] });
    case "CumSum": {
      const { axis, ...rest } = attributes;
      return w.add(op, [inputs[0], w.wholeNumbers([axis as number])], outputs, rest);
    }
    case "Resize": {
      const { sizes, ...rest } = attributes;
      const all = [...graph.values.get(inputs[0])!.shape.slice(0, 2), ...sizes as number[]];
      if (all[0] < 0) {
        return w.add(op, [inputs[0], "", "", sized(all, inputs[0], w)], outputs, rest);
      }
      return w.add(op, [inputs[0], "", "", w.wholeNumbers(all)], outputs, rest);
    }
    case "ArgMax":
    case "ArgMin":
      return w.add(op, inputs, outputs, { ...attributes, keepdims: 0 });
    case "Clip":
    case "Where":
      return w.add(op, inputs, outputs);
    case "Pad":
      // The fourth input, the axes, is left out: all of them.
      return w.add(
        op,
        [inputs[0], w.wholeNumbers(attributes.pads as number[]), ...inputs.slice(1)],
        outputs,
        {
          mode: attributes.mode ?? "constant",
        },
      );
  }
  const { names, at } = listInputs[op] ?? { names: [], at: 0 };
  const rest = Object.fromEntries(
    Object.entries(attributes).filter(([name]) => !names.includes(name)),
  );
  const given = names.map((name) => w.wholeNumbers(attributes[name] as number[]));
  w.add(op, names.length ? [...inputs.slice(0, at), ...given] : inputs, outputs, rest);
}

/** What Reshape is told: −1 where the batch is. */
const target = (shape: number[]) => shape.map((n) => n < 0 ? -1 : n);

/** The shape to expand to, as a value: fixed lengths plus multiples of the batch. */
function expansion(shape: number[], batch: string | undefined, w: Writing): string {
  if (shape.every((n) => n >= 0)) return w.wholeNumbers(shape);
  if (!batch) throw new Error(`nothing gives the batch of [${shapeText(shape)}]`);
  const [scaled, whole] = [w.fresh(), w.fresh()];
  w.add("Mul", [batch, w.wholeNumbers(shape.map((n) => Math.max(0, -n)))], [scaled]);
  w.add("Add", [scaled, w.wholeNumbers(shape.map((n) => Math.max(0, n)))], [whole]);
  return whole;
}

function sized(shape: number[], like: string, w: Writing): string {
  const [batch, whole] = [w.fresh(), w.fresh()];
  w.add("Shape", [like], [batch], { start: 0, end: 1 });
  w.add("Concat", [batch, w.wholeNumbers(shape.slice(1))], [whole], { axis: 0 });
  return whole;
}

/** An initializer. */
export function tensor(name: string, { data, shape }: HostTensor, dtype: NumberType): Message {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message().ints(1, shape).int(2, elementTypes[dtype]).text(8, name).block(9, bytes);
}

const FLOAT_ATTRIBUTES = new Set(["alpha", "beta", "gamma", "epsilon"]);

function attribute(name: string, value: number | number[] | string): Message {
  const out = message().text(1, name);
  if (typeof value === "string") return out.block(4, new TextEncoder().encode(value)).int(20, 3);
  if (Array.isArray(value)) return out.ints(8, value).int(20, 7);
  if (FLOAT_ATTRIBUTES.has(name)) return out.float(2, value).int(20, 1);
  return out.int(3, value).int(20, 2);
}

/** What is known of a value; `stacked` has one more axis in front. */
export function valueInfo(name: string, { dtype, shape }: Value, stacked = false): Message {
  const lengths = message();
  if (stacked) lengths.block(1, message().text(2, "steps"));
  for (const n of shape) {
    lengths.block(1, n < 0 ? message().text(2, `batch${-n}`) : message().int(1, n));
  }
  const type = message().block(1, message().int(1, elementTypes[dtype]).block(2, lengths));
  return message().text(1, name).block(2, type);
}
