import { Buffer } from "node:buffer";
import type { Bundle, Output } from "./output.ts";
import { timeless } from "./tidy.ts";

/** A difference between the outputs of a cell and those that were committed. */
export interface Difference {
  /** Which output, from 1; undefined where their number differs. */
  output?: number;
  /** Which line of its text, from 1. */
  line?: number;
  /** What differs: the committed, then the new. */
  message: string;
}

/**
 * Compares the outputs of a cell with those that were committed. Texts must be the same but for numbers,
 * which may differ by `tolerance` relative to the larger, for times and for spaces. Figures must have the same
 * types and the same elements, pictures the same size.
 */
export function differences(
  committed: Output[],
  now: Output[],
  { tolerance = 1e-3 }: { tolerance?: number } = {},
): Difference[] {
  const found: Difference[] = [];
  if (committed.length !== now.length) {
    found.push({ message: `${count(committed.length, "output")} committed, ${now.length} now` });
  }
  for (let i = 0; i < Math.min(committed.length, now.length); i++) {
    for (const difference of compareOutputs(committed[i], now[i], tolerance)) {
      found.push({ output: i + 1, ...difference });
    }
  }
  return found;
}

function compareOutputs(a: Output, b: Output, tolerance: number): Difference[] {
  if (kind(a) !== kind(b)) return [{ message: `${kind(a)} became ${kind(b)}` }];
  if (a.output_type === "stream" && b.output_type === "stream") {
    return compareTexts(a.text, b.text, tolerance);
  }
  if (a.output_type === "error" && b.output_type === "error") {
    return compareTexts(`${a.ename}: ${a.evalue}`, `${b.ename}: ${b.evalue}`, tolerance);
  }
  return "data" in a && "data" in b ? compareBundles(a.data, b.data, tolerance) : [];
}

function kind(output: Output): string {
  return output.output_type === "stream" ? output.name : output.output_type;
}

function compareBundles(a: Bundle, b: Bundle, tolerance: number): Difference[] {
  const types = Object.keys(a).sort();
  const typesNow = Object.keys(b).sort();
  if (types.join() !== typesNow.join()) {
    return [{ message: `${types.join(", ")} became ${typesNow.join(", ")}` }];
  }
  return types.flatMap((type) =>
    compareData(type, a[type], b[type], tolerance).map((difference) => ({
      ...difference,
      message: `${type}: ${difference.message}`,
    }))
  );
}

function compareData(type: string, a: unknown, b: unknown, tolerance: number): Difference[] {
  if (typeof a !== "string" || typeof b !== "string") {
    return compareTexts(JSON.stringify(a, null, 1), JSON.stringify(b, null, 1), tolerance);
  }
  if (type === "image/svg+xml" || type === "text/html") {
    const different = compareElements(a, b);
    const isFigure = type !== "text/html" || /<(?:svg|canvas|img|script)\b/i.test(a);
    return different.length || isFigure ? different : compareTexts(plain(a), plain(b), tolerance);
  }
  if (type.startsWith("image/")) {
    const [size, sizeNow] = [pictureSize(a), pictureSize(b)];
    return size === sizeNow ? [] : [{ message: `${size} became ${sizeNow}` }];
  }
  return compareTexts(a, b, tolerance);
}

/** How often each element occurs in a document. */
function elements(markup: string): Map<string, number> {
  const counts = new Map<string, number>();
  const withoutScripts = markup.replace(/(<(script|style)\b[^>]*>)[^]*?<\/\2>/gi, "$1");
  for (const [, name] of withoutScripts.matchAll(/<([a-zA-Z][\w:-]*)/g)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function compareElements(a: string, b: string): Difference[] {
  const [before, now] = [elements(a), elements(b)];
  const names = [...new Set([...before.keys(), ...now.keys()])];
  return names.filter((name) => before.get(name) !== now.get(name)).map((name) => ({
    message: `${count(before.get(name) ?? 0, `<${name}>`)} became ${now.get(name) ?? 0}`,
  }));
}

const plain = (html: string) => html.replace(/<[^>]*>/g, " ");

/** Width and height of a PNG; of other pictures, whether there is something. */
function pictureSize(base64: string): string {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length >= 24 && bytes.toString("latin1", 1, 4) === "PNG") {
    return `${bytes.readUInt32BE(16)} × ${bytes.readUInt32BE(20)} pixels`;
  }
  return bytes.length > 0 ? "a picture" : "an empty picture";
}

const number = /[-−+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi;

function compareTexts(a: string, b: string, tolerance: number): Difference[] {
  const lines = a.trimEnd().split("\n"), linesNow = b.trimEnd().split("\n");
  const found: Difference[] = [];
  if (lines.length !== linesNow.length) {
    found.push({ message: `${count(lines.length, "line")} became ${linesNow.length}` });
  }
  for (let i = 0; i < Math.min(lines.length, linesNow.length); i++) {
    const difference = compareLines(lines[i], linesNow[i], tolerance);
    if (difference) found.push({ line: i + 1, message: difference });
  }
  return found;
}

function compareLines(a: string, b: string, tolerance: number): string | undefined {
  if (a === b) return undefined;
  const [before, now] = [timeless(a), timeless(b)];
  const frame = (text: string) => text.replace(number, "0").replace(/\s+/g, " ").trim();
  const different = `${short(a)} became ${short(b)}`;
  if (frame(before) !== frame(now)) return different;
  const numbers = (text: string) =>
    (text.match(number) ?? []).map((n) => Number(n.replace("−", "-")));
  const [xs, ys] = [numbers(before), numbers(now)];
  const far = xs.findIndex((x, i) =>
    Math.abs(x - ys[i]) > tolerance * Math.max(Math.abs(x), Math.abs(ys[i]))
  );
  return far < 0 ? undefined : `${xs[far]} became ${ys[far]} in ${short(a)}`;
}

const short = (text: string) => JSON.stringify(text.length > 80 ? text.slice(0, 77) + "…" : text);
const count = (n: number, what: string) =>
  `${n} ${what}${n === 1 || what.startsWith("<") ? "" : "s"}`;
