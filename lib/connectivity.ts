import { aligned } from "./alignment.ts";
import { movement } from "./checkpoints.ts";
import { checkWhat, doing, variantsOf } from "./connectivity/check.ts";
import { type BezierOptions, bezierPoint, trainedCurve } from "./connectivity/bezier.ts";
import { drawConnectivity } from "./connectivity/draw.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { axisOf } from "./grid.ts";
import { between, type Interpolation, knotsFirst, pointOn } from "./interpolate.ts";
import { along } from "./interpolate/along.ts";
import { checkLoss, type Loss } from "./loss.ts";
import { optionsOf } from "./options.ts";
import { type Control, type Job, steps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import { norm, type Vector } from "./vector.ts";

/** What is done to a pair of points before the way between them is looked at. */
export type Variant = "raw" | "aligned" | "repaired";

/** One way between two points, with the loss along it. */
export interface Connection {
  /** The number of the point that it begins at. */
  from: number;
  /** The number of the point that it leads to. */
  to: number;
  /** What was done to the points. */
  variant: Variant;
  /**
   * The highest rise above the straight line between the losses of the ends, max over t of
   * L(t) − (1 − t)·L(0) − t·L(1), at the points that were sampled; NaN where it is not known.
   */
  barrier: number;
  /** The t where it is. */
  barrierAt: number;
  /** Its standard error, paired over samples; it does not know that the highest point was picked. */
  barrierError?: number;
  /** The distance between the ends, ‖b − a‖, after alignment; moving statistics do not count. */
  distance: number;
  /** The loss, and the accuracy where there is one, along the way; it draws itself. */
  curve: Interpolation;
  /** Beside a Bézier curve: the straight way between the same ends. */
  straight?: Interpolation;
  /** The control point of a Bézier curve. */
  control?: Vector;
  /** The batch losses of the steps that trained it. */
  stepLosses?: Float64Array;
}

/** How two or more optima are connected. */
export interface Connectivity extends Figure {
  /** What the points are called. */
  names: string[];
  /** Straight lines, or trained curves. */
  path: "linear" | "bezier";
  /** What was done to the points. */
  variants: Variant[];
  /** One for each pair and variant: pair by pair, the variants in order. */
  connections: Connection[];
  /** For each variant the barriers between all points, symmetric, with 0 on the diagonal. */
  barriers: Partial<Record<Variant, number[][]>>;
  /** True if it was stopped before all ways were sampled. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
}

/** The options of {@link connectivity}. */
export interface ConnectivityOptions extends Control {
  /** A straight line, or a quadratic Bézier curve that is trained to have a low loss. Default `"linear"`. */
  path?: "linear" | "bezier";
  /** What is done to the points, default all that the loss knows how to do: see {@link connectivity}. */
  variants?: readonly Variant[];
  /** The number of points along each way, both ends included; at least 3, default 25. */
  resolution?: number;
  /** How units are matched, as in `alignNeurons`; default `"weights"`. */
  match?: "weights" | "activations";
  /** How the Bézier curve is trained. */
  bezier?: BezierOptions;
  /**
   * The loss on the training samples: these train the curve, and give the activations and statistics for alignment
   * and repair. Default: the loss itself.
   */
  training?: Loss;
  /** What the points are called, one name for each; by default "A", "B", …. */
  names?: readonly string[];
  /** Decides what is drawn: batches and t of the curve, starts of the alignment, the bootstrap. Default 42. */
  seed?: number;
}

/**
 * The loss and accuracy on the way from each of some optima to each other, with its barrier (Frankle et al.,
 * 2020; Garipov et al., 2018), for up to three variants side by side:
 *
 * - `"raw"`: the points as they are.
 * - `"aligned"`: the second with its units in the places of those of the first that they resemble
 *   (`alignNeurons`), the same function as before.
 * - `"repaired"`: aligned, and at every t the statistics that averaging weights destroys put right: those of
 *   batch norm are computed anew on the samples, and what comes into the activations of other units is
 *   scaled and shifted to the mean and deviation between those of the ends (REPAIR; Jordan et al., 2023).
 *
 * A straight line is an upper bound only: the two can be connected although it has a barrier. `path: "bezier"`
 * looks for a curve, and keeps the straight line beside it. A barrier is known at the points that were
 * sampled, and is a property of the samples of the loss: give it training samples to see the landscape that
 * training saw. Moving statistics of batch norm are interpolated with the weights, except where repaired.
 *
 * Cost: `resolution` evaluations for each pair and variant, about two more for each that is repaired; an
 * alignment a pair; a gradient of one batch for each step of a curve.
 *
 * @param loss any {@link Loss}; for variants other than raw one that knows its network's units
 * @param points two or more vectors
 * @returns connections, the matrix of barriers for each variant, and a figure: the ways side by side for two
 * points (`view: "paths"`), the matrix for more (`view: "matrix"`)
 * @throws {TypeError | RangeError} if there are fewer than two points, one does not fit the layout, a variant
 * is unknown or cannot be made with this loss, or an option is out of range.
 *
 * ```ts
 * import { connectivity, factorization } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { barriers } = await connectivity(factorization(), [Float64Array.of(1, 1), Float64Array.of(-1, -1)]);
 * assertEquals(barriers.raw, [[0, 0.5], [0.5, 0]]);
 * ```
 */
export async function connectivity(
  loss: Loss,
  points: readonly Vector[],
  options: ConnectivityOptions = {},
): Promise<Connectivity> {
  checkLoss(loss, doing);
  const {
    path = "linear",
    resolution = 25,
    match = "weights",
    bezier = {},
    training = loss,
    names = points?.map?.((_, k) => nameOf(k)),
    seed = 42,
    variants = variantsOf(training),
  } = optionsOf(options, doing);
  checkWhat(loss, points, { path, resolution, training, names, seed, bezier, variants, match });
  const pairs = points.flatMap((_, i) =>
    points.slice(i + 1).map((_, k) => [i, i + 1 + k] as const)
  );
  const lines = path === "linear" ? 1 : 2;
  const ways = pairs.length * variants.length;
  const alignments = variants.some((variant) => variant !== "raw") ? 4 * pairs.length : 0;
  const curves = path === "linear" ? 0 : bezier.steps ?? 400;
  const total = ways * (lines * (resolution + 1) + curves) + alignments;
  return await steps(options, { label: "connectivity", total, unit: "steps" }, async (job) => {
    const finish = provenance(loss), connections: Connection[] = [];
    for (const [from, to] of pairs) {
      const ends = [points[from], points[to]] as const;
      const plan = { path, resolution, match, bezier, training, seed, job };
      const titles = [names[from], names[to]] as const;
      for (const way of await connected(loss, ends, variants, titles, plan)) {
        connections.push({ from, to, ...way });
      }
    }
    const barriers = Object.fromEntries(
      variants.map((variant) => [variant, matrixOf(connections, variant, points.length)]),
    );
    const sampled = connections.flatMap(({ curve, straight }) =>
      straight ? [curve, straight] : curve
    );
    const first = sampled.find(({ provenance }) => provenance.evaluations > 0);
    return figure<Omit<Connectivity, keyof Figure>>({
      names: [...names],
      path,
      variants: [...variants],
      connections,
      barriers,
      partial: sampled.some(({ partial }) => partial),
      provenance: finish({
        engine: first?.provenance.engine,
        evaluations: sampled.reduce((sum, { provenance }) => sum + provenance.evaluations, 0),
        seed,
      }),
    }, drawConnectivity);
  });
}

/** How the ways of a pair are looked at. */
interface Plan {
  path: "linear" | "bezier";
  resolution: number;
  match: "weights" | "activations";
  bezier: BezierOptions;
  training: Loss;
  seed: number;
  job: Job;
}

/** The ways between two points, one for each variant. */
async function connected(
  loss: Loss,
  [a, b]: readonly [Vector, Vector],
  variants: readonly Variant[],
  names: readonly [string, string],
  plan: Plan,
): Promise<Omit<Connection, "from" | "to">[]> {
  const { path, training, match, seed, job } = plan;
  const moved = variants.some((variant) => variant !== "raw")
    ? await aligned(training, [a, b], { match, seed, job })
    : b;
  const curves = new Map<Vector, Awaited<ReturnType<typeof trainedCurve>>>();
  const out: Omit<Connection, "from" | "to">[] = [];
  for (const variant of variants) {
    const ends = [a, variant === "raw" ? b : moved] as const;
    const straight = (t: number) => pointOn(ends, t, loss.layout);
    const repair = variant === "repaired" && !job.stopped
      ? await repairing(training, ends, job)
      : undefined;
    const sample = (at: (t: number) => Vector, isStraight: boolean) =>
      along(loss, {
        ...axisFor(plan.resolution, names),
        seed,
        at: repair ? (t) => repair(at(t), t) : at,
        ...(isStraight && !repair && { within: between(...ends) }),
      }, job);
    if (path === "linear") {
      out.push({
        variant,
        ...seen(await sample(straight, true)),
        distance: norm(movement(ends[1], a, loss.layout)),
      });
      continue;
    }
    if (!curves.has(ends[1])) {
      curves.set(ends[1], await trainedCurve(training, ends, plan.bezier, { seed, job }));
    }
    const curve = curves.get(ends[1])!;
    const bent = (t: number) => bezierPoint([a, curve.control, ends[1]], t);
    out.push({
      variant,
      ...seen(await sample(bent, false)),
      distance: norm(movement(ends[1], a, loss.layout)),
      straight: await sample(straight, true),
      ...curve,
    });
  }
  return out;
}

function axisFor(resolution: number, [a, b]: readonly [string, string]) {
  const axis = axisOf({ from: 0, to: 1 }, resolution);
  return {
    axis,
    range: { from: 0, to: 1 },
    label: `from ${a} (0) to ${b} (1)`,
    order: knotsFirst(axis, 1),
    names: [a, b],
  };
}

const seen = (curve: Interpolation) => ({
  barrier: curve.barrier,
  barrierAt: curve.barrierAt,
  ...(curve.barrierError !== undefined && { barrierError: curve.barrierError }),
  curve,
});

/** θ at t with its statistics put right: between those of the ends. */
async function repairing(
  training: Loss,
  ends: readonly [Vector, Vector],
  { signal }: Job,
): Promise<(theta: Vector, t: number) => Promise<Vector>> {
  const [a, b] = [
    await training.unitStatistics!(ends[0]),
    await training.unitStatistics!(ends[1]),
  ];
  const mix = (x: Float64Array, y: Float64Array, t: number) =>
    x.map((v, i) => (1 - t) * v + t * y[i]);
  return (theta, t) =>
    training.repaired!(theta, {
      means: mix(a.means, b.means, t),
      deviations: mix(a.deviations, b.deviations, t),
    }, { signal });
}

function matrixOf(connections: Connection[], wanted: Variant, n: number): number[][] {
  const matrix = Array.from(
    { length: n },
    (_, i) => Array.from({ length: n }, (_, j) => i === j ? 0 : NaN),
  );
  for (const { from, to, variant, barrier } of connections) {
    if (variant === wanted) matrix[from][to] = matrix[to][from] = barrier;
  }
  return matrix;
}

/** A, B, …, Z, AA, AB, …. */
function nameOf(k: number): string {
  const letter = String.fromCharCode(65 + k % 26);
  return k < 26 ? letter : nameOf(Math.floor(k / 26) - 1) + letter;
}
