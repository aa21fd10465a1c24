import { arrayOf, type Builder, builder } from "./build.ts";
import { type Attributes, type Graph, type Length, type Node, same } from "./graph.ts";
import type { HostTensor, NumberType } from "./program.ts";

/** A graph that was recorded on a number of samples. */
export interface Sized {
  /** The graph, all of whose lengths are numbers. */
  graph: Graph;
  /** How many samples there were. */
  samples: number;
}

/** Attributes that hold shapes, in which the batch may appear. */
const shapeAttributes = new Set(["Reshape shape", "Expand shape"]);

/**
 * One graph for any number of samples, from two that were recorded on different numbers of them: what
 * differs between the two is the batch. `like` is an input whose first axis is the samples.
 *
 * @throws {Error} that names what differs otherwise: a loss that computes differently for another number
 * of samples, or draws random numbers.
 */
export function unify(first: Sized, second: Sized, like: string): Graph {
  const [a, b] = [first.graph, second.graph], [n, m] = [first.samples, second.samples];
  if (a.nodes.length !== b.nodes.length) {
    refuse(`${a.nodes.length} operations for ${n} samples, ${b.nodes.length} for ${m}`);
  }
  const out = builder();
  for (const { name, level } of a.inputs) {
    const shape = lengths(a.values.get(name)!.shape, b.values.get(name)!.shape, `input ${name}`);
    out.input(name, { dtype: a.values.get(name)!.dtype, shape }, level);
  }
  const batch = out.op("Batch", [like]);
  const names = new Map<string, string>(a.inputs.map(({ name }) => [name, name]));
  const partners = new Map<string, string>(a.inputs.map(({ name }) => [name, name]));
  const constants = new Map<string, string>();

  a.nodes.forEach((node, i) => {
    const twin = b.nodes[i], where = describe(node, i);
    if (node.op !== twin.op || node.inputs.length !== twin.inputs.length) {
      refuse(`operation ${i} is ${node.op} for ${n} samples, ${twin.op} for ${m}`);
    }
    const inputs = node.inputs.map((input, k) => operand(input, twin.inputs[k], where));
    const attributes = unified(node, twin, where);
    const grows = node.op === "Expand" && (attributes.shape as number[]).some((n) => n < 0);
    const outputs = out.ops(node.op, grows ? [...inputs, batch] : inputs, attributes);
    outputs.forEach((output, k) => {
      names.set(node.outputs[k], output);
      partners.set(node.outputs[k], twin.outputs[k]);
      const expected = lengths(
        a.values.get(node.outputs[k])!.shape,
        b.values.get(twin.outputs[k])!.shape,
        where,
      );
      if (!same(out.value(output).shape, expected)) {
        refuse(`the shape of ${where}`);
      }
    });
  });
  out.graph.outputs = a.outputs.map(({ name, value }, i) => ({
    name,
    value: operand(value, b.outputs[i].value, `output ${name}`),
  }));
  return out.graph;

  function operand(x: string, y: string, where: string): string {
    if (x === "") return "";
    if (names.has(x)) {
      if (partners.get(x) !== y) refuse(`what goes into ${where}`);
      return names.get(x)!;
    }
    const key = `${x} ${y}`;
    if (!constants.has(key)) {
      const pair: [HostTensor, HostTensor] = [a.constants.get(x)!, b.constants.get(y)!];
      if (!pair[1]) refuse(`what goes into ${where}`);
      constants.set(key, constant(out, pair, [n, m], a.values.get(x)!.dtype, batch, where));
    }
    return constants.get(key)!;
  }

  function unified(node: Node, twin: Node, where: string): Attributes {
    return Object.fromEntries(
      Object.entries(node.attributes).map(([name, value]) => {
        const other = twin.attributes[name];
        if (String(value) === String(other)) return [name, value];
        if (!shapeAttributes.has(`${node.op} ${name}`)) {
          refuse(`${name} of ${where}: ${value} for ${n}, ${other} for ${m}`);
        }
        return [name, lengths(value as number[], other as number[], where)];
      }),
    );
  }

  function lengths(x: number[], y: number[], where: string): Length[] {
    if (x.length !== y.length) refuse(`the rank of ${where}`);
    return x.map((length, i) => {
      if (length === y[i]) return length;
      if (length * m === y[i] * n && length % n === 0) return -length / n;
      return refuse(`the shape of ${where}: [${x}] for ${n}, [${y}] for ${m}`);
    });
  }
}

function refuse(what: string): never {
  throw new Error(`Cannot record: the loss changes with the number of samples, in ${what}`);
}

const describe = ({ op }: Node, i: number) => `operation ${i} (${op})`;

/** A constant that is the same for both, repeats itself along the batch, or is proportional to it or its inverse. */
function constant(
  out: Builder,
  [x, y]: [HostTensor, HostTensor],
  [n, m]: [number, number],
  dtype: NumberType,
  batch: string,
  where: string,
): string {
  if (same(x.shape, y.shape) && equal(x.data, y.data)) return out.constant(x.data, x.shape, dtype);
  if (x.shape.length !== y.shape.length) refuse(`a constant in ${where}`);
  const axes = x.shape.map((_, i) => i).filter((i) => x.shape[i] !== y.shape[i]);
  const [p, q] = [x, y].map((t) => axes.reduce<HostTensor>((t, axis) => once(t, axis, where), t));
  const full = x.shape.map((length, i) => {
    if (!axes.includes(i)) return length;
    if (length * m === y.shape[i] * n && length % n === 0) return -length / n;
    return refuse(
      `the shape of a constant in ${where}: [${x.shape}] for ${n}, [${y.shape}] for ${m}`,
    );
  });
  let name: string;
  if (equal(p.data, q.data)) name = out.constant(p.data, p.shape, dtype);
  else {
    const scale = proportional(p.data, q.data, n, m);
    if (!scale) {
      refuse(
        `the numbers of a constant in ${where} (random numbers? data that is not passed in?)`,
      );
    }
    const samples = out.op("Cast", [out.reshape(batch, [])], { to: dtype });
    const unit = Array.from(p.data as Float32Array, (v) => scale === "Mul" ? v / n : v * n);
    name = out.op(scale, [out.constant(arrayOf(dtype, unit), p.shape, dtype), samples]);
  }
  return axes.length === 0 ? name : out.op("Expand", [name, batch], { shape: full });
}

const equal = (x: ArrayLike<number | bigint>, y: ArrayLike<number | bigint>) =>
  x.length === y.length && Array.prototype.every.call(x, (v, i) => Object.is(v, y[i]));

/** The first of the slices along an axis, which must all be the same. */
function once({ data, shape }: HostTensor, axis: number, where: string): HostTensor {
  const inner = shape.slice(axis + 1).reduce((n, m) => n * m, 1);
  const outer = shape.slice(0, axis).reduce((n, m) => n * m, 1);
  const out = data.slice(0, outer * inner);
  for (let o = 0; o < outer; o++) {
    const row = data.subarray(o * shape[axis] * inner, (o * shape[axis] + 1) * inner);
    out.set(row as never, o * inner);
    for (let k = 1; k < shape[axis]; k++) {
      const from = (o * shape[axis] + k) * inner;
      if (!equal(row, data.subarray(from, from + inner))) {
        refuse(
          `the numbers of a constant in ${where} (random numbers? data that is not passed in?)`,
        );
      }
    }
  }
  return { data: out, shape: shape.with(axis, 1) };
}

/** How numbers depend on the number of samples: times it, or over it. */
function proportional(
  x: ArrayLike<number | bigint>,
  y: ArrayLike<number | bigint>,
  n: number,
  m: number,
): "Mul" | "Div" | undefined {
  const close = (a: number, b: number) => Math.abs(a - b) <= 3e-7 * Math.abs(b);
  const every = (f: (a: number, b: number) => boolean) =>
    Array.prototype.every.call(x, (v, i) => f(Number(v), Number(y[i])));
  if (every((a, b) => close(a * m, b * n))) return "Mul";
  if (every((a, b) => close(a * n, b * m))) return "Div";
}
