import { type Layout, part } from "../layout.ts";
import type { Recorded } from "../tensor/record.ts";
import { sizeOf } from "../vector.ts";
import { arrayOf, type Builder } from "./build.ts";
import type { Precision } from "./program.ts";

/** The tensors of a layout, or some of them, cut out of a vector of just these, as prefix0, prefix1 … */
export function cut(
  b: Builder,
  { tensors }: Layout,
  vector: string,
  prefix: string,
  numbers: number[] = [...tensors.keys()],
): Record<string, string> {
  const pieces = split(b, vector, numbers.map((i) => sizeOf(tensors[i].shape)));
  return Object.fromEntries(
    numbers.map((i, k) => [`${prefix}${i}`, b.reshape(pieces[k], [...tensors[i].shape])]),
  );
}

/** A vector of prefix0, prefix1 … or of some of them, with zeros for the tensors that are missing. */
export function joined(
  b: Builder,
  { tensors }: Layout,
  values: Record<string, string>,
  prefix: string,
  precision: Precision,
  numbers: number[] = [...tensors.keys()],
): string {
  return concatenated(
    b,
    numbers.map((i) => {
      const size = sizeOf(tensors[i].shape), name = values[`${prefix}${i}`];
      if (name) return b.reshape(name, [size]);
      return b.constant(arrayOf(precision, new Float64Array(size)), [size], precision);
    }),
  );
}

/** A vector in pieces of these sizes. */
export const split = (b: Builder, vector: string, sizes: number[]): string[] =>
  sizes.length === 1 ? [vector] : b.ops("Split", [vector], { axis: 0, sizes });

/** Vectors end to end. */
export const concatenated = (b: Builder, pieces: string[]): string =>
  pieces.length === 1 ? pieces[0] : b.op("Concat", pieces, { axis: 0 });

/** Numbers from which on a piece of a vector is worth the handful of operations that it takes by itself. */
const LARGE = 16384;

/**
 * Tensors of a layout, by number, that a training keeps in one piece from step to step: large ones by
 * themselves, so that they are neither cut out nor joined, and runs of small ones, which take fewer
 * operations together. What moves and what does not is kept apart.
 */
export function groups({ tensors }: Layout): number[][] {
  const isLarge = (i: number) => sizeOf(tensors[i].shape) >= LARGE;
  const moves = (i: number) => tensors[i].role !== "state";
  const found: number[][] = [];
  tensors.forEach((_, i) => {
    const last = found.at(-1), before = last?.at(-1);
    const together = before !== undefined && !isLarge(i) && !isLarge(before) &&
      moves(i) === moves(before);
    if (together) last!.push(i);
    else found.push([i]);
  });
  return found;
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
