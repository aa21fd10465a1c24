import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions, KeyEntry, Markish } from "../figure/drawing.ts";
import { lossScale } from "../figure/loss_scale.ts";
import { namedPoints } from "../figure/named_points.ts";
import type { Theme } from "../figure/theme.ts";
import { contourAt, contourMarks, holeKey, planePanel } from "../landscape/contour.ts";
import type { Plane } from "../landscape/drawn.ts";
import { askedScale } from "../landscape/drawn.ts";
import { circumstances, type DrawnTopology, summaryOf, titleOf } from "./drawn.ts";

/** The basins of a plane on its contour: their edges, minima and saddles. */
export function drawRegions(topology: DrawnTopology, options: DrawOptions): Drawing {
  const { theme, width } = options;
  const plane = planeOf(topology);
  const scale = lossScale(plane.values, askedScale(options));
  const signs = regionMarks(topology, theme);
  const { panel, rest } = planePanel(topology, width, [
    ...contourMarks(plane, scale, theme),
    ...signs,
  ]);
  return {
    title: titleOf(topology),
    subtitle: [...circumstances(topology), ...rest].join(" · "),
    summary: summaryOf(topology),
    legend: scale,
    key: [...signKey(topology, theme), ...holeKey(plane)],
    panels: [panel],
    marks: signs,
  };
}

/** What minima, saddles and edges look like. */
export function signKey({ count }: Pick<DrawnTopology, "count">, theme: Theme): KeyEntry[] {
  return [
    { label: "minimum", swatch: "dot", color: theme.accent },
    ...(count > 1
      ? [
        { label: "saddle", swatch: "ring", color: theme.accent } as const,
        { label: "edge of a basin", swatch: "line", color: theme.ink } as const,
      ]
      : []),
  ];
}

const planeOf = ({ axes: [x, y], values, done }: DrawnTopology): Plane => ({
  x,
  y,
  values: values.map((v, k) => done[k] && Number.isFinite(v) ? v : NaN),
  missing: done.map((d) => 1 - d),
});

function regionMarks(topology: DrawnTopology, theme: Theme): Markish[] {
  const { basins, count, region } = topology;
  const [x, y] = topology.axes;
  const missing = new Uint8Array(region.length);
  const edges = Array.from({ length: count > 1 ? count : 0 }, (_, basin) => {
    const values = Float64Array.from(region, (k) => k < 0 ? NaN : +(k === basin));
    const { line } = contourAt({ x, y, values, missing }, 0.5, { position: (v) => v });
    return { ...line, coordinates: line.coordinates.map(smooth) };
  });
  const counted = basins.slice(0, count);
  const saddles = counted.flatMap(({ saddle }) => saddle ? [saddle.coordinates] : []);
  return [
    Plot.geo(edges, { fill: "none", stroke: theme.halo, strokeWidth: 3, strokeOpacity: 0.5 }),
    Plot.geo(edges, { fill: "none", stroke: theme.ink, strokeWidth: 1.1 }),
    Plot.dot(saddles, {
      x: "0",
      y: "1",
      r: 4.2,
      fill: theme.paper,
      stroke: theme.accent,
      strokeWidth: 2,
    }),
    namedPoints(
      counted.map(({ minimum: { coordinates } }, k) => ({
        x: coordinates[0],
        y: coordinates[1],
        text: `${k + 1}`,
      })),
      { theme },
    ),
  ];
}

/** A line along the steps of a grid without the steps: an edge is known to half a step. */
function smooth(line: number[][]): number[][] {
  for (let pass = 0; pass < 4; pass++) {
    const middles = line.slice(1).map((b, k) => b.map((v, axis) => (v + line[k][axis]) / 2));
    line = [line[0], ...middles, line[line.length - 1]];
  }
  return line;
}
