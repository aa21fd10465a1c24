import { escapeXML } from "./document.ts";
import type { FigureOptions } from "./drawing.ts";
import { type Figure, fragment } from "./figure.ts";
import { page } from "./page.ts";

/** A part of a report; each of its fields is optional, and they appear in this order. */
export interface ReportSection {
  /** A heading. */
  readonly title?: string;
  /** Paragraphs of plain text. */
  readonly text?: string | readonly string[];
  /** Headline numbers with their names; what follows in brackets, or after ±, is set small below. */
  readonly numbers?: Readonly<Record<string, string>>;
  /** Lines of code, or anything else to be set in a fixed width. */
  readonly code?: string;
  /** A result that draws itself. */
  readonly figure?: Figure;
  /** How it is drawn. */
  readonly options?: FigureOptions;
  /** What stands below the figure. */
  readonly caption?: string;
}

/** What a report consists of. */
export interface ReportOptions {
  /** Its title. */
  readonly title: string;
  /** What stands below the title. */
  readonly lead?: string;
  /** Its parts. */
  readonly sections: readonly ReportSection[];
  /** What stands at the end: where the numbers come from. */
  readonly footer?: string;
  /** The language of the text, "en" by default. */
  readonly language?: string;
}

/**
 * Figures and text as one HTML page that needs no network: light or dark as the reader prefers, good on
 * paper, with surfaces and volumes that rotate.
 *
 * ```ts
 * import { report } from "../../mod.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const html = report({ title: "A run", sections: [{ title: "Numbers", numbers: { loss: "0.04" } }] });
 * assertStringIncludes(html, "<h1>A run</h1>");
 * ```
 */
export function report({ title, lead, sections, footer, language }: ReportOptions): string {
  const body = [
    `<header><h1>${escapeXML(title)}</h1>${
      lead ? `<p class="lead">${escapeXML(lead)}</p>` : ""
    }</header>`,
    ...sections.map(section),
    footer ? `<footer>${escapeXML(footer)}</footer>` : "",
  ];
  return page(title, body.filter((part) => part !== "").join("\n"), language);
}

function section(
  { title, text = [], numbers, code, figure, options, caption }: ReportSection,
): string {
  const paragraphs = [text].flat().map((paragraph) => `<p>${escapeXML(paragraph)}</p>`);
  const terms = Object.entries(numbers ?? {})
    .map(([name, value]) => `<div><dt>${escapeXML(name)}</dt><dd>${number(value)}</dd></div>`);
  return [
    "<section>",
    title ? `<h2>${escapeXML(title)}</h2>` : "",
    ...paragraphs,
    terms.length ? `<dl>${terms.join("")}</dl>` : "",
    code ? `<pre>${escapeXML(code)}</pre>` : "",
    figure ? picture(figure, options, caption) : "",
    "</section>",
  ].filter((part) => part !== "").join("\n");
}

/** "94% (a random walk: 87%)" as a number with a remark, "29.1 ± 0.3" as one with its error. */
function number(value: string): string {
  const [, head, remark] = /^(\S.*?) \((.*)\)$/s.exec(value) ?? /^(\S.*?) (±.*)$/s.exec(value) ??
    [];
  return remark === undefined
    ? escapeXML(value)
    : `${escapeXML(head)}<small>${escapeXML(remark)}</small>`;
}

function picture(figure: Figure, options?: FigureOptions, caption?: string): string {
  const below = caption ? `<figcaption>${escapeXML(caption)}</figcaption>` : "";
  return `<figure>${figure[fragment]({ width: 640, ...options })}${below}</figure>`;
}
