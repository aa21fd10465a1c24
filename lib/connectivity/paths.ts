import * as Plot from "npm:@observablehq/plot@0.6.17";
import { accuracyPanel } from "../figure/accuracy_panel.ts";
import type { Drawing, DrawOptions, KeyEntry, Markish, PlotPanel } from "../figure/drawing.ts";
import { chartFrame, lossAxis } from "../figure/loss_axis.ts";
import { formatNumber, textWidth } from "../figure/text.ts";
import type { Theme } from "../figure/theme.ts";
import { bandOf, type Uncertainty } from "../landscape/band.ts";
import {
  circumstances,
  type DrawnConnection,
  type DrawnConnectivity,
  isBarrier,
  what,
} from "./draw.ts";

/** A point of a way, moved to where its variant stands. */
interface Point {
  x: number;
  loss: number;
  low: number;
  high: number;
  accuracy: number;
}

/** A way as it is drawn. */
interface Line {
  connection: DrawnConnection;
  points: Point[];
  uncertainty: Uncertainty;
  dashed: boolean;
}

/** The room between two variants, in units of a way. */
const gap = 0.16;

/** The loss along the ways, the variants side by side on one scale, and the accuracy below. */
export function drawPaths(
  data: DrawnConnectivity,
  { theme, width, plot, band }: DrawOptions,
): Pick<Drawing, "subtitle" | "panels" | "key"> {
  const { names, variants, connections, path } = data, pair = names.length === 2;
  const starts = variants.map((_, k) => k * (1 + gap)), end = starts.at(-1)! + 1;
  const lines = connections.flatMap((connection): Line[] => {
    const start = starts[variants.indexOf(connection.variant)];
    const line = (curve: DrawnConnection["curve"], dashed: boolean): Line => {
      const uncertainty = bandOf(curve, pair && !dashed ? band : "none");
      return { connection, points: pointsOf(curve, uncertainty, start), uncertainty, dashed };
    };
    const { curve, straight } = connection;
    return [...(straight ? [line(straight, true)] : []), line(curve, false)];
  });
  const points = lines.flatMap(({ points }) => points);
  const type = plot.y?.type === "log" ? "log" : "linear";
  const { title, y, notes, shown } = lossAxis(
    points.flatMap(({ loss, low, high }) => type === "log" ? [loss] : [loss, low, high]),
    { type },
  );
  for (const point of points) point.loss = shown(point.loss);
  const graded = points.some(({ accuracy }) => Number.isFinite(accuracy));
  const { margins, xAxis } = chartFrame();
  const each = (width - margins.marginLeft - margins.marginRight) / end;
  const short = pair && names.every((name) => textWidth(name) < 0.3 * each);
  const tickNames = short ? [names[0], "½", names[1]] : ["0", "½", "1"];
  const x = {
    ...xAxis,
    domain: [0, end],
    ticks: starts.flatMap((start) => [start, start + 0.5, start + 1]),
    tickFormat: (_: number, k: number) => tickNames[k % 3],
    label: pair
      ? `t, the share of the way from ${names[0]} to ${names[1]}`
      : "t, the share of the way",
  };
  const gaps = Plot.rectX(starts.slice(1), {
    x1: (start: number) => start - gap,
    x2: (start: number) => start,
    fill: theme.paper,
  });
  const heads = Plot.text(variants, {
    x: (_, k: number) => starts[k] + 0.5,
    text: (variant: keyof typeof what) => what[variant],
    frameAnchor: "top",
    dy: -16,
    fontWeight: 600,
    fill: theme.ink,
  });
  const color = pair ? theme.series[0] : theme.quiet;
  const lossPanel: PlotPanel = {
    title,
    plot: {
      ...margins,
      marginTop: 30,
      marginBottom: graded ? 8 : 42,
      // room for the name of a barrier above the highest point
      insetTop: pair && connections.some(isBarrier) ? 30 : 6,
      height: graded ? 260 : 320,
      x: { ...x, ...(graded && { axis: null, label: null }) },
      y,
      marks: [
        gaps,
        variants.length > 1 ? heads : null,
        ...lines.flatMap((line) => lineMarks(line, color, theme, pair)),
        ...(pair ? connections.map((c) => barrierMarks(c, starts, shown, variants, theme)) : []),
      ],
    },
  };
  const accuracies = accuracyPanel({
    height: 160,
    x,
    marks: [
      gaps,
      ...lines.map(({ points, dashed }) =>
        Plot.line(points, {
          x: "x",
          y: "accuracy",
          stroke: pair ? theme.series[2] : theme.quiet,
          strokeWidth: dashed || !pair ? 1.2 : 2,
          ...(dashed && { strokeDasharray: "4,3" }),
        })
      ),
    ],
  });
  const bands = lines.find(({ uncertainty }) => uncertainty.shown)?.uncertainty;
  const key: KeyEntry[] = path === "bezier"
    ? [
      { label: "Bézier curve", swatch: "line", color },
      { label: "straight line", swatch: "dash", color: theme.quiet },
    ]
    : [];
  return {
    subtitle: [
      ...circumstances(data),
      ...notes,
      pair && connections.some(isBarrier)
        ? "arrow: highest rise above the straight line between the losses of the ends" +
          (connections.some(({ barrierError }) => barrierError)
            ? ", ± 2 standard errors, paired"
            : "")
        : "",
      bands ? bands.text(bands.how) : "",
    ].filter((part) => part !== "").join(" · "),
    key,
    panels: graded ? [lossPanel, accuracies] : [lossPanel],
  };
}

const finite = (value = NaN) => Number.isFinite(value) ? value : NaN;

function pointsOf(
  { axes, values, accuracies, done }: DrawnConnection["curve"],
  { low, high }: Uncertainty,
  start: number,
): Point[] {
  return Array.from(axes[0], (t, i) => ({
    x: start + t,
    loss: finite(values[i]),
    low: finite(low[i]),
    high: finite(high[i]),
    accuracy: finite(accuracies?.[i]),
  })).filter((_, i) => done[i]);
}

function lineMarks(
  { points, uncertainty, dashed }: Line,
  color: string,
  theme: Theme,
  pair: boolean,
): Markish[] {
  const line = Plot.line(points, {
    x: "x",
    y: "loss",
    stroke: dashed ? theme.quiet : color,
    strokeWidth: dashed || !pair ? 1.2 : 2,
    ...(dashed && { strokeDasharray: "4,3" }),
  });
  if (!uncertainty.shown) return [line];
  const area = Plot.areaY(points, { x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.2 });
  return [area, line];
}

/** The line between the losses of the ends, an arrow from it to the highest point, and how high that is. */
function barrierMarks(
  connection: DrawnConnection,
  starts: number[],
  shown: (loss: number) => number,
  variants: readonly DrawnConnection["variant"][],
  theme: Theme,
): Markish {
  const { barrier, barrierAt, barrierError, curve, variant } = connection;
  const start = starts[variants.indexOf(variant)];
  const { axes: [axis], values, done } = curve, n = axis.length;
  const ends = [0, n - 1].map((i) => ({ x: start + axis[i], y: done[i] ? shown(values[i]) : NaN }));
  const dots = Plot.dot(ends.filter(({ y }) => Number.isFinite(y)), {
    x: "x",
    y: "y",
    r: 4,
    fill: theme.accent,
    stroke: theme.halo,
    strokeWidth: 1.5,
  });
  if (Number.isNaN(barrier)) return [dots];
  const halo = { stroke: theme.halo, strokeWidth: 4, fill: theme.ink, fontWeight: 600 } as const;
  const chord = (1 - barrierAt) * values[0] + barrierAt * values[n - 1];
  const label = (text: string, y: number, x: number) =>
    Plot.text([text], { ...halo, x: [x], y: [y], dy: -10, lineAnchor: "bottom", lineHeight: 1.1 });
  const most = shown(
    Math.max(...Array.from(values).filter((v, i) => done[i] && Number.isFinite(v))),
  );
  if (!isBarrier(connection)) return [dots, label("no barrier", most, start + 0.5)];
  const error = barrierError ? `± ${formatNumber(2 * barrierError, 2)}` : "";
  return [
    Plot.link([ends], {
      x1: ([a]) => a.x,
      y1: ([a]) => a.y,
      x2: ([, b]) => b.x,
      y2: ([, b]) => b.y,
      stroke: theme.accent,
      strokeDasharray: "2,3",
    }),
    Plot.arrow([barrierAt], {
      x: start + barrierAt,
      y1: chord,
      y2: chord + barrier,
      stroke: theme.accent,
      strokeWidth: 1.6,
      headLength: 7,
    }),
    dots,
    label(
      [`barrier ${formatNumber(barrier)}`, error].filter((line) => line).join("\n"),
      shown(chord + barrier),
      // away from the edges, where the text would be cut
      start + Math.min(0.62, Math.max(0.38, barrierAt)),
    ),
  ];
}
