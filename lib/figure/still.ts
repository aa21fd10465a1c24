import { element, type FigureElement, svgNamespace, toXML } from "./document.ts";
import { textWidth, wrap } from "./text.ts";
import { fonts, themes } from "./theme.ts";
import { toPNG } from "./png.ts";

/** A node of whatever document a plot was drawn in. */
type Node = FigureElement & { localName: string; cloneNode(deep: boolean): Node };

const gap = 8;

/**
 * A plot of one's own as an image, which untrusted notebooks, GitHub and exported pages show too: of what
 * `Plot.plot` gives, an SVG element or a figure with title, legends and caption. Anything else as HTML.
 */
export async function still(node: unknown): Promise<Record<string, string>> {
  const picture = typeof (node as Node).cloneNode === "function"
    ? stacked(node as Node)
    : undefined;
  if (!picture) {
    const { outerHTML, textContent } = node as Node;
    return { "text/html": outerHTML, "text/plain": textContent?.trim() || "A piece of HTML" };
  }
  const svg = toXML(picture).replaceAll("var(--plot-background)", themes.light.paper);
  return {
    "image/svg+xml": svg,
    "image/png": (await toPNG(svg)).toBase64(),
    "text/plain": picture.getAttribute("aria-label")!,
  };
}

/** The parts of a plot below each other on a light ground; undefined if something is no part of a plot. */
function stacked(root: Node): FigureElement | undefined {
  const nodes = root.localName === "figure" ? [...root.children] as Node[] : [root];
  const margin = nodes.length > 1 ? 2 * gap : 0;
  const plots = nodes.filter(({ localName }) => localName === "svg");
  const width = Math.max(...plots.map((plot) => sizeOf(plot)[0]), plots.length > 0 ? 0 : 320);
  const parts: FigureElement[] = [];
  let y = margin && gap;
  for (const node of nodes) {
    const part = partOf(node, width);
    if (!part) return undefined;
    part.node.setAttribute("transform", `translate(${margin} ${y})`);
    parts.push(part.node);
    y += part.height;
  }
  const size = { width: width + 2 * margin, height: y + (margin && gap) };
  const title = nodes.find(({ localName }) => /^h\d$/.test(localName))?.textContent;
  return element(
    "svg",
    {
      xmlns: svgNamespace,
      ...size,
      viewBox: `0 0 ${size.width} ${size.height}`,
      "font-family": fonts,
      fill: themes.light.ink,
      color: themes.light.ink,
      role: "img",
      "aria-label": root.getAttribute("aria-label") ?? (title ? `Plot: ${title}` : "A plot"),
      style: "max-width: 100%; height: auto;",
    },
    element("rect", { ...size, fill: themes.light.paper }),
    ...parts,
  );
}

/** Width and height in px, where they are said. */
function sizeOf(svg: Node): [width: number, height: number] {
  const [, , width, height] = (svg.getAttribute("viewBox") ?? "").split(/[\s,]+/);
  return [
    parseFloat(svg.getAttribute("width") ?? width),
    parseFloat(svg.getAttribute("height") ?? height),
  ];
}

function partOf(node: Node, width: number): { node: FigureElement; height: number } | undefined {
  const { localName, textContent } = node;
  if (localName === "svg") {
    const copy = node.cloneNode(true);
    // The numbers at the ends of a ramp stand out of it.
    if (/-ramp\b/.test(copy.getAttribute("class") ?? "")) copy.setAttribute("overflow", "visible");
    const [own, height] = sizeOf(node);
    copy.setAttribute("width", String(own));
    copy.setAttribute("height", String(height));
    return own > 0 && height > 0 ? { node: element("g", {}, copy), height } : undefined;
  }
  if (/-swatches\b/.test(node.getAttribute("class") ?? "")) return swatches(node, width);
  const looks: Record<string, [size: number, weight: number, fill: string]> = {
    h2: [16, 600, themes.light.ink],
    h3: [13, 400, themes.light.quiet],
    figcaption: [11, 400, themes.light.quiet],
  };
  if (!Object.hasOwn(looks, localName)) return undefined;
  const [size, weight, fill] = looks[localName];
  const lines = wrap(textContent ?? "", width, size, weight > 400);
  const texts = lines.map((line, k) =>
    element(
      "text",
      { y: (k + 1) * 1.3 * size, "font-size": size, "font-weight": weight, fill },
      line,
    )
  );
  return { node: element("g", {}, ...texts), height: 1.3 * size * lines.length + gap };
}

/** A legend of categories: symbols with their names, in as many rows as it takes. */
function swatches(node: Node, width: number): { node: FigureElement; height: number } {
  const all = element("g", { "font-size": 11 });
  let x = 0, y = gap, rowHeight = 15;
  for (const swatch of node.querySelectorAll('[class*="-swatch"]')) {
    const symbol = [...swatch.querySelectorAll("svg")][0] as Node | undefined;
    if (!symbol) continue;
    const name = swatch.textContent?.trim() ?? "", side = Number(symbol.getAttribute("width"));
    const room = side + 6 + textWidth(name, 11) + 14;
    if (x > 0 && x + room > width) {
      x = 0;
      y += rowHeight + 5;
    }
    rowHeight = Math.max(rowHeight, Number(symbol.getAttribute("height")));
    all.append(
      element("g", { transform: `translate(${x} ${y})` }, symbol.cloneNode(true)),
      element("text", { x: x + side + 6, y: y + rowHeight / 2 + 4 }, name),
    );
    x += room;
  }
  return { node: all, height: y + rowHeight + gap };
}
