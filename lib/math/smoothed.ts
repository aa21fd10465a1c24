import type { Quadrature } from "./quadrature.ts";
import { mean, standardError } from "./statistics.ts";
import { tQuantile } from "./student.ts";

/** A density over eigenvalues, with its band. */
export interface Smoothed {
  /** Eigenvalues, evenly spaced. */
  x: Float64Array;
  /** The density there: the share of all eigenvalues per unit of x. Its integral is 1. */
  y: Float64Array;
  /** The lower end of the 95% interval over probes; NaN for a single probe. */
  low: Float64Array;
  /** The upper end. */
  high: Float64Array;
  /** The standard deviation of the Gaussian that each node is broadened to. */
  width: number;
}

/**
 * The mean over probes of Σ w·N(x; node, width): a density that can be drawn. What is narrower than `width` is
 * not seen. The band is ± t(0.975, probes − 1) standard errors over probes, at each x.
 *
 * @param width default 1/100 of the range of the nodes
 */
export function smoothed(
  quadratures: readonly Quadrature[],
  { width, points = 512 }: { width?: number; points?: number } = {},
): Smoothed {
  const ends = endsOf(quadratures), [least, most] = ends;
  const scale = Math.max(Math.abs(least), Math.abs(most));
  const sd = width ?? 0.01 * (most - least > 1e-9 * scale ? most - least : scale || 1);
  const from = least - 4 * sd, step = (most + 4 * sd - from) / (points - 1);
  const x = Float64Array.from({ length: points }, (_, i) => from + i * step);
  const each = quadratures.map((one) => broadened(one, x, sd));
  const y = new Float64Array(points), low = y.slice().fill(NaN), high = low.slice();
  const t = each.length > 1 ? tQuantile(0.975, each.length - 1) : NaN;
  for (let i = 0; i < points; i++) {
    const here = each.map((values) => values[i]), off = t * standardError(here);
    y[i] = mean(here);
    low[i] = Math.max(0, y[i] - off);
    high[i] = y[i] + off;
  }
  return { x, y, low, high, width: sd };
}

function endsOf(quadratures: readonly Quadrature[]): [number, number] {
  let least = Infinity, most = -Infinity;
  for (const { nodes, weights } of quadratures) {
    nodes.forEach((node, k) => {
      // a node without weight is a rounding error
      if (weights[k] < 1e-14) return;
      least = Math.min(least, node);
      most = Math.max(most, node);
    });
  }
  return [least, most];
}

function broadened({ nodes, weights }: Quadrature, x: Float64Array, sd: number): Float64Array {
  const y = new Float64Array(x.length), height = 1 / (sd * Math.sqrt(2 * Math.PI));
  nodes.forEach((node, k) => {
    for (let i = 0; i < x.length; i++) {
      y[i] += weights[k] * height * Math.exp(-0.5 * ((x[i] - node) / sd) ** 2);
    }
  });
  return y;
}
