import * as Plot from "npm:@observablehq/plot@0.6.17";
import type {
  Band,
  Drawing,
  DrawOptions,
  KeyEntry,
  Markish,
  PlotPanel,
} from "../figure/drawing.ts";
import { logLevels, lossScale } from "../figure/loss_scale.ts";
import { namedPoints } from "../figure/named_points.ts";
import { formatNumber } from "../figure/text.ts";
import { circumstances, type DrawnLandscape, pathsAmong, summaryOf } from "./drawn.ts";

interface Point {
  x: number;
  loss: number;
  low: number;
  high: number;
  accuracy: number;
}

/** A landscape of one direction as a line with a band, and the accuracy below it where there is one. */
export function drawProfile(landscape: DrawnLandscape, options: DrawOptions): Drawing {
  const { axes, labels, center, accuracies, done, barrier, barrierError } = landscape;
  const { theme, overlay, plot } = options;
  const uncertainty = bandOf(landscape, options.band);
  const points: Point[] = Array.from(axes[0], (x, i) => ({
    x,
    loss: finite(landscape.values[i]),
    low: finite(uncertainty.low[i]),
    high: finite(uncertainty.high[i]),
    accuracy: finite(accuracies?.[i] ?? NaN),
  })).filter((_, i) => done[i]);
  const color = options.color ?? theme.series[0];
  const type = yType(points, plot.y?.type);
  const shown = points.flatMap((p) => [p.loss, p.low, p.high]).filter((v) => Number.isFinite(v));
  const least = Math.min(...points.map((p) => p.loss).filter((v) => v > 0));
  // A band that reaches below zero would take a log axis to nothing: it is cut a little below the curve.
  const floor = type === "log"
    ? Math.max(Math.min(...shown.filter((v) => v > 0)), least / 3)
    : -Infinity;
  const line = (width: number): Markish =>
    Plot.line(points, { x: "x", y: "loss", stroke: color, strokeWidth: width });
  const band: Markish = uncertainty.shown
    ? Plot.areaY(points, {
      x: "x",
      y1: (p: Point) => Math.max(floor, p.low),
      y2: "high",
      fill: color,
      fillOpacity: 0.2,
    })
    : null;
  const twoPanels = accuracies !== undefined && accuracies.some((a) => Number.isFinite(a));
  const stations = stationsOf(landscape);
  const rules = stations.length ? stations.map((_, k) => k) : [0];
  const lossAt = (x: number) => points.find((p) => p.x === x)?.loss ?? NaN;
  const named = stations.length
    ? stations.map((name, x) => ({ x, y: lossAt(x), text: `${name} · ${formatNumber(lossAt(x))}` }))
    : pathsAmong(overlay, 1).length
    ? []
    : [{ x: 0, y: center, text: `centre · ${formatNumber(center)}` }];
  const margins = { marginLeft: 52, marginRight: 20, marginTop: twoPanels ? 22 : 12 };
  const xAxis = { tickSize: 0, labelAnchor: "center", labelArrow: "none", ticks: 6 } as const;
  const lossPanel: PlotPanel = {
    title: twoPanels ? "loss" : undefined,
    plot: {
      ...margins,
      marginBottom: twoPanels ? 8 : 42,
      height: twoPanels ? 220 : 290,
      x: { ...xAxis, label: twoPanels ? null : labels[0], axis: twoPanels ? null : "bottom" },
      y: {
        type,
        grid: true,
        tickSize: 0,
        ticks: type === "log" ? logLevels([floor, Math.max(...shown)], 5) : 5,
        tickFormat: (v: number) => formatNumber(v),
        label: twoPanels ? null : "loss",
        labelArrow: "none",
        ...(type === "log" && { domain: [floor, Math.max(...shown)], nice: false }),
      },
      marks: [
        ...bounds(rules, theme.quiet),
        band,
        line(2),
        namedPoints(named, { theme, curve: points.map((p) => ({ x: p.x, y: p.loss })) }),
      ],
    },
  };
  const accuracyPanel: PlotPanel = {
    title: "accuracy",
    plot: {
      ...margins,
      marginBottom: 42,
      height: 170,
      x: { ...xAxis, label: labels[0] },
      y: {
        grid: true,
        tickSize: 0,
        ticks: 4,
        percent: true,
        label: null,
        tickFormat: (v: number) => `${v}%`,
      },
      marks: [
        ...bounds(rules, theme.quiet),
        Plot.line(points, { x: "x", y: "accuracy", stroke: theme.series[2], strokeWidth: 2 }),
      ],
    },
  };
  return {
    title: titleOf(landscape, stations.length),
    subtitle: [
      ...(barrier
        ? [
          "the highest rise above the straight line between neighbours" +
          (barrierError
            ? `, ± ${formatNumber(2 * barrierError, 2)} (2 standard errors, paired)`
            : ""),
        ]
        : []),
      ...circumstances(landscape, 1, stations[0]),
      uncertainty.text,
    ].filter((text) => text !== "").join(" · "),
    summary: summaryOf(landscape),
    key: overlay.length ? lineKey(options) : [],
    panels: twoPanels ? [lossPanel, accuracyPanel] : [lossPanel],
    marks: [line(2)],
  };
}

/** What the lines of several results are. */
function lineKey({ overlay, names, theme: { series } }: DrawOptions): KeyEntry[] {
  const labels = ["this line", ...overlay.map((_, k) => names?.[k] ?? `overlay ${k + 1}`)];
  return labels.map((label, k) => ({ label, swatch: "line", color: series[k % series.length] }));
}

/** Plot breaks a line at NaN; ±∞ has no place on an axis either. */
const finite = (value: number) => Number.isFinite(value) ? value : NaN;

function yType(points: Point[], asked: unknown): "log" | "linear" {
  if (asked === "log" || asked === "linear") return asked;
  const losses = points.map((p) => p.loss);
  const positive = losses.every((v) => Number.isNaN(v) || v > 0);
  return positive ? lossScale(losses).type : "linear";
}

/** The names of the points that a way leads through, at 0, 1, …; none where it is not such a way. */
function stationsOf({ axes: [axis], barrier }: DrawnLandscape): string[] {
  if (barrier === undefined) return [];
  const last = Math.max(1, Math.floor(axis[axis.length - 1]));
  return last === 1
    ? ["first", "second"]
    : Array.from({ length: last + 1 }, (_, k) => `point ${k + 1}`);
}

/** What one sees, in words: for a way between points, whether there is a barrier. */
function titleOf({ barrier, barrierError = 0 }: DrawnLandscape, stations: number): string {
  if (barrier === undefined) return "The loss along one direction";
  const points = stations === 2 ? "two points" : `${stations} points`;
  if (Number.isNaN(barrier)) return `The loss on the way between ${points}`;
  return barrier > Math.max(2 * barrierError, 1e-9)
    ? `A barrier of ${formatNumber(barrier)} between ${points}`
    : `No barrier between ${points}`;
}

const bounds = (at: number[], stroke: string): Markish[] => [
  Plot.ruleX(at, { stroke, strokeDasharray: "2,3" }),
];

interface Uncertainty {
  shown: boolean;
  low: Float64Array;
  high: Float64Array;
  /** What the band is, and what it is not. */
  text: string;
}

/** The band that was asked for, or the best that the landscape has. */
function bandOf(landscape: DrawnLandscape, asked?: Band): Uncertainty {
  const { values, standardErrors, subsampleErrors, differenceErrors, intervals } = landscape;
  const { samples, samplesAvailable } = landscape.provenance ?? {};
  const around = (errors: Float64Array, text: string): Uncertainty => ({
    shown: errors.some((e) => e > 0),
    low: values.map((v, i) => v - 2 * errors[i]),
    high: values.map((v, i) => v + 2 * errors[i]),
    text,
  });
  const none = (text: string) => ({ shown: false, low: values, high: values, text });
  const whole = samples !== undefined && (samplesAvailable ?? samples) === samples;
  const exact = whole ? "; for the full training set the loss is exact" : "";
  const band = asked ?? (intervals || standardErrors ? "population" : "none");
  switch (band) {
    case "none":
      return none("");
    case "population":
      if (intervals) {
        const how = intervals.method === "t" ? "by Student's t" : "by bootstrap";
        return {
          shown: true,
          ...intervals,
          text: `band: 95% interval for new samples, ${how}${exact}`,
        };
      }
      if (standardErrors) {
        return around(
          standardErrors,
          `band: ± 2 standard errors, as an estimate for new samples${exact}`,
        );
      }
      break;
    case "trainingSet":
      if (whole) {
        return none("no band: all samples are used, and the loss of the full set is exact");
      }
      if (subsampleErrors) {
        return around(
          subsampleErrors,
          "band: ± 2 standard errors for the full set that the samples are from",
        );
      }
      if (standardErrors && samples && samplesAvailable) {
        const share = Math.sqrt(1 - samples / samplesAvailable);
        return around(
          standardErrors.map((e) => e * share),
          "band: ± 2 standard errors for the full set that the samples are from",
        );
      }
      break;
    case "difference":
      if (differenceErrors) {
        return around(
          differenceErrors,
          "band: ± 2 standard errors of the difference to the centre, paired",
        );
      }
      break;
    default:
      throw new RangeError(
        'Cannot draw the landscape: band must be "population", "trainingSet", "difference" or "none", ' +
          `got "${band}"`,
      );
  }
  throw new RangeError(
    `Cannot draw the landscape: band "${band}" needs standard errors, which this loss has none of; use "none"`,
  );
}
