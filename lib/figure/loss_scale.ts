// d3's quantile and ticks: the only statistics a legend needs.
import { quantileSorted, ticks } from "npm:d3@7.9.0";
import type { Theme } from "./theme.ts";

/** How losses become colours and heights: levels in loss units, on a log scale where the range asks for it. */
export interface LossScale {
  /** Log where the highest loss is many times the lowest. */
  readonly type: "log" | "linear";
  /** The lowest and highest loss that colours tell apart. */
  readonly domain: readonly [number, number];
  /** The losses at which the colour changes, rising; all inside the domain. None where there is one loss only. */
  readonly levels: readonly number[];
  /** Whether there are losses below the domain: they look like its lower end. */
  readonly clipped: boolean;
  /**
   * The roundest levels, at least `spacing` (a share of the domain) apart: those that a legend names. Where there
   * is one loss only, that.
   */
  named(spacing?: number): number[];
  /**
   * Where a loss stands in the domain, from 0 to 1: what is interpolated between samples. On a log scale no less
   * than 0, since a logarithm knows no bottom; not clamped otherwise. NaN for NaN.
   */
  position(loss: number): number;
}

/**
 * The scale for some losses. Log where all are positive (single zeros, as of an exact minimum, aside) and
 * the highest is over 12 times the lowest. A few extreme lows do not stretch it: what lies below its
 * domain has the lowest colour.
 *
 * @param values losses; NaN and ±∞ are ignored
 * @param type log or linear instead of our choice
 */
export function lossScale(values: ArrayLike<number>, type?: "log" | "linear"): LossScale {
  const finite = Float64Array.from(values).filter(Number.isFinite).sort();
  const [low, high] = finite.length ? [finite[0], finite[finite.length - 1]] : [0, 1];
  const positive = finite.subarray(finite.findIndex((v) => v > 0));
  const floor = Math.max(positive[0], quantileSorted(positive, 0.01) / 3, high * 1e-8);
  const loggable = high > 0 && quantileSorted(finite, 0.02) >= 0;
  const log = (type ?? (loggable && high / floor > 12 ? "log" : "linear")) === "log" && high > 0;
  const domain = log ? [floor, high] as const : [low, high] as const;
  if (indistinct(domain)) return constantScale(low, high);
  // Halves, since the whole may be more than a number can hold.
  const along = log ? Math.log : (v: number) => v / 2;
  const [start, end] = domain.map(along);
  const position = (loss: number) =>
    (along(log ? Math.max(loss, floor) : loss) - start) / (end - start);
  const inside = (v: number) => v > domain[0] && v < domain[1];
  const levels = (log ? logLevels(domain) : linearLevels(domain)).filter(inside);
  return {
    type: log ? "log" : "linear",
    domain,
    levels,
    clipped: low < domain[0],
    named: (spacing = 0.085) => sparse(levels, position, spacing),
    position,
  };
}

/** Whether two losses differ by no more than rounding, or by less than an axis can be divided into. */
export function indistinct([low, high]: readonly [number, number]): boolean {
  return high - low <= Math.max(1e-12 * Math.max(Math.abs(low), Math.abs(high)), 1e-300);
}

/** One loss only: it stands in the middle, and there is no other to be told from it. */
function constantScale(low: number, high: number): LossScale {
  const loss = low + (high - low) / 2;
  const room = Math.abs(loss) / 2 > 1e-300 ? Math.abs(loss) / 2 : 1;
  return {
    type: "linear",
    domain: [
      Math.max(-Number.MAX_VALUE, loss - room),
      Math.min(Number.MAX_VALUE, loss + room),
    ],
    levels: [],
    clipped: false,
    named: () => [loss],
    position: (other) => Number.isNaN(other) ? NaN : 0.5,
  };
}

/** The colour of a loss: of the band between two levels that it lies in. */
export function bandColor(scale: LossScale, theme: Theme, loss: number): string {
  const { levels } = scale;
  let k = 0;
  while (k < levels.length && loss >= levels[k]) k++;
  return theme.ramp(bandPosition(scale, k));
}

/** Where the k-th band (below `levels[k]`) stands on the ramp: its middle, the two ends drawn out to 0 and 1. */
export function bandPosition({ levels }: LossScale, k: number): number {
  return levels.length ? k / levels.length : 0.3;
}

function linearLevels([low, high]: readonly [number, number]): number[] {
  // Where the whole is more than a number can hold, its half is divided.
  return Number.isFinite(high - low)
    ? ticks(low, high, 12)
    : ticks(low / 2, high / 2, 12).map((v: number) => 2 * v);
}

// Round numbers that divide a decade, from coarse to fine.
const ladders = [
  [1],
  [1, 3],
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8],
  [1, 1.1, 1.2, 1.35, 1.5, 1.7, 2, 2.2, 2.5, 2.7, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9],
];

/** About `count` round numbers inside a positive domain, evenly spread on a log scale. */
export function logLevels([low, high]: readonly [number, number], count = 12): number[] {
  const decades = Array.from(
    { length: Math.floor(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, k) => Math.floor(Math.log10(low)) + k,
  );
  const every = Math.ceil(decades.length / (count + 2));
  const candidates = ladders.map((ladder) =>
    decades
      .filter((decade) => decade % every === 0)
      .flatMap((decade) => ladder.map((m) => Number(`${m}e${decade}`)))
      .filter((v) => v > low && v < high)
  );
  const distance = (levels: number[]) => Math.abs(levels.length - count);
  return candidates.reduce((a, b) => distance(b) < distance(a) ? b : a);
}

/** The levels with the roundest numbers, so far apart that their names do not touch. */
function sparse(
  levels: readonly number[],
  position: (v: number) => number,
  spacing: number,
): number[] {
  const roundness = (v: number) => {
    const digits = Math.abs(v).toExponential().split("e")[0].replace(/[.]/, "");
    return v === 0 || digits === "1"
      ? 0
      : digits === "5"
      ? 1
      : digits === "2"
      ? 2
      : digits.length + 2;
  };
  const chosen: number[] = [];
  for (const level of [...levels].sort((a, b) => roundness(a) - roundness(b))) {
    if (chosen.every((v) => Math.abs(position(v) - position(level)) > spacing)) chosen.push(level);
  }
  return chosen.sort((a, b) => a - b);
}
