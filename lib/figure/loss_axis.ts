// d3's ticks: those that Plot would choose itself.
import { ticks } from "npm:d3@7.9.0";
import type { PlotOptions } from "./drawing.ts";
import { relativeTo } from "./loss_names.ts";
import { indistinct, logLevels, lossScale } from "./loss_scale.ts";
import { formatNumber, formatTicks, relativeNumbers } from "./text.ts";

/** A vertical axis for losses. */
export interface LossAxis {
  /** What it measures: "loss", or what is left of it where its numbers differ in their last digits only. */
  readonly title: string;
  /** Plot's options. */
  readonly y: NonNullable<PlotOptions["y"]>;
  /** The lowest and highest loss on it; undefined where there is none. */
  readonly ends?: readonly [number, number];
  /** The loss as it is drawn: NaN, a gap, where it has no place on the axis. */
  shown(loss: number | undefined): number;
  /** What stands in the subtitle: that losses of 0 or less are not on a log axis. */
  readonly notes: readonly string[];
}

/**
 * An axis for some losses, in the manner that was asked for or that suits them. One loss only stands in the
 * middle; a log axis begins at the lowest loss above 0.
 *
 * @param values losses; NaN and ±∞ are ignored
 * @param options.type log or linear
 * @param options.room the width of a number in px
 */
export function lossAxis(
  values: readonly number[],
  { type, room = 46 }: { type?: unknown; room?: number } = {},
): LossAxis {
  const asked = type === "log" || type === "linear" ? type : undefined;
  const common = { grid: true, tickSize: 0, label: null } as const;
  const plain = { ...common, ticks: 5, tickFormat: formatTicks() };
  const finite = values.filter(Number.isFinite);
  const log = (asked ?? lossScale(finite).type) === "log";
  const losses = log ? finite.filter((v) => v > smallest) : finite;
  const notes = losses.length < finite.length
    ? ["losses of 0 or less are not on the log axis"]
    : [];
  const shown = (loss = NaN) => Number.isFinite(loss) && (!log || loss > smallest) ? loss : NaN;
  const axis = { title: "loss", notes, shown };
  const kind = log ? "log" : "linear";
  if (losses.length === 0) {
    return {
      ...axis,
      y: log ? { ...common, type: "log", domain: [0.1, 1], ticks: [] } : plain,
    };
  }
  const ends = [least(losses), -least(losses.map((v) => -v))] as const;
  const own = { ...common, type: kind, tickFormat: (v: number) => formatNumber(v) } as const;
  if (indistinct(ends)) {
    const { domain, named } = lossScale(ends);
    return { ...axis, ends, y: { ...own, domain: [...domain], ticks: named() } };
  }
  if (log) {
    return {
      ...axis,
      ends,
      y: { ...own, domain: [...ends], ticks: logLevels(ends, 5) },
    };
  }
  const { base } = relativeNumbers(ticks(...ends, 5), room);
  return {
    ...axis,
    ends,
    title: ["loss", ...relativeTo(base)].join(" "),
    y: { ...plain, type: "linear", tickFormat: formatTicks(base) },
  };
}

// What is below it has no logarithm worth an axis.
const smallest = 1e-300;

const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));

/** What line charts share beside the axis of the loss: margins, and the horizontal axis. */
export function chartFrame() {
  return {
    margins: { marginLeft: 52, marginRight: 20, marginTop: 22 },
    xAxis: {
      tickSize: 0,
      labelAnchor: "center",
      labelArrow: "none",
      ticks: 6,
      tickFormat: formatTicks(),
    },
  } as const;
}
