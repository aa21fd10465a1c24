import { type Layout, part } from "../layout.ts";
import type { Recorded } from "../tensor/record.ts";
import { sizeOf } from "../vector.ts";
import { arrayOf, type Builder } from "./build.ts";
import type { Precision } from "./program.ts";

/** The tensors of a layout cut out of a vector, as prefix0, prefix1 … */
export function cut(
  b: Builder,
  { tensors }: Layout,
  vector: string,
  prefix: string,
): Record<string, string> {
  const sizes = tensors.map((t) => sizeOf(t.shape));
  const pieces = sizes.length === 1 ? [vector] : b.ops("Split", [vector], { axis: 0, sizes });
  return Object.fromEntries(
    tensors.map((t, i) => [`${prefix}${i}`, b.reshape(pieces[i], [...t.shape])]),
  );
}

/** A vector of prefix0, prefix1 …, with zeros for the tensors that are missing. */
export function joined(
  b: Builder,
  { tensors }: Layout,
  values: Record<string, string>,
  prefix: string,
  precision: Precision,
): string {
  const pieces = tensors.map((t, i) => {
    const size = sizeOf(t.shape), name = values[`${prefix}${i}`];
    if (name) return b.reshape(name, [size]);
    return b.constant(arrayOf(precision, new Float64Array(size)), [size], precision);
  });
  return pieces.length === 1 ? pieces[0] : b.op("Concat", pieces, { axis: 0 });
}

/** The numbers of {@link joined}, from those of a record. */
export function joinedValues(
  layout: Layout,
  values: Recorded["values"],
  prefix: string,
): { data: Float64Array; shape: number[] } {
  const data = new Float64Array(layout.size);
  layout.tensors.forEach((tensor, i) => {
    const own = values[`${prefix}${i}`];
    if (own) part(data, tensor).set(own);
  });
  return { data, shape: [layout.size] };
}
