import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions, KeyEntry, PlotPanel } from "../figure/drawing.ts";
import { chartFrame } from "../figure/loss_axis.ts";
import { formatNumber, formatTicks } from "../figure/text.ts";
import { tQuantile } from "../math/student.ts";

/** What the drawing needs to know of spectra. */
export interface DrawnSpectra {
  /** Epochs done. */
  readonly epochs: Float64Array;
  /** The largest eigenvalues at each, descending. */
  readonly eigenvalues: readonly Float64Array[];
  /** Their residuals. */
  readonly residuals: readonly Float64Array[];
  /** Whether they have converged. */
  readonly converged: readonly (readonly boolean[])[];
  /** The smallest eigenvalues, ascending. */
  readonly bottom: readonly Float64Array[];
  /** Their residuals. */
  readonly bottomResiduals: readonly Float64Array[];
  /** Whether they have converged. */
  readonly bottomConverged: readonly (readonly boolean[])[];
  /** The traces. */
  readonly traces?: Float64Array;
  /** Their standard errors. */
  readonly traceErrors?: Float64Array;
  /** How many probes they have. */
  readonly probes?: Int32Array;
  /** The limits of stability. */
  readonly limits?: Float64Array;
  /** How they come about. */
  readonly rule?: string;
  /** Whether it is the Hessian as Adam sees it. */
  readonly preconditioned: boolean;
  /** The samples of a step, where they are fewer than all. */
  readonly batchSize?: number;
  /** How many products were computed. */
  readonly products: number;
  /** Whether it was stopped. */
  readonly partial: boolean;
  /** Where the numbers come from. */
  readonly provenance?: { readonly samples?: number; readonly seed?: number };
}

/** A point of a line. */
interface Point {
  epoch: number;
  value: number;
  low: number;
  high: number;
  converged: boolean;
  rank: number;
  end: "top" | "bottom";
}

/** Eigenvalues over epochs with their residuals, beside the limit of stability; below them the trace. */
export function drawSpectra(spectra: DrawnSpectra, { theme }: DrawOptions): Drawing {
  const { epochs, eigenvalues, limits, rule, preconditioned, batchSize, traces } = spectra;
  const { products, partial, provenance = {} } = spectra, { samples, seed } = provenance;
  const points = [
    ...pointsOf(epochs, "top", eigenvalues, spectra.residuals, spectra.converged),
    ...pointsOf(epochs, "bottom", spectra.bottom, spectra.bottomResiduals, spectra.bottomConverged),
  ];
  const values = points.map(({ value }) => value).filter(Number.isFinite);
  const [blue, , green] = theme.series;
  const color = ({ end, rank }: Point) =>
    end === "bottom" ? theme.accent : rank === 0 ? blue : green;
  const most = Math.max(...values), drawn = limits?.some((limit) => limit <= 3 * most);
  const { margins, xAxis } = chartFrame();
  const matrix = preconditioned ? "P^−½HP^−½, P = √v̂ + ε" : "the Hessian";
  const off = points.filter(({ converged }) => !converged).length;
  const y = {
    grid: true,
    tickSize: 0,
    ticks: 5,
    label: null,
    tickFormat: formatTicks(),
    zero: true,
  } as const;
  const panel: PlotPanel = {
    title: "eigenvalue",
    plot: {
      ...margins,
      marginBottom: traces ? 8 : 42,
      height: traces ? 240 : 300,
      x: traces ? { ...xAxis, axis: null } : { ...xAxis, label: "epoch" },
      y: { ...y, nice: true },
      marks: [
        Plot.ruleY([0], { stroke: theme.quiet }),
        ...(drawn
          ? [Plot.line(Array.from(epochs, (epoch, i) => ({ epoch, limit: limits![i] })), {
            x: "epoch",
            y: "limit",
            stroke: theme.ink,
            strokeDasharray: "5 3",
            curve: "step-after",
          })]
          : []),
        Plot.ruleX(points, {
          x: "epoch",
          y1: "low",
          y2: "high",
          stroke: theme.quiet,
          strokeWidth: 1,
        }),
        Plot.line(points, {
          x: "epoch",
          y: "value",
          z: ({ end, rank }: Point) => `${end} ${rank}`,
          stroke: color,
          strokeWidth: ({ rank }: Point) => rank === 0 ? 2 : 1.2,
        }),
        Plot.dot(points, {
          x: "epoch",
          y: "value",
          r: ({ rank }: Point) => rank === 0 ? 3 : 2,
          stroke: color,
          fill: (point: Point) => point.converged ? color(point) : theme.paper,
        }),
      ],
    },
  };
  const key: KeyEntry[] = [
    { label: "largest eigenvalue", swatch: "line", color: blue },
    ...(eigenvalues.some(({ length }) => length > 1)
      ? [{ label: "those after it", swatch: "line" as const, color: green }]
      : []),
    ...(spectra.bottom.some(({ length }) => length > 0)
      ? [{ label: "smallest", swatch: "line" as const, color: theme.accent }]
      : []),
    ...(drawn
      ? [{ label: `limit of stability, ${rule}`, swatch: "dash" as const, color: theme.ink }]
      : []),
  ];
  const first = eigenvalues[0]?.[0] ?? NaN, last = eigenvalues.at(-1)?.[0] ?? NaN;
  const limit = limits?.at(-1);
  return {
    title: `Curvature over training: ${
      epochs.length ? `λmax from ${formatNumber(first)} to ${formatNumber(last)}` : "no checkpoint"
    }`,
    subtitle: [
      `eigenvalues of ${matrix}`,
      "whiskers: residuals",
      ...(off ? [`${off} of ${points.length} not converged`] : []),
      ...(limit === undefined ? [] : [
        `${rule} = ${formatNumber(limit)} holds for full batches` +
        (batchSize ? `; these steps had ${formatNumber(batchSize, 8)} samples` : ""),
      ]),
      count(epochs.length),
      `${products.toLocaleString("en")} products`,
      ...(samples === undefined ? [] : [`mean over ${formatNumber(samples, 8)} samples`]),
      ...(seed === undefined ? [] : [`seed ${seed}`]),
      ...(partial ? ["stopped before its end"] : []),
    ].join(" · "),
    summary: `Curvature over ${count(epochs.length)}: ${
      epochs.length ? `λmax ${formatNumber(first)} to ${formatNumber(last)}` : "none was reached"
    }${limit === undefined ? "" : `, limit of stability ${formatNumber(limit)}`}`,
    key: [
      ...key,
      ...(traces
        ? [{ label: "trace, 95% interval over probes", swatch: "band" as const, color: blue }]
        : []),
    ],
    panels: traces ? [panel, tracePanel(spectra, { theme, xAxis, margins, y })] : [panel],
  };
}

function pointsOf(
  epochs: Float64Array,
  end: "top" | "bottom",
  values: readonly Float64Array[],
  residuals: readonly Float64Array[],
  converged: readonly (readonly boolean[])[],
): Point[] {
  return values.flatMap((some, i) =>
    Array.from(some, (value, rank) => ({
      epoch: epochs[i],
      value,
      low: value - residuals[i][rank],
      high: value + residuals[i][rank],
      converged: converged[i][rank],
      rank,
      end,
    }))
  );
}

function tracePanel(
  { epochs, traces, traceErrors, probes }: DrawnSpectra,
  { theme, xAxis, margins, y }:
    & Pick<DrawOptions, "theme">
    & Pick<ReturnType<typeof chartFrame>, "xAxis" | "margins">
    & { y: object },
): PlotPanel {
  const rows = Array.from(epochs, (epoch, i) => {
    const half = probes![i] > 1 ? tQuantile(0.975, probes![i] - 1) * traceErrors![i] : NaN;
    return { epoch, trace: traces![i], low: traces![i] - half, high: traces![i] + half };
  });
  const [blue] = theme.series;
  return {
    title: "trace",
    plot: {
      ...margins,
      marginBottom: 42,
      height: 170,
      x: { ...xAxis, label: "epoch" },
      y,
      marks: [
        Plot.areaY(rows, { x: "epoch", y1: "low", y2: "high", fill: blue, fillOpacity: 0.2 }),
        Plot.line(rows, { x: "epoch", y: "trace", stroke: blue, strokeWidth: 2 }),
      ],
    },
  };
}

const count = (n: number) => `${n} ${n === 1 ? "checkpoint" : "checkpoints"}`;
