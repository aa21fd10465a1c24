import type { Port } from "../program.ts";
import type { Binding } from "./bind.ts";
import type { Header } from "./messages.ts";
import { bytesPer, sizeAt, unpacked, type Values, zeros } from "./pack.ts";
import { dataOf } from "./session.ts";

/** Memory by the name of an input, which is used again and grows. */
export type Buffers = Map<string, Values>;

/**
 * Samples by number, one after the other, out of data that the worker holds in chunks. Where all of it is more
 * than the worker may hold, the pool is asked for just these. What it gives lives until the next call.
 */
export async function gathered(
  ports: readonly Port[],
  rows: Int32Array,
  { samples, chunk: size, budget }: Pick<Header, "samples" | "chunk" | "budget">,
  { data, ask }: Pick<Binding, "data" | "ask">,
  buffers: Buffers,
): Promise<Map<string, Values>> {
  if (!ports.length) return new Map();
  const bytes = ports.reduce(
    (n, { dtype, shape }) => n + sizeAt(shape, samples) * bytesPer(dtype),
    0,
  );
  if (bytes > budget) {
    const answer = await ask({ kind: "rows", rows: rows.slice().buffer });
    const { feeds } = answer as Extract<typeof answer, { feeds: unknown }>;
    return new Map(Object.entries(feeds).map(([name, from]) => [name, unpacked(from)]));
  }
  const chunks = new Map<number, Awaited<ReturnType<typeof data>>>();
  for (const row of rows) {
    const chunk = Math.floor(row / size);
    if (!chunks.has(chunk)) chunks.set(chunk, await data(chunk));
  }
  return new Map(ports.map(({ name, dtype, shape }) => {
    const width = sizeAt(shape, 1), length = rows.length * width;
    if (!((buffers.get(name)?.length ?? 0) >= length)) buffers.set(name, zeros(dtype, length));
    const to = buffers.get(name)!.subarray(0, length) as Float64Array;
    let source = to, chunk = -1;
    rows.forEach((row, i) => {
      const own = Math.floor(row / size), start = (row - own * size) * width;
      if (own !== chunk) source = dataOf(chunks.get(own)!.get(name)!) as Float64Array;
      chunk = own;
      // a call costs more than a few numbers
      if (width > 16) to.set(source.subarray(start, start + width), i * width);
      else for (let k = 0; k < width; k++) to[i * width + k] = source[start + k];
    });
    return [name, to];
  }));
}
