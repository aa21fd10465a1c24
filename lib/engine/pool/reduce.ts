import type { Port } from "../program.ts";
import type { EvaluateTask, Header, Packed, Reduction } from "./messages.ts";
import {
  type Moments,
  momentsLength,
  momentsOf,
  readMoments,
  together,
  writeMoments,
} from "./moments.ts";
import { packed, sizeAt, type Values, zeros } from "./pack.ts";

/** Takes what chunks give, in the order of the chunks, for several items. */
export interface Reducer {
  /** Adds a chunk of an item. */
  add(item: number, values: Values, chunk: number, reference?: ArrayLike<number>): void;
  /** All of it. */
  result(): Packed;
}

/**
 * Puts the chunks of an output together. What several chunks add up to is in double precision; one chunk
 * alone stays as it is, so that whoever adds it up later gets the same bits.
 */
export function reducer(
  reduction: Reduction,
  port: Port,
  { count, chunks }: Pick<EvaluateTask, "count" | "chunks">,
  { samples, chunk: size }: Pick<Header, "samples" | "chunk">,
): Reducer {
  const first = chunks.from * size, rows = Math.min(chunks.to * size, samples) - first;
  const rowsIn = (chunk: number) => Math.min(size, samples - chunk * size);
  const write = (data: Values, at: number, values: Values) =>
    (data as Float64Array).set(values as Float64Array, at);

  if (reduction === "moments") {
    const all = new Float64Array(count * momentsLength);
    const filled = new Uint8Array(count);
    return {
      add(item, values, _, reference) {
        const more = momentsOf(numeric(values), reference);
        writeMoments(all, item, filled[item] ? together(readMoments(all, item), more) : more);
        filled[item] = 1;
      },
      result: () => packed("float64", [count, momentsLength], all),
    };
  }
  if (reduction === "rows") {
    const width = sizeAt(port.shape, 1), data = zeros(port.dtype, count * rows * width);
    return {
      add: (item, values, chunk) =>
        write(data, (item * rows + chunk * size - first) * width, values),
      result: () => packed(port.dtype, [count, rows, width], data),
    };
  }
  const width = sizeAt(port.shape, 1), alone = chunks.to - chunks.from === 1;
  const dtype = alone ? port.dtype : "float64", data = zeros(dtype, count * width);
  return {
    add(item, values, chunk) {
      if (alone) return write(data, item * width, values);
      const sum = (data as Float64Array).subarray(item * width, (item + 1) * width);
      addShare(sum, numeric(values), reduction === "sum" ? 1 : rowsIn(chunk) / samples);
    },
    result: () => packed(dtype, [count, width], data),
  };
}

/** sum += share·values. */
export function addShare(sum: Float64Array, values: ArrayLike<number>, share: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] += share * values[i];
}

/** The moments of all items of a message. */
export function momentsIn({ buffer }: Packed): Moments[] {
  const all = new Float64Array(buffer);
  return Array.from({ length: all.length / momentsLength }, (_, item) => readMoments(all, item));
}

const numeric = (values: Values): ArrayLike<number> =>
  values instanceof BigInt64Array ? Array.from(values, Number) : values;
