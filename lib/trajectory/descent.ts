import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions, KeyEntry, PlotPanel } from "../figure/drawing.ts";
import { chartFrame, lossAxis } from "../figure/loss_axis.ts";
import { formatNumber, formatTicks } from "../figure/text.ts";
import type { DrawnTrajectory } from "./drawn.ts";
import { pathCircumstances, pathSummary } from "./path.ts";

/**
 * What the plane does not show, epoch by epoch: the true loss beside the loss at the nearest point in the
 * plane, and how far the run is from the plane.
 */
export function drawDescent(trajectory: DrawnTrajectory, { theme, plot }: DrawOptions): Drawing {
  const { epochs, losses, planeLosses, residuals, distances, stability } = trajectory;
  const axis = lossAxis([...losses ?? [], ...planeLosses ?? []], { type: plot.y?.type });
  const rows = Array.from(residuals, (residual, k) => ({
    epoch: epochs[k],
    loss: axis.shown(losses?.[k]),
    plane: axis.shown(planeLosses?.[k]),
    residual,
    distance: distances?.[k] ?? NaN,
  }));
  const { margins, xAxis } = chartFrame();
  const [blue, , green] = theme.series;
  const panels: PlotPanel[] = [];
  const key: KeyEntry[] = [];
  if (losses) {
    panels.push({
      title: axis.title,
      plot: {
        ...margins,
        marginBottom: 8,
        height: 220,
        x: { ...xAxis, axis: null },
        y: axis.y,
        marks: [
          Plot.line(rows, {
            x: "epoch",
            y: "plane",
            stroke: theme.accent,
            strokeWidth: 1.8,
            strokeDasharray: "5 3",
          }),
          Plot.line(rows, { x: "epoch", y: "loss", stroke: blue, strokeWidth: 2 }),
        ],
      },
    });
    key.push(
      { label: "at the checkpoint", swatch: "line", color: blue },
      { label: "at the nearest point in the plane", swatch: "dash", color: theme.accent },
    );
  }
  panels.push({
    title: "distance",
    plot: {
      ...margins,
      marginBottom: 42,
      height: 190,
      x: { ...xAxis, label: "epoch" },
      y: { grid: true, tickSize: 0, label: null, tickFormat: formatTicks(), ticks: 4, zero: true },
      marks: [
        ...(distances
          ? [Plot.line(rows, { x: "epoch", y: "distance", stroke: theme.quiet, strokeWidth: 1.4 })]
          : []),
        Plot.areaY(rows, { x: "epoch", y: "residual", fill: green, fillOpacity: 0.2 }),
        Plot.line(rows, { x: "epoch", y: "residual", stroke: green, strokeWidth: 2 }),
      ],
    },
  });
  key.push({ label: "distance from the plane", swatch: "line", color: green });
  if (distances) {
    key.push({ label: "distance from its centre", swatch: "line", color: theme.quiet });
  }
  const steady = stability &&
    `standard deviation of the loss ${formatNumber(stability.all)} over the run, ` +
      `${formatNumber(stability.lastTenth)} in its last tenth`;
  return {
    title: losses
      ? "The loss of the run, and what its plane shows of it"
      : "How far the run is from its plane",
    subtitle: [...pathCircumstances(trajectory), ...axis.notes, ...(steady ? [steady] : [])].join(
      " · ",
    ),
    summary: pathSummary(trajectory),
    key,
    panels,
    marks: [],
  };
}
