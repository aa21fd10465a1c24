import { randomNormal } from "npm:d3@7.9.0";
import { xoroshiro128plus } from "npm:pure-rand@8.4.2/generator/xoroshiro128plus";

/** Draws a random vector; a long one in pieces, so that other things get their turn. */
export type Draw = () => Float64Array | Promise<Float64Array>;

/** So many vectors, one after the other. */
export async function drawn(count: number, draw: Draw): Promise<Float64Array[]> {
  const vectors: Float64Array[] = [];
  while (vectors.length < count) vectors.push(await draw());
  return vectors;
}

/** A seeded stream of random numbers. */
export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** −1 or 1 with equal probability. */
  sign(): number;
  /** A permutation of 0 … n − 1 (Fisher–Yates). */
  permutation(n: number): Int32Array;
}

/**
 * The stream that belongs to a seed and a name. Every function draws from a stream of its own name, so
 * that two functions which are given the same seed do not draw the same numbers.
 *
 * Generator: xoroshiro128+ (Blackman and Vigna, 2018), from `pure-rand`; normals by d3's polar method.
 */
export function random(seed: number, name: string): Random {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot draw random numbers: seed must be an integer, got ${seed}`);
  }
  const bits = xoroshiro128plus(hash(`${seed}/${name}`));
  const uniform = () => (bits.next() >>> 0) / 2 ** 32;
  const integer = (n: number) => Math.floor(uniform() * n);
  return {
    uniform,
    normal: randomNormal.source(uniform)(),
    integer,
    sign: () => bits.next() < 0 ? -1 : 1,
    permutation(n) {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = integer(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
      }
      return order;
    },
  };
}

/** FNV-1a with a final avalanche: 32 bits of a text, so that neighbouring seeds give unrelated streams. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
