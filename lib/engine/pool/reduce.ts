import type { Port } from "../program.ts";
import type { EvaluateTask, Header, Packed, Reduction } from "./messages.ts";
import { momentsLength, momentsOf, together, writeMoments } from "./moments.ts";
import { bytesPer, packed, sizeAt, unpacked, type Values, zeros } from "./pack.ts";

/** Takes what chunks give, in the order of the chunks, for several items. */
export interface Reducer {
  /** Adds a chunk of an item. */
  add(item: number, values: Values, chunk: number, reference?: ArrayLike<number>): void;
  /** All of it. */
  result(): Packed;
}

/**
 * Puts the chunks of an output together: chunks to blocks, blocks to the whole. What several chunks add up to
 * is in double precision; where there is only one it stays as it is. `spare` is memory that may be used.
 */
export function reducer(
  reduction: Reduction,
  port: Port,
  { count, chunks }: Pick<EvaluateTask, "count" | "chunks">,
  { samples, chunk: size, block }: Pick<Header, "samples" | "chunk" | "block">,
  spare: ArrayBuffer[] = [],
): Reducer {
  const first = chunks.from * size, rows = Math.min(chunks.to * size, samples) - first;
  const width = sizeAt(port.shape, 1);
  const write = (data: Values, at: number, values: Values) =>
    (data as Float64Array).set(values as Float64Array, at);

  if (reduction === "rows") {
    const data = zeros(port.dtype, count * rows * width);
    return {
      add: (item, values, chunk) =>
        write(data, (item * rows + chunk * size - first) * width, values),
      result: () => packed(port.dtype, [count, rows, width], data),
    };
  }
  if (reduction === "moments") {
    const all = Array.from({ length: count }, () => blocks(block, together));
    return {
      add: (item, values, chunk, reference) =>
        all[item].add(momentsOf(numeric(values), reference), chunk),
      result() {
        const data = new Float64Array(count * momentsLength);
        all.forEach((moments, item) => writeMoments(data, item, moments.total()));
        return packed("float64", [count, momentsLength], data);
      },
    };
  }
  if (samples <= size) {
    const at = spare.findIndex((b) => b.byteLength === count * width * bytesPer(port.dtype));
    const data = at < 0
      ? zeros(port.dtype, count * width)
      : unpacked({ dtype: port.dtype, shape: [], buffer: spare.splice(at, 1)[0] });
    return {
      add: (item, values) => write(data, item * width, values),
      result: () => packed(port.dtype, [count, width], data),
    };
  }
  const sums = Array.from({ length: count }, () => blocks(block, addInto));
  return {
    add(item, values, chunk) {
      const share = reduction === "sum" ? 1 : Math.min(size, samples - chunk * size) / samples;
      const part = new Float64Array(width), from = numeric(values);
      // a plain loop: Float64Array.from with a function takes fifty times as long
      for (let i = 0; i < width; i++) part[i] = share * from[i];
      sums[item].add(part, chunk);
    },
    result() {
      const data = new Float64Array(count * width);
      sums.forEach((sum, item) => data.set(sum.total(), item * width));
      return packed("float64", [count, width], data);
    },
  };
}

/** Adds parts up block by block, so that the order of additions is the same whoever makes them. */
function blocks<T>(size: number, add: (a: T, b: T) => T) {
  let whole: T | undefined, part: T | undefined, at = -1;
  const plus = (a: T | undefined, b: T | undefined) =>
    a === undefined ? b : b === undefined ? a : add(a, b);
  return {
    add(value: T, chunk: number) {
      const block = Math.floor(chunk / size);
      if (block !== at) [whole, part, at] = [plus(whole, part), undefined, block];
      part = plus(part, value);
    },
    total: () => plus(whole, part)!,
  };
}

/** a += b. */
export function addInto(a: Float64Array, b: Float64Array): Float64Array {
  for (let i = 0; i < a.length; i++) a[i] += b[i];
  return a;
}

const numeric = (values: Values): ArrayLike<number> =>
  values instanceof BigInt64Array ? Array.from(values, Number) : values;
