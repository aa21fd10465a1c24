import { jupyter } from "../progress.ts";
import { document, escapeXML, svgNamespace } from "./document.ts";
import { display } from "./figure.ts";
import { still } from "./still.ts";
import { isTable, table } from "./table.ts";

/** What a notebook is given of a value. */
export type Bundle = Record<string, string>;

/** How a value that has no display of its own is shown; undefined if as any other. */
function displayOf(value: unknown): (() => Promise<Bundle>) | undefined {
  if (isTable(value)) return () => Promise.resolve(table(value));
  if (isResults(value)) return () => pictures(value);
  return undefined;
}

type Result = { summary(): string; [display](): Promise<Bundle> };

const isResults = (value: unknown): value is Result[] =>
  Array.isArray(value) && value.length > 0 && value.length <= 50 &&
  value.every((each) => typeof each?.summary === "function" && typeof each[display] === "function");

/** Several results below each other. */
async function pictures(results: Result[]): Promise<Bundle> {
  const images = await Promise.all(results.map(async (result) => {
    const { "image/png": png, "text/plain": alt } = await result[display]();
    return `<img alt="${
      escapeXML(alt)
    }" width="560" style="max-width:100%" src="data:image/png;base64,${png}">`;
  }));
  return {
    "text/html": images.join("\n"),
    "text/plain": results.map((result) => result.summary()).join("\n"),
  };
}

/**
 * Gives what a cell may end in a display, where it is loaded: plots in our document an image, and, in a
 * notebook only, lists of plain objects a table and lists of results their pictures. Nothing is enumerable.
 */
export function showWell(): void {
  const plots = [document.createElementNS(svgNamespace, "svg"), document.createElement("figure")];
  for (const node of plots) {
    define(Object.getPrototypeOf(node), function (this: unknown) {
      return () => still(this);
    });
  }
  if (!jupyter()) return;
  define(Array.prototype, function (this: unknown) {
    return displayOf(this);
  });
}

/** An object may still be given a display of its own. */
function define(prototype: object, get: (this: unknown) => unknown): void {
  Object.defineProperty(prototype, display, {
    configurable: true,
    enumerable: false,
    get,
    set(value) {
      Object.defineProperty(this, display, { value, configurable: true, writable: true });
    },
  });
}
