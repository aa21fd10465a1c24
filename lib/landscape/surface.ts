import { ticks } from "npm:d3@7.9.0";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { lossNames } from "../figure/loss_names.ts";
import { type LossScale, lossScale } from "../figure/loss_scale.ts";
import type { Scene, ScenePath } from "../figure/scene.ts";
import { formatNumber } from "../figure/text.ts";
import type { Theme } from "../figure/theme.ts";
import { contourAt, holeKey } from "./contour.ts";
import {
  askedScale,
  circumstances,
  type DrawnLandscape,
  fitted,
  type Plane,
  planeOf,
  summaryOf,
} from "./drawn.ts";
import {
  type LaidPath,
  pathKey,
  pathNotes,
  pathsAmong,
  pathsInside,
  severalPaths,
} from "./paths.ts";

const boxHeight = 0.58;

/** A landscape of two directions as a surface in three dimensions: the loss is the height. */
export function drawSurface(landscape: DrawnLandscape, options: DrawOptions): Drawing {
  const { theme, width, plot } = options;
  const plane = planeOf(landscape);
  const scale = lossScale(plane.values, askedScale(options));
  const laid = pathsAmong(options, 2);
  const paths = pathsInside(laid, landscape);
  const { short, rest } = fitted(landscape.labels, [0.45 * width, 0.45 * width]);
  const scene = surfaceScene(plane, scale, theme, { labels: short, paths });
  const height = plot.height ?? Math.round(width * 0.8);
  return {
    title: paths.length > 1
      ? severalPaths(paths.length)
      : paths.length
      ? "The path of training, down the loss surface"
      : "The loss as a surface",
    subtitle: [
      ...circumstances(landscape, plane.stride, pathNotes(laid, landscape)),
      ...rest,
      ...(paths.length
        ? [`dashed where the surface hides ${paths.length > 1 ? "a" : "the"} path`]
        : []),
    ].join(" · "),
    summary: summaryOf(landscape),
    key: [...pathKey(paths), ...holeKey(plane)],
    panels: [{ scene, height }],
    marks: [],
  };
}

/** The scene of a plane, with paths at the height of the surface below them. */
export function surfaceScene(
  plane: Plane,
  scale: LossScale,
  theme: Theme,
  { labels, paths }: { labels: readonly string[]; paths: readonly LaidPath[] },
): Scene {
  const { x, y, values } = plane;
  const [nx, ny] = [x.length, y.length];
  const height = (loss: number) =>
    boxHeight * (2 * Math.max(0, Math.min(1, scale.position(loss))) - 1);
  const [unitX, unitY] = [unit(x), unit(y)];
  const heights = values.map(height);
  const vertices: number[] = [];
  for (let i = 0; i < nx; i++) {
    for (let j = 0; j < ny; j++) {
      const z = heights[i * ny + j];
      vertices.push(unitX(x[i]), unitY(y[j]), Number.isNaN(z) ? 0 : z);
    }
  }
  const palette = new Map<string, number>();
  const faces: number[][] = [];
  for (let i = 0; i + 1 < nx; i++) {
    for (let j = 0; j + 1 < ny; j++) {
      const corners = [i * ny + j, (i + 1) * ny + j, (i + 1) * ny + j + 1, i * ny + j + 1];
      if (corners.some((c) => Number.isNaN(values[c]))) continue;
      const color = faceColor(vertices, corners, theme);
      if (!palette.has(color)) palette.set(color, palette.size);
      faces.push([palette.get(color)!, ...corners]);
    }
  }
  const { title, names } = lossNames(scale, { spacing: 0.13, room: 64 });
  const along = { x: axisTicks(x, 4), y: axisTicks(y, 4) };
  return {
    vertices,
    faces,
    palette: [...palette.keys()],
    lines: scale.levels.flatMap((level) =>
      contourAt(plane, level, scale).line.coordinates
        .flatMap((line) => line.slice(1).map((point, k) => [line[k], point]))
        .map((piece) => piece.flatMap(([a, b]) => [unitX(a), unitY(b), height(level)]))
    ),
    paths: paths.map((path) => scenePath(path, { x, y, heights }, { unitX, unitY })),
    height: boxHeight,
    axes: [
      { label: labels[0], ticks: along.x.map((t) => ({ at: unitX(t), text: formatNumber(t) })) },
      { label: labels[1], ticks: along.y.map((t) => ({ at: unitY(t), text: formatNumber(t) })) },
      {
        label: title.join(" "),
        ticks: faces.length ? names.map(({ loss, text }) => ({ at: height(loss), text })) : [],
      },
    ],
    colors: sceneColors(theme),
    yaw: -0.62,
    pitch: 0.56,
  };
}

/** The colours of a scene's axes and texts. */
export function sceneColors({ ink, quiet, grid, halo, line, paper }: Theme): Scene["colors"] {
  return { ink, quiet, grid, halo, line, paper };
}

/** From the ends of an axis to −1 and 1. */
export function unit(axis: Float64Array): (value: number) => number {
  const [first, last] = [axis[0], axis[axis.length - 1]];
  return (value) => 2 * (value - first) / (last - first) - 1;
}

/** Round coordinates along an axis. */
export function axisTicks(axis: Float64Array, count: number): number[] {
  return ticks(axis[0], axis[axis.length - 1], count);
}

/** The colour of the loss at a face, a little lighter or darker with its slope towards the light. */
function faceColor(vertices: number[], corners: number[], theme: Theme): string {
  const [a, b, c, d] = corners.map((k) => vertices.slice(3 * k, 3 * k + 3));
  const [u, v] = [c.map((w, k) => w - a[k]), d.map((w, k) => w - b[k])];
  const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
  const light = [-0.45, -0.25, 0.86];
  const shade = normal.reduce((sum, n, k) => sum + n * light[k], 0) / Math.hypot(...normal);
  const mean = (a[2] + b[2] + c[2] + d[2]) / 4;
  const t = Math.round((mean / boxHeight + 1) / 2 * 200) / 200;
  return shaded(theme.ramp(t), Math.round((shade - 0.86) * 60) / 60 * 0.26);
}

/** An `rgb()` colour, lighter or darker by a share. */
export function shaded(color: string, by: number): string {
  const channels = color.match(/[\d.]+/g)!.slice(0, 3).map(Number);
  const mixed = channels.map((c) => Math.round(by < 0 ? c * (1 + by) : c + (255 - c) * by));
  return `#${
    mixed.map((c) => Math.max(0, Math.min(255, c)).toString(16).padStart(2, "0")).join("")
  }`;
}

/** What is between the samples of a plane, bilinear; NaN outside and in holes. */
export function valueAt(
  { x, y, values }: Pick<Plane, "x" | "y" | "values">,
  px: number,
  py: number,
): number {
  const [i, u] = cell(x, px);
  const [j, v] = cell(y, py);
  const ny = y.length;
  if (!(i >= 0 && j >= 0)) return NaN;
  const [a, b, c, d] = [i * ny + j, (i + 1) * ny + j, i * ny + j + 1, (i + 1) * ny + j + 1]
    .map((k) => values[k]);
  return (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d);
}

/** The cell of an axis that holds a coordinate, and where in it; −1 outside. */
function cell(axis: Float64Array, value: number): [number, number] {
  const last = axis.length - 1;
  if (!(value >= axis[0] && value <= axis[last])) return [-1, 0];
  let i = 0;
  while (i < last - 1 && axis[i + 1] <= value) i++;
  return [i, (value - axis[i]) / (axis[i + 1] - axis[i])];
}

/** A path on the surface: finely divided, so that it follows the ground; straight across holes. */
function scenePath(
  { coordinates, epochs, name, color }: LaidPath,
  { x, y, heights }: { x: Float64Array; y: Float64Array; heights: Float64Array },
  { unitX, unitY }: { unitX: (v: number) => number; unitY: (v: number) => number },
): ScenePath {
  const points: number[] = [];
  const dots: number[] = [];
  const labels: ScenePath["labels"][number][] = [];
  const lift = 0.006;
  const put = (px: number, py: number) => {
    const z = valueAt({ x, y, values: heights }, px, py);
    if (Number.isNaN(z)) return false;
    points.push(unitX(px), unitY(py), z + lift);
    return true;
  };
  const last = coordinates.length - 1;
  coordinates.forEach(([px, py], k) => {
    if (k > 0) {
      const [qx, qy] = coordinates[k - 1];
      const steps = Math.min(
        24,
        Math.ceil(30 * Math.hypot(unitX(px) - unitX(qx), unitY(py) - unitY(qy))),
      );
      for (let s = 1; s < steps; s++) put(qx + (px - qx) * s / steps, qy + (py - qy) * s / steps);
    }
    if (!put(px, py)) return;
    const at = points.length / 3 - 1;
    if (k === 0) labels.push({ at, text: name ? "" : "start", end: false });
    else if (k === last) {
      labels.push({ at, text: name ?? `epoch ${formatNumber(epochs[k])}`, end: true });
    } else dots.push(at);
  });
  return { points, color, dots, labels };
}
