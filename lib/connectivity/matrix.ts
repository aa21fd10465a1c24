import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions, PlotPanel } from "../figure/drawing.ts";
import { formatNumber, textWidth } from "../figure/text.ts";
import { circumstances, type DrawnConnectivity, what } from "./draw.ts";

/** From so many points on each variant has a row of its own. */
const many = 6;

/** The barriers between all points, one square a variant, each number in its cell; losses on the diagonal. */
export function drawMatrix(
  data: DrawnConnectivity,
  { theme, width }: DrawOptions,
): Pick<Drawing, "subtitle" | "panels" | "columns"> {
  const { names, variants, connections, barriers } = data, n = names.length;
  const known = connections.map(({ barrier }) => barrier).filter(Number.isFinite);
  const highest = Math.max(...known, 1e-12);
  // all with as many decimals as give the highest two digits
  const decimals = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(highest))));
  const name = (barrier: number) =>
    Number.isNaN(barrier)
      ? "—"
      : highest < 1e-4 || highest >= 1e6
      ? formatNumber(barrier, 2)
      : Number.isFinite(barrier)
      ? barrier.toFixed(decimals).replace("-", "−")
      : formatNumber(barrier);
  const position = (barrier: number) => Math.max(0, barrier) / highest;
  const losses = names.map((_, k) => {
    const begins = connections.find(({ from }) => from === k);
    if (begins) return begins.curve.values[0];
    return connections.find(({ to }) => to === k)?.curve.values.at(-1) ?? NaN;
  });
  const columns = n > many ? 1 : variants.length;
  const room = width / columns;
  const longest = Math.max(...names.map((name) => textWidth(name)));
  const marginLeft = Math.min(room / 3, longest + 14), marginRight = 10;
  const side = Math.min(room - marginLeft - marginRight, 440), cell = side / n;
  // names that are too wide for their columns hang at an angle below them
  const hang = longest > cell - 4, foot = hang ? 18 + 0.75 * Math.min(longest, 120) : 30;
  const size = Math.min(13, Math.max(7, cell / 3.6));
  const own = losses.map((loss) => formatNumber(loss, 2));
  const widest = Math.max(...own.map((text) => textWidth(text, 1)));
  const panels = variants.map((variant): PlotPanel => {
    const cells = names.flatMap((_, i) =>
      names.map((_, j) => ({ i, j, barrier: barriers[variant]?.[i]?.[j] ?? NaN }))
    );
    const between = cells.filter(({ i, j }) => i !== j);
    const at = { x: ({ j }: { j: number }) => j, y: ({ i }: { i: number }) => i };
    const tickFormat = (k: number) => names[k];
    return {
      title: what[variant],
      plot: {
        marginLeft,
        marginRight: room - marginLeft - side,
        marginTop: 26,
        marginBottom: foot,
        height: side + 26 + foot,
        x: {
          type: "band",
          padding: 0.03,
          tickSize: 0,
          label: null,
          tickFormat,
          ...(hang && { axis: null }),
        },
        y: { type: "band", padding: 0.03, tickSize: 0, label: null, tickFormat },
        marks: [
          hang
            ? Plot.text(names, {
              x: (_, j: number) => j,
              text: (name: string) => name,
              frameAnchor: "bottom",
              dy: 10,
              rotate: -45,
              textAnchor: "end",
              fill: theme.ink,
            })
            : null,
          Plot.cell(cells, {
            ...at,
            fill: ({ i, j, barrier }) =>
              i === j || Number.isNaN(barrier) ? theme.hole : theme.ramp(position(barrier)),
            rx: 2,
          }),
          Plot.text(between, {
            ...at,
            text: ({ barrier }) => name(barrier),
            fontSize: size,
            fill: ({ barrier }) =>
              Number.isNaN(barrier) ? theme.quiet : position(barrier) > 0.5 ? "#22262a" : "#ffffff",
          }),
          Plot.text(cells.filter(({ i, j }) => i === j), {
            ...at,
            text: ({ i }) => own[i],
            fontSize: Math.min(size, Math.max(7, (cell - 6) / widest)),
            fill: theme.quiet,
          }),
        ],
      },
    };
  });
  const errors = connections.map(({ barrierError = NaN }) => barrierError).filter(Number.isFinite);
  return {
    subtitle: [
      "each cell: highest rise of the loss above the straight line between the losses of the two ends",
      "on the diagonal, in grey: the loss of each",
      errors.length
        ? `standard errors of barriers, paired: up to ${formatNumber(Math.max(...errors), 2)}`
        : "",
      ...circumstances(data),
    ].filter((part) => part !== "").join(" · "),
    columns,
    panels,
  };
}
