import { plot } from "npm:@observablehq/plot@0.6.17";
import { hash } from "../math/random.ts";
import { document, element, type FigureElement, svgNamespace, toXML } from "./document.ts";
import type { Drawing, PlotOptions, PlotPanel, ScenePanel } from "./drawing.ts";
import { key, legendWidth, lossLegend } from "./legend.ts";
import { drawScene, type Scene } from "./scene.ts";
import { textWidth, wrap } from "./text.ts";
import { fonts, type Theme } from "./theme.ts";

/** A figure, ready to be shown. */
export interface Composed {
  /** The whole picture. */
  readonly svg: FigureElement;
  /** Its width in px. */
  readonly width: number;
  /** Its height in px. */
  readonly height: number;
  /** What can be rotated, and where it stands in the picture. */
  readonly scene?: { scene: Scene; x: number; y: number; width: number; height: number };
}

const margin = 16;

/**
 * Puts title, subtitle, key, panels and legend together.
 *
 * @param options.scenes false leaves the place of what can be rotated empty
 */
export function compose(
  drawing: Drawing,
  { theme, width, options, scenes = true }: {
    theme: Theme;
    width: number;
    options: PlotOptions;
    scenes?: boolean;
  },
): Composed {
  const parts: FigureElement[] = [];
  let y = header(drawing, theme, width, parts);
  const { panels, columns = 1, legend } = drawing;
  const panelWidth = (width - (legend ? legendWidth : 0)) / columns;
  const top = y;
  let scene: Composed["scene"];
  let frame = { top: 0, height: 0 };
  for (let first = 0; first < panels.length; first += columns) {
    const row = panels.slice(first, first + columns);
    let rowHeight = 0;
    row.forEach((panel, column) => {
      const x = column * panelWidth;
      const isFirst = first + column === 0;
      if ("scene" in panel) {
        scene = { scene: panel.scene, x, y, width: panelWidth, height: panel.height };
        if (scenes) parts.push(placed(scenePanel(panel, panelWidth), x, y));
        rowHeight = Math.max(rowHeight, panel.height);
        if (isFirst) frame = { top: 30, height: panel.height - 90 };
      } else {
        const drawn = plotPanel(panel, theme, panelWidth, options, isFirst);
        parts.push(placed(drawn.node, x, y));
        rowHeight = Math.max(rowHeight, drawn.height);
        if (isFirst) frame = drawn.frame;
      }
    });
    y += rowHeight;
  }
  if (legend) {
    const height = Math.max(60, columns > 1 ? Math.min(260, y - top - 90) : frame.height - 24);
    parts.push(
      placed(lossLegend(legend, theme, height), width - legendWidth + 6, top + frame.top + 24),
    );
  }
  const height = Math.ceil(y + 6);
  const svg = element(
    "svg",
    {
      xmlns: svgNamespace,
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      "font-family": fonts,
      "font-size": 12,
      fill: theme.ink,
      color: theme.ink,
      role: "img",
      "aria-label": drawing.summary,
      style: "max-width: 100%; height: auto;",
    },
    element("rect", { width, height, fill: theme.paper }),
    ...parts,
  );
  Object.defineProperty(svg, "outerHTML", { get: () => toXML(svg) });
  nameIds(svg);
  return { svg, width, height, scene };
}

/** Title, subtitle and key; gives back where the panels begin. */
function header(drawing: Drawing, theme: Theme, width: number, parts: FigureElement[]): number {
  let y = 6;
  const write = (text: string, lineHeight: number, attributes: Record<string, string | number>) => {
    const size = attributes["font-size"] as number;
    for (const line of wrap(text, width - 2 * margin, size, "font-weight" in attributes)) {
      y += lineHeight;
      parts.push(element("text", { x: margin, y, ...attributes }, line));
    }
  };
  write(drawing.title, 19, { "font-size": 15, "font-weight": 600, fill: theme.ink });
  y += 1;
  write(drawing.subtitle, 16.5, { "font-size": 12, fill: theme.quiet });
  y += 10;
  if (drawing.key?.length) {
    const drawn = key(drawing.key, theme, width - 2 * margin);
    parts.push(placed(drawn.node, margin, y + 9));
    y += drawn.height + 4;
  }
  return y;
}

const placed = (node: FigureElement, x: number, y: number) =>
  element("g", { transform: `translate(${Number(x.toFixed(2))} ${Number(y.toFixed(2))})` }, node);

function scenePanel({ scene, height }: ScenePanel, width: number): FigureElement {
  return drawScene(scene, { width, height });
}

/** A panel by Plot, with the user's options before ours. Only the first takes the user's y, marks and height. */
function plotPanel(
  panel: PlotPanel,
  theme: Theme,
  width: number,
  user: PlotOptions,
  isFirst: boolean,
) {
  const { marks: userMarks = [], x, y, color, height, ...rest } = user;
  const ours = panel.plot;
  const svg = plot({
    ...ours,
    ...rest,
    ...(isFirst && height !== undefined && { height }),
    document,
    width,
    style: { background: "transparent", color: theme.ink },
    x: { ...ours.x, ...x },
    y: { ...ours.y, ...(isFirst && y) },
    color: { ...ours.color, ...(isFirst && color), legend: false },
    marks: [...ours.marks, ...(isFirst ? userMarks : [])],
  }) as unknown as FigureElement;
  for (const style of svg.querySelectorAll("style")) style.remove();
  thinTicks(svg);
  const title = panel.title === undefined ? null : element(
    "text",
    {
      x: ours.marginLeft ?? 40,
      y: (ours.marginTop ?? 20) - 7,
      "text-anchor": "start",
      fill: theme.ink,
    },
    panel.title,
  );
  const total = Number(svg.getAttribute("height"));
  const frameTop = Number(rest.marginTop ?? ours.marginTop ?? 20);
  return {
    node: element(
      "g",
      { "text-anchor": "middle", fill: "currentColor", "font-variant": "tabular-nums" },
      title,
      ...[...svg.children],
    ),
    height: total,
    frame: {
      top: frameTop,
      height: total - frameTop - Number(rest.marginBottom ?? ours.marginBottom ?? 30),
    },
  };
}

/** Leaves out every second, third … name along the x-axis until none touches the next; a 0 stays. */
function thinTicks(svg: FigureElement): void {
  const ticks = [...svg.querySelectorAll('[aria-label="x-axis tick label"] text')].map((node) => {
    const middle = Number(/translate\(([-\d.e]+)/.exec(node.getAttribute("transform") ?? "")?.[1]);
    const half = textWidth(node.textContent ?? "") / 2 + 2;
    return { node, from: middle - half, to: middle + half };
  }).sort((a, b) => a.from - b.from);
  const zero = Math.max(0, ticks.findIndex(({ node }) => Number(node.textContent) === 0));
  const kept = (every: number) => ticks.filter((_, k) => (k - zero) % every === 0);
  const touching = (row: typeof ticks) => row.some(({ from }, k) => k > 0 && from < row[k - 1].to);
  let every = 1;
  while (touching(kept(every))) every++;
  const row = new Set(kept(every));
  for (const tick of ticks) if (!row.has(tick)) tick.node.remove();
}

/**
 * Gives all ids names that follow from the picture: two pictures on a page do not share one, and the same
 * picture is the same text whenever it is drawn.
 */
function nameIds(svg: FigureElement): void {
  const names = new Map<string, string>();
  for (const node of svg.querySelectorAll("[id]")) {
    const old = node.getAttribute("id")!;
    if (!names.has(old)) names.set(old, `i${names.size}`);
  }
  if (names.size === 0) return;
  const rename = (prefix: string) => {
    for (const node of svg.querySelectorAll("[id]")) {
      node.setAttribute("id", prefix + names.get(node.getAttribute("id")!)!);
    }
    for (const attribute of ["clip-path", "fill", "mask"]) {
      for (const node of svg.querySelectorAll(`[${attribute}^="url("]`)) {
        const old = node.getAttribute(attribute)!.slice(5, -1);
        node.setAttribute(attribute, `url(#${prefix}${names.get(old)})`);
      }
    }
    const renamed = [...names.values()];
    names.clear();
    for (const name of renamed) names.set(prefix + name, name);
  };
  rename("");
  rename(`f${(hash(svg.outerHTML) >>> 0).toString(36)}-`);
}
