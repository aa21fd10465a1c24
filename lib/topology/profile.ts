import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { chartFrame, lossAxis } from "../figure/loss_axis.ts";
import { namedPoints } from "../figure/named_points.ts";
import { circumstances, type DrawnTopology, lossType, summaryOf, titleOf } from "./drawn.ts";
import { signKey } from "./regions.ts";

/** The basins along one direction: the loss with its minima and saddles. */
export function drawBasinLine(topology: DrawnTopology, { theme, plot }: DrawOptions): Drawing {
  const { axes: [axis], values, labels, basins, count } = topology;
  const { title, y, shown, notes } = lossAxis([...values], { type: lossType([...values], plot) });
  const points = Array.from(axis, (x, k) => ({ x, y: shown(values[k]) }));
  const counted = basins.slice(0, count);
  const saddles = counted.flatMap(({ saddle }) => saddle ? [saddle] : [])
    .map(({ coordinates, loss }) => ({ x: coordinates[0], y: shown(loss) }));
  const { margins, xAxis } = chartFrame();
  const signs = [
    Plot.dot(saddles, {
      x: "x",
      y: "y",
      r: 4.2,
      fill: theme.paper,
      stroke: theme.accent,
      strokeWidth: 2,
    }),
    namedPoints(
      counted.map(({ minimum: { coordinates, loss } }, k) => ({
        x: coordinates[0],
        y: shown(loss),
        text: `${k + 1}`,
        below: true,
      })),
      { theme, curve: points },
    ),
  ];
  return {
    title: titleOf(topology),
    subtitle: [...circumstances(topology), ...notes].join(" · "),
    summary: summaryOf(topology),
    key: signKey(topology, theme).filter(({ swatch }) => swatch !== "line"),
    panels: [{
      title,
      plot: {
        ...margins,
        marginBottom: 42,
        insetBottom: 24,
        height: 300,
        x: { ...xAxis, label: labels[0] },
        y,
        marks: [
          Plot.line(points, { x: "x", y: "y", stroke: theme.series[0], strokeWidth: 2 }),
          ...signs,
        ],
      },
    }],
    marks: signs,
  };
}
