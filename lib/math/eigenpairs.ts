import { accumulate, unit, type Vector } from "../vector.ts";
import { combinations } from "./basis.ts";
import type { Draw } from "./random.ts";
import { lanczos, type LanczosOptions, type RitzPair, type RitzValue } from "./lanczos.ts";

/** An eigenvalue with its unit vector. */
export interface Eigenpair {
  /** The eigenvalue. */
  value: number;
  /** Of length 1. */
  vector: Float64Array;
  /** Lanczos' estimate of ‖Av − λv‖. */
  residual: number;
}

/** Both ends of a spectrum. */
export interface Ends {
  /** The largest, descending. */
  top: Eigenpair[];
  /** The smallest, ascending. */
  bottom: Eigenpair[];
  /** The largest |λ| that was seen: what residuals are small beside. */
  scale: number;
}

/** What {@link eigenpairs} looks for. */
export interface EigenpairOptions
  extends Pick<LanczosOptions, "dimension" | "draw" | "steps" | "precision" | "breathe"> {
  /** How many numbers a vector has. */
  size: number;
  /** How many of the largest. */
  top: number;
  /** How many of the smallest. */
  bottom: number;
  /** The largest residual of a converged pair, as a share of the largest |λ|. */
  tolerance: number;
  /** At most so many products in all. */
  budget: number;
  /** Whether eigenvalues that are there more than once are looked for. */
  repeated: boolean;
  /** Vectors to begin with, where something is known. */
  start?: readonly Vector[];
}

/** A space of so few dimensions is exhausted: then all is exact. */
const SMALL = 40;

/** What products in single precision add to a residual, as a share of the largest |λ|: measured, and doubled. */
const ROUNDING = 1e-6;

/** The most vectors of a basis, and the memory that they may take: 1 GiB. */
const LONGEST = 120, MEMORY = 2 ** 30;

/**
 * Eigenpairs at both ends of a symmetric A: Lanczos until they have converged; then, since one starting
 * vector sees a repeated eigenvalue once, again from a new one with these deflated, until that brings nothing
 * new among them or nothing that converges, or could not have missed a copy that would change the list. Where there are no more than 40 dimensions, and as many steps, a
 * single run exhausts the space. Fewer pairs than asked for come back only if it is stopped; NaN where A is not
 * finite.
 */
export async function eigenpairs(
  product: (v: Vector) => Promise<Float64Array | undefined>,
  { size, top, bottom, tolerance, budget, repeated, start = [], ...options }: EigenpairOptions,
): Promise<Ends> {
  const { dimension, steps, precision, breathe } = options;
  let known: Eigenpair[] = [], high = top, low = bottom, spent = 0;
  let draw = leading(options.draw, start);
  // so far and no further, since the edge of a bulk is slow: half of a residual takes twice the steps; what
  // rounding adds to a residual is left room for
  const rounding = precision === "float32" ? ROUNDING : 0;
  const goal = Math.max(tolerance / 2, 0.98 * tolerance - rounding);
  let ends: Ends = { top: [], bottom: [], scale: 0 };
  // from where on a copy would change the list, in a round that only looks for copies
  let above = Infinity, below = Infinity;
  /** Whether any vector but one in fifty would have shown an eigenvalue from a limit on. */
  const excluded = (values: readonly RitzValue[], limit: number) =>
    limit < Infinity && excludes(values, { limit, dimension });
  const bytes = (precision === "float32" ? 4 : 8) * size;
  for (let round = 0;; round++) {
    const scaleOf = (values: readonly RitzValue[]) =>
      Math.max(0, ...[...values, ...known].map(({ value }) => Math.abs(value)));
    const near = (values: readonly RitzValue[]) => {
      const limit = goal * scaleOf(values);
      return ({ residual }: RitzValue) => residual <= limit;
    };
    const room = Math.floor(MEMORY / bytes) - known.length;
    const run = await lanczos(product, {
      ...options,
      draw,
      avoid: known.map(({ vector }) => vector),
      steps: Math.min(steps, budget - spent),
      most: Math.max(2 * (high + low) + 16, Math.min(LONGEST, room)),
      satisfied(values) {
        if (round === 0 && dimension <= Math.min(steps, SMALL)) return false;
        const is = near(values), { length } = values;
        return length >= Math.max(high, low) &&
          (values.slice(length - high).every(is) || excluded(values, above)) &&
          (values.slice(0, low).every(is) || excluded(mirrored(values), below));
      },
      keep: (values) => bestEnds(values, { high, low, near: near(values) }),
    });
    spent += run.steps;
    if (!run.finite) return notFinite(top, bottom);
    // a run that is cut short knows less than the one before
    if (run.stopped && round > 0) return ends;
    // who comes later must be better by more than the tolerance, or ties would never end
    const margin = round > 0 && !run.exhausted ? tolerance * scaleOf(run.pairs) : 0;
    const best = (sign: 1 | -1, count: number) =>
      [
        ...known.map((pair) => ({ pair, key: sign * pair.value })),
        ...run.pairs.map((pair) => ({ pair, key: sign * pair.value - margin })),
      ].sort((a, b) => b.key - a.key).slice(0, count).map(({ pair }) => pair);
    const chosen = { top: best(1, top), bottom: best(-1, bottom) };
    const asked = [...new Set([...chosen.top, ...chosen.bottom])];
    const made = await withVectors(asked, run.basis, breathe);
    ends = {
      top: chosen.top.map((pair) => made.get(pair)!),
      bottom: chosen.bottom.map((pair) => made.get(pair)!),
      scale: Math.max(ends.scale, scaleOf(run.pairs)),
    };
    const fresh = [...made.values()].filter((pair) => !known.includes(pair));
    const done = fresh.filter(near(run.pairs)), open = fresh.filter((pair) => !done.includes(pair));
    if (run.exhausted || run.stopped || done.length === 0 || spent >= budget) return ends;
    if (!repeated && open.length === 0) return ends;
    known = [...known, ...done];
    // a copy of an eigenvalue changes the list only if it comes before the last of them
    const search = (values: number[], missing: number) => {
      const last = values[values.length - 1], margin = tolerance * ends.scale;
      const limit = values.findLast((value) => value > last + margin);
      if (missing > 0 || !repeated || limit === undefined) {
        return { count: missing, limit: Infinity };
      }
      return { count: 1, limit };
    };
    const openAmong = (pairs: Eigenpair[]) => pairs.filter((pair) => open.includes(pair)).length;
    const [up, down] = [
      search(ends.top.map(({ value }) => value), openAmong(ends.top)),
      search(ends.bottom.map(({ value }) => -value), openAmong(ends.bottom)),
    ];
    [high, low, above, below] = [up.count, down.count, up.limit, down.limit];
    if (high + low === 0) return ends;
    // what is nearly there leads the way
    draw = leading(options.draw, open.map(({ vector }) => vector));
  }
}

/**
 * Whether the largest Ritz value after m steps from a random vector g excludes an eigenvalue of `limit` or more.
 * If there were one, with a part ω of g, the space would hold T(A)g with the Chebyshev polynomial T of degree m − 1
 * on [a, c], and its Rayleigh quotient is at least c − (c − a)/(1 + ω²T(limit)²), for any c below the limit. Of a
 * random g, ω² is below δ²/n with a probability of 0.8δ (compare Kuczyński and Woźniakowski, 1992).
 */
function excludes(
  values: readonly RitzValue[],
  { limit, dimension }: { limit: number; dimension: number },
): boolean {
  const { value: largest } = values[values.length - 1], [{ value: least }] = values;
  if (!(largest < limit)) return false;
  const overlap = 0.025 ** 2 / dimension;
  return [0.1, 0.25, 0.5, 0.75].some((share) => {
    const gap = share * (limit - largest), width = largest + gap - least;
    const growth = Math.acosh(1 + 2 * (limit - largest - gap) / width);
    const polynomial = Math.cosh((values.length - 1) * growth);
    return overlap * polynomial ** 2 > width / gap;
  });
}

/** The same values of −A. */
const mirrored = (values: readonly RitzValue[]): RitzValue[] =>
  values.map(({ value, residual }) => ({ value: -value, residual })).reverse();

/** Eigenpairs of Ritz pairs, all their vectors at once; eigenpairs stay what they are. */
async function withVectors(
  pairs: readonly (Eigenpair | RitzPair)[],
  basis: readonly Vector[],
  breathe: () => Promise<void>,
): Promise<Map<Eigenpair | RitzPair, Eigenpair>> {
  const ritz = pairs.filter((pair) => "weights" in pair);
  const vectors = await combinations(basis, ritz.map(({ weights }) => weights), breathe);
  return new Map<Eigenpair | RitzPair, Eigenpair>(pairs.map((pair) => {
    if (!("weights" in pair)) return [pair, pair];
    const { value, residual } = pair;
    return [pair, { value, residual, vector: unit(vectors[ritz.indexOf(pair)]) }];
  }));
}

/** Random vectors, the first of which has a part in some that are given; its random part sees what they do not. */
function leading(draw: Draw, vectors: readonly Vector[]): Draw {
  const open = [...vectors];
  return async () => {
    const vector = unit(await draw());
    open.splice(0).forEach((other) => accumulate(vector, unit(other), 100));
    return vector;
  };
}

/** Half of the values, by number: those that are wanted, and more at the ends that are still open. */
function bestEnds(
  values: readonly RitzValue[],
  { high, low, near }: { high: number; low: number; near: (value: RitzValue) => boolean },
): number[] {
  const n = values.length, spare = Math.max(0, Math.floor(n / 2) - high - low);
  const opened = (part: readonly RitzValue[]) => part.filter((value) => !near(value)).length;
  const above = opened(values.slice(n - high)), below = opened(values.slice(0, low));
  const more = Math.round(spare * above / Math.max(1, above + below));
  const first = low + spare - more, last = high + more;
  return Array.from({ length: n }, (_, k) => k).filter((k) => k < first || k >= n - last);
}

function notFinite(top: number, bottom: number): Ends {
  const unknown = (count: number) =>
    Array.from(
      { length: count },
      () => ({ value: NaN, vector: new Float64Array(), residual: NaN }),
    );
  return { top: unknown(top), bottom: unknown(bottom), scale: NaN };
}
