import { hutchinson, hutchPlusPlus, type Trace } from "../math/hutchinson.ts";
import { type Quadrature, quadratures } from "../math/quadrature.ts";
import { type Draw, drawn } from "../math/random.ts";
import { type Smoothed, smoothed } from "../math/smoothed.ts";
import { checkInteger, checkPositive, optionsOf } from "../options.ts";
import type { Counted } from "./counted.ts";

/** How the eigenvalues are distributed: a density that can be drawn, and the quadratures that it is made of. */
export interface SpectralDensity extends Smoothed {
  /** For each probe the nodes, ascending: where there are eigenvalues. */
  nodes: Float64Array[];
  /** For each probe their weights, which sum to 1: Σ w·f(node) estimates tr f(H)/dimension. */
  weights: Float64Array[];
  /** The most Lanczos steps of a probe. */
  steps: number;
}

/** How a trace is estimated. */
export interface TraceOptions {
  /**
   * Goes on after `probes` until half of the 95% interval is at most this share of |trace|. Default: none, and
   * then there are exactly `probes`.
   */
  relativeError?: number;
  /** The same as a number; of two targets the one that is met first counts. */
  absoluteError?: number;
  /** The most probes, default 1,000. */
  most?: number;
  /**
   * `"hutch++"` first takes out the directions of large curvature and counts them exactly: `probes` are then
   * products in all, a third for each of its parts. Default `"hutchinson"`.
   */
  method?: "hutchinson" | "hutch++";
}

/** How probes are made. */
interface Probing {
  probes: number;
  draw: Draw;
  breathe: () => Promise<void>;
}

/** The density of eigenvalues from some probes, and the samples of the trace that come with it. */
export async function densityOf(
  { products, batch }: Counted,
  { probes, steps, draw, breathe, density }: Probing & {
    steps: number;
    density: true | { width?: number };
  },
): Promise<{ samples: number[]; density?: SpectralDensity }> {
  const found: { quadrature: Quadrature; along: number }[] = [];
  // three vectors and a product each
  const together = Math.max(1, Math.floor(batch / 2));
  while (found.length < probes) {
    const starts = await drawn(Math.min(together, probes - found.length), draw);
    const some = await quadratures(products, starts, { steps, breathe });
    found.push(...some);
    if (some.length < starts.length) break;
  }
  const each = found.map(({ quadrature }) => quadrature), { width } = Object(density);
  return {
    samples: found.map(({ along }) => along),
    ...(each.length > 0 && {
      density: {
        ...smoothed(each, { width }),
        nodes: each.map(({ nodes }) => nodes),
        weights: each.map(({ weights }) => weights),
        steps,
      },
    }),
  };
}

/** The trace, from samples that are there and as many more as it takes. */
export async function traceOf(
  { products, batch }: Counted,
  { relativeError, absoluteError, most = 1000, method = "hutchinson" }: TraceOptions,
  { probes, draw, breathe, samples = [] }: Probing & { samples?: number[] },
): Promise<Trace> {
  const aimed = relativeError !== undefined || absoluteError !== undefined;
  const target = aimed
    ? (value: number) => Math.max(absoluteError ?? 0, (relativeError ?? 0) * Math.abs(value))
    : undefined;
  const sizes = { least: probes, most: aimed ? Math.max(probes, most) : probes, batch };
  return method === "hutch++"
    ? await hutchPlusPlus(products, { ...sizes, target, draw, breathe })
    : await hutchinson(products, { ...sizes, target, draw, samples });
}

/** @throws {RangeError} that names what is out of range. */
export function checkTrace(options: TraceOptions, probes: number, doing: string): void {
  const { relativeError, absoluteError, most, method } = optionsOf(options, doing);
  if (relativeError !== undefined) checkPositive(relativeError, "trace.relativeError", doing);
  if (absoluteError !== undefined) checkPositive(absoluteError, "trace.absoluteError", doing);
  if (most !== undefined) checkInteger(most, "trace.most", doing, { least: 1 });
  if (method !== undefined && method !== "hutchinson" && method !== "hutch++") {
    throw new RangeError(
      `Cannot ${doing}: trace.method must be "hutchinson" or "hutch++", got "${method}"`,
    );
  }
  const aimed = relativeError !== undefined || absoluteError !== undefined;
  if (aimed && probes > 0) {
    checkInteger(probes, "probes", `${doing} to a standard error`, { least: 10 });
  }
  if (method === "hutch++" && probes > 0) checkInteger(probes, "probes", doing, { least: 6 });
}
