import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions, PlotPanel } from "../figure/drawing.ts";
import { formatNumber } from "../figure/text.ts";
import type { Theme } from "../figure/theme.ts";

/** What the drawing needs to know of a sharpness. */
export interface DrawnSharpness extends Measures {
  readonly radius: number;
  readonly normalize: string;
  readonly center: number;
  readonly increases: Float64Array;
  readonly symmetry?: Measures & { readonly factor: number };
  readonly partial: boolean;
  readonly provenance?: { readonly seed?: number; readonly samples?: number };
}

/** The three numbers, each with what tells whether to believe it. */
export interface Measures {
  readonly ball: { readonly value: number; readonly standardError: number };
  readonly sphere: { readonly value: number; readonly standardError: number };
  readonly worst: { readonly value: number; readonly converged: boolean };
}

/** What the radius is measured in. */
const UNITS: Record<string, (radius: string) => string> = {
  layer: (r) => `each layer moved by up to ${r} of its norm`,
  filter: (r) => `each filter moved by up to ${r} of its norm`,
  none: (r) => `θ moved by up to ${r}`,
  adaptive: (r) => `|δ/|θ|| up to ${r}, each weight in units of its own size`,
};

/** The increases as a histogram, and below them the averages and the worst case, before and after a rescaling. */
export function drawSharpness(data: DrawnSharpness, { theme }: DrawOptions): Drawing {
  const { radius, normalize, increases, ball, worst, symmetry, partial, provenance = {} } = data;
  const finite = increases.filter(Number.isFinite), odd = increases.length - finite.length;
  const relative = normalize === "layer" || normalize === "filter";
  const unit = UNITS[normalize]?.(relative ? percent(radius) : formatNumber(radius)) ?? normalize;
  const moved = symmetry && [
    ["average", symmetry.ball.value / ball.value],
    ["worst case", symmetry.worst.value / worst.value],
  ].map(([name, ratio]) => `${name} × ${formatNumber(ratio as number, 2)}`).join(", ");
  // What was not reached is left out; where the loss was NaN, that is said.
  const known = [[ball.value, "on average"] as const, [worst.value, "at worst"] as const]
    .filter(([value]) => !partial || !Number.isNaN(value))
    .map(([value, when]) => `${formatNumber(value)} ${when}`);
  return {
    title: known.length > 0
      ? `Sharpness: the loss rises by ${known.join(", by ")}`
      : "Sharpness: nothing was measured",
    subtitle: [
      unit,
      `${increases.length} random perturbations`,
      ...(odd ? [`${odd} of them with a loss that is not finite`] : []),
      worst.converged
        ? "worst case: a local maximum"
        : Number.isNaN(worst.value)
        ? "no worst case"
        : "worst case: a lower bound, the ascent had not ended",
      ...(moved
        ? [`the same function with weights rescaled by ${formatNumber(symmetry!.factor)}: ${moved}`]
        : []),
      ...(provenance.seed === undefined ? [] : [`seed ${provenance.seed}`]),
      ...(partial ? ["stopped before its end"] : []),
    ].join(" · "),
    summary: `Sharpness${partial ? " (stopped)" : ""}: ${signed(ball.value)} ± ${
      formatNumber(ball.standardError, 1)
    } on average, ${signed(worst.value)} at worst (${unit})`,
    key: [
      { label: "random perturbations", swatch: "bar", color: theme.series[0] },
      { label: "± 2 standard errors over perturbations", swatch: "line", color: theme.ink },
      ...(symmetry
        ? [{ label: "the same function, rescaled", swatch: "ring" as const, color: theme.accent }]
        : []),
    ],
    panels: [
      ...(finite.length > 1 ? [histogram(finite, data, theme)] : []),
      measures(data, theme),
    ],
  };
}

/** A change, with its sign. */
const signed = (value: number) => value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
const percent = (share: number) => `${formatNumber(100 * share)}%`;
const margins = { marginLeft: 104, marginRight: 24 };

function histogram(finite: Float64Array, { ball }: Measures, theme: Theme): PlotPanel {
  const low = Math.min(...finite), high = Math.max(...finite);
  return {
    title: "random perturbations inside of the ball, with their mean",
    plot: {
      ...margins,
      marginTop: 24,
      marginBottom: 42,
      height: 210,
      x: {
        label: "increase of the loss",
        labelAnchor: "center",
        labelArrow: "none",
        ticks: 5,
        tickSize: 0,
        tickFormat: (x: number) => formatNumber(x),
        ...(low === high ? { domain: [low - 1, high + 1] } : {}),
      },
      y: { grid: true, ticks: 3, tickSize: 0, label: null },
      marks: [
        Plot.rectY(finite, {
          ...Plot.binX({ y: "count" }, {
            x: (value: number) => value,
            thresholds: Math.min(24, Math.max(6, Math.round(2 * finite.length ** 0.5))),
          }),
          fill: theme.series[0],
          inset: 0.5,
        }),
        Plot.ruleY([0], { stroke: theme.quiet }),
        Plot.ruleX([ball.value], { stroke: theme.ink, strokeWidth: 1.5 }),
        ...(low <= 0 && high >= 0
          ? [Plot.ruleX([0], { stroke: theme.quiet, strokeDasharray: "3,3" })]
          : []),
      ],
    },
  };
}

/** A number with its name and its place in the order. */
interface Row {
  name: string;
  value: number;
  low: number;
  high: number;
}

function rows({ ball, sphere, worst }: Measures): Row[] {
  const mean = (name: string, { value, standardError }: Measures["ball"]) => ({
    name,
    value,
    low: value - 2 * standardError,
    high: value + 2 * standardError,
  });
  return [
    mean("mean, ball", ball),
    mean("mean, sphere", sphere),
    { name: "worst case", value: worst.value, low: NaN, high: NaN },
  ].filter(({ value }) => Number.isFinite(value));
}

function measures(data: DrawnSharpness, theme: Theme): PlotPanel {
  const own = rows(data), after = data.symmetry ? rows(data.symmetry) : [];
  const all = [...own, ...after].map(({ value }) => value);
  const log = all.every((value) => value > 0) && Math.max(...all) > 10 * Math.min(...all);
  const between = own.flatMap(({ name, value }) => {
    const other = after.find((row) => row.name === name);
    return other ? [{ name, x1: value, x2: other.value }] : [];
  });
  const whiskers = own.filter(({ low }) => !log || low > 0);
  return {
    title: "all perturbations together",
    plot: {
      ...margins,
      marginTop: 24,
      marginBottom: 42,
      height: 180,
      x: {
        type: log ? "log" : "linear",
        grid: true,
        label: "increase of the loss",
        labelAnchor: "center",
        labelArrow: "none",
        ticks: 5,
        tickSize: 0,
        tickFormat: (x: number) => formatNumber(x),
        nice: true,
        ...(log ? {} : { zero: true }),
      },
      y: {
        type: "point",
        domain: ["mean, ball", "mean, sphere", "worst case"],
        label: null,
        tickSize: 0,
        padding: 0.6,
      },
      marks: [
        Plot.link(between, {
          y: "name",
          x1: "x1",
          x2: "x2",
          stroke: theme.accent,
          strokeDasharray: "2,3",
        }),
        Plot.dot(own, { y: "name", x: "value", r: 5, fill: theme.series[0] }),
        Plot.ruleY(whiskers, { y: "name", x1: "low", x2: "high", stroke: theme.ink }),
        Plot.dot(after, {
          y: "name",
          x: "value",
          r: 5,
          stroke: theme.accent,
          strokeWidth: 2,
          fill: theme.paper,
        }),
        Plot.text(own, {
          y: "name",
          x: "value",
          text: ({ value }: Row) => formatNumber(value),
          dy: -13,
          fill: theme.ink,
          stroke: theme.halo,
          strokeWidth: 3,
        }),
      ],
    },
  };
}
