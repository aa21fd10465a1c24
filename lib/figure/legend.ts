import { type Child, element, type FigureElement } from "./document.ts";
import type { KeyEntry } from "./drawing.ts";
import { bandPosition, type LossScale } from "./loss_scale.ts";
import { lossNames } from "./loss_names.ts";
import { textWidth } from "./text.ts";
import type { Theme } from "./theme.ts";

/** The width that {@link lossLegend} needs, in px. */
export const legendWidth = 78;

const bar = 12, gap = 8, lineHeight = 13;

/** The colours of the loss from low to high, with round losses named; its foot is `height` px below 0. */
export function lossLegend(scale: LossScale, theme: Theme, height: number): FigureElement {
  const { levels } = scale;
  const room = legendWidth - 6 - bar - gap;
  const { title, names } = lossNames(scale, { spacing: Math.max(0.085, 17 / height), room });
  const long = textWidth(title.join(" ")) > legendWidth - 6;
  const heading = long ? title : [title.join(" ")];
  const top = (heading.length - 1) * lineHeight;
  const y = (loss: number) =>
    height - (height - top) * Math.max(0, Math.min(1, scale.position(loss)));
  const edges = [height, ...levels.map(y), top];
  const bands = edges.slice(1).map((edge, k) =>
    element("rect", {
      y: edge,
      width: bar,
      height: Math.max(0, edges[k] - edge) + (k ? 0.4 : 0),
      fill: theme.ramp(bandPosition(scale, k)),
    })
  );
  const labels = names.map(({ loss, text }) =>
    element(
      "g",
      { transform: `translate(0 ${y(loss).toFixed(2)})` },
      element("line", { x1: bar, x2: bar + 4, stroke: theme.quiet }),
      fittedText(text, { x: bar + gap, fill: theme.quiet, dy: "0.32em" }, room),
    )
  );
  const head = heading.map((text, k) =>
    fittedText(text, { y: k * lineHeight - 10, fill: theme.ink }, legendWidth - 6)
  );
  return element("g", { "font-size": 12, "text-anchor": "start" }, ...head, ...bands, ...labels);
}

/** A text that is set smaller where there is no room for it. */
function fittedText(text: string, attributes: Record<string, string | number>, room: number) {
  const size = Math.min(12, Math.floor(12 * room / textWidth(text)));
  return element("text", { ...attributes, ...(size < 12 && { "font-size": size }) }, text);
}

/** What lines, bands and hatchings mean, in a row that breaks where it must. */
export function key(
  entries: readonly KeyEntry[],
  theme: Theme,
  width: number,
): { node: FigureElement; height: number } {
  const node = element("g", { "font-size": 12 });
  let x = 0;
  let y = 0;
  for (const entry of entries) {
    const needed = 26 + textWidth(entry.label) + 18;
    if (x > 0 && x + needed - 18 > width) {
      x = 0;
      y += 18;
    }
    node.append(element(
      "g",
      { transform: `translate(${x.toFixed(2)} ${y})` },
      ...swatch(entry, theme),
      element("text", { x: 26, dy: "0.32em", fill: theme.ink }, entry.label),
    ));
    x += needed;
  }
  return { node, height: y + 18 };
}

function swatch({ swatch, color = theme_ink }: KeyEntry, theme: Theme): Child[] {
  const stroke = color === theme_ink ? theme.ink : color;
  const line = (attributes: Record<string, string | number>) =>
    element("line", { x1: 0, x2: 20, stroke, "stroke-width": 2, ...attributes });
  const box = (attributes: Record<string, string | number>) =>
    element("rect", { x: 0, y: -6, width: 20, height: 12, ...attributes });
  switch (swatch) {
    case "line":
      return [line({})];
    case "dash":
      return [line({ "stroke-dasharray": "4 3" })];
    case "faint":
      return [line({ "stroke-opacity": 0.45, "stroke-width": 1 })];
    case "band":
      return [box({ fill: stroke, "fill-opacity": 0.22 })];
    case "bar":
      return [box({ fill: stroke })];
    case "dot":
      return [element("circle", { cx: 10, r: 4, fill: stroke })];
    case "ring":
      return [
        element("circle", { cx: 10, r: 4.6, fill: theme.paper, stroke, "stroke-width": 2 }),
      ];
    case "blank":
      return [box({ fill: theme.hole, stroke: theme.grid })];
    case "hatch":
      return [
        box({ fill: theme.hole }),
        ...[2, 8, 14].map((x) =>
          element("line", {
            x1: x,
            y1: 6,
            x2: x + 6,
            y2: -6,
            stroke: theme.quiet,
            "stroke-width": 0.9,
          })
        ),
      ];
  }
}

const theme_ink = "ink";
