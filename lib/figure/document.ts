import { parseHTML } from "npm:linkedom@0.18.9";
import { canvas } from "./canvas.ts";

/** An element of a figure: a node of {@link document}. */
export interface FigureElement {
  /** The element as text. */
  readonly outerHTML: string;
  /** Appends children. */
  append(...children: unknown[]): void;
  /** An attribute, or null. */
  getAttribute(name: string): string | null;
  /** Sets an attribute. */
  setAttribute(name: string, value: string): void;
  /** The elements inside that fit a CSS selector. */
  querySelectorAll(selector: string): Iterable<FigureElement>;
  /** The elements directly inside. */
  readonly children: Iterable<FigureElement>;
  /** The text inside. */
  readonly textContent: string | null;
  /** Takes the element out of its parent. */
  remove(): void;
}

/**
 * The document that figures are drawn in, without a browser. Pass it to Plot:
 * `Plot.plot({ document, marks: [surface.marks()] })`. In a notebook's cell import it by another name,
 * `import { document as page }`: while a cell imports, its own `document` has no value yet, and tfjs looks for one.
 */
// deno-lint-ignore no-explicit-any
export const document: any = (parseHTML("<html><body></body></html>") as any).document;

const createElement = document.createElement.bind(document);
document.createElement = (name: string, ...rest: unknown[]) =>
  String(name).toLowerCase() === "canvas" ? canvas() : createElement(name, ...rest);

/** The XML namespace of SVG. */
export const svgNamespace = "http://www.w3.org/2000/svg";

/** What may stand inside an element; nothing is drawn for null and undefined. */
export type Child = FigureElement | string | null | undefined;

/** A new SVG element; attributes that are undefined are left out, numbers are written to 1/100 px. */
export function element(
  name: string,
  attributes: Record<string, string | number | undefined> = {},
  ...children: Child[]
): FigureElement {
  const node = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    node.setAttribute(
      key,
      typeof value === "number" ? String(Math.round(value * 100) / 100) : value,
    );
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * A node as XML text. What {@link document} writes itself is HTML: it leaves `<` and `&` in attributes as they are.
 */
// deno-lint-ignore no-explicit-any
export function toXML(node: any): string {
  if (node.nodeType !== node.ELEMENT_NODE) return escapeXML(node.nodeValue ?? "");
  let text = `<${node.localName}`;
  for (const { name, value } of node.attributes) text += ` ${name}="${escapeXML(value)}"`;
  const children = [...node.childNodes];
  return children.length === 0
    ? `${text} />`
    : `${text}>${children.map(toXML).join("")}</${node.localName}>`;
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\xa0": "&#160;",
};

/**
 * A text as it stands in XML or HTML, in an element or an attribute in double quotes. What neither has a place
 * for (controls, halves of pairs) becomes U+FFFD.
 */
export function escapeXML(text: string): string {
  return text.toWellFormed()
    // deno-lint-ignore no-control-regex
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"\xa0]/g, (character) => entities[character]);
}
