import { compose, type Composed } from "./compose.ts";
import { escapeXML, type FigureElement } from "./document.ts";
import type {
  Draw,
  Drawing,
  DrawOptions,
  FigureOptions,
  Markish,
  MarksOptions,
  PlotOptions,
} from "./drawing.ts";
import { toPlain } from "./json.ts";
import { page } from "./page.ts";
import { toPNG } from "./png.ts";
import { rotatable } from "./rotatable.ts";
import { type ThemeName, themes } from "./theme.ts";

/** What a notebook calls to show a value: `Symbol.for("Jupyter.display")`. */
export const display: unique symbol = Symbol.for("Jupyter.display") as never;

/** The name under which a figure keeps itself as a piece of HTML, for reports. */
export const fragment: unique symbol = Symbol("fragment");

/** The ways to look at a result; none is enumerable, and nothing is rendered before one is called. */
export interface Figure {
  /** The picture as an SVG element that a notebook shows, with Plot's own options before ours. */
  plot(options?: FigureOptions): FigureElement;
  /** Marks for a plot of one's own, in the coordinates of the data, coloured: `Plot.plot({ document, marks: [result.marks()] })`. */
  marks(options?: MarksOptions): Markish[];
  /** The picture as SVG text. */
  svg(options?: FigureOptions): string;
  /** The picture as PNG, at two pixels per CSS px unless `scale` says otherwise. Needs to read Deno's npm cache. */
  png(options?: FigureOptions & { scale?: number }): Promise<Uint8Array>;
  /** A page of its own that needs no network; surfaces and volumes can be rotated. Light and dark unless `theme` is given. */
  html(options?: FigureOptions): string;
  /** One line with the headline numbers. */
  summary(options?: FigureOptions): string;
  /** Plain data: typed arrays as arrays, NaN and ±∞ as strings; the inverse is `fromJSON`. */
  toJSON(): unknown;
  /** The picture as a piece of HTML, for a page of one's own. */
  [fragment](options?: FigureOptions): string;
  /** What a notebook shows: an image that survives in untrusted notebooks, and something to rotate where scripts run. */
  [display](): Promise<Record<string, string>>;
}

/**
 * Data that draws itself: a copy of `data` with `plot`, `marks`, `svg`, `png`, `html`, `summary`, `toJSON`
 * and `Symbol.for("Jupyter.display")`, none of them enumerable. Nothing is rendered until it is shown.
 *
 * @param data plain data
 * @param draw turns the data into a drawing
 *
 * ```ts
 * import { figure } from "../../mod.ts";
 * import * as Plot from "npm:@observablehq/plot@0.6.17";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const squares = figure({ x: [0, 1, 2], y: [0, 1, 4] }, (data, { theme }) => ({
 *   title: "Squares",
 *   subtitle: "of the first three numbers",
 *   summary: "Squares up to 4",
 *   panels: [{ plot: { height: 200, marks: [Plot.lineY(data.y, { x: data.x, stroke: theme.accent })] } }],
 * }));
 * assertStringIncludes(squares.svg(), "of the first three numbers");
 * ```
 */
export function figure<T extends object>(data: T, draw: Draw<T>): T & Figure {
  const drawing = (options: FigureOptions = {}) => drawn(data, draw, options);
  const methods = {
    plot(options?: FigureOptions) {
      const { svg } = drawing(options).compose();
      const value = () => bundle(drawing(options));
      return Object.defineProperty(svg, display, { value, enumerable: false });
    },
    marks(options: MarksOptions = {}) {
      const { theme, band, color, name, clip = false } = options;
      const { marks, panels } = draw(data, { ...drawOptions({ theme, band }), color, name, clip });
      if (marks) return marks;
      return panels.flatMap((panel) => "plot" in panel ? panel.plot.marks : []);
    },
    svg: (options?: FigureOptions) => drawing(options).compose().svg.outerHTML,
    png: ({ scale, ...options }: FigureOptions & { scale?: number } = {}) =>
      toPNG(methods.svg(options), { scale }),
    html(options: FigureOptions = {}) {
      const { title } = drawing(options).drawing;
      return page(title, methods[fragment](options));
    },
    summary: (options?: FigureOptions) => drawing(options).drawing.summary,
    toJSON: () => toPlain(data),
    [fragment](options: FigureOptions = {}) {
      const looks: ThemeName[] = options.theme ? [options.theme] : ["light", "dark"];
      return looks.map((theme) => {
        const { drawing: { summary }, compose } = drawing({ ...options, theme });
        const html = embed(compose, (svg) => svg.outerHTML, summary);
        return looks.length === 1 ? html : `<div class="when-${theme}">${html}</div>`;
      }).join("");
    },
    [display]: () => bundle(drawing()),
  };
  const properties = Reflect.ownKeys(methods).map((key) => [
    key,
    { value: methods[key as keyof typeof methods], enumerable: false },
  ]);
  return Object.defineProperties({ ...data }, Object.fromEntries(properties)) as T & Figure;
}

/** A drawing, and how it becomes a picture. */
interface Drawn {
  drawing: Drawing;
  compose: (options?: { scenes?: boolean }) => Composed;
}

/** The drawing that was asked for. */
function drawn<T>(data: T, draw: Draw<T>, options: FigureOptions): Drawn {
  const resolved = drawOptions(options);
  const { theme, width, overlay, names, band, plot } = resolved;
  const ours = draw(data, resolved);
  const { title = ours.title, subtitle = ours.subtitle } = options;
  const laid = overlay.flatMap((other, k) =>
    other.marks({
      theme: theme.name,
      color: theme.series[(k + 1) % theme.series.length],
      name: names[k],
      band,
      clip: true,
    })
  );
  const panels = ours.panels.map((panel, k) =>
    k === 0 && "plot" in panel
      ? { ...panel, plot: { ...panel.plot, marks: [...panel.plot.marks, ...laid] } }
      : panel
  );
  const { partial } = data as { partial?: unknown };
  const silent = partial === true && !/\bstopped\b/.test(ours.summary);
  const summary = silent ? `${ours.summary} (stopped)` : ours.summary;
  const drawing = { ...ours, title, subtitle, summary, panels };
  return { drawing, compose: (more) => compose(drawing, { theme, width, options: plot, ...more }) };
}

function drawOptions(options: FigureOptions): DrawOptions & { plot: PlotOptions } {
  const { overlay = [], names: given = [], view, theme = "light", width = 560, band, ...rest } =
    options;
  const { title: _, subtitle: __, ...plot } = rest;
  if (!Object.hasOwn(themes, theme)) {
    throw new RangeError(`Cannot draw the figure: theme must be "light" or "dark", got "${theme}"`);
  }
  if (!(width >= 200 && width <= 10000)) {
    throw new RangeError(`Cannot draw the figure: width must be 200 to 10000 px, got ${width}`);
  }
  for (const other of overlay) {
    if (typeof other?.marks === "function") continue;
    throw new TypeError(
      "Cannot draw the figure: overlay takes results that draw themselves, such as a trajectory; " +
        "pass marks of your own as marks",
    );
  }
  // A name more than there are overlays is the result's own.
  const own = given.length > overlay.length ? 1 : 0;
  const names = overlay.map((_, k) =>
    given[k + own] ?? (overlay.length > 1 ? `run ${k + 1}` : undefined)
  );
  const name = own ? given[0] : undefined;
  return { overlay, names, name, view, theme: themes[theme], width, band, clip: false, plot };
}

/** What a notebook is given: an image that survives where scripts are stripped, and PNG beside it. */
async function bundle({ drawing: { summary }, compose }: Drawn): Promise<Record<string, string>> {
  const picture = compose();
  const svg = picture.svg.outerHTML;
  const png = (await toPNG(svg)).toBase64();
  const image = () =>
    `<img alt="${escapeXML(summary)}" width="${picture.width}" style="max-width:100%" ` +
    `src="data:image/png;base64,${png}">`;
  return {
    ...(picture.scene ? { "text/html": embed(compose, image, summary) } : { "image/svg+xml": svg }),
    "image/png": png,
    "text/plain": summary,
  };
}

/** A picture as HTML; what can be rotated comes with the script that does it. */
function embed(
  compose: (options?: { scenes?: boolean }) => Composed,
  still: (svg: FigureElement) => string,
  summary: string,
): string {
  const { svg, scene, width, height } = compose();
  const poster = still(svg);
  if (!scene) return poster;
  const frame = compose({ scenes: false }).svg.outerHTML;
  return rotatable({ poster, frame, box: scene, width, height, label: summary });
}
