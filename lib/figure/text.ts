// Advance widths of Inter Regular from " " to "~", in hundredths of an em.
const widths =
  "28 29 47 63 64 98 64 30 36 36 50 66 29 46 29 36 63 41 61 62 65 59 62 57 62 62 29 30 66 66 66 51 97 69 65 73 72 60 59 75 74 27 57 67 57 90 75 76 64 76 64 64 65 74 69 99 68 68 63 36 36 36 47 46 32 56 61 57 61 58 37 61 59 24 24 55 24 88 59 60 61 61 38 53 33 59 56 82 55 56 55 43 33 43 66"
    .split(" ").map(Number);

/** The width of a line of text in px, as Inter sets it; most fonts in its place are narrower. */
export function textWidth(text: string, size = 12, bold = false): number {
  let width = 0;
  for (const character of text) width += widths[character.codePointAt(0)! - 32] ?? 64;
  return width * size / 100 * (bold ? 1.03 : 1);
}

/** Breaks a text into lines no wider than `width` px. */
export function wrap(text: string, width: number, size = 12, bold = false): string[] {
  const lines: string[] = [];
  let line = "";
  // A separating dot ends a line, never begins one.
  for (const word of text.replaceAll(" · ", "\u00a0· ").split(/ +/)) {
    const longer = line ? `${line} ${word}` : word;
    if (line && textWidth(longer, size, bold) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line ? [...lines, line] : lines;
}

/** A number as figures write it: up to `digits` significant digits, a true minus sign. */
export function formatNumber(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-4 && size < 1e6);
  const rounded = Number(value.toPrecision(digits));
  const text = plain
    ? rounded.toLocaleString("en-US", { maximumSignificantDigits: digits })
    : rounded.toExponential().replace("e+", "e");
  return text.replaceAll("-", "−");
}

/** Numbers that stand together, each with as many digits as it takes to tell them all apart. */
export function formatNumbers(values: readonly number[]): string[] {
  const distinct = new Set(values).size;
  for (let digits = 3; digits <= 17; digits++) {
    const texts = values.map((value) => formatNumber(value, digits));
    if (new Set(texts).size === distinct) return texts;
  }
  return values.map(String);
}

/**
 * Numbers that stand together, in texts no wider than `room` px where that can be: where they differ in their
 * last digits only, what they are above a `base` with as few digits as it takes.
 */
export function relativeNumbers(
  values: readonly number[],
  room: number,
): { base?: number; texts: string[] } {
  const fits = (texts: string[]) => texts.every((text) => textWidth(text) <= room);
  const texts = formatNumbers(values);
  const middle = values[values.length >> 1];
  for (let digits = 1; digits <= 15 && !fits(texts); digits++) {
    const base = Number(middle.toPrecision(digits));
    const above = formatNumbers(values.map((value) => value - base));
    if (fits(above)) return { base, texts: above };
  }
  return { texts };
}

/** A share as a percentage: 0.8812 gives 88%, 0.0042 gives 0.4%; what is not quite all is never 100%. */
export function formatShare(share: number): string {
  const percent = 100 * share, left = 100 - percent;
  const rounding = 1e-9;
  if (Math.abs(left) < rounding) return "100%";
  const digits = percent > 99 && left > 0
    ? 2 + Math.max(1, Math.ceil(-Math.log10(left)))
    : Math.abs(percent) < 1
    ? 1
    : 2;
  return `${formatNumber(percent, digits)}%`;
}

/** What Plot formats ticks with: with as many digits as it takes to tell them apart, what they are above a base. */
export function formatTicks(base = 0): (value: number, index: number, all?: number[]) => string {
  return (value, index, all) =>
    all ? formatNumbers(all.map((v) => v - base))[index] : formatNumber(value - base);
}
