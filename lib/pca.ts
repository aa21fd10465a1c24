import { checkpointsOf, movement } from "./checkpoints.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { formatShare } from "./figure/text.ts";
import { checkVector, type Layout, movable } from "./layout.ts";
import { gram } from "./math/gram.ts";
import { random } from "./math/random.ts";
import { symmetricEigen } from "./math/symmetric.ts";
import { type Walk, walkShares } from "./math/walk.ts";
import { checkInteger, describe, optionsOf } from "./options.ts";
import { drawScree } from "./pca/scree.ts";
import type { Run } from "./run.ts";
import { checkDigests, type Slice } from "./slice.ts";
import { accumulate, dot, evenScale, firstNotFinite, norm, unit, type Vector } from "./vector.ts";

/** The principal components of a path: a {@link Slice} with orthonormal directions. */
export interface PCA extends Slice, Figure {
  /** The last checkpoint, or the origin that was asked for. */
  readonly origin: Vector;
  /** Orthonormal, in double precision, zero on `state`. */
  readonly directions: readonly Float64Array[];
  /** The share of the path's variance along each direction. */
  readonly explained: Float64Array;
  /** The same for a random walk with the run's own step lengths: what chance alone explains. */
  readonly null: Float64Array;
  /** How far a single such walk is off `null`: the standard deviation, to first order in 1/√dimensions. */
  readonly nullErrors: Float64Array;
  /** The shares of all components, of the run and of the random walk; each sums to 1. */
  readonly scree: { explained: Float64Array; null: Float64Array; nullErrors: Float64Array };
  /** The name of each direction: "PC 1 · 88% of the movement". */
  readonly labels: readonly string[];
  /** How many distinct checkpoints there were. */
  readonly checkpoints: number;
  /** How many runs they are of. */
  readonly runs: number;
}

const doing = "find the principal components";

/**
 * The directions in which a training run, or several together, moved most (Gallagher and Downs, 2003; Li et al., 2018): the
 * principal components of its checkpoints around their mean, through the small Gram matrix of checkpoints.
 * Equal checkpoints (best and final among the others) count once. `state` is left out.
 *
 * A large share is no sign of a simple path: two components explain 76% of any long random walk
 * (Antognini and Sohl-Dickstein, 2018). `null` is that share for a walk with this run's step lengths, in the
 * limit of many more weights than checkpoints, and `nullErrors` says how far one walk scatters around it.
 *
 * Several runs give one plane for all: that of their checkpoints together, around the mean of all. What tells
 * the runs apart counts as movement too. The walks of `null` begin where the runs begin, and begin together
 * where the runs do.
 *
 * Signs are fixed: the (first) path starts on the negative side of its end. If all checkpoints lie on a line (or a
 * plane) and more components are asked for, the others are random directions orthogonal to it, with a share
 * of exactly 0, and their labels say so.
 *
 * Cost: m²·n/2 multiplications for m checkpoints of n numbers, and O(m³).
 *
 * @param path a {@link Run}, a list of runs, or a list of vectors
 * @param options.components default 2
 * @param options.origin default the last checkpoint, of the first run
 * @param options.layout for a list of vectors: says what is `state`
 * @throws {RangeError} if there are fewer distinct checkpoints than components + 1, or vectors do not fit.
 *
 * ```ts
 * import { pca } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const line = [0, 1, 2, 5].map((t) => Float64Array.of(3 * t, 4 * t, 1));
 * const { explained, directions } = pca(line, { components: 1 });
 * assertAlmostEquals(explained[0], 1, 1e-12);
 * assertAlmostEquals(directions[0][1], 0.8, 1e-12);
 * ```
 */
export function pca(
  path: Run | readonly Run[] | readonly Vector[],
  options: { components?: number; origin?: Vector; layout?: Layout } = {},
): PCA {
  const { components = 2, origin, layout: given } = optionsOf(options, doing);
  checkInteger(components, "components", doing, { least: 1 });
  const runs = runsOf(path);
  const paths = runs.map((run) => checkpointsOf(run, doing).map(({ theta }) => theta));
  const layout = "checkpoints" in runs[0] ? runs[0].layout : given;
  const end = paths[0].at(-1)!, center = origin ?? end;
  checkOrigin(center);
  checkSizes(paths);
  if (layout) checkVector(layout, end, doing, "the last checkpoint");
  if (center.length !== end.length) {
    throw new RangeError(
      `Cannot ${doing}: origin must have ${end.length} numbers like the checkpoints, got ${center.length}`,
    );
  }
  const moved = evenlyScaled(
    paths.map((thetas) => thetas.map((theta) => movement(theta, end, layout))),
  );
  const own = distinct(moved);
  const points = own.flat();
  const m = points.length;
  if (m <= components) {
    throw new RangeError(
      `Cannot ${doing}: ${components} components need at least ${
        components + 1
      } distinct checkpoints, ` +
        `got ${m}; keep more checkpoints or ask for fewer components`,
    );
  }
  const size = layout ? movable(layout) : end.length;
  if (components > size) {
    throw new RangeError(
      `Cannot ${doing}: components must be at most the ${size} numbers that can move, got ${components}`,
    );
  }
  const { shares, weights } = decomposed(points);
  const directions: Float64Array[] = [];
  for (let k = 0; k < components; k++) {
    directions.push(
      shares[k] > 0 ? combination(points, weights[k], directions) : spare(directions, layout, end),
    );
  }
  const walk = walkShares(walksOf(moved, own), size);
  return figure<Omit<PCA, keyof Figure>>({
    origin: center,
    directions,
    explained: shares.slice(0, components),
    null: walk.shares.slice(0, components),
    nullErrors: walk.errors.slice(0, components),
    scree: { explained: shares, null: walk.shares, nullErrors: walk.errors },
    labels: directions.map((_, k) =>
      `PC ${k + 1} · ${shares[k] > 0 ? `${formatShare(shares[k])} of the movement` : "no movement"}`
    ),
    checkpoints: m,
    runs: runs.length,
    ...(layout && { digest: layout.digest }),
  }, drawScree);
}

function checkOrigin(origin: Vector): void {
  if (!(origin instanceof Float32Array || origin instanceof Float64Array)) {
    throw new TypeError(
      `Cannot ${doing}: origin must be a Float32Array or Float64Array, got ${describe(origin)}`,
    );
  }
  const at = firstNotFinite(origin);
  if (at >= 0) throw new RangeError(`Cannot ${doing}: origin holds ${origin[at]} at ${at}`);
}

/** One run, or a list of them, or a list of vectors as the one run that it is. */
function runsOf(
  path: Run | readonly Run[] | readonly Vector[],
): readonly (Run | readonly Vector[])[] {
  const first = Array.isArray(path) ? path[0] : undefined;
  if (typeof first !== "object" || first === null || !("checkpoints" in first)) {
    return [path as Run | Vector[]];
  }
  const runs = path as readonly Run[];
  const other = runs.findIndex((run) => !run?.checkpoints);
  if (other >= 0) {
    throw new TypeError(
      `Cannot ${doing}: it needs runs, got ${describe(runs[other])} as number ${
        other + 1
      } of the list`,
    );
  }
  checkDigests(
    Object.fromEntries(runs.map((run, k) => [`run number ${k + 1}`, run.layout?.digest])),
    doing,
  );
  return runs;
}

function checkSizes(paths: readonly Vector[][]): void {
  const size = paths[0][0].length;
  const other = paths.findIndex(([theta]) => theta.length !== size);
  if (other < 0) return;
  throw new RangeError(
    `Cannot ${doing}: all runs must have ${size} numbers like the first, got ${
      paths[other][0].length
    } in run ${other + 1}`,
  );
}

/** Movements brought near 1 by a power of two, so that the Gram matrix neither underflows nor overflows. */
function evenlyScaled(paths: Float64Array[][]): Float64Array[][] {
  for (const [k, movements] of paths.entries()) {
    const far = movements.findIndex((moved) => firstNotFinite(moved) >= 0);
    if (far < 0) continue;
    throw new RangeError(
      `Cannot ${doing}: checkpoint ${far + 1}${
        paths.length > 1 ? ` of run ${k + 1}` : ""
      } is too far from the last one: their difference overflows float64`,
    );
  }
  const all = paths.flat(), scale = evenScale(all);
  if (scale !== 1) { for (const moved of all) moved.forEach((x, i) => moved[i] = scale * x); }
  return paths;
}

/** Equal vectors once, with the path and in the order in which they come first. */
function distinct(paths: Float64Array[][]): Float64Array[][] {
  const seen: { vector: Float64Array; size: number }[] = [];
  return paths.map((vectors) =>
    vectors.filter((vector) => {
      const size = norm(vector);
      if (
        seen.some((s) => s.size === size && s.vector.every((x, i) => x === vector[i]))
      ) return false;
      seen.push({ vector, size });
      return true;
    })
  );
}

/** What chance would do in place of the runs: walks with their steps, from where they begin. */
function walksOf(paths: Float64Array[][], own: Float64Array[][]): Walk[] {
  const starts = paths.map(([start]) => start);
  const { values, vectors } = symmetricEigen(gram(starts.map((a) => movement(a, starts[0]))));
  const last = values.length - 1;
  return own.map((points, k) => {
    const shared = points[0] !== starts[k];
    const way = shared ? [starts[k], ...points] : points;
    return {
      steps: way.slice(1).map((point, i) => norm(movement(point, way[i]))),
      shared,
      // in the frame of the few directions that tell the starts apart
      start: values.map((value, i) =>
        value > 1e-12 * values[last] ? Math.sqrt(value) * vectors[i][k] : 0
      ),
    };
  });
}

/** The shares of all m − 1 components, and the weights of the points in each; 0 is what rounding cannot tell from it. */
function decomposed(points: Float64Array[]): { shares: Float64Array; weights: Float64Array[] } {
  const m = points.length, products = gram(points);
  const rowMeans = products.map((row) => row.reduce((a, b) => a + b) / m);
  const grandMean = rowMeans.reduce((a, b) => a + b) / m;
  const centered = products.map((row, i) =>
    row.map((g, j) => g - rowMeans[i] - rowMeans[j] + grandMean)
  );
  const { values, vectors } = symmetricEigen(centered);
  values.reverse();
  vectors.reverse();
  // the Gram matrix squares rounding errors: below this a component is noise
  const real = values.subarray(0, m - 1).map((value) => value > 1e-14 * m * values[0] ? value : 0);
  const total = real.reduce((a, b) => a + b);
  return { shares: real.map((value) => value / total), weights: vectors };
}

/** The unit vector along Σ weights·points, orthogonal to the earlier ones; it points from start to end. */
function combination(
  points: Float64Array[],
  weights: Float64Array,
  earlier: Float64Array[],
): Float64Array {
  const sum = new Float64Array(points[0].length);
  points.forEach((point, i) => accumulate(sum, point, weights[i]));
  const direction = orthonormal(sum, earlier);
  // the end is the origin of the points, so the start's coordinate is that of the whole way back
  return dot(points[0], direction) > 0 ? direction.map((x) => -x) : direction;
}

/** A random unit vector orthogonal to the earlier ones: what stands in where the path has no movement left. */
function spare(earlier: Float64Array[], layout: Layout | undefined, like: Vector): Float64Array {
  const { normal } = random(earlier.length, "pca");
  return orthonormal(
    movement(Float64Array.from(like, normal), new Float64Array(like.length), layout),
    earlier,
  );
}

function orthonormal(vector: Float64Array, earlier: Float64Array[]): Float64Array {
  let rest = unit(vector);
  for (let pass = 0; pass < 2; pass++) {
    for (const other of earlier) accumulate(rest, other, -dot(rest, other));
    rest = unit(rest);
  }
  return rest;
}
