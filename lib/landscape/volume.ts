import type { Drawing, DrawOptions, KeyEntry, PlotPanel } from "../figure/drawing.ts";
import { legendWidth } from "../figure/legend.ts";
import { type LossScale, lossScale } from "../figure/loss_scale.ts";
import type { Scene, ScenePath } from "../figure/scene.ts";
import { formatNumber, formatNumbers, formatTicks } from "../figure/text.ts";
import type { Theme } from "../figure/theme.ts";
import { between, contourMarks, holeKey } from "./contour.ts";
import {
  askedScale,
  circumstances,
  completeLattice,
  type DrawnLandscape,
  fitted,
  type Plane,
  shortened,
  summaryOf,
} from "./drawn.ts";
import { isosurface } from "./isosurface.ts";
import { insidePart, type LaidPath, pathKey, pathNotes, pathsAmong, pathsInside } from "./paths.ts";
import { axisTicks, sceneColors, shaded, unit } from "./surface.ts";

/** A volume that can be drawn: coarser where the landscape was stopped. */
interface Volume {
  axes: Float64Array[];
  values: Float64Array;
  missing: Uint8Array;
  stride: number;
}

function volumeOf(landscape: DrawnLandscape): Volume {
  const { axes, values, done } = landscape;
  const { stride, picks } = completeLattice(landscape);
  const [, ny, nz] = axes.map((axis) => axis.length);
  const indices = [...picks[0]].flatMap((i) =>
    [...picks[1]].flatMap((j) => [...picks[2]].map((k) => (i * ny + j) * nz + k))
  );
  return {
    stride,
    axes: picks.map((pick, axis) => Float64Array.from(pick, (i) => axes[axis][i])),
    values: Float64Array.from(
      indices,
      (n) => done[n] && Number.isFinite(values[n]) ? values[n] : NaN,
    ),
    missing: Uint8Array.from(indices, (n) => done[n] ? 0 : 1),
  };
}

/** A landscape of three directions as slices across the third, all in the colours of one legend. */
export function drawSlices(landscape: DrawnLandscape, options: DrawOptions): Drawing {
  const { theme, width } = options;
  const volume = volumeOf(landscape);
  const scale = lossScale(volume.values, askedScale(options));
  const [x, y, z] = volume.axes;
  const columns = Math.max(1, Math.min(3, Math.floor((width - legendWidth) / 120)));
  const chosen = spread(z, z.length < 6 ? 3 : 6);
  const panelWidth = (width - legendWidth) / columns;
  const { short, rest } = shortened(landscape.labels);
  const heights = formatNumbers(chosen.map((k) => z[k]));
  const panels = chosen.map((k, n): PlotPanel => {
    const plane = sliceAt(volume, k);
    const first = n % columns === 0;
    const last = n >= chosen.length - columns;
    return {
      title: `at ${heights[n]}`,
      plot: {
        marginLeft: 52,
        marginRight: 6,
        marginTop: 26,
        marginBottom: last ? 40 : 24,
        height: Math.round((panelWidth - 58) * 0.92) + (last ? 66 : 50),
        x: {
          domain: [x[0], x[x.length - 1]],
          ticks: 3,
          tickSize: 0,
          tickFormat: formatTicks(),
          label: last ? short[0] : null,
          labelAnchor: "center",
          labelArrow: "none",
        },
        y: {
          domain: [y[0], y[y.length - 1]],
          ticks: 3,
          tickSize: 0,
          tickFormat: formatTicks(),
          labelOffset: 46,
          label: first ? short[1] : null,
          labelAnchor: "center",
          labelArrow: "none",
        },
        marks: contourMarks(plane, scale, theme),
      },
    };
  });
  return {
    title: `The loss in a volume, in slices across ${short[2]}`,
    subtitle: [...circumstances(landscape, volume.stride), ...rest]
      .join(" · "),
    summary: summaryOf(landscape),
    key: holeKey(volume),
    legend: volume.values.some(Number.isFinite) ? scale : undefined,
    columns,
    panels,
    marks: [],
  };
}

/** `count` indices of an axis, spread with both ends and what is nearest to 0; all where there are fewer. */
function spread(axis: Float64Array, count: number): number[] {
  const last = axis.length - 1;
  if (last < count) return Array.from(axis, (_, i) => i);
  const nearest = axis.reduce((best, v, i) => Math.abs(v) < Math.abs(axis[best]) ? i : best, 0);
  const below = Math.max(
    nearest > 0 ? 1 : 0,
    Math.min(count - (nearest < last ? 2 : 1), Math.round((count - 1) * nearest / last)),
  );
  const above = count - 1 - below;
  return Array.from(
    { length: count },
    (_, i) =>
      i < below
        ? Math.round(nearest * i / below)
        : above === 0
        ? nearest
        : nearest + Math.round((last - nearest) * (i - below) / above),
  );
}

function sliceAt({ axes: [x, y, z], values, missing }: Volume, k: number): Plane {
  const pick = (_: unknown, index: number) => index * z.length + k;
  const indices = Array.from({ length: x.length * y.length }, pick);
  return {
    x,
    y,
    values: Float64Array.from(indices, (n) => values[n]),
    missing: Uint8Array.from(indices, (n) => missing[n]),
  };
}

/** A landscape of three directions as surfaces of equal loss, nested. */
export function drawIsosurfaces(landscape: DrawnLandscape, options: DrawOptions): Drawing {
  const { theme, width, plot } = options;
  const whole = volumeOf(landscape), volume = thinned(whole, 15);
  const laid = pathsAmong(options, 3);
  const paths = pathsInside(laid, landscape);
  const scale = lossScale(volume.values, askedScale(options));
  const levels = isoLevels(volume.values, scale);
  // Few surfaces, seen through each other: they share the ramp evenly, without its palest end and, on the
  // dark ground, without the dark end that would vanish there.
  const [lowest, highest] = theme.name === "dark" ? [0.36, 0.86] : [0.12, 0.66];
  const color = (level: number) =>
    theme.ramp(
      lowest + (highest - lowest) * levels.indexOf(level) / Math.max(1, levels.length - 1),
    );
  const { short, rest } = fitted(landscape.labels, [0.45 * width, 0.45 * width, 0.33 * width]);
  const names = formatNumbers(levels);
  const everywhere = levels.length === 0 && volume.values.some(Number.isFinite);
  const key: KeyEntry[] = everywhere
    ? [{ label: `loss ${formatNumber(scale.named()[0])} everywhere: no surface`, swatch: "blank" }]
    : levels.map((level, k) => ({
      label: `loss ${names[k]}`,
      swatch: "bar",
      color: color(level),
    }));
  return {
    title: paths.length > 1
      ? "Paths of training among surfaces of equal loss"
      : paths.length
      ? "The path of training among surfaces of equal loss"
      : "Surfaces of equal loss in a volume",
    subtitle: [
      ...circumstances(landscape, volume.stride, pathNotes(laid, landscape)),
      ...(volume.values.length < whole.values.length
        ? [`drawn from ${volume.axes.map((axis) => axis.length).join(" × ")} of them`]
        : []),
      ...rest,
    ].join(" · "),
    summary: summaryOf(landscape),
    key: [...key, ...pathKey(paths), ...holeKey(volume)],
    panels: [{
      scene: isosurfaceScene(
        volume,
        scale,
        levels,
        color,
        theme,
        { labels: short, paths },
      ),
      height: plot.height ?? Math.round(width * 0.84),
    }],
    marks: [],
  };
}

/** Every second, third … point along each axis, until there are at most `most`. */
function thinned(volume: Volume, most: number): Volume {
  const [, ny, nz] = volume.axes.map((axis) => axis.length);
  const picks = volume.axes.map((axis) => spread(axis, most));
  const indices = picks[0].flatMap((i) =>
    picks[1].flatMap((j) => picks[2].map((k) => (i * ny + j) * nz + k))
  );
  return {
    ...volume,
    axes: volume.axes.map((axis, n) => Float64Array.from(picks[n], (i) => axis[i])),
    values: Float64Array.from(indices, (n) => volume.values[n]),
    missing: Uint8Array.from(indices, (n) => volume.missing[n]),
  };
}

/** Three levels that enclose about 3, 12 and 35% of the volume. */
function isoLevels(values: Float64Array, { levels }: LossScale): number[] {
  const sorted = values.filter((v) => !Number.isNaN(v)).sort();
  const wanted = [0.03, 0.12, 0.35].map((share) => sorted[Math.floor(share * (sorted.length - 1))]);
  const nearest = wanted.map((loss) =>
    levels.reduce((a, b) => Math.abs(b - loss) < Math.abs(a - loss) ? b : a, levels[0])
  );
  return [...new Set(nearest)].filter((level) => level !== undefined);
}

const boxHeight = 0.72;

function isosurfaceScene(
  { axes, values }: Volume,
  scale: LossScale,
  levels: number[],
  color: (level: number) => string,
  theme: Theme,
  { labels, paths }: { labels: readonly string[]; paths: readonly LaidPath[] },
): Scene {
  const shape = axes.map((axis) => axis.length);
  const heights = values.map(scale.position);
  const units = axes.map(unit);
  const at = axes.map(between);
  const vertices: number[] = [];
  const palette = new Map<string, number>();
  const faces: number[][] = [];
  for (const level of levels) {
    const mesh = isosurface(heights, shape, scale.position(level));
    const first = vertices.length / 3;
    for (let k = 0; k < mesh.vertices.length; k += 3) {
      const [x, y, z] = [0, 1, 2].map((axis) => units[axis](at[axis](mesh.vertices[k + axis])));
      vertices.push(x, y, z * boxHeight);
    }
    for (const triangle of mesh.triangles) {
      const corners = triangle.map((v) => first + v);
      const fill = shaded(color(level), lightOn(vertices, corners));
      if (!palette.has(fill)) palette.set(fill, palette.size);
      faces.push([palette.get(fill)!, ...corners]);
    }
  }
  return {
    vertices,
    faces,
    palette: [...palette.keys()],
    opacity: 0.5,
    lines: [],
    paths: paths.flatMap((path) => volumePath(path, axes, units)),
    height: boxHeight,
    axes: axes.map((axis, n) => ({
      label: labels[n],
      ticks: axisTicks(axis, 4).map((t) => ({
        at: units[n](t) * (n === 2 ? boxHeight : 1),
        text: formatNumber(t),
      })),
    })),
    colors: sceneColors(theme),
    yaw: -0.62,
    pitch: 0.5,
  };
}

/** How much lighter or darker a triangle is for its slope; both sides are lit. */
function lightOn(vertices: number[], corners: number[]): number {
  const [a, b, c] = corners.map((k) => vertices.slice(3 * k, 3 * k + 3));
  const [u, v] = [b.map((w, k) => w - a[k]), c.map((w, k) => w - a[k])];
  const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
  const light = [-0.45, -0.25, 0.86];
  const lit = Math.abs(normal.reduce((sum, n, k) => sum + n * light[k], 0)) /
    (Math.hypot(...normal) || 1);
  return Math.round((lit - 0.55) * 8) / 8 * 0.45;
}

/** A path through a volume, straight from checkpoint to checkpoint: the pieces of it that are inside. */
function volumePath(
  { coordinates, epochs, name, color }: LaidPath,
  axes: readonly Float64Array[],
  units: readonly ((value: number) => number)[],
): ScenePath[] {
  type Label = ScenePath["labels"][number];
  const pieces: { points: number[]; color: string; dots: number[]; labels: Label[] }[] = [];
  const last = coordinates.length - 1;
  let piece: (typeof pieces)[number] | undefined;
  coordinates.forEach((b, k) => {
    const a = coordinates[Math.max(0, k - 1)];
    const part = insidePart(a, b, axes);
    const put = (share: number) =>
      piece!.points.push(
        ...units.map((unit, n) => (n === 2 ? boxHeight : 1) * unit(a[n] + share * (b[n] - a[n]))),
      );
    if (!part || part[0] > 0) piece = undefined;
    if (!part) return;
    if (!piece) {
      pieces.push(piece = { points: [], color, dots: [], labels: [] });
      put(part[0]);
    }
    if (k > 0) put(part[1]);
    const at = piece.points.length / 3 - 1;
    if (part[1] < 1) piece = undefined;
    else if (k === last) {
      const text = name ?? `epoch ${formatNumber(epochs[last])}`;
      piece.labels.push({ at, text, end: true });
    } else if (k > 0) piece.dots.push(at);
    else piece.labels.push({ at, text: name ? "" : "start", end: false });
  });
  return pieces;
}
