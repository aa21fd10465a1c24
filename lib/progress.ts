/** What every analysis takes beside its own options. */
export interface Control {
  /** Stops the analysis: its promise settles with what there is, marked `partial`. */
  signal?: AbortSignal;
  /** `true` shows a bar, `false` none; an object is told of every step. Default: a bar on a terminal and in a notebook. */
  progress?: boolean | Progress;
}

/** Receives the progress of an analysis. */
export interface Progress {
  /** Called with what is running, the steps done and the steps in all. */
  report(state: { label: string; done: number; total: number; seconds: number }): void;
  /** Called once at the end, also of a stopped analysis. */
  end?(state: { label: string; done: number; total: number; seconds: number }): void;
}
