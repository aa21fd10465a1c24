import { escapeXML } from "./document.ts";
import { formatNumber } from "./text.ts";

type Row = Record<string, unknown>;

// More rows than `most` are shown by their first and last.
const most = 20, first = 10, last = 5, mostColumns = 20, mostCharacters = 60;

/** Whether something is a list of plain objects, as far as a table shows them. */
export function isTable(value: unknown): value is Row[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  const { head, tail } = ends(value);
  return [...head, ...tail].every(isRow);
}

/**
 * A list of plain objects as a table, a row each: all of up to 20 rows and columns, or the first and last of
 * more, and how many there are.
 */
export function table(rows: Row[]): Record<string, string> {
  const { head, tail } = ends(rows), shown = [...head, ...tail];
  const names = [...new Set(shown.flatMap((row) => Object.keys(row)))];
  const columns = names.length > mostColumns ? names.slice(0, mostColumns) : names;
  const left = names.length > columns.length;
  const size = `${counted(rows.length, "row")} × ${counted(names.length, "column")}`;
  const numeric = columns.map((name) =>
    shown.every((row) => ["number", "bigint", "undefined"].includes(typeof row[name]))
  );
  const texts = shown.map((row, i) => [
    String(i < head.length ? i : rows.length - shown.length + i),
    ...columns.map((name) => cell(row[name])),
    ...(left ? ["…"] : []),
  ]);
  if (tail.length > 0) texts.splice(head.length, 0, texts[0].map(() => "⋮"));
  const header = ["", ...columns, ...(left ? ["…"] : [])];
  const right = [true, ...numeric, false];
  return {
    "text/html": html(header, texts, right, size),
    "text/plain": plain(header, texts, right, size),
  };
}

function ends(rows: readonly unknown[]) {
  const whole = rows.length <= most;
  return {
    head: rows.slice(0, whole ? most : first) as Row[],
    tail: whole ? [] : rows.slice(-last) as Row[],
  };
}

/** An object of one's own making: no array, no instance of a class, nothing that shows itself. */
function isRow(value: unknown): value is Row {
  if (value === null || typeof value !== "object") return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return !(Symbol.for("Jupyter.display") in value) && Object.keys(value).length > 0;
}

function cell(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? `${value}`.replace("-", "−") : formatNumber(value, 6);
  }
  const text = typeof value === "string"
    ? value
    : value instanceof Date && !Number.isNaN(value.getTime())
    ? value.toISOString().replace("T00:00:00.000Z", "")
    : Deno.inspect(value, { colors: false, depth: 1, breakLength: Infinity, iterableLimit: 5 });
  const line = text.replace(/\s+/g, " ");
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters - 1)}…` : line;
}

const counted = (n: number, what: string) =>
  `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

/** Jupyter gives tables of this class their look, light and dark; elsewhere they have the page's. */
function html(header: string[], rows: string[][], right: boolean[], size: string): string {
  const line = (cells: string[], tag: string) =>
    `<tr>${
      cells.map((text, k) => {
        const name = k === 0 ? "th" : tag;
        return `<${name} align="${right[k] ? "right" : "left"}" style="text-align:${
          right[k] ? "right" : "left"
        }">${escapeXML(text)}</${name}>`;
      }).join("")
    }</tr>`;
  return `<table class="dataframe"><thead>${line(header, "th")}</thead><tbody>\n${
    rows.map((row) => line(row, "td")).join("\n")
  }\n</tbody></table><p>${size}</p>`;
}

function plain(header: string[], rows: string[][], right: boolean[], size: string): string {
  const lines = [header, ...rows];
  const widths = header.map((_, k) => Math.max(...lines.map((cells) => [...cells[k]].length)));
  const set = (cells: string[]) =>
    cells.map((text, k) => {
      const room = " ".repeat(widths[k] - [...text].length);
      return right[k] ? room + text : text + room;
    }).join("  ").trimEnd();
  return [...lines.map(set), size].join("\n");
}
