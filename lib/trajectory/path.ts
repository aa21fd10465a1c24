import * as Plot from "npm:@observablehq/plot@0.6.17";
import { element, type FigureElement } from "../figure/document.ts";
import type { Drawing, DrawOptions, Markish } from "../figure/drawing.ts";
import { haloText, type Place, placedMark } from "../figure/named_points.ts";
import { type Label, placeLabels } from "../figure/place_labels.ts";
import { formatNumber, formatShare, formatTicks } from "../figure/text.ts";
import type { Theme } from "../figure/theme.ts";
import type { DrawnTrajectory } from "./drawn.ts";

/** A path in its own plane, without a surface below it. */
export function drawPath(trajectory: DrawnTrajectory, options: DrawOptions): Drawing {
  const { coordinates, labels } = trajectory;
  const { width } = options;
  const flat = coordinates[0].length > 1;
  const axis = { tickSize: 0, labelAnchor: "center", labelArrow: "none", grid: true } as const;
  const marks = pathMarks(trajectory, options);
  return {
    title: flat
      ? "The path of training, seen in a plane"
      : "The path of training along one direction",
    subtitle: pathCircumstances(trajectory).join(" · "),
    summary: pathSummary(trajectory),
    panels: [{
      plot: {
        marginLeft: 52,
        marginRight: 20,
        marginTop: 14,
        marginBottom: 42,
        height: Math.max(220, Math.round(width * 0.64)),
        inset: 18,
        x: { ...axis, label: labels[0], ticks: 6, tickFormat: formatTicks() },
        y: {
          ...axis,
          label: flat ? labels[1] : "loss",
          ticks: 5,
          tickFormat: formatTicks(),
          labelOffset: 44,
        },
        marks,
      },
    }],
    marks,
  };
}

/** What a path is, and what to be careful about; the parts of a subtitle. */
export function pathCircumstances(trajectory: DrawnTrajectory): string[] {
  const { residuals, distances, inPlane = NaN, partial } = trajectory;
  const slice = sliceOf(trajectory);
  return [
    ...(partial ? ["stopped before all losses were done"] : []),
    Number.isNaN(inPlane)
      ? `${residuals.length} checkpoints, projected on the ${slice}`
      : `${
        formatShare(inPlane)
      } of the movement of ${residuals.length} checkpoints is in the ${slice}`,
    `they are up to ${formatNumber(Math.max(...residuals), 2)} off it` +
    (distances ? `, and up to ${formatNumber(Math.max(...distances), 2)} from its centre` : ""),
  ];
}

const sliceOf = ({ coordinates }: DrawnTrajectory) =>
  ["line", "plane", "volume"][coordinates[0].length - 1] ?? "slice";

/** One line with the headline numbers of a path. */
export function pathSummary(trajectory: DrawnTrajectory): string {
  const { epochs, residuals, losses, inPlane = NaN, partial } = trajectory;
  const last = epochs.length - 1, slice = sliceOf(trajectory);
  return `Path of training, ${epochs.length} checkpoints to epoch ${formatNumber(epochs[last])}` +
    (losses ? `: loss ${formatNumber(losses[0])} to ${formatNumber(losses[last])}` : "") +
    (Number.isNaN(inPlane) ? "" : `; ${formatShare(inPlane)} of its movement in the ${slice}`) +
    `; at most ${formatNumber(Math.max(...residuals))} off the ${slice}${
      partial ? " (stopped)" : ""
    }`;
}

interface Stop {
  x: number;
  y: number;
  epoch: number;
}

/**
 * A path as marks: a line with a halo, a ring at the start, a star at the end, dots at checkpoints, and the
 * names of some. A path with a name has it at its end. In a slice of one direction the height is the loss.
 */
function pathMarks(trajectory: DrawnTrajectory, options: DrawOptions): Markish[] {
  const { coordinates, epochs, losses, planeLosses } = trajectory;
  const { theme, color = theme.accent, name, clip } = options;
  const heights = planeLosses ?? losses;
  const stops = coordinates.map(([x, y], k): Stop => ({
    x,
    y: y ?? heights?.[k] ?? NaN,
    epoch: epochs[k],
  }));
  const known = stops.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const line = { x: "x", y: "y", clip, strokeLinejoin: "round", strokeLinecap: "round" } as const;
  return [
    Plot.line(stops, { ...line, stroke: theme.halo, strokeWidth: 4.6, strokeOpacity: 0.85 }),
    Plot.line(stops, { ...line, stroke: color, strokeWidth: 2 }),
    placedMark((place) => signsOf(known, place, { theme, color, name, clip })),
  ];
}

/** Dots, ring, star and names: what needs to know distances in px. */
function signsOf(
  stops: readonly Stop[],
  { scales, frame, taken, clear }: Place,
  { theme, color, name, clip }: { theme: Theme; color: string; name?: string; clip: boolean },
): FigureElement {
  const points = stops.map(({ x, y, epoch }, k) => ({ x: scales.x(x), y: scales.y(y), epoch, k }));
  const shown = clip
    ? points.filter(({ x, y }) =>
      x >= frame.x1 - 1 && x <= frame.x2 + 1 && y >= frame.y1 - 1 && y <= frame.y2 + 1
    )
    : points;
  const g = element("g", {});
  if (shown.length === 0) return g;
  const [start, end] = [points[0], points[points.length - 1]];
  const visible = (point: typeof start) => shown.includes(point);
  const away = (a: { x: number; y: number }, b: { x: number; y: number }) =>
    Math.hypot(a.x - b.x, a.y - b.y);

  const step = roundStep(end.epoch - start.epoch);
  const isRound = ({ epoch }: Stop) => Math.abs(epoch / step - Math.round(epoch / step)) < 1e-6;
  const dots: typeof shown = [];
  for (const point of [...shown.filter(isRound), ...shown]) {
    if ([start, end, ...dots].every((other) => away(point, other) > 13)) dots.push(point);
  }
  const labels: Label[] = [];
  if (visible(start) && start !== end && name === undefined) {
    labels.push({ ...start, text: "start" });
  }
  if (visible(end)) {
    labels.push({ ...end, text: name ?? `epoch ${formatNumber(end.epoch)}`, distance: 15 });
  }
  const chosen: typeof shown = [];
  for (const dot of dots.filter(isRound)) {
    if ([start, end, ...chosen].every((other) => away(dot, other) > 34)) chosen.push(dot);
  }
  for (const dot of chosen) {
    labels.push({ ...dot, text: formatNumber(dot.epoch), distance: 10, optional: true });
  }
  for (const { x, y } of dots) {
    g.append(
      element("circle", {
        cx: x,
        cy: y,
        r: 2.3,
        fill: color,
        stroke: theme.halo,
        "stroke-width": 1,
      }),
    );
  }
  if (visible(start) && start !== end) {
    const ring = {
      cx: start.x,
      cy: start.y,
      r: 4.6,
      fill: theme.paper,
      stroke: color,
      "stroke-width": 2,
    };
    g.append(element("circle", ring));
  }
  if (visible(end)) {
    g.append(element("path", {
      d: star(end.x, end.y, 7.6),
      fill: color,
      stroke: theme.halo,
      "stroke-width": 1.6,
      "stroke-linejoin": "round",
      "paint-order": "stroke",
    }));
  }
  points.slice(1).forEach((b, k) => {
    const a = points[k];
    const pieces = Math.min(60, Math.ceil(away(a, b) / 5));
    for (let t = 0; t < 1; t += 1 / pieces) {
      clear.push([a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)]);
    }
  });
  for (const { at, text, optional } of placeLabels(labels, { frame, clear, taken })) {
    g.append(haloText(at, text, theme, optional ? 11 : undefined));
  }
  return g;
}

/** A round number of epochs, of which about five make the whole. */
function roundStep(epochs: number): number {
  const raw = Math.max(epochs, 1e-9) / 6;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((m) => m * power >= raw)! * power;
  return epochs >= 2 ? Math.max(1, step) : step;
}

function star(x: number, y: number, radius: number): string {
  const points = Array.from({ length: 10 }, (_, k) => {
    const angle = -Math.PI / 2 + k * Math.PI / 5;
    const r = k % 2 ? radius * 0.42 : radius;
    return `${(x + r * Math.cos(angle)).toFixed(2)},${(y + r * Math.sin(angle)).toFixed(2)}`;
  });
  return `M${points.join("L")}Z`;
}
