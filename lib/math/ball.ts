import type { Random } from "./random.ts";

/**
 * A neighbourhood of a point: all δ = scale ⊙ u with ‖u‖ ≤ radius in every block, a product of balls or
 * ellipsoids.
 */
export interface Ball {
  /** The block of each number; −1 where it does not move. */
  block: Int32Array;
  /** The radius of each block. */
  radii: Float64Array;
  /** The scale of each number; 1 where there is none. */
  scale?: Float64Array;
}

/** A random δ, uniform inside of every block or on its surface. Cost: a normal draw for each number. */
export function randomIn(
  { block, radii, scale }: Ball,
  { normal, uniform }: Random,
  where: "inside" | "surface",
): Float64Array {
  const squares = new Float64Array(radii.length), sizes = squares.slice();
  const delta = Float64Array.from(block, (b, i) => {
    if (b < 0 || scale?.[i] === 0) return 0;
    const x = normal();
    squares[b] += x * x;
    sizes[b]++;
    return x;
  });
  // the radius of a uniform point in a ball of n dimensions has the distribution function rⁿ
  const factors = radii.map((radius, b) => {
    const r = where === "inside" ? uniform() ** (1 / Math.max(1, sizes[b])) : 1;
    return squares[b] === 0 ? 0 : radius * r / Math.sqrt(squares[b]);
  });
  for (let i = 0; i < delta.length; i++) {
    if (block[i] >= 0) delta[i] *= factors[block[i]] * (scale?.[i] ?? 1);
  }
  return delta;
}

/** The δ that goes farthest along a gradient g: in each block radius·s²g/‖s·g‖. Zero where g is. */
export function farthest(ball: Ball, gradient: ArrayLike<number>): Float64Array {
  const { block, radii, scale } = ball, slopes = slopesOf(ball, gradient);
  return Float64Array.from(block, (b, i) => {
    if (b < 0 || slopes[b] === 0) return 0;
    return radii[b] * (scale?.[i] ?? 1) ** 2 * gradient[i] / slopes[b];
  });
}

/** ⟨g, δ⟩ at the farthest δ: Σ radius·‖s·g‖ over the blocks. */
export function reach(ball: Ball, gradient: ArrayLike<number>): number {
  return slopesOf(ball, gradient).reduce((sum, slope, b) => sum + ball.radii[b] * slope, 0);
}

/** ‖s·g‖ in each block. */
function slopesOf({ block, radii, scale }: Ball, gradient: ArrayLike<number>): Float64Array {
  const squares = new Float64Array(radii.length);
  for (let i = 0; i < block.length; i++) {
    if (block[i] >= 0) squares[block[i]] += (gradient[i] * (scale?.[i] ?? 1)) ** 2;
  }
  return squares.map(Math.sqrt);
}
