import { autoCaption, type AutoExtent, autoExtent } from "./auto_extent.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { formatShare } from "./figure/text.ts";
import { axisOf, coarseToFine, coordinatesAt, type Extent } from "./grid.ts";
import { drawLandscape } from "./landscape/draw.ts";
import { clearState, type Layout } from "./layout.ts";
import { checkLoss, type Evaluation, type Loss } from "./loss.ts";
import { checkInteger, checkPoints, describe, optionsOf } from "./options.ts";
import type { PCA } from "./pca.ts";
import { type PerSample, perSampleStore, samplesKept } from "./per_sample.ts";
import { type Control, type Job, steps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import { checkReach, extentsOf, type Range } from "./range.ts";
import {
  bootstrapBelow,
  evaluated,
  type Intervals,
  intervalsOf,
  type Sampled,
  sampled,
} from "./sampling.ts";
import { axisLabels, checkDigests, checkSlice, pointAt, type Slice } from "./slice.ts";
import { firstNotFinite, sizeOf } from "./vector.ts";

/**
 * A loss on a grid of a slice. `values` and the other arrays are row-major, the first axis slowest; where
 * `done` is 0 they hold NaN, and where it is 1 a NaN is what the loss was.
 */
export interface Landscape extends Sampled, Figure {
  /** The coordinates of the grid along each direction, in units of that direction. */
  axes: Float64Array[];
  /** What each axis is. */
  labels: string[];
  /** The extent of each axis. */
  range: Extent[];
  /** The loss at the origin. */
  center: number;
  /**
   * 95% intervals of the loss in the population, for samples that θ was not fitted to; in one dimension,
   * where the loss is a mean over samples.
   */
  intervals?: Intervals;
  /** The losses of single samples, if they were asked for: what {@link topology} resamples. */
  perSample?: PerSample;
  /** True if it was stopped before all points were done. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
  /** What should be said below the figure. */
  caption?: string;
}

/** A landscape without the ways to look at it. */
type LandscapeData = Omit<Landscape, keyof Figure>;

/** The options of {@link landscape}. */
export interface LandscapeOptions extends Control {
  /** Which part of the slice, in units of its directions; default 1, from −1 to 1. */
  range?: Range;
  /** The number of points along each axis, at least 2; one for all or one for each; default 51. */
  resolution?: number | readonly number[];
  /** The names of the axes; by default those of the slice, or "direction 1" and so on. */
  labels?: readonly string[];
  /**
   * Whether the loss of each sample is kept at each point: all that fit into 256 MiB, or so many of them,
   * drawn by the seed; default false.
   */
  perSample?: boolean | number;
  /** The seed of the bootstrap of intervals, and of which samples are kept; default 42. */
  seed?: number;
}

const doing = "sample the landscape";

/**
 * The loss on a rectangular grid of a slice with one, two or three directions: at the points
 * origin + Σ cᵢ·directionᵢ (Goodfellow et al., 2015; Li et al., 2018).
 *
 * The origin is evaluated first: it is the reference of `differenceErrors`, and of the grid point with the
 * coordinates 0 if there is one. Points are done from coarse to fine, so that a stopped landscape shows the
 * whole. A point where the loss is NaN or ±∞ stays so. θ and the directions are not changed, and what a
 * direction says about `state` (moving statistics of batch norm) is not followed.
 *
 * With `range: "auto"` each direction is followed until the loss has risen by nine times its size at the
 * origin (to ten times its value, where that is positive), and by 0.1 at least; the caption says what came out.
 *
 * Cost: one evaluation a point, the product of all resolutions, and one for the origin.
 *
 * @param loss any {@link Loss}
 * @param slice a {@link Slice}, such as a {@link pca}
 * @throws {RangeError} if a resolution is below 2, `perSample` is asked of a loss that is no mean over samples, there are more than 1e8 points, the range is empty, reversed
 * or too large for the precision of θ, there are no directions or more than three, or they do not fit the
 * layout of the loss.
 * @throws {TypeError} if an argument or option is of another kind.
 *
 * ```ts
 * import { landscape, quadratic } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const loss = quadratic([2, 20]);
 * const slice = {
 *   origin: Float64Array.of(0, 0),
 *   directions: [Float64Array.of(1, 0), Float64Array.of(0, 1)],
 * };
 * const { axes, values } = await landscape(loss, slice, { resolution: [5, 3] });
 * assertEquals(axes[0], Float64Array.of(-1, -0.5, 0, 0.5, 1));
 * assertEquals(values.subarray(0, 3), Float64Array.of(11, 1, 11));
 * ```
 */
export async function landscape(
  loss: Loss,
  slice: Slice & Partial<Pick<PCA, "labels" | "explained" | "null" | "runs">>,
  options: LandscapeOptions = {},
): Promise<Landscape> {
  const { range = 1, resolution = 51, labels, perSample = false, seed = 42, ...control } =
    optionsOf(
      options,
      doing,
    );
  checkLoss(loss, doing);
  checkSlice(slice, loss.layout.size, doing);
  checkDigests({ slice: slice.digest, loss: loss.layout.digest }, doing);
  checkInteger(seed, "seed", doing);
  if (slice.directions.length > 3) {
    throw new RangeError(
      `Cannot ${doing}: the slice must have at most 3 directions, got ${slice.directions.length}`,
    );
  }
  const shape = shapeOf(resolution, slice.directions.length);
  checkLabels(labels, slice.directions.length);
  const extents = extentsOf(range, slice);
  if (extents !== "auto") checkReach(extents, slice, loss.precision);
  const size = sizeOf(shape), total = size + 1;
  const count = samplesKept(perSample, loss, { size, doing });
  return await steps(control, { label: "landscape", total, unit: "points" }, async (job) => {
    const finish = provenance(loss);
    const window = withoutState(slice, loss.layout);
    const isAuto = extents === "auto";
    const first = isAuto ? await evaluated(loss, window.origin, job) : undefined;
    const chosen = isAuto
      ? await chosenExtents(loss, window, first, job)
      : { extents, trials: 0, caption: undefined };
    const axes = chosen.extents.map((extent, k) => axisOf(extent, shape[k]));
    const losses: Evaluation["perSample"][] = [];
    const few = axes.length === 1 && loss.samples !== undefined && loss.samples < bootstrapBelow;
    const store = count > 0 ? perSampleStore(loss, { size, count, seed }) : undefined;
    const { engine, reference, ...grid } = await sampled(loss, {
      size,
      order: first || !isAuto ? coarseToFine(shape) : [],
      at: (index) => pointAt(window, coordinatesAt(axes, index)),
      within: { slice: window, coordinatesAt: (index) => coordinatesAt(axes, index) },
      perSample: few || store !== undefined,
      reference: isAuto ? first : "origin",
      isReference: (index) => coordinatesAt(axes, index).every((c) => c === 0),
      visit(index, evaluation) {
        if (few) losses[index] = evaluation.perSample;
        store?.keep(index, evaluation);
      },
    }, job);
    const intervals = axes.length === 1
      ? await intervalsOf(grid, losses, { samples: loss.samples, seed, job })
      : undefined;
    const computed = grid.done.reduce((sum, done) => sum + done, 0);
    const atOrigin = axes.every((axis) => axis.includes(0));
    return figure<LandscapeData>({
      axes,
      labels: axisLabels({ ...slice, labels: labels ?? slice.labels }),
      range: chosen.extents,
      center: reference?.loss ?? NaN,
      ...grid,
      ...(intervals && { intervals }),
      ...(store && { perSample: store.kept }),
      partial: computed < size,
      provenance: finish({
        engine,
        evaluations: computed + chosen.trials + (reference && !atOrigin ? 1 : 0),
        seed: intervals?.method === "bootstrap" || (store && count < loss.samples!)
          ? seed
          : undefined,
      }),
      ...captionOf(chosen.caption, movementIn(slice)),
    }, drawLandscape);
  });
}

function captionOf(...parts: (string | undefined)[]): { caption?: string } {
  const said = parts.filter((part) => part !== undefined);
  return said.length ? { caption: said.join(" · ") } : {};
}

/** How much of the movement of the PCA's run the slice holds, beside what chance puts there. */
function movementIn(
  { explained, null: walk, runs = 1 }: Partial<Pick<PCA, "explained" | "null" | "runs">>,
) {
  if (!explained || !walk) return undefined;
  const share = (shares: Float64Array) => formatShare(shares.reduce((a, b) => a + b, 0));
  const fitted = runs > 1
    ? `${runs} runs: ${share(explained)} of their movement (random walks`
    : `a run: ${share(explained)} of its movement (a random walk`;
  return `axes fitted to ${fitted}: ${share(walk)})`;
}

function checkLabels(labels: readonly string[] | undefined, count: number): void {
  if (labels === undefined) return;
  if (Array.isArray(labels) && labels.every((label) => typeof label === "string")) {
    if (labels.length === count) return;
    throw new RangeError(
      `Cannot ${doing}: labels must be one for each of the ${count} directions, got ${labels.length}`,
    );
  }
  throw new TypeError(
    `Cannot ${doing}: labels must be a list of strings, got ${
      Array.isArray(labels)
        ? `a list with ${describe(labels.find((x) => typeof x !== "string"))}`
        : describe(labels)
    }`,
  );
}

function shapeOf(resolution: number | readonly number[], dimensions: number): number[] {
  if (typeof resolution !== "number" && !Array.isArray(resolution)) {
    throw new TypeError(
      `Cannot ${doing}: resolution must be a number, or one for each direction, got ${
        describe(resolution)
      }`,
    );
  }
  const shape = typeof resolution === "number"
    ? new Array<number>(dimensions).fill(resolution)
    : [...resolution];
  if (shape.length !== dimensions) {
    throw new RangeError(
      `Cannot ${doing}: resolution must be one number or one for each of the ${dimensions} directions, ` +
        `got ${shape.length}`,
    );
  }
  for (const n of shape) {
    if (typeof n !== "number") {
      throw new TypeError(`Cannot ${doing}: resolution must be a number, got ${describe(n)}`);
    }
    if (!(n >= 2)) throw new RangeError(`Cannot ${doing}: resolution must be at least 2, got ${n}`);
    if (!Number.isInteger(n)) {
      throw new RangeError(`Cannot ${doing}: resolution must be an integer, got ${n}`);
    }
  }
  checkPoints(shape, doing);
  return shape;
}

/** The slice with directions that are zero on `state`; copies only what must be cleared. */
function withoutState({ origin, directions }: Slice, layout: Layout): Slice {
  if (layout.tensors.every(({ role }) => role !== "state")) return { origin, directions };
  const cleared = directions.map((direction) => direction.slice());
  cleared.forEach((direction) => clearState(layout, direction));
  return { origin, directions: cleared };
}

async function chosenExtents(
  loss: Loss,
  slice: Slice,
  reference: Evaluation | undefined,
  job: Job,
): Promise<{ extents: Extent[]; trials: number; caption?: string }> {
  let trials = 0;
  const extents: AutoExtent[] = [];
  for (const direction of slice.directions) {
    const line = { origin: slice.origin, directions: [direction] };
    const found = reference && await autoExtent(reference.loss, async (coordinate) => {
      if (job.stopped) return undefined;
      try {
        const point = pointAt(line, [coordinate]);
        // where θ itself overflows the loss cannot be finite
        const held = loss.precision === "float32" ? Float32Array.from(point) : point;
        if (firstNotFinite(held) >= 0) return Infinity;
        trials++;
        const value = await loss.value(point, { signal: job.signal });
        await job.breathe();
        return value;
      } catch (error) {
        if (job.stopped) return undefined;
        throw error;
      }
    });
    if (!found) return { extents: slice.directions.map(() => ({ from: -1, to: 1 })), trials };
    extents.push(found);
  }
  return {
    extents: extents.map(({ from, to }) => ({ from, to })),
    trials,
    caption: reference && autoCaption(reference.loss, extents),
  };
}
