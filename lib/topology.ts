import { type Figure, figure } from "./figure/figure.ts";
import { coordinatesAt } from "./grid.ts";
import type { Landscape } from "./landscape.ts";
import { completeLattice } from "./landscape/drawn.ts";
import { type Neighbours, selected, sublevel } from "./math/sublevel.ts";
import { checkInteger, describe, optionsOf } from "./options.ts";
import { type Control, steps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import { drawTopology } from "./topology/draw.ts";
import { judge, type Judgement } from "./topology/judgement.ts";
import { type MergeNode, mergeTree } from "./topology/merge_tree.ts";
import {
  type Estimated,
  noiseOf,
  resampledOf,
  roundingOf,
  type TopologyNoise,
} from "./topology/noise.ts";
import { sizeOf } from "./vector.ts";

/** A point of a grid. */
export interface GridPoint {
  /** Its row-major number. */
  point: number;
  /** Where it is, in units of the directions. */
  coordinates: Float64Array;
  /** The loss there. */
  loss: number;
}

/** A basin of a landscape. */
export interface Basin extends Judgement {
  /** Its lowest point. */
  minimum: GridPoint;
  /** Over which it flows into a deeper one; absent for the deepest of its part of the grid. */
  saddle?: GridPoint;
  /** The number of the basin that it joins there, the deepest behind the saddle; absent where `saddle` is. */
  joins?: number;
  /** How many points of the grid lie in it; 0 where it does not count. */
  size: number;
}

/** Basins of a landscape, and how they are connected. */
export interface Topology extends Figure {
  /** How many basins count. */
  count: number;
  /** All basins: those that count first, the deepest first. */
  basins: Basin[];
  /** The basin of each point, 0 to count − 1; −1 in holes. Basins that do not count belong to where they flow. */
  region: Int32Array;
  /** The merge tree of the basins that count; one for each part of the grid that holes cut off. */
  tree: MergeNode[];
  /** How many parts holes cut the grid into. */
  parts: number;
  /** How far the landscape may be off. */
  noise: TopologyNoise;
  /** Which points are neighbours. */
  neighbours: Neighbours;
  /** The grid: that of the landscape, or, where it was stopped, its finest complete lattice. */
  axes: Float64Array[];
  /** What each axis is. */
  labels: string[];
  /** The loss on that grid, row-major. */
  values: Float64Array;
  /** 1 where it was computed. */
  done: Uint8Array;
  /** The loss at the origin. */
  center: number;
  /** True if the landscape or the bootstrap was stopped. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
}

/** The options of {@link topology}. */
export interface TopologyOptions extends Control {
  /**
   * What the landscape is taken to be an estimate of: nothing but the loss on these very `"samples"`; the
   * `"trainingSet"` that a subsample stands for; the `"population"` that the samples come from, which holds
   * where θ was not fitted to them. Default `"trainingSet"`.
   */
  of?: Estimated;
  /** Whether points along diagonals are neighbours too; default `"diagonals"`. */
  neighbours?: Neighbours;
  /** How often the samples are resampled, at least 100, default 1000. */
  resamples?: number;
  /** The seed of the resamples, default 42. */
  seed?: number;
}

/** What {@link topology} takes of a landscape: also of one that was read from a file. */
export type TopologyLandscape = Pick<
  Landscape,
  "axes" | "labels" | "values" | "done" | "center" | "partial" | "provenance" | "perSample"
>;

const doing = "find the topology";

/**
 * The basins of a landscape of one, two or three directions, the saddles over which they are joined, and
 * their merge tree: 0-dimensional persistent homology of its sublevel sets. As the level rises a basin begins
 * at each local minimum and ends where it meets a deeper one; the height in between is its persistence. The
 * deepest basin never ends. NaN, ±∞ and points not computed are holes: no way leads through them, and a part
 * that they cut off has a deepest basin of its own.
 *
 * Most local minima of a grid are none of the loss. A basin counts if its persistence exceeds
 *
 * - **noise**: 2c, where c is the 95% quantile over resamples of ½(max − min) over the grid of (L* − L). All
 *   points are resampled with the same samples (Chazal et al., 2013; Fasy et al., 2014), since errors that
 *   points share make no basins and extremes are picked from many points: ± 2 standard errors at each point
 *   would be wrong on both counts. Then L is right up to an offset and ± c everywhere, which moves no
 *   persistence by more than 2c. It takes a landscape with `perSample: true`; of a loss on a whole data set,
 *   which is exact, only with `of: "population"`.
 * - **rounding**: 2⁻²⁰ of the loss in single precision, 2⁻⁴⁹ in double;
 * - **the grid**: ½ Σ max(0, Δₖ²L) at the saddle, with the second difference along each axis. The points next
 *   to the floor of a narrow valley lie up to so much above it (a quarter of that where it is smooth, all of
 *   it where it is a kink), and a valley across the grid looks like a string of ponds.
 *
 * Diagonal neighbours are joined, because a valley that runs across the grid passes within half a step of
 * one of each row's points, all joined by diagonals: its ponds are at most ⅛h²L″ deep, and four times that
 * along axes only. The price is the same for a ridge that runs across.
 *
 * Deterministic: points of equal loss come in the order of their numbers, and a flat piece is one basin.
 *
 * Cost: O(n log n) for n points; with a bootstrap `resamples` · samples · n multiplications, 2 s for 1,000 ·
 * 1,437 · 51².
 *
 * @param landscape a {@link Landscape}, or its data
 * @throws {RangeError} if the landscape has fewer than 3 points along an axis, or no finite value; if the
 * noise is asked for and the landscape was not sampled with `perSample`.
 *
 * ```ts
 * import { factorization, landscape, topology } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const slice = {
 *   origin: Float64Array.of(0, 0),
 *   directions: [Float64Array.of(1, 0), Float64Array.of(0, 1)],
 * };
 * const surface = await landscape(factorization(), slice, { range: 2 });
 * const { count, basins } = await topology(surface);
 * assertEquals(count, 2);
 * assertEquals(basins[1].saddle!.loss, 0.5);
 * ```
 */
export async function topology(
  landscape: TopologyLandscape,
  options: TopologyOptions = {},
): Promise<Topology> {
  const {
    of = "trainingSet",
    neighbours = "diagonals",
    resamples = 1000,
    seed = 42,
    ...control
  } = optionsOf(options, doing);
  checkInteger(resamples, "resamples", doing, { least: 100 });
  checkInteger(seed, "seed", doing);
  checkOneOf(of, "of", ["samples", "trainingSet", "population"]);
  checkOneOf(neighbours, "neighbours", ["axes", "diagonals"]);
  const grid = gridOf(landscape);
  const resampled = resampledOf(landscape, { of, doing });
  const total = resampled ? resamples : 1;
  const unit = resampled ? "resamples" : "grids";
  return await steps(control, { label: "topology", total, unit }, async (job) => {
    const finish = provenance(landscape.provenance);
    const shape = grid.axes.map((axis) => axis.length);
    const all = await sublevel(grid.values, shape, { neighbours, breathe: job.breathe });
    const noise = resampled
      ? await noiseOf(resampled, { of, points: grid.points, resamples, seed, job })
      : roundingOf(all, { of, values: grid.values, precision: landscape.provenance?.precision });
    if (!resampled) job.advance();
    await job.breathe();
    const judged = all.basins.map((basin) => judge(basin, { values: grid.values, shape, noise }));
    const { basins, region, tops } = selected(all, (k) => judged[k].counts);
    await job.breathe();
    const order = [...judged.keys()].sort((a, b) =>
      Number(judged[b].counts) - Number(judged[a].counts) || a - b
    );
    const place = new Int32Array(order.length);
    order.forEach((k, i) => place[k] = i);
    const at = (point: number): GridPoint => ({
      point,
      coordinates: Float64Array.from(coordinatesAt(grid.axes, point)),
      loss: grid.values[point],
    });
    const sizes = new Int32Array(order.length);
    for (const k of region) if (k >= 0) sizes[k]++;
    return figure<Omit<Topology, keyof Figure>>({
      count: basins.length,
      basins: order.map((k, i) => {
        const { minimum, saddle, elder } = all.basins[k];
        return {
          minimum: at(minimum),
          ...(saddle >= 0 && { saddle: at(saddle), joins: place[elder] }),
          ...judged[k],
          size: sizes[i],
        };
      }),
      region,
      tree: mergeTree(basins, tops, grid.values),
      parts: tops.size,
      noise,
      neighbours,
      axes: grid.axes,
      labels: landscape.labels,
      values: grid.values,
      done: grid.done,
      center: landscape.center,
      partial: landscape.partial || job.stopped,
      provenance: finish({ evaluations: 0, ...(resampled && { seed }) }),
    }, drawTopology);
  });
}

function checkOneOf(value: unknown, name: string, known: readonly string[]): void {
  if (known.includes(value as string)) return;
  throw new RangeError(
    `Cannot ${doing}: ${name} must be ${known.map((one) => `"${one}"`).join(" or ")}, got ${
      typeof value === "string" ? `"${value}"` : describe(value)
    }`,
  );
}

/** A grid that has a topology: of a landscape that was stopped, the finest lattice that is complete. */
interface Grid extends Pick<Topology, "axes" | "values" | "done"> {
  /** The numbers of its points in the landscape. */
  points: Int32Array;
}

function gridOf(landscape: TopologyLandscape): Grid {
  const { axes, values, done, labels, partial } = landscape ?? {};
  if (!Array.isArray(axes) || !values || !done || !Array.isArray(labels)) {
    throw new TypeError(`Cannot ${doing}: it needs a landscape, got ${describe(landscape)}`);
  }
  const { picks } = partial
    ? completeLattice({ axes, done })
    : { picks: axes.map((axis) => Int32Array.from(axis.keys())) };
  const few = picks.find((pick) => pick.length < 3);
  if (few) {
    throw new RangeError(
      `Cannot ${doing}: the landscape must have at least 3 points along each axis, got ${few.length}` +
        (partial ? " in what was computed before it was stopped" : ""),
    );
  }
  const grid = { axes: picks.map((pick, k) => Float64Array.from(pick, (i) => axes[k][i])) };
  const size = sizeOf(picks.map((pick) => pick.length));
  const places = picks.map((pick) => Float64Array.from(pick));
  const inLandscape = (index: number) =>
    coordinatesAt(places, index).reduce((p, i, k) => p * axes[k].length + i, 0);
  const known = { values: new Float64Array(size), done: new Uint8Array(size) };
  const points = new Int32Array(size);
  let finite = 0;
  for (let index = 0; index < size; index++) {
    const p = size === values.length ? index : inLandscape(index);
    known.done[index] = done[p];
    known.values[index] = done[p] ? values[p] : NaN;
    if (Number.isFinite(known.values[index])) points[finite++] = p;
  }
  if (finite > 0) return { ...grid, ...known, points: points.subarray(0, finite) };
  throw new RangeError(
    `Cannot ${doing}: the loss is finite at none of the ${size} points`,
  );
}
