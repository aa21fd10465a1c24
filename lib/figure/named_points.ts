import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Markish } from "./drawing.ts";
import { element, type FigureElement } from "./document.ts";
import { type Box, placeLabels } from "./place_labels.ts";
import type { Theme } from "./theme.ts";

/** Where a mark made of a function is drawn: what Plot hands to it. */
export interface Place {
  /** The scales of the plot that the mark stands in. */
  readonly scales: { x: (value: number) => number; y: (value: number) => number };
  /** Its inner frame in px. */
  readonly frame: Box;
  /** The texts that marks have put there. */
  readonly taken: Box[];
  /** The points in px that texts should keep clear of. */
  readonly clear: (readonly [number, number])[];
}

const shared = new WeakMap<object, Pick<Place, "taken" | "clear">>();

/** A mark that is drawn in px: Plot takes a function as a mark, and gives it scales and sizes. */
export function placedMark(draw: (place: Place) => FigureElement): Markish {
  const mark = (
    _: unknown,
    scales: Place["scales"],
    __: unknown,
    size: Size,
    { ownerSVGElement }: { ownerSVGElement: object },
  ) => {
    if (!shared.has(ownerSVGElement)) shared.set(ownerSVGElement, { taken: [], clear: [] });
    return draw({ scales, frame: frameOf(size), ...shared.get(ownerSVGElement)! });
  };
  return mark as unknown as Markish;
}

type Size = Record<"width" | "height" | `margin${"Left" | "Right" | "Top" | "Bottom"}`, number>;

const frameOf = (
  { width, height, marginLeft, marginRight, marginTop, marginBottom }: Size,
): Box => ({
  x1: marginLeft,
  x2: width - marginRight,
  y1: marginTop,
  y2: height - marginBottom,
});

/** A text with a halo, around a point. */
export function haloText(
  at: { x: number; y: number },
  text: string,
  { ink, halo }: Theme,
  size?: number,
): FigureElement {
  return element("text", {
    x: at.x,
    y: at.y,
    dy: "0.32em",
    "text-anchor": "middle",
    "font-size": size,
    "font-weight": 600,
    fill: ink,
    stroke: halo,
    "stroke-width": 3.5,
    "stroke-linejoin": "round",
    "paint-order": "stroke",
  }, text);
}

/** A point with a name. */
export interface NamedPoint {
  /** Where it is along x, in the coordinates of the data. */
  readonly x: number;
  /** Where it is along y. */
  readonly y: number;
  /** Its name. */
  readonly text: string;
  /** Whether the name would rather stand below than above. */
  readonly below?: boolean;
}

/**
 * Points with names that keep clear of each other and of a curve.
 *
 * @param options.curve points of the curve, in the coordinates of the data
 */
export function namedPoints(
  points: readonly NamedPoint[],
  { theme, curve = [], color = theme.accent }: {
    theme: Theme;
    curve?: readonly { x: number; y: number }[];
    color?: string;
  },
): Markish {
  const finite = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const inside = ({ x1, x2, y1, y2 }: Box, x: number, y: number) =>
    x >= x1 - 1 && x <= x2 + 1 && y >= y1 - 1 && y <= y2 + 1;
  return [
    Plot.dot(finite, {
      x: "x",
      y: "y",
      r: 4.5,
      fill: color,
      stroke: theme.halo,
      strokeWidth: 1.5,
      // A point that its axes do not reach, such as a loss of 0 on a log axis, is not drawn elsewhere.
      render: (index, scales, values, dimensions, context, next) => {
        const { x, y } = values as Record<string, ArrayLike<number>>;
        const frame = frameOf(dimensions);
        const shown = Array.from(index).filter((i) => inside(frame, x[i], y[i]));
        return next!(shown, scales, values, dimensions, context);
      },
    }),
    placedMark(({ scales, frame, taken, clear }) => {
      const inPixels = <P extends { x: number; y: number }>(p: P) => ({
        ...p,
        x: scales.x(p.x),
        y: scales.y(p.y),
      });
      const known = curve.map(inPixels).filter(({ x, y }) => Number.isFinite(x + y));
      known.slice(1).forEach((b, k) => {
        const a = known[k], pieces = Math.ceil(Math.hypot(b.x - a.x, b.y - a.y) / 6);
        for (let s = 0; s < pieces; s++) {
          clear.push([a.x + (b.x - a.x) * s / pieces, a.y + (b.y - a.y) * s / pieces]);
        }
      });
      const shown = finite.map(inPixels).filter(({ x, y }) => inside(frame, x, y));
      const labels = placeLabels(shown, { frame, clear, taken });
      return element("g", {}, ...labels.map(({ at, text }) => haloText(at, text, theme)));
    }),
  ];
}
