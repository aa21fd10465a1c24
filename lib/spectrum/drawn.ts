import { tQuantile } from "../math/student.ts";
import { formatNumber } from "../figure/text.ts";

/** What the drawing needs to know of a spectrum. */
export interface DrawnSpectrum {
  /** The largest eigenvalues, descending. */
  readonly eigenvalues: Float64Array;
  /** Their residuals. */
  readonly residuals: Float64Array;
  /** Whether they have converged. */
  readonly converged: readonly boolean[];
  /** The smallest eigenvalues, ascending. */
  readonly bottom: Float64Array;
  /** Their residuals. */
  readonly bottomResiduals: Float64Array;
  /** Whether they have converged. */
  readonly bottomConverged: readonly boolean[];
  /** Why the search ended. */
  readonly outcome?: string;
  /** The trace, if it was asked for. */
  readonly trace?: {
    readonly value: number;
    readonly standardError: number;
    readonly probes?: number;
  };
  /** The density, if it was asked for. */
  readonly density?: DrawnDensity;
  /** The limit of stability, where it is known. */
  readonly stability?: DrawnLimit;
  /** The number of eigenvalues that there are. */
  readonly dimension: number;
  /** How many products were computed. */
  readonly products: number;
  /** Whether it was stopped. */
  readonly partial: boolean;
  /** Where the numbers come from. */
  readonly provenance?: {
    readonly samples?: number;
    readonly samplesAvailable?: number;
    readonly seed?: number;
  };
}

/** A density with its band. */
export interface DrawnDensity {
  /** Eigenvalues. */
  readonly x: Float64Array;
  /** The share of all eigenvalues per unit. */
  readonly y: Float64Array;
  /** The band. */
  readonly low: Float64Array;
  /** See `low`. */
  readonly high: Float64Array;
  /** What each node is broadened to. */
  readonly width: number;
  /** The nodes of each probe. */
  readonly nodes: readonly ArrayLike<number>[];
  /** The most Lanczos steps of a probe. */
  readonly steps: number;
}

/** The largest eigenvalue at which training is stable. */
export interface DrawnLimit {
  /** The eigenvalue. */
  readonly value: number;
  /** How it comes about. */
  readonly rule: string;
}

/** The trace with its 95% interval. */
export function traceInWords(
  { value, standardError, probes = 0 }: NonNullable<DrawnSpectrum["trace"]>,
) {
  const half = probes > 1 ? tQuantile(0.975, probes - 1) * standardError : NaN;
  const made = probes === 1 ? "one probe" : `${formatNumber(probes)} probes`;
  return `trace ${formatNumber(value)}` +
    (Number.isFinite(half) ? `, 95% interval ± ${formatNumber(half, 2)}` : "") + ` (${made})`;
}

/** What the numbers are of: products, samples, seed. */
export function circumstances({ products, provenance = {}, partial }: DrawnSpectrum): string[] {
  const { samples, samplesAvailable = samples, seed } = provenance;
  return [
    `${products.toLocaleString("en")} ${products === 1 ? "product" : "products"}`,
    ...(samples === undefined ? [] : [
      samplesAvailable! > samples
        ? `mean over ${formatNumber(samples, 8)} of ${formatNumber(samplesAvailable!, 8)} samples`
        : `mean over ${formatNumber(samples, 8)} samples`,
    ]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
    ...(partial ? ["stopped before its end"] : []),
  ];
}

/** What the limit of stability is, and that it holds for full batches. */
export function limitInWords({ value, rule }: DrawnLimit): string {
  return `${rule} = ${formatNumber(value)}: full-batch training is unstable above`;
}
