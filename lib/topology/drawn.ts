import type { PlotOptions } from "../figure/drawing.ts";
import { formatNumber } from "../figure/text.ts";
import type { MergeNode } from "./merge_tree.ts";

/** A point of a grid, as it is drawn. */
export interface DrawnPoint {
  /** Where it is. */
  readonly coordinates: ArrayLike<number>;
  /** The loss there. */
  readonly loss: number;
}

/** What the drawings need to know of a topology. */
export interface DrawnTopology {
  /** How many basins count. */
  readonly count: number;
  /** All basins, those that count first. */
  readonly basins: readonly {
    readonly minimum: DrawnPoint;
    readonly saddle?: DrawnPoint;
    readonly persistence: number;
    readonly limit: "noise" | "rounding" | "grid";
    readonly counts: boolean;
  }[];
  /** The basin of each point. */
  readonly region: Int32Array;
  /** The merge tree of the basins that count. */
  readonly tree: readonly MergeNode[];
  /** How many parts holes cut the grid into. */
  readonly parts: number;
  /** How far the landscape may be off. */
  readonly noise: {
    readonly kind: "bootstrap" | "rounding";
    readonly of: "samples" | "trainingSet" | "population";
    readonly threshold: number;
    readonly resamples?: number;
    readonly samples?: number;
  };
  /** Which points are neighbours. */
  readonly neighbours: "axes" | "diagonals";
  /** The coordinates along each axis. */
  readonly axes: readonly Float64Array[];
  /** What each axis is. */
  readonly labels: readonly string[];
  /** The losses, row-major. */
  readonly values: Float64Array;
  /** 1 where the loss was computed. */
  readonly done: Uint8Array;
  /** The loss at the origin. */
  readonly center: number;
  /** True if something was stopped. */
  readonly partial: boolean;
  /** Where the numbers come from. */
  readonly provenance?: { readonly samples?: number; readonly seed?: number };
}

/** What one sees, in words: how many basins, and where two are joined. */
export function titleOf({ count, basins }: DrawnTopology): string {
  if (count === 1) return "One basin";
  const number = ["Two", "Three", "Four", "Five", "Six"][count - 2] ?? formatNumber(count, 8);
  const saddle = count === 2
    ? basins.find(({ counts, saddle }) => counts && saddle)?.saddle
    : undefined;
  return `${number} basins${saddle ? `, joined at a loss of ${formatNumber(saddle.loss)}` : ""}`;
}

/** How it was found, and what to be careful about; the parts of a subtitle. */
export function circumstances(topology: DrawnTopology): string[] {
  const { basins, count, parts, noise, neighbours, axes, partial, provenance } = topology;
  const off = (limit: string) => basins.filter((b) => !b.counts && b.limit === limit).length;
  const seed = provenance?.seed;
  const atEdge = basins.slice(0, count).flatMap(({ minimum: { coordinates } }, k) =>
    axes.some((axis, d) => [axis[0], axis[axis.length - 1]].includes(coordinates[d])) ? [k + 1] : []
  );
  const said = [
    partial && "of what was there when it was stopped",
    `${formatNumber(basins.length, 8)} local ${
      basins.length === 1 ? "minimum" : "minima"
    } on a grid of ${axes.map((axis) => axis.length).join(" × ")} points`,
    basins.length > count && `${
      [
        off("noise") && `${formatNumber(off("noise"), 8)} no deeper than the noise`,
        off("rounding") && `${formatNumber(off("rounding"), 8)} no deeper than rounding`,
        off("grid") &&
        `${formatNumber(off("grid"), 8)} no deeper than what may hide between points`,
      ].filter((part) => part).join(", ")
    }`,
    noise.kind === "rounding"
      ? noise.of === "population" || noise.of === "trainingSet" && provenance?.samples !== undefined
        ? "the loss on all samples: no noise, only rounding"
        : "no noise, only rounding"
      : `noise of the ${noise.of === "population" ? "population" : "subsample"}: 2c = ${
        formatNumber(noise.threshold, 2)
      }, from ${formatNumber(noise.resamples ?? 0, 8)} joint resamples of ${
        formatNumber(noise.samples ?? 0, 8)
      } samples${seed === undefined ? "" : `, seed ${seed}`}`,
    atEdge.length > 0 &&
    `${count === 1 ? "it" : formatList(atEdge)} may be deeper beyond the edge of the window`,
    parts > 1 && `holes cut it into ${formatNumber(parts, 8)} parts`,
    neighbours === "axes" && "neighbours along the axes only",
  ];
  return said.filter((part) => typeof part === "string");
}

const formatList = (numbers: readonly number[]) =>
  numbers.length > 4
    ? `${numbers.length} of them`
    : [numbers.slice(0, -1).join(", "), numbers.at(-1)].filter((part) => part).join(" and ");

/** One line with the headline numbers. */
export function summaryOf(topology: DrawnTopology): string {
  const { count, basins, noise } = topology;
  const least = Math.min(...basins.filter((b) => b.counts).map((b) => b.persistence));
  return `Topology: ${count} ${count === 1 ? "basin" : "basins"} of ${basins.length} local minima` +
    (Number.isFinite(least) ? `, the shallowest ${formatNumber(least)} deep` : "") +
    `; ${
      noise.kind === "bootstrap"
        ? `noise 2c = ${formatNumber(noise.threshold, 2)}`
        : "no noise, only rounding"
    }`;
}

/** The kind of axis that was asked for; a linear one where a log axis would lose a minimum of 0 or less. */
export function lossType(losses: readonly number[], { y }: PlotOptions): unknown {
  return y?.type ?? (losses.some((loss) => loss <= 0) ? "linear" : undefined);
}
