import { accumulate, unit } from "../vector.ts";
import { type Krylov, lanczos, type LanczosOptions, type RitzPair, ritzVector } from "./lanczos.ts";

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
export interface EigenpairOptions extends Omit<LanczosOptions, "avoid" | "satisfied"> {
  /** How many of the largest. */
  top: number;
  /** How many of the smallest. */
  bottom: number;
  /** The largest residual of a converged pair, as a share of the largest |λ|. */
  tolerance: number;
}

/** A space of so few dimensions is exhausted: then all is exact. */
const SMALL = 40;

/**
 * Eigenpairs at both ends of a symmetric A: Lanczos until they have converged; then, since one starting
 * vector sees a repeated eigenvalue once, again from a new one with these deflated, until that brings nothing
 * new among them or nothing that converges. Where there are no more than 40 dimensions, and as many steps, a single run
 * exhausts the space. Fewer pairs than asked for come back only if it is stopped; NaN where A is not finite.
 */
export async function eigenpairs(
  product: (v: Float64Array) => Promise<Float64Array | undefined>,
  { top, bottom, tolerance, ...options }: EigenpairOptions,
): Promise<Ends> {
  const { dimension, steps } = options;
  let known: Eigenpair[] = [], high = top, low = bottom, draw = options.draw;
  // a bit further than it must go: eigenvalues gain with the square of the residual
  const goal = tolerance / 3;
  let ends: Ends = { top: [], bottom: [], scale: 0 };
  for (let round = 0;; round++) {
    const scaleOf = (pairs: readonly { value: number }[]) =>
      Math.max(0, ...[...pairs, ...known].map(({ value }) => Math.abs(value)));
    const run = await lanczos(product, {
      ...options,
      draw,
      avoid: known.map(({ vector }) => vector),
      satisfied(pairs) {
        if (round === 0 && dimension <= Math.min(steps, SMALL)) return false;
        const limit = goal * scaleOf(pairs), near = (pair: RitzPair) => pair.residual <= limit;
        return pairs.length >= Math.max(high, low) &&
          pairs.slice(pairs.length - high).every(near) && pairs.slice(0, low).every(near);
      },
    });
    if (!run.finite) return notFinite(top, bottom);
    // a run that is cut short knows less than the one before
    if (run.stopped && round > 0) return ends;
    // who comes later must be better by more than the tolerance, or ties would never end
    const margin = round > 0 && !run.exhausted ? tolerance * scaleOf(run.pairs) : 0;
    const found = run.pairs.map((ritz) => candidate(run, ritz));
    const best = (sign: 1 | -1, count: number) =>
      [...known.map((pair) => ({ pair: () => pair, key: sign * pair.value, isNew: false }))]
        .concat(found.map(({ value, pair }) => ({ pair, key: sign * value - margin, isNew: true })))
        .sort((a, b) => b.key - a.key)
        .slice(0, count);
    const chosen = { top: best(1, top), bottom: best(-1, bottom) };
    ends = {
      top: chosen.top.map((c) => c.pair()),
      bottom: chosen.bottom.map((c) => c.pair()),
      scale: Math.max(ends.scale, scaleOf(run.pairs)),
    };
    const limit = goal * scaleOf(run.pairs);
    const fresh = [...new Set([...ends.top, ...ends.bottom])].filter((pair) =>
      !known.includes(pair)
    );
    const done = fresh.filter(({ residual }) => residual <= limit);
    if (run.exhausted || done.length === 0) return ends;
    known = [...known, ...done];
    const open = fresh.filter((pair) => !done.includes(pair));
    // a missing copy of a repeated eigenvalue changes nothing where only one is wanted
    const left = (pairs: Eigenpair[]) => {
      const missing = pairs.filter((pair) => open.includes(pair)).length;
      return pairs.length > 1 ? Math.max(1, missing) : missing;
    };
    [high, low] = [left(ends.top), left(ends.bottom)];
    if (high + low === 0) return ends;
    // what is nearly there leads the way; the random part sees what it does not
    draw = () => {
      const vector = unit(options.draw());
      open.splice(0).forEach((pair) => accumulate(vector, pair.vector, 10));
      return vector;
    };
  }
}

/** A Ritz pair whose vector is made when it is needed, and once. */
function candidate(run: Krylov, ritz: RitzPair): { value: number; pair: () => Eigenpair } {
  const { value, residual } = ritz;
  let made: Eigenpair | undefined;
  return { value, pair: () => made ??= { value, residual, vector: ritzVector(run, ritz) } };
}

function notFinite(top: number, bottom: number): Ends {
  const unknown = (count: number) =>
    Array.from(
      { length: count },
      () => ({ value: NaN, vector: new Float64Array(), residual: NaN }),
    );
  return { top: unknown(top), bottom: unknown(bottom), scale: NaN };
}
