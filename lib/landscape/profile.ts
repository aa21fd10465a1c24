import * as Plot from "npm:@observablehq/plot@0.6.17";
import { accuracyPanel } from "../figure/accuracy_panel.ts";
import type { Drawing, DrawOptions, KeyEntry, Markish, PlotPanel } from "../figure/drawing.ts";
import { chartFrame, lossAxis } from "../figure/loss_axis.ts";
import { lossScale } from "../figure/loss_scale.ts";
import { namedPoints } from "../figure/named_points.ts";
import { formatNumber } from "../figure/text.ts";
import { bandOf, type Uncertainty } from "./band.ts";
import { circumstances, type DrawnLandscape, stationsOf, summaryOf } from "./drawn.ts";
import { pathsAmong } from "./paths.ts";

interface Point {
  x: number;
  loss: number;
  low: number;
  high: number;
  accuracy: number;
}

/** A landscape of one direction, ready to be drawn: this one, or one that is laid on top. */
interface Profile {
  landscape: DrawnLandscape;
  /** What it is called. */
  name?: string;
  color: string;
  points: Point[];
  uncertainty: Uncertainty;
}

/**
 * A landscape of one direction as a line with a band, and the accuracy below it where there is one; others
 * may be laid on top.
 */
export function drawProfile(landscape: DrawnLandscape, options: DrawOptions): Drawing {
  const { labels, center, barrier, barrierError } = landscape;
  const { theme, plot, overlay, names } = options;
  const own = profileOf(landscape, options, options.color ?? theme.series[0], options.name);
  const others = overlay.flatMap((other, k) => {
    const { axes, values } = other as Partial<DrawnLandscape>;
    if (axes?.length !== 1 || !values) return [];
    const color = theme.series[(k + 1) % theme.series.length];
    return [profileOf(other as unknown as DrawnLandscape, options, color, names[k])];
  });
  const profiles = [own, ...others];
  const points = profiles.flatMap((profile) => profile.points);
  const [from, to] = [landscape.axes[0][0], landscape.axes[0][landscape.axes[0].length - 1]];
  const within = (x: number) => x >= from && x <= to;
  const losses = [...points.map((p) => p.loss), ...within(0) ? [finite(center)] : []];
  const type = yType(losses, plot.y?.type);
  const least = Math.min(...losses.filter((v) => v > 0));
  // A band that reaches below zero would take a log axis to nothing: the axis ends a little below the curves.
  const bands = points.flatMap((p) => [p.low, p.high])
    .filter((v) => type === "linear" || v >= least / 3);
  const { title, y, notes, shown } = lossAxis([...losses, ...bands], { type });
  for (const point of points) point.loss = shown(point.loss);
  const graded = profiles.some(({ points }) => points.some((p) => Number.isFinite(p.accuracy)));
  const stations = stationsOf(landscape);
  const laid = options.color !== undefined, alone = !laid && others.length === 0;
  const lossAt = (x: number) => own.points.find((p) => p.x === x)?.loss ?? NaN;
  const called = (name: string | undefined, value: number) =>
    name === undefined ? formatNumber(value) : `${name} · ${formatNumber(value)}`;
  const named = stations.length
    ? stations.map((name, x) => ({
      x,
      y: lossAt(x),
      text: called(laid ? undefined : name, lossAt(x)),
    }))
    : pathsAmong(options, 1).length
    ? []
    : !within(0)
    ? []
    : [{
      x: 0,
      y: center,
      text: called(alone ? "centre" : own.name, center),
      // Away from the lines above it, so that each name is beside its own.
      below: others.length > 0 && others.every(({ landscape }) => landscape.center > center),
    }];
  const signs = namedPoints(named, {
    theme,
    color: alone ? theme.accent : own.color,
    curve: points.map((p) => ({ x: p.x, y: p.loss })),
  });
  const rules = Plot.ruleX([...stations.length ? stations.keys() : [0]].filter(within), {
    stroke: theme.quiet,
    strokeDasharray: "2,3",
  });
  const { margins, xAxis } = chartFrame();
  const lossPanel: PlotPanel = {
    title,
    plot: {
      ...margins,
      marginBottom: graded ? 8 : 42,
      height: graded ? 220 : 300,
      insetBottom: others.length ? 24 : 0,
      x: { ...xAxis, label: graded ? null : labels[0], axis: graded ? null : "bottom" },
      y,
      marks: [rules, ...lineWithBand(own), signs],
    },
  };
  const accuracies = accuracyPanel({
    height: 170,
    x: { ...xAxis, label: labels[0] },
    marks: [
      rules,
      ...profiles.map(({ points, color }) =>
        Plot.line(points, {
          x: "x",
          y: "accuracy",
          stroke: alone ? theme.series[2] : color,
          strokeWidth: 2,
        })
      ),
    ],
  });
  return {
    title: titleOf(landscape, stations),
    subtitle: [
      ...(barrier
        ? [
          "the highest rise above the straight line between neighbours" +
          (barrierError
            ? `, ± ${formatNumber(2 * barrierError, 2)} (2 standard errors, paired)`
            : ""),
        ]
        : []),
      ...circumstances(landscape),
      ...notes,
      ...others.map(samplesOf),
      bandText(profiles),
    ].filter((text) => text !== "").join(" · "),
    summary: summaryOf(landscape),
    key: overlay.length ? lineKey(options) : [],
    panels: graded ? [lossPanel, accuracies] : [lossPanel],
    marks: [...lineWithBand(own), signs],
  };
}

function profileOf(
  landscape: DrawnLandscape,
  { band }: DrawOptions,
  color: string,
  name?: string,
): Profile {
  const uncertainty = bandOf(landscape, band);
  const { axes, values, accuracies, done } = landscape;
  const points = Array.from(axes[0], (x, i): Point => ({
    x,
    loss: finite(values[i]),
    low: finite(uncertainty.low[i]),
    high: finite(uncertainty.high[i]),
    accuracy: finite(accuracies?.[i] ?? NaN),
  })).filter((_, i) => done[i]);
  return { landscape, name, color, points, uncertainty };
}

/** Plot breaks a line at NaN; ±∞ has no place on an axis either. */
const finite = (value: number) => Number.isFinite(value) ? value : NaN;

function lineWithBand({ points, uncertainty, color }: Profile): Markish[] {
  const area = Plot.areaY(points, {
    x: "x",
    y1: "low",
    y2: "high",
    fill: color,
    fillOpacity: 0.2,
    // On a log axis what reaches below zero has no height: such a band ends at the frame, and so do all.
    render: (index, scales, values, dimensions, context, next) => {
      const bottom = dimensions.height - dimensions.marginBottom;
      const { y1, y2 } = values as Record<string, ArrayLike<number>>;
      const cut = Array.from(
        y1,
        (y, i) => Number.isNaN(y2[i]) ? NaN : Number.isFinite(y) ? Math.min(y, bottom) : bottom,
      );
      return next!(index, scales, Object.assign({}, values, { y1: cut }), dimensions, context);
    },
  });
  const line = Plot.line(points, { x: "x", y: "loss", stroke: color, strokeWidth: 2 });
  return uncertainty.shown ? [area, line] : [line];
}

/** What the lines of several results are. */
function lineKey({ overlay, name, names, theme: { series } }: DrawOptions): KeyEntry[] {
  const labels = [name ?? "this line", ...overlay.map((_, k) => names[k] ?? "overlay")];
  return labels.map((label, k) => ({ label, swatch: "line", color: series[k % series.length] }));
}

/** What another line is a mean over. */
function samplesOf({ name, landscape: { provenance } }: Profile): string {
  const over = provenance?.samples;
  return over === undefined
    ? ""
    : `${name ?? "overlay"}: mean over ${formatNumber(over, 8)} samples`;
}

/** What the bands are; how each was found, where that differs. */
function bandText([own, ...others]: Profile[]): string {
  const different = others.filter(({ uncertainty: { how } }) => how && how !== own.uncertainty.how);
  const hows = different.map(({ name, uncertainty: { how } }) => `; ${name ?? "overlay"}: ${how}`);
  return own.uncertainty.text(own.uncertainty.how + hows.join(""));
}

function yType(losses: number[], asked: unknown): "log" | "linear" {
  if (asked === "log" || asked === "linear") return asked;
  const positive = losses.every((v) => Number.isNaN(v) || v > 0);
  return positive ? lossScale(losses).type : "linear";
}

/** What one sees, in words: for a way between points, whether there is a barrier. */
function titleOf(landscape: DrawnLandscape, stations: string[]): string {
  const { barrier, barrierError = 0, names } = landscape;
  if (barrier === undefined) return "The loss along one direction";
  const points = stations.length > 2
    ? `${stations.length} points`
    : names
    ? names.join(" and ")
    : "two points";
  if (Number.isNaN(barrier)) return `The loss on the way between ${points}`;
  return barrier > Math.max(2 * barrierError, 1e-9)
    ? `A barrier of ${formatNumber(barrier)} between ${points}`
    : `No barrier between ${points}`;
}
