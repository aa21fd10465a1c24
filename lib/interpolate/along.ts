import { type Figure, figure } from "../figure/figure.ts";
import type { Extent } from "../grid.ts";
import type { Evaluation, Loss } from "../loss.ts";
import type { Landscape } from "../landscape.ts";
import { drawLandscape } from "../landscape/draw.ts";
import { standardError } from "../math/statistics.ts";
import type { Job } from "../progress.ts";
import { provenance } from "../provenance.ts";
import { evaluated, intervalsOf, type Sampled, sampled } from "../sampling.ts";
import type { Slice } from "../slice.ts";
import type { Vector } from "../vector.ts";

/** The loss along the way from one point to the next: a {@link Landscape} of one dimension. */
export interface Interpolation extends Landscape {
  /**
   * The highest rise above the straight line between the ends, max over t in [0, 1] of
   * L(t) − (1 − t)·L(0) − t·L(1), at the points that were sampled; of all pairs of neighbours the highest.
   * NaN if an end is missing.
   */
  barrier: number;
  /** Where it is. */
  barrierAt: number;
  /** Its standard error, paired over samples; it does not know that the highest point was picked. */
  barrierError?: number;
  /** What the points are called, where they were given names. */
  names?: string[];
}

/** A way through weight space, with whole numbers at the points that it leads through. */
export interface Way {
  /** Where the loss is computed, rising. */
  axis: Float64Array;
  /** The ends that were asked for. */
  range: Extent;
  /** What the axis is. */
  label: string;
  /** The numbers of the points on the axis, in the order in which they are computed. */
  order: Iterable<number>;
  /** What the points with whole numbers are called. */
  names?: readonly string[];
  /** The seed of the bootstrap of intervals. */
  seed: number;
  /** θ at t. */
  at(t: number): Vector | Promise<Vector>;
  /** The slice that the way is, where it is straight: t is its coordinate. */
  within?: Slice;
}

/** The loss along a way, with its barrier. */
export async function along(loss: Loss, way: Way, job: Job): Promise<Interpolation> {
  const { axis, range, label, order, names, seed, at, within } = way;
  const finish = provenance(loss), last = Math.floor(axis[axis.length - 1]);
  const first = within ? "origin" : await evaluated(loss, () => at(0), job);
  const losses: Evaluation["perSample"][] = [];
  const { engine, reference, ...sample } = await sampled(loss, {
    size: axis.length,
    order: first ? order : [],
    at: (i) => at(axis[i]),
    reference: first,
    isReference: (i) => axis[i] === 0,
    perSample: true,
    visit: (i, { perSample }) => losses[i] = perSample,
    ...(within && { within: { slice: within, coordinatesAt: (i) => [axis[i]] } }),
  }, job);
  const intervals = await intervalsOf(sample, losses, { samples: loss.samples, seed, job });
  const count = sample.done.reduce((sum, done) => sum + done, 0);
  return figure<Omit<Interpolation, keyof Figure>>({
    axes: [axis],
    labels: [label],
    range: [range],
    center: reference?.loss ?? NaN,
    ...sample,
    ...(intervals && { intervals }),
    ...barrierOf(axis, sample, losses, last),
    ...(names && { names: [...names] }),
    partial: count < axis.length,
    provenance: finish({
      engine,
      evaluations: count,
      seed: intervals?.method === "bootstrap" ? seed : undefined,
    }),
  }, drawLandscape);
}

/** The highest rise above the chord of each leg. A loss that is NaN on the way makes it NaN. */
function barrierOf(
  axis: Float64Array,
  { values, done }: Sampled,
  perSample: readonly Evaluation["perSample"][],
  last: number,
): { barrier: number; barrierAt: number; barrierError?: number } {
  let barrier = -Infinity, best = { i: -1, a: -1, b: -1, u: 0 };
  for (let leg = 0; leg < last; leg++) {
    const a = axis.indexOf(leg), b = axis.indexOf(leg + 1);
    if (!done[a] || !done[b]) return { barrier: NaN, barrierAt: NaN };
    for (let i = a; i <= b; i++) {
      if (!done[i]) continue;
      const u = axis[i] - leg;
      const chord = u === 1 ? values[b] : values[a] + u * (values[b] - values[a]);
      const rise = values[i] - chord;
      if (isNaN(rise)) return { barrier: NaN, barrierAt: axis[i] };
      if (rise > barrier) [barrier, best] = [rise, { i, a, b, u }];
    }
  }
  const { i, a, b, u } = best;
  const [here, start, end] = [perSample[i], perSample[a], perSample[b]];
  return {
    barrier,
    barrierAt: axis[i],
    ...(here && start && end && {
      barrierError: standardError(
        Float64Array.from(here, (x, k) => x - (1 - u) * start[k] - u * end[k]),
      ),
    }),
  };
}
