import type { Port, Precision } from "../program.ts";
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
  const numbers = count * width;
  if (chunks.to - chunks.from === 1 && (reduction === "sum" || samples <= size)) {
    const at = spare.findIndex((b) => b.byteLength === numbers * bytesPer(port.dtype));
    const data = at < 0
      ? zeros(port.dtype, numbers)
      : unpacked({ dtype: port.dtype, shape: [], buffer: spare.splice(at, 1)[0] });
    return {
      add: (item, values) => write(data, item * width, values),
      result: () => packed(port.dtype, [count, width], data),
    };
  }
  const precision = port.dtype === "float64" ? "float64" : "float32";
  const sums = Array.from({ length: count }, () => sumOfBlocks(width, block, precision));
  return {
    add(item, values, chunk) {
      const share = reduction === "sum" ? 1 : Math.min(size, samples - chunk * size) / samples;
      sums[item].add(numeric(values), chunk, share);
    },
    result() {
      const data = zeros(precision, numbers);
      sums.forEach((sum, item) => write(data, item * width, sum.total()));
      return packed(precision, [count, width], data);
    },
  };
}

/**
 * The sum of chunks: in double precision, but what a block adds up to is a number of the program's precision,
 * as it would be if it came from another worker.
 */
function sumOfBlocks(width: number, size: number, precision: Precision) {
  const whole = new Float64Array(width);
  const rounded = precision === "float32" ? Math.fround : (x: number) => x;
  let part: Float64Array | undefined, at = -1;
  const close = () => {
    if (at < 0 || !part) return;
    for (let i = 0; i < width; i++) whole[i] += rounded(part[i]);
    part.fill(0);
  };
  return {
    add(values: ArrayLike<number>, chunk: number, share: number) {
      // plain loops: Float64Array.from with a function takes fifty times as long
      if (size === 1) {
        for (let i = 0; i < width; i++) whole[i] += rounded(share * values[i]);
        return;
      }
      const block = Math.floor(chunk / size);
      if (block !== at) close();
      at = block;
      part ??= new Float64Array(width);
      for (let i = 0; i < width; i++) part[i] += share * values[i];
    },
    total() {
      close();
      at = -1;
      return whole;
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

/** The numbers that a tile of a sum has: it stays in the cache while all parts are added. */
const TILE = 4096;

/** The sum of parts, in their order: made in double precision, and rounded once. */
export function sumOf<T extends Float32Array | Float64Array>(parts: readonly T[]): T {
  const [a, b] = parts, { length } = a;
  const sum = new (a.constructor as new (n: number) => T)(length);
  if (parts.length === 2) {
    for (let i = 0; i < length; i++) sum[i] = a[i] + b[i];
    return sum;
  }
  const tile = new Float64Array(Math.min(TILE, length));
  for (let from = 0; from < length; from += TILE) {
    const n = Math.min(TILE, length - from);
    tile.fill(0);
    for (const part of parts) for (let i = 0; i < n; i++) tile[i] += part[from + i];
    for (let i = 0; i < n; i++) sum[from + i] = tile[i];
  }
  return sum;
}

const numeric = (values: Values): ArrayLike<number> =>
  values instanceof BigInt64Array ? Array.from(values, Number) : values;
