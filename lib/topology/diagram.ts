import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions, KeyEntry } from "../figure/drawing.ts";
import { chartFrame, lossAxis } from "../figure/loss_axis.ts";
import { namedPoints } from "../figure/named_points.ts";
import { circumstances, type DrawnTopology, lossType, summaryOf, titleOf } from "./drawn.ts";

/** The persistence diagram: for each basin the loss at which it begins, and that at which it joins another. */
export function drawDiagram(topology: DrawnTopology, { theme, plot }: DrawOptions): Drawing {
  const { basins, count, noise, tree } = topology;
  const top = Math.max(...tree.map(({ loss }) => loss));
  const rows = basins.map(({ minimum, saddle, counts, limit }, k) => ({
    birth: minimum.loss,
    death: saddle?.loss ?? top,
    counts,
    limit,
    text: `${k + 1}`,
    ends: saddle !== undefined,
  }));
  const losses = rows.flatMap(({ birth, death }) => [birth, death]);
  const axis = lossAxis(losses, { type: lossType(losses, plot) });
  const [low, high] = axis.ends ?? [0, 1];
  const log = axis.y.type === "log" && low > 0;
  // so many points that a straight line is straight, and bent where an axis is a logarithm
  const along = Float64Array.from(
    { length: 65 },
    (_, k) => log ? low * (high / low) ** (k / 64) : low + (high - low) * k / 64,
  );
  const line = Array.from(along, (x) => ({ x, y: x, edge: Math.min(high, x + noise.threshold) }));
  const band = noise.kind === "bootstrap" && Number.isFinite(noise.threshold);
  const signs = [
    ...(band
      ? [Plot.areaY(line, { x: "x", y1: "y", y2: "edge", fill: theme.quiet, fillOpacity: 0.22 })]
      : []),
    Plot.line(line, { x: "x", y: "y", stroke: theme.quiet, strokeDasharray: "2,3" }),
    Plot.dot(rows.filter((row) => !row.counts), {
      x: "birth",
      y: "death",
      r: 2.6,
      stroke: theme.quiet,
      strokeWidth: 1.2,
      strokeOpacity: 0.8,
    }),
    Plot.dot(rows.filter(({ ends }) => !ends), {
      x: "birth",
      y: "death",
      dy: -9,
      r: 3.6,
      symbol: "triangle",
      fill: theme.accent,
    }),
    namedPoints(
      rows.filter(({ counts }) => counts).map(({ birth, death, text }) => ({
        x: birth,
        y: death,
        text,
        below: death > birth + 0.8 * (high - low),
      })),
      { theme },
    ),
  ];
  const { margins, xAxis } = chartFrame();
  const { tickFormat, ticks } = axis.y;
  const key: KeyEntry[] = [
    { label: "basin", swatch: "dot", color: theme.accent },
    ...(count < basins.length
      ? [{ label: "does not count", swatch: "ring", color: theme.quiet } as const]
      : []),
    ...(band ? [{ label: "within the noise", swatch: "band", color: theme.quiet } as const] : []),
  ];
  return {
    title: titleOf(topology),
    subtitle: [...circumstances(topology), "arrow: joins no deeper one"].join(" · "),
    summary: summaryOf(topology),
    key,
    panels: [{
      title: `${axis.title} at which it joins a deeper one`,
      plot: {
        ...margins,
        marginBottom: 42,
        insetTop: 16,
        height: 380,
        x: {
          ...xAxis,
          type: axis.y.type,
          domain: axis.y.domain,
          ...(tickFormat && { tickFormat }),
          ...(ticks && { ticks }),
          label: `${axis.title} at which a basin begins`,
        },
        y: axis.y,
        marks: signs,
      },
    }],
    marks: signs,
  };
}
