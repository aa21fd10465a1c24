import type { LossScale } from "./loss_scale.ts";
import type { Scene } from "./scene.ts";
import type { Theme, ThemeName } from "./theme.ts";

/** The options of Observable Plot's `plot`. */
export type PlotOptions = NonNullable<
  Parameters<(typeof import("npm:@observablehq/plot@0.6.17"))["plot"]>[0]
>;

/** A mark of Observable Plot, or a list of them. */
export type Markish = NonNullable<PlotOptions["marks"]>[number];

/** Which uncertainty a line profile shows as a band of ± 2 standard errors. */
export type Band = "population" | "trainingSet" | "difference" | "none";

/** How a result is drawn: ours, and all of Plot's own options, which go before ours. */
export interface FigureOptions extends Omit<PlotOptions, "title" | "subtitle"> {
  /** Other results, whose marks are laid on top. */
  overlay?: readonly Overlay[];
  /** What the overlays are called, in their order; a profile takes one more, first, for itself. */
  names?: readonly string[];
  /** Which picture, where a result has several; see the result's own documentation. */
  view?: string;
  /** The look, `"light"` by default. */
  theme?: ThemeName;
  /** The width in px, 560 by default. */
  width?: number;
  /** The title, in place of ours; "" for none. */
  title?: string;
  /** The subtitle, in place of ours; "" for none. */
  subtitle?: string;
  /** The band of a line profile: what the loss is an estimate of. */
  band?: Band;
}

/** How marks for a plot of one's own are made. */
export interface MarksOptions {
  /** The look, `"light"` by default. */
  theme?: ThemeName;
  /** The colour of a path or a line. */
  color?: string;
  /** What stands at the end of a path, or at the centre of a line. */
  name?: string;
  /** The band of a line. */
  band?: Band;
  /** Cuts what lies outside of the frame; false by default. */
  clip?: boolean;
}

/** What can be laid on another result's plot. */
export interface Overlay {
  /** Marks in the coordinates of the data. */
  marks(options?: MarksOptions): Markish[];
}

/** What a result's drawing is told. */
export interface DrawOptions {
  /** The colours. */
  readonly theme: Theme;
  /** The width of the whole figure in px. */
  readonly width: number;
  /** The picture that was asked for. */
  readonly view?: string;
  /** The band that was asked for. */
  readonly band?: Band;
  /** The results to be laid on top; flat panels get their marks without help. */
  readonly overlay: readonly Overlay[];
  /** What the overlays are called: as many as there are; undefined for a single one that nobody named. */
  readonly names: readonly (string | undefined)[];
  /** The colour of a path or a line that is laid on another plot. */
  readonly color?: string;
  /** What the result itself is called, beside others. */
  readonly name?: string;
  /** Whether marks are cut at the frame. */
  readonly clip: boolean;
  /** Plot's options as the user gave them. */
  readonly plot: PlotOptions;
}

/** A row of the key: what a line, a band or a hatching means. */
export interface KeyEntry {
  /** What it means. */
  readonly label: string;
  /** What is shown beside it. */
  readonly swatch: "line" | "dash" | "faint" | "band" | "dot" | "ring" | "bar" | "hatch" | "blank";
  /** Its colour. */
  readonly color?: string;
}

/** A flat panel, drawn by Plot. */
export interface PlotPanel {
  /** Plot's options; width, document and style are added. */
  readonly plot: PlotOptions & { height: number; marks: Markish[] };
  /** What stands above the panel. */
  readonly title?: string;
}

/** A panel in three dimensions. */
export interface ScenePanel {
  /** What there is to see. */
  readonly scene: Scene;
  /** Its height in px. */
  readonly height: number;
}

/** A result as a picture that is not yet rendered: what every `draw` gives back. */
export interface Drawing {
  /** What one sees, in words. */
  readonly title: string;
  /** How it was made, and what to be careful about. */
  readonly subtitle: string;
  /** One line with the headline numbers, for terminals and for those who cannot see the picture. */
  readonly summary: string;
  /** The panels, one below the other. */
  readonly panels: readonly (PlotPanel | ScenePanel)[];
  /** How many panels stand side by side, 1 by default. */
  readonly columns?: number;
  /** The key below the subtitle. */
  readonly key?: readonly KeyEntry[];
  /** The legend of the loss, to the right. */
  readonly legend?: LossScale;
  /** What is laid on another result's plot; the marks of the first panel by default. */
  readonly marks?: Markish[];
}

/** Draws a result. */
export type Draw<T> = (data: T, options: DrawOptions) => Drawing;
