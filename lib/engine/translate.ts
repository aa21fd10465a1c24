import type { Operand, Recorded, RecordedNode } from "../tensor/record.ts";
import { arrayOf, type Builder } from "./build.ts";
import { elementwise } from "./kernels/elementwise.ts";
import { inverse } from "./kernels/inverse.ts";
import { pictures } from "./kernels/pictures.ts";
import { products } from "./kernels/products.ts";
import { reductions } from "./kernels/reductions.ts";
import { shapes } from "./kernels/shapes.ts";
import { same } from "./graph.ts";
import type { NumberType, Precision } from "./program.ts";
import { simplest } from "./simplest.ts";

/** A kernel that ran, as a translation sees it. */
export interface Call {
  /** Where nodes are written. */
  b: Builder;
  /** Its inputs by name; lists of inputs are under `list`. */
  inputs: Record<string, string>;
  /** The inputs of a kernel that takes a list. */
  list: string[];
  /** Its attributes, plain. */
  // deno-lint-ignore no-explicit-any
  attributes: Record<string, any>;
  /** Shapes and types of what it gave. */
  outputs: { shape: number[]; dtype: NumberType }[];
  /** The type of floats. */
  float: Precision;
}

/** A kernel in terms of ONNX operators. */
export type Translation = (call: Call) => string | string[];

const translations: Record<string, Translation> = {
  ...elementwise,
  ...inverse,
  ...reductions,
  ...shapes,
  ...products,
  ...pictures,
};

/** The kernels that have a translation, by name. */
export const translated: string[] = Object.keys(translations).sort();

/**
 * Writes a record into a graph, in the precision asked for. `bind` gives the values that stand for the
 * record's inputs.
 *
 * @throws {Error} that names the kernel that has no translation.
 */
export function translate(
  b: Builder,
  { nodes, constants, outputs }: Recorded,
  bind: Record<string, string>,
  float: Precision,
): Record<string, string> {
  const results: string[][] = [], known = new Map<string, string>();
  const typed = (dtype: NumberType) => dtype === "float32" ? float : dtype;

  const constant = (index: number, shape: number[]) => {
    const key = `${index} ${shape}`;
    if (!known.has(key)) {
      const { data, dtype } = constants[index];
      const numbers = float === "float64" && data instanceof Float32Array && data.length === 1
        ? [simplest(data[0])]
        : data;
      known.set(
        key,
        b.constant(arrayOf(typed(dtype), numbers as Float32Array), shape, typed(dtype)),
      );
    }
    return known.get(key)!;
  };
  const operand = (o: Operand) =>
    "node" in o ? b.reshape(results[o.node][o.output], o.shape) : constant(o.constant, o.shape);

  for (const node of nodes) {
    results.push(node.kernel === "Input" ? [bind[node.attributes.name as string]] : write(node));
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, o]) => [name, operand(o)]));

  function write({ kernel, inputs, attributes, outputs }: RecordedNode): string[] {
    const translation = translations[kernel];
    if (!translation) {
      throw new Error(`Cannot record: the kernel ${kernel} has no translation`);
    }
    const named: Record<string, string> = {};
    let list: string[] = [];
    if (Array.isArray(inputs)) list = inputs.map(operand);
    else {
      for (const [name, o] of Object.entries(inputs)) {
        if (Array.isArray(o)) list = o.map(operand);
        else named[name] = operand(o);
      }
    }
    const expected = outputs.map(({ shape, dtype }) => ({ shape, dtype: typed(dtype) }));
    const given = [
      translation({ b, inputs: named, list, attributes, outputs: expected, float }),
    ].flat();
    expected.forEach(({ shape, dtype }, i) => {
      const { shape: s, dtype: d } = b.value(given[i]);
      if (d === dtype && same(s, shape)) return;
      throw new Error(
        `Cannot record: ${kernel} was translated to ${d} [${s}] where it gave ${dtype} [${shape}]`,
      );
    });
    return given;
  }
}
