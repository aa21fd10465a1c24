import * as Plot from "npm:@observablehq/plot@0.6.17";
import { accuracyPanel } from "../figure/accuracy_panel.ts";
import type { Drawing, DrawOptions, KeyEntry, Markish, PlotPanel } from "../figure/drawing.ts";
import { chartFrame, lossAxis } from "../figure/loss_axis.ts";
import { namedPoints } from "../figure/named_points.ts";
import { formatNumber, formatShare } from "../figure/text.ts";
import type { Theme } from "../figure/theme.ts";
import type { Epoch, Run } from "../run.ts";

/** What the drawing needs to know of a run. */
export type DrawnRun = Pick<Run, "history" | "stepLosses" | "partial" | "seed" | "config">;

/** The loss and the accuracy of a run over its epochs; the losses of single steps behind them. */
export function drawRun(run: DrawnRun, { theme, plot }: DrawOptions): Drawing {
  const { history, stepLosses, partial, seed, config } = run;
  const last = history[history.length - 1];
  const tested = history.some(({ testLoss }) => Number.isFinite(testLoss));
  const graded = history.some(({ trainAccuracy }) => Number.isFinite(trainAccuracy));
  const [blue, orange] = theme.series;
  const best = tested
    ? history.reduce((a, b) => (b.testLoss ?? Infinity) < (a.testLoss ?? Infinity) ? b : a)
    : undefined;
  const line = (
    pick: (row: Epoch) => number | undefined,
    stroke: string,
    as: (value?: number) => number = shown,
  ): Markish =>
    Plot.line(history, { x: "epoch", y: (row: Epoch) => as(pick(row)), stroke, strokeWidth: 2 });
  const losses = [...history.flatMap((row) => [row.trainLoss, row.testLoss ?? NaN])];
  const { title, y, ends, notes, shown } = lossAxis(losses, { type: plot.y?.type });
  const log = y.type === "log";
  const behind = stepsBehind(stepLosses, last.epoch, theme, log);
  // A batch that happens to be easy would take a log axis to nothing.
  const lowest = ends && ends[0] / 2;
  const cut = log && lowest !== undefined && stepLosses.some((v) => v < lowest);
  const { margins, xAxis } = chartFrame();
  const lossPanel: PlotPanel = {
    title,
    plot: {
      ...margins,
      marginBottom: graded ? 8 : 42,
      height: graded ? 220 : 290,
      x: { ...xAxis, label: graded ? null : "epoch", axis: graded ? null : "bottom" },
      y: {
        ...y,
        ...(log && ends && { domain: [ends[0] / 2, ends[1] * 1.1], clamp: true }),
      },
      marks: [
        behind,
        line((row) => row.trainLoss, blue),
        ...(tested ? [line((row) => row.testLoss, orange)] : []),
        ...(best
          ? [namedPoints(
            [{
              x: best.epoch,
              y: best.testLoss!,
              text: `lowest test loss · ${formatNumber(best.testLoss!)}`,
            }],
            {
              theme,
              color: orange,
              curve: history.map(({ epoch, testLoss = NaN }) => ({ x: epoch, y: testLoss })),
            },
          )]
          : []),
      ],
    },
  };
  const accuracies = accuracyPanel({
    height: 180,
    x: { ...xAxis, label: "epoch" },
    marks: [
      line((row) => row.trainAccuracy, blue, finite),
      ...(tested ? [line((row) => row.testAccuracy, orange, finite)] : []),
    ],
  });
  const key: KeyEntry[] = [
    { label: "training set", swatch: "line", color: blue },
    ...(tested ? [{ label: "test set", swatch: "line", color: orange } as const] : []),
    ...(behind
      ? [
        {
          label: `batch of each step${cut ? `, cut at ${formatNumber(lowest)}` : ""}`,
          swatch: "faint",
          color: theme.quiet,
        } as const,
      ]
      : []),
  ];
  const reached = graded && Number.isFinite(last.trainAccuracy)
    ? `, accuracy ${formatShare(last.trainAccuracy!)}` +
      (tested && last.testAccuracy !== undefined ? ` (test ${formatShare(last.testAccuracy)})` : "")
    : "";
  const settings = ["optimizer", "learningRate", "batchSize"]
    .filter((name) => config[name] !== undefined)
    .map((name) => `${name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`)} ${config[name]}`);
  return {
    title: `Training, from a loss of ${formatNumber(history[0].trainLoss)} to ${
      formatNumber(last.trainLoss)
    }`,
    subtitle: [
      ...(partial
        ? [`stopped after ${formatNumber(last.epoch)} epochs`]
        : [`${formatNumber(last.epoch)} epochs`]),
      ...settings,
      ...notes,
      `seed ${seed}`,
    ].join(" · "),
    summary:
      `Run of ${formatNumber(last.epoch)} epochs${partial ? " (stopped)" : ""}: training loss ` +
      `${formatNumber(history[0].trainLoss)} to ${formatNumber(last.trainLoss)}${reached}`,
    key,
    panels: graded ? [lossPanel, accuracies] : [lossPanel],
  };
}

/** The loss of each step; where there are many, the range of each stretch of steps. */
function stepsBehind(losses: Float32Array, epochs: number, theme: Theme, log: boolean): Markish {
  if (losses.length < 2) return null;
  const buckets = Math.min(losses.length, 240);
  const rows = Array.from({ length: buckets }, (_, k) => {
    const from = Math.floor(k * losses.length / buckets);
    const to = Math.max(from + 1, Math.floor((k + 1) * losses.length / buckets));
    const finite = losses.subarray(from, to).filter((v) => Number.isFinite(v) && (!log || v > 0));
    return {
      epoch: (from + to) / 2 / losses.length * epochs,
      low: finite.length ? Math.min(...finite) : NaN,
      high: finite.length ? Math.max(...finite) : NaN,
    };
  });
  return losses.length <= 400
    ? Plot.line(rows, {
      x: "epoch",
      y: "high",
      stroke: theme.quiet,
      strokeOpacity: 0.45,
      strokeWidth: 0.9,
    })
    : Plot.areaY(rows, { x: "epoch", y1: "low", y2: "high", fill: theme.quiet, fillOpacity: 0.22 });
}

const finite = (value = NaN) => Number.isFinite(value) ? value : NaN;
