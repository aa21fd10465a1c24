import * as Plot from "npm:@observablehq/plot@0.6.17";
import { contours } from "npm:d3@7.9.0";
import type { Drawing, DrawOptions, KeyEntry, Markish, PlotPanel } from "../figure/drawing.ts";
import { element } from "../figure/document.ts";
import { legendWidth } from "../figure/legend.ts";
import { bandPosition, type LossScale, lossScale } from "../figure/loss_scale.ts";
import { namedPoints, placedMark } from "../figure/named_points.ts";
import { formatNumber, formatTicks } from "../figure/text.ts";
import type { Theme } from "../figure/theme.ts";
import {
  askedScale,
  circumstances,
  type DrawnLandscape,
  fitted,
  type Plane,
  planeOf,
  summaryOf,
} from "./drawn.ts";
import { pathKey, pathNotes, pathsAmong, pathsInside, severalPaths } from "./paths.ts";

/** A landscape of two directions as a filled contour. */
export function drawContour(landscape: DrawnLandscape, options: DrawOptions): Drawing {
  const { theme, width } = options;
  const plane = planeOf(landscape);
  const scale = lossScale(plane.values, askedScale(options));
  const laid = pathsAmong(options, 2);
  const paths = pathsInside(laid, landscape);
  const title = paths.length === 0
    ? "The loss surface around the centre"
    : paths.length === 1
    ? "The path of training on the loss surface"
    : severalPaths(paths.length);
  const [x, y] = landscape.axes.map((axis) => [axis[0], axis[axis.length - 1]]);
  const inside = x[0] <= 0 && x[1] >= 0 && y[0] <= 0 && y[1] >= 0;
  const { panel, rest } = planePanel(landscape, width, [
    ...contourMarks(plane, scale, theme),
    ...(paths.length === 0 && inside
      ? [namedPoints([{ x: 0, y: 0, text: formatNumber(landscape.center) }], { theme })]
      : []),
  ]);
  return {
    title,
    subtitle: [
      ...circumstances(landscape, plane.stride, pathNotes(laid, landscape)),
      ...rest,
    ].join(" · "),
    summary: summaryOf(landscape),
    legend: plane.values.some(Number.isFinite) ? scale : undefined,
    key: [...pathKey(paths), ...holeKey(plane)],
    panels: [panel],
    marks: contourMarks(plane, scale, theme),
  };
}

/** A panel with the axes of a plane, in the true proportions of its range; `rest` is what labels had no room for. */
export function planePanel(
  { axes, labels }: Pick<DrawnLandscape, "axes" | "labels">,
  width: number,
  marks: Markish[],
): { panel: PlotPanel; rest: string[] } {
  const margins = { marginLeft: 60, marginRight: 14, marginTop: 8, marginBottom: 42 };
  const [x, y] = axes.map((axis) => [axis[0], axis[axis.length - 1]]);
  const inner = width - legendWidth - margins.marginLeft - margins.marginRight;
  const ratio = (y[1] - y[0]) / (x[1] - x[0]);
  const height = Math.max(220, Math.min(inner * 0.92, inner * ratio)) + 50;
  const { short, rest } = fitted(labels, [inner, height - 50]);
  const axis = {
    tickSize: 0,
    labelAnchor: "center",
    labelArrow: "none",
    tickFormat: formatTicks(),
  } as const;
  const plot = {
    ...margins,
    height: Math.round(height),
    x: { ...axis, domain: x, ticks: 6, label: short[0] },
    y: { ...axis, domain: y, ticks: 5, label: short[1], labelOffset: 51 },
    marks,
  };
  return { panel: { plot }, rest };
}

/** What the holes of a picture mean. */
export function holeKey({ values, missing }: Pick<Plane, "values" | "missing">): KeyEntry[] {
  const diverged = values.some((v, k) => Number.isNaN(v) && !missing[k]);
  return [
    ...(diverged ? [{ label: "NaN or ∞: no height", swatch: "hatch" } as const] : []),
    ...(missing.includes(1) ? [{ label: "not computed", swatch: "blank" } as const] : []),
  ];
}

/**
 * The filled contour of a plane as marks, with positions in the coordinates of the data and with colours of
 * their own, so that they fit any plot. Samples lie on the edges of the picture; a cell is drawn only
 * where the loss is known at all four of its corners.
 */
export function contourMarks(plane: Plane, scale: LossScale, theme: Theme): Markish[] {
  const { x, y } = plane;
  const bands = scale.levels.map((level) => contourAt(plane, level, scale));
  const ground = { x1: x[0], x2: x[x.length - 1], y1: y[0], y2: y[y.length - 1] };
  return [
    Plot.rect([ground], {
      x1: "x1",
      x2: "x2",
      y1: "y1",
      y2: "y2",
      fill: theme.ramp(bandPosition(scale, 0)),
      inset: 0,
    }),
    ...bands.map(({ area }, k) => Plot.geo(area, { fill: theme.ramp(bandPosition(scale, k + 1)) })),
    Plot.geo(bands.map(({ line }) => line), {
      fill: "none",
      stroke: theme.line,
      strokeOpacity: theme.name === "light" ? 0.26 : 0.2,
      strokeWidth: 0.6,
    }),
    holes(plane, theme),
  ];
}

/** Where the loss reaches a level, in the coordinates of the data: the area above, and its edge inside the plane. */
export interface Contour {
  /** The area with a loss of `level` or more. */
  readonly area: { type: "MultiPolygon"; coordinates: number[][][][] };
  /** Its edge, without the edges of the plane. */
  readonly line: { type: "MultiLineString"; coordinates: number[][][] };
}

/**
 * The contour of a plane at a level: marching squares with linear interpolation, between samples, of the
 * position on a scale: of the loss, or of its logarithm down to where the scale ends.
 */
export function contourAt(
  { x, y, values }: Plane,
  level: number,
  { position }: Pick<LossScale, "position">,
): Contour {
  const [nx, ny] = [x.length, y.length];
  // d3 wants rows of constant y; NaN is below every level there, and so has an edge exactly at its neighbours.
  const rows = new Float64Array(nx * ny);
  for (let i = 0; i < nx; i++) {
    for (let j = 0; j < ny; j++) rows[j * nx + i] = position(values[i * ny + j]);
  }
  const { coordinates } = contours().size([nx, ny])
    .contour(rows, position(level)) as Contour["area"];
  const [atX, atY] = [between(x), between(y)];
  const known = (i: number, j: number) =>
    [i * ny + j, (i + 1) * ny + j, i * ny + j + 1, (i + 1) * ny + j + 1]
      .every((k) => !Number.isNaN(values[k]));
  /** Pieces along the edge of the plane, or of a hole, are not places where the loss is at the level. */
  const onEdge = (a: number[], b: number[]) => {
    const [u, v] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    if ((a[0] === b[0] && (u <= 0 || u >= nx - 1)) || (a[1] === b[1] && (v <= 0 || v >= ny - 1))) {
      return true;
    }
    return [Math.ceil(u) - 1, Math.floor(u)].some((i) =>
      [Math.ceil(v) - 1, Math.floor(v)].some((j) =>
        i >= 0 && j >= 0 && i < nx - 1 && j < ny - 1 && !known(i, j)
      )
    );
  };
  const lines: number[][][] = [];
  const area = coordinates.map((polygon) =>
    polygon.map((ring) => {
      // d3 puts the sample (i, j) at (i + ½, j + ½) and closes rings half a cell outside of the grid.
      const cells = ring.map(([u, v]) => [clamp(u - 0.5, nx - 1), clamp(v - 0.5, ny - 1)]);
      let line: number[][] = [];
      for (let k = 1; k < cells.length; k++) {
        if (onEdge(cells[k - 1], cells[k])) {
          if (line.length > 1) lines.push(line);
          line = [];
        } else {
          if (line.length === 0) line.push([atX(cells[k - 1][0]), atY(cells[k - 1][1])]);
          line.push([atX(cells[k][0]), atY(cells[k][1])]);
        }
      }
      if (line.length > 1) lines.push(line);
      return cells.map(([u, v]) => [atX(u), atY(v)]);
    })
  );
  return {
    area: { type: "MultiPolygon", coordinates: area },
    line: { type: "MultiLineString", coordinates: lines },
  };
}

const clamp = (value: number, last: number) => Math.max(0, Math.min(last, value));

/** The coordinate at a fractional index of an axis. */
export function between(axis: Float64Array): (index: number) => number {
  return (index) => {
    const i = Math.min(Math.floor(index), axis.length - 2);
    return axis[i] + (index - i) * (axis[i + 1] - axis[i]);
  };
}

let patterns = 0;

/** Covers the cells without a height: hatched where the loss is NaN or ±∞, blank where it was not computed. */
function holes({ x, y, values, missing }: Plane, theme: Theme): Markish {
  const [nx, ny] = [x.length, y.length];
  const cells = { hatch: [] as number[][], blank: [] as number[][] };
  for (let i = 0; i + 1 < nx; i++) {
    for (let j = 0; j + 1 < ny; j++) {
      const corners = [i * ny + j, i * ny + j + 1, (i + 1) * ny + j, (i + 1) * ny + j + 1];
      if (corners.some((k) => missing[k])) cells.blank.push([i, j]);
      else if (corners.some((k) => Number.isNaN(values[k]))) cells.hatch.push([i, j]);
    }
  }
  if (cells.hatch.length + cells.blank.length === 0) return null;
  return placedMark(({ scales: { x: sx, y: sy } }) => {
    const id = `hatch-${patterns++}`;
    const outline = (list: number[][]) =>
      runs(list).map(([i, j, end]) => {
        const [x1, x2, y1, y2] = [sx(x[i]), sx(x[i + 1]), sy(y[j]), sy(y[end])]
          .map((v) => Number(v.toFixed(2)));
        return `M${x1},${y1}H${x2}V${y2}H${x1}Z`;
      }).join("");
    const hole = (d: string, fill: string) =>
      d === ""
        ? null
        : element("path", { d, fill, stroke: theme.hole, "stroke-width": 0.8, class: "hole" });
    const stripes = element(
      "pattern",
      { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      element("rect", { width: 6, height: 6, fill: theme.hole }),
      element("line", { y2: 6, stroke: theme.quiet, "stroke-width": 1.4 }),
    );
    return element(
      "g",
      {},
      element("defs", {}, stripes),
      hole(outline(cells.hatch), `url(#${id})`),
      hole(outline(cells.blank), theme.hole),
    );
  });
}

/** Neighbouring cells of a column as one: [i, first j, last j + 1]. */
function runs(cells: number[][]): number[][] {
  const out: number[][] = [];
  for (const [i, j] of cells) {
    const last = out.at(-1);
    if (last && last[0] === i && last[2] === j) last[2] = j + 1;
    else out.push([i, j, j + 1]);
  }
  return out;
}
