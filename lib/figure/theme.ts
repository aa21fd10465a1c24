import { interpolateRgbBasis } from "npm:d3@7.9.0";

/** The two looks of a figure, both designed. */
export type ThemeName = "light" | "dark";

/** The colours of a figure. */
export interface Theme {
  /** Its name. */
  readonly name: ThemeName;
  /** The ground. */
  readonly paper: string;
  /** Titles, labels on a picture. */
  readonly ink: string;
  /** Subtitles, ticks. */
  readonly quiet: string;
  /** Grid lines. */
  readonly grid: string;
  /** What text and paths on a picture are edged with. */
  readonly halo: string;
  /** The path and the trained point. */
  readonly accent: string;
  /** Where nothing is known: points not computed, NaN, ±∞. */
  readonly hole: string;
  /** Contour lines. */
  readonly line: string;
  /** Series, told apart by colour-blind readers too. The first is for the training set. */
  readonly series: readonly string[];
  /** The colours of the loss from low (0: dark, cool) to high (1: pale, warm), lightness rising. */
  ramp(t: number): string;
}

/** The look of every figure, light and dark. */
export const themes: Readonly<Record<ThemeName, Theme>> = {
  light: {
    name: "light",
    paper: "#ffffff",
    ink: "#22262a",
    quiet: "#5f6770",
    grid: "#e3e6e9",
    halo: "#ffffff",
    accent: "#d9480f",
    hole: "#f1f2f4",
    line: "#0b2b50",
    series: ["#1f6aa5", "#d9480f", "#0d8a6a", "#721813", "#2571f3", "#5b294e"],
    ramp: ramp("#09203f", "#134a78", "#2a7aa3", "#67aeb9", "#b0d3bd", "#ebe3b6", "#fdf1cf"),
  },
  dark: {
    name: "dark",
    paper: "#15181b",
    ink: "#e6e8ea",
    quiet: "#9aa2aa",
    grid: "#2b3035",
    halo: "#0b0d0f",
    accent: "#ffb454",
    hole: "#1f2327",
    line: "#ffffff",
    series: ["#6cb6e8", "#ffb454", "#4fd1a5", "#2a73f6", "#b25f3c", "#1e8586"],
    ramp: ramp("#0a1730", "#143a62", "#1c6388", "#4594a2", "#94c3ad", "#dbd6a4", "#f6e9c3"),
  },
};

function ramp(...colors: string[]): (t: number) => string {
  const interpolate = interpolateRgbBasis(colors);
  return (t) => interpolate(Math.max(0, Math.min(1, t)));
}

/** The fonts of a figure. PNGs are set in Inter, whatever the machine has. */
export const fonts = "Inter, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif";
