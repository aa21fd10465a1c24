import type { Connection, Connectivity } from "../connectivity.ts";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import type { Figure } from "../figure/figure.ts";
import { formatNumber } from "../figure/text.ts";
import { drawMatrix } from "./matrix.ts";
import { drawPaths } from "./paths.ts";

/** What the drawings need to know of how points are connected. */
export type DrawnConnectivity = Omit<Connectivity, keyof Figure | "connections"> & {
  connections: readonly DrawnConnection[];
};

/** What they need to know of a way. */
export type DrawnConnection = Omit<Connection, "curve" | "straight" | "control"> & {
  curve: Omit<Connection["curve"], keyof Figure>;
  straight?: Omit<Connection["curve"], keyof Figure>;
};

/**
 * Draws how points are connected: `"paths"`, the loss along the ways, the variants side by side (default for
 * two points), or `"matrix"`, the barriers between all points (default for more).
 *
 * @throws {RangeError} if there is no such view
 */
export function drawConnectivity(data: DrawnConnectivity, options: DrawOptions): Drawing {
  const { view = data.names.length === 2 ? "paths" : "matrix" } = options;
  if (view !== "paths" && view !== "matrix") {
    throw new RangeError(
      `Cannot draw the connectivity: view must be "paths" or "matrix", got "${view}"`,
    );
  }
  const about = { title: titleOf(data), summary: summaryOf(data) };
  return view === "paths"
    ? { ...about, ...drawPaths(data, options) }
    : { ...about, ...drawMatrix(data, options) };
}

/** What is done to the points, in a word. */
export const what = { raw: "as they are", aligned: "aligned", repaired: "repaired" } as const;

/** Whether a barrier is more than the noise of the samples. */
export const isBarrier = ({ barrier, barrierError = 0, curve }: DrawnConnection) =>
  barrier > Math.max(2 * barrierError, 1e-6 * Math.abs(curve.center), 1e-9);

/** The mean of the barriers that are known. */
function meanBarrier({ connections }: DrawnConnectivity, variant: Connection["variant"]): number {
  const own = connections.filter((c) => c.variant === variant && !Number.isNaN(c.barrier));
  return own.reduce((sum, { barrier }) => sum + barrier, 0) / own.length;
}

const anyBarrier = ({ connections }: DrawnConnectivity, variant: Connection["variant"]) =>
  connections.some((c) => c.variant === variant && isBarrier(c));

/** What one sees, in words: the barrier before, and what is left of it after. */
function titleOf(data: DrawnConnectivity): string {
  const { names, variants, path } = data, pair = names.length === 2;
  const means = variants.map((variant) => meanBarrier(data, variant));
  const points = pair ? names.join(" and ") : `${names.length} points`;
  const way = path === "linear" ? "the straight line" : "the curve";
  if (means.every(Number.isNaN)) return `The loss on ${way} between ${points}`;
  const first = anyBarrier(data, variants[0])
    ? `A ${pair ? "" : "mean "}barrier of ${formatNumber(means[0])} on ${way} between ${points}`
    : `No barrier on ${way} between ${points}`;
  if (path === "bezier") {
    const straight = data.connections.filter((c) => c.variant === variants[0] && c.straight)
      .map((c) => c.straight!.barrier);
    const mean = straight.reduce((sum, barrier) => sum + barrier, 0) / straight.length;
    return Number.isNaN(mean) ? first : `${first}, ${formatNumber(mean)} on the straight line`;
  }
  const last = variants.at(-1)!, left = means.at(-1)!;
  if (variants.length === 1 || Number.isNaN(left) || !anyBarrier(data, variants[0])) return first;
  const after = anyBarrier(data, last) ? formatNumber(left) : "none";
  const done = last === "aligned"
    ? "neurons are aligned"
    : "neurons are aligned and statistics repaired";
  return `${first}, ${after} once ${done}`;
}

function summaryOf(data: DrawnConnectivity): string {
  const { names, variants, path, partial } = data, pair = names.length === 2;
  const barriers = variants.map((variant) =>
    `${formatNumber(meanBarrier(data, variant))} ${what[variant]}`
  );
  return `Connectivity of ${pair ? names.join(" and ") : `${names.length} points`}${
    partial ? " (stopped)" : ""
  }: ${pair ? "barrier" : "mean barrier"} on ${
    path === "linear" ? "the straight line" : "a Bézier curve"
  } ${barriers.join(", ")}`;
}

/** How the numbers were made; the parts of a subtitle. */
export function circumstances({ connections, partial, path }: DrawnConnectivity): string[] {
  const [{ curve, stepLosses }] = connections, { samples, samplesAvailable } = curve.provenance;
  return [
    ...(partial ? ["stopped before the last point"] : []),
    ...(path === "bezier"
      ? [`quadratic Bézier curve, its control point trained in ${stepLosses?.length ?? 0} steps`]
      : []),
    `${curve.axes[0].length} points along each way`,
    ...(samples === undefined ? [] : [
      `mean over ${formatNumber(samples, 8)}${
        samplesAvailable !== undefined && samplesAvailable > samples
          ? ` of ${formatNumber(samplesAvailable, 8)}`
          : ""
      } samples`,
    ]),
  ];
}
