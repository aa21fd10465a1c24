import { quantile } from "../../lib/math/statistics.ts";

/** Numbers of several rounds. */
export interface Spread {
  /** The median. */
  median: number;
  /** The lower and the upper quartile. */
  low: number;
  high: number;
}

/** The median and the quartiles. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((p) => quantile(sorted, p));
  return { median, low, high };
}

/** Milliseconds, three digits. */
export const ms = (x: number): string => `${Number(x.toPrecision(3))}`;

/** "2.1× (1.9–2.3)". */
export const ratio = ({ median, low, high }: Spread): string =>
  `**${median.toPrecision(2)}×** (${low.toPrecision(2)}–${high.toPrecision(2)})`;

/** A table in Markdown, its columns aligned. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(3, ...all.map((row) => row[i].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [line(header), line(widths.map((n) => "-".repeat(n))), ...rows.map(line)].join("\n");
}
