import type { HostTensor } from "./program.ts";

/** Inputs of a program, and what must come out of it. */
export interface Check {
  /** By name. */
  inputs: Record<string, HostTensor>;
  /** By name, as wasm computed it in float32. */
  expected: Record<string, { data: Float64Array; shape: number[] }>;
}

/** How far numbers are from those expected: the largest difference over the largest number. */
export function deviation(found: ArrayLike<number | bigint>, expected: Float64Array): number {
  let difference = 0, scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [Number(found[i]), expected[i]];
    if (Object.is(x, y) || x === y) {
      scale = Math.max(scale, Math.abs(y) < Infinity ? Math.abs(y) : 0);
      continue;
    }
    difference = Math.max(difference, Number.isFinite(x - y) ? Math.abs(x - y) : Infinity);
    scale = Math.max(scale, Math.abs(y));
  }
  return difference === 0 ? 0 : difference / Math.max(scale, 0.01);
}

/** What float32 may cost: products and sums in another order. */
const TOLERANCE = 1e-4;

/**
 * Says how a program's results differ from what wasm computed while it was recorded, or undefined where
 * they agree to 1e-4 of the largest number.
 */
export function disagreement(
  found: Record<string, HostTensor>,
  expected: Check["expected"],
): string | undefined {
  for (const [name, { data, shape }] of Object.entries(expected)) {
    const result = found[name];
    if (!result) return `it does not give ${name}`;
    if (result.shape.join() !== shape.join()) {
      return `${name} has the shape [${result.shape}] where wasm gave [${shape}]`;
    }
    const distance = deviation(result.data as Float32Array, data);
    if (!(distance <= TOLERANCE)) {
      return `${name} differs from what wasm computed by ${
        distance.toExponential(1)
      } of its largest number`;
    }
  }
}
