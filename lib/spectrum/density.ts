import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { logLevels } from "../figure/loss_scale.ts";
import { formatNumber, formatTicks } from "../figure/text.ts";
import {
  circumstances,
  type DrawnDensity,
  type DrawnSpectrum,
  limitInWords,
  traceInWords,
} from "./drawn.ts";

/** The density of eigenvalues on a log axis, with its band; the known ends of the spectrum as ticks below. */
export function drawDensity(
  spectrum: DrawnSpectrum & { readonly density: DrawnDensity },
  { theme }: DrawOptions,
): Drawing {
  const { density, dimension, trace, stability, eigenvalues, bottom } = spectrum;
  const { x, y, low, high, width, nodes, steps } = density;
  const probes = nodes.length, peak = Math.max(...y);
  // the height of a single eigenvalue: what is far below it is the tail of a broadened line
  const single = 1 / (dimension * width * Math.sqrt(2 * Math.PI));
  const floor = Math.min(0.1 * single, 0.1 * peak), top = 2 * Math.max(peak, single);
  const shown = (value: number) => value > floor ? value : NaN;
  const banded = low.some(Number.isFinite);
  const rows = Array.from(x, (eigenvalue, i) => ({
    eigenvalue,
    y: shown(y[i]),
    low: Math.max(floor, low[i]),
    high: high[i] > floor ? high[i] : NaN,
  }));
  const known = [...eigenvalues, ...bottom].filter(Number.isFinite).map((value) => ({ value }));
  const line = stability && stability.value <= 2 * Math.max(0, x[x.length - 1])
    ? stability
    : undefined;
  const [blue] = theme.series;
  const ends: [number, number] = [floor, top];
  return {
    title: "Where the eigenvalues are",
    subtitle: [
      `${dimension.toLocaleString("en")} eigenvalues`,
      `stochastic Lanczos quadrature, ${probes} × ${steps} steps`,
      `lines broadened by ${formatNumber(width, 2)} (standard deviation)`,
      ...(trace && trace.probes !== 0 ? [traceInWords(trace)] : []),
      ...(stability ? [limitInWords(stability)] : []),
      ...circumstances(spectrum),
    ].join(" · "),
    summary: `Density of ${dimension.toLocaleString("en")} eigenvalues from ${
      formatNumber(x[0])
    } to ${formatNumber(x[x.length - 1])}`,
    key: [
      { label: "density", swatch: "line", color: blue },
      ...(banded
        ? [{ label: "95% interval over probes", swatch: "band" as const, color: blue }]
        : []),
      { label: "height of a single eigenvalue", swatch: "dash", color: theme.quiet },
      ...(known.length
        ? [{ label: "known eigenvalues", swatch: "bar" as const, color: theme.accent }]
        : []),
      ...(line
        ? [{ label: `limit of stability, ${line.rule}`, swatch: "dash" as const, color: theme.ink }]
        : []),
    ],
    panels: [{
      title: "share of all eigenvalues, per unit",
      plot: {
        marginLeft: 60,
        marginRight: 20,
        marginTop: 22,
        marginBottom: 42,
        height: 300,
        x: {
          label: "eigenvalue",
          labelAnchor: "center",
          labelArrow: "none",
          tickSize: 0,
          ticks: 7,
          tickFormat: formatTicks(),
        },
        y: {
          type: "log",
          domain: ends,
          clamp: true,
          grid: true,
          tickSize: 0,
          label: null,
          ticks: logLevels(ends, 5),
          tickFormat: (value: number) => formatNumber(value),
        },
        marks: [
          Plot.ruleY([single], { stroke: theme.quiet, strokeDasharray: "2 3" }),
          ...(banded
            ? [Plot.areaY(rows, {
              x: "eigenvalue",
              y1: "low",
              y2: "high",
              fill: blue,
              fillOpacity: 0.22,
            })]
            : []),
          Plot.line(rows, { x: "eigenvalue", y: "y", stroke: blue, strokeWidth: 1.8 }),
          Plot.ruleX(known, {
            x: "value",
            y1: floor,
            y2: floor * (top / floor) ** 0.05,
            stroke: theme.accent,
            strokeWidth: 2,
          }),
          ...(line
            ? [Plot.ruleX([line.value], { stroke: theme.ink, strokeDasharray: "5 3" })]
            : []),
        ],
      },
    }],
  };
}
