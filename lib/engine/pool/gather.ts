import type { Tensor } from "npm:onnxruntime-node@1.30.0";
import type { Port } from "../program.ts";
import type { Bound } from "./bind.ts";
import { shapeAt, sizeAt, zeros } from "./pack.ts";
import { dataOf, tensor } from "./session.ts";

/**
 * Picks samples by number out of data that is held in chunks of `size` samples. What it gives lives until the
 * next call with as many samples.
 */
export function rowsOf(
  ports: readonly Port[],
  size: number,
  chunkOf: (chunk: number) => Promise<Bound>,
): (rows: Int32Array) => Promise<Map<string, Tensor>> {
  const memory = new Map<number, Map<string, Tensor>>();

  const memoryOf = async (n: number) => {
    if (!memory.has(n)) {
      const tensors = new Map<string, Tensor>();
      for (const { name, dtype, shape } of ports) {
        const data = zeros(dtype, sizeAt(shape, n));
        tensors.set(name, await tensor(dtype, data, shapeAt(shape, n)));
      }
      memory.set(n, tensors);
    }
    return memory.get(n)!;
  };

  return async (rows) => {
    if (!ports.length) return new Map();
    const chunks = new Map<number, Bound>();
    let known = -1;
    for (const row of rows) {
      const chunk = Math.floor(row / size);
      if (chunk !== known && !chunks.has(chunk)) chunks.set(chunk, await chunkOf(chunk));
      known = chunk;
    }
    const into = await memoryOf(rows.length);
    for (const { name, shape } of ports) {
      const width = sizeAt(shape, 1), to = dataOf(into.get(name)!) as Float64Array;
      let source = to, chunk = -1;
      rows.forEach((row, i) => {
        const own = Math.floor(row / size), start = (row - own * size) * width;
        if (own !== chunk) source = dataOf(chunks.get(own)!.get(name)!) as Float64Array;
        chunk = own;
        // a call costs more than a few numbers
        if (width > 16) to.set(source.subarray(start, start + width), i * width);
        else for (let k = 0; k < width; k++) to[i * width + k] = source[start + k];
      });
    }
    return into;
  };
}
