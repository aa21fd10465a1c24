import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { namedPoints } from "../figure/named_points.ts";
import { formatNumber } from "../figure/text.ts";
import { planePanel } from "../landscape/contour.ts";

/** What the drawing needs to know of a plane through three points. */
export interface DrawnPlane {
  /** Where the points are. */
  readonly coordinates: readonly ArrayLike<number>[];
  /** What they are called. */
  readonly names: readonly string[];
  /** What each axis is. */
  readonly labels: readonly string[];
}

/** Three points in their plane, and how far they are from each other; on another picture only the points. */
export function drawPlane(plane: DrawnPlane, { theme, width }: DrawOptions): Drawing {
  const { coordinates, names, labels } = plane;
  const points = coordinates.map((at, k) => ({ x: at[0], y: at[1], text: names[k] }));
  const sides = [[0, 1], [1, 2], [2, 0]].map(([i, j]) => ({
    names: `${names[i]}–${names[j]}`,
    length: formatNumber(Math.hypot(points[i].x - points[j].x, points[i].y - points[j].y)),
  }));
  const axes = [0, 1].map((d) => {
    const at = coordinates.map((c) => c[d]);
    const [low, high] = [Math.min(...at), Math.max(...at)], room = 0.2 * (high - low);
    return Float64Array.of(low - room, high + room);
  });
  const outline = [...points, points[0]];
  const signs = namedPoints(points, { theme, curve: outline });
  const lengths = sides.map((side) => `${side.names} ${side.length}`).join(", ");
  const { panel, rest } = planePanel({ axes, labels }, width, [
    Plot.gridX({ stroke: theme.grid, strokeOpacity: 1 }),
    Plot.gridY({ stroke: theme.grid, strokeOpacity: 1 }),
    Plot.line(outline, { x: "x", y: "y", stroke: theme.quiet, strokeDasharray: "4 3" }),
    signs,
  ]);
  return {
    title: `The plane through ${names[0]}, ${names[1]} and ${names[2]}`,
    subtitle: [`distances ${lengths}`, ...rest].join(" · "),
    summary: `Plane through ${names.join(", ")}: distances ${lengths}`,
    panels: [panel],
    marks: [signs],
  };
}
