import { setImmediate } from "node:timers";

/** What every analysis takes beside its own options. */
export interface Control {
  /**
   * Stops the analysis: its promise settles with what there is, marked `partial`. In a notebook the Stop
   * button does the same without a signal.
   */
  signal?: AbortSignal;
  /**
   * `true` shows a bar, `false` none; an object is told of every step. Default: a bar on a terminal and in
   * a notebook, and elsewhere a line for what takes longer than ten seconds.
   */
  progress?: boolean | Progress;
}

/** How far an analysis is. */
export interface ProgressState {
  /** What is running. */
  label: string;
  /** What is counted: "points", "steps", "products". */
  unit: string;
  /** Steps done; not whole within a step that is an analysis of its own. */
  done: number;
  /** Steps in all. */
  total: number;
  /** Seconds since it began. */
  seconds: number;
  /** Whether it was told to stop. */
  stopped: boolean;
}

/** Receives the progress of an analysis. */
export interface Progress {
  /** Called after every step, and within those that are analyses of their own. */
  report(state: ProgressState): void;
  /** Called once at the end, also of a stopped analysis. */
  end?(state: ProgressState): void;
}

/** A running analysis, as its own code sees it. */
export interface Job {
  /** Aborted when the analysis is to stop. */
  readonly signal: AbortSignal;
  /** Whether it is to stop now. */
  readonly stopped: boolean;
  /** Says that n more steps are done. */
  advance(n?: number): void;
  /** Says how many steps there are in all, where it turns out to be more or fewer. */
  expect(total: number): void;
  /** Gives the event loop a turn if it has not had one for some milliseconds: timers, Stop, the bar. */
  breathe(): Promise<void>;
}

/** Runs an analysis of many steps with its bar, its Stop and its turns for the event loop. */
export async function steps<T>(
  { signal, progress }: Control,
  { label, total: expected, unit = "steps" }: { label: string; total: number; unit?: string },
  body: (job: Job) => Promise<T>,
): Promise<T> {
  checkControl(signal, progress);
  const began = performance.now();
  const stop = stopButton(signal);
  const display = progress === false
    ? undefined
    : typeof progress === "object"
    ? progress
    : bar(progress === true);
  let done = 0, total = expected;
  const state = () => ({
    label,
    unit,
    // parts of steps are added up: what rounding leaves is no step
    done: Math.round(1e6 * done) / 1e6,
    total: Math.round(1e6 * total) / 1e6,
    seconds: (performance.now() - began) / 1000,
    stopped: stop.signal.aborted,
  });
  const breathe = breather();
  try {
    return await body({
      signal: stop.signal,
      get stopped() {
        return stop.signal.aborted;
      },
      expect(steps) {
        total = steps;
      },
      advance(n = 1) {
        done += n;
        total = Math.max(total, done);
        display?.report(state());
      },
      breathe,
    });
  } finally {
    stop.release();
    display?.end?.(state());
  }
}

/** The progress of an analysis inside of another, for which it counts as so many steps. */
export function partOf(job: Job, steps = 1): Progress {
  let told = 0;
  const tell = (share: number) => {
    if (share <= told) return;
    job.advance(steps * (share - told));
    told = share;
  };
  return {
    // It is whole when it has ended, not before.
    report: ({ done, total }) => tell(Math.min(done, total - 1) / total),
    end: ({ stopped }) => void (stopped || tell(1)),
  };
}

/** @throws {TypeError} if what is to stop or to show an analysis is something else. */
function checkControl(signal: unknown, progress: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(
      `Cannot listen to Stop: signal must be an AbortSignal, got ${typeof signal}`,
    );
  }
  if (progress === undefined || typeof progress === "boolean") return;
  if (typeof (progress as Progress | null)?.report === "function") return;
  throw new TypeError(
    `Cannot show progress: progress must be true, false or { report, end? }, got ${typeof progress}`,
  );
}

/** A turn for the event loop: timers, Stop, the bar. */
export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A function that gives the event loop a turn when it has not had one for 10 ms. */
export function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < 10) return;
    await turn();
    last = performance.now();
  };
}

/**
 * What a promise comes to, unless it is stopped before.
 *
 * @throws the signal's reason, as soon as it is aborted.
 */
export async function unlessStopped<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await promise;
  let stop!: () => void;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([stopped, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Deno's Jupyter interface, or undefined outside of a notebook, where reading it throws. */
export function jupyter(): Jupyter | undefined {
  try {
    return (Deno as unknown as { jupyter?: Jupyter }).jupyter;
  } catch {
    return undefined;
  }
}

/** The part of Deno's Jupyter interface that is used here. */
export interface Jupyter {
  /** Sends a message of the Jupyter protocol to the front ends; some versions of Deno give no promise. */
  broadcast(type: string, content: Record<string, unknown>): Promise<void> | void;
}

/**
 * The caller's signal, joined in a notebook by the Stop button: our kernel puts a signal on globalThis for it;
 * in Deno's own the interrupt arrives as SIGINT, which would end the kernel with every variable if nobody
 * listened.
 */
function stopButton(signal?: AbortSignal): { signal: AbortSignal; release(): void } {
  const stop = new AbortController();
  const signals = signal ? [signal, stop.signal] : [stop.signal];
  const all = AbortSignal.any(signals);
  if (!jupyter()) return { signal: all, release() {} };
  const { stopSignal } = globalThis as { stopSignal?: unknown };
  if (stopSignal instanceof AbortSignal) {
    return { signal: AbortSignal.any([...signals, stopSignal]), release() {} };
  }
  const abort = () => stop.abort(new DOMException("Stopped", "AbortError"));
  Deno.addSignalListener("SIGINT", abort);
  return { signal: all, release: () => Deno.removeSignalListener("SIGINT", abort) };
}

function bar(forced: boolean): Progress | undefined {
  const notebook = jupyter();
  if (notebook) return notebookBar(notebook);
  if (Deno.stderr.isTerminal()) return terminalBar();
  return plainLines(forced);
}

const count = (n: number) => Math.floor(n).toLocaleString("en");

/** A time in words: "8 s", "3 min". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(seconds, 0.1).toFixed(1)} s`;
  return seconds < 100 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function left({ done, total, seconds }: ProgressState): string {
  return done === 0 || done >= total ? "" : ` · ${duration(seconds / done * (total - done))} left`;
}

function summary({ label, unit, done, total, seconds, stopped }: ProgressState): string {
  const share = stopped && done < total
    ? `stopped after ${count(done)} of ${count(total)}`
    : count(done);
  return `${label}: ${share} ${unit} in ${duration(seconds)}`;
}

/** Calls `draw` at most every 100 ms, and not before a step took some time. */
function paced(draw: (state: ProgressState) => void, first = 0.3) {
  let next = first;
  return (state: ProgressState) => {
    if (state.seconds < next) return false;
    next = state.seconds + 0.1;
    draw(state);
    return true;
  };
}

/** Analyses that run at once as one, for the one line of a terminal. */
export function together(states: readonly ProgressState[]): ProgressState {
  if (states.length === 1) return states[0];
  const one = <K extends "label" | "unit">(key: K) => new Set(states.map((state) => state[key]));
  const labels = [...one("label")], units = [...one("unit")];
  const sum = (f: (state: ProgressState) => number) => states.reduce((s, state) => s + f(state), 0);
  return {
    label: labels.length === 1 ? `${states.length} × ${labels[0]}` : labels.join(", "),
    unit: units.length === 1 ? units[0] : "parts",
    done: sum(({ done }) => done),
    total: sum(({ total }) => total),
    seconds: Math.max(...states.map(({ seconds }) => seconds)),
    stopped: states.every(({ stopped }) => stopped),
  };
}

const onTerminal = new Map<Progress, ProgressState>();

function terminalBar(): Progress {
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  let shown = false;
  const draw = paced((own) => {
    shown = true;
    onTerminal.set(self, own);
    const state = together([...onTerminal.values()]);
    const width = 24, full = Math.round(width * Math.min(1, state.done / state.total));
    const bar = "━".repeat(full) + "\x1b[2m" + "━".repeat(width - full) + "\x1b[22m";
    write(
      `\r\x1b[K${state.label} ${bar} ${count(state.done)} of ${count(state.total)} ${state.unit}${
        left(state)
      }`,
    );
  });
  const self: Progress = {
    report: draw,
    end(state) {
      onTerminal.delete(self);
      if (shown) write(`\r\x1b[K${summary(state)}\n`);
    },
  };
  return self;
}

/**
 * Seconds in all, at the pace since an earlier state: what comes before the first step, such as loading an engine,
 * comes once.
 */
export function expectedSeconds(since: ProgressState, { done, total, seconds }: ProgressState) {
  return seconds + (seconds - since.seconds) / (done - since.done) * (total - done);
}

/** Where nobody watches a bar: one line with the cost of what will take long. */
function plainLines(forced: boolean): Progress {
  let said = false, first: ProgressState | undefined;
  return {
    report(state) {
      first ??= state;
      if (said || state.done === first.done || state.seconds - first.seconds < 0.5) return;
      const expected = expectedSeconds(first, state);
      if (expected < 10) return;
      said = true;
      console.error(
        `${state.label}: ${count(state.total)} ${state.unit}, about ${duration(expected)}`,
      );
    },
    end: (state) => void ((said || forced) && console.error(summary(state))),
  };
}

/** A bar that moves in the cell's output, marked so that a committed notebook need not keep it. */
function notebookBar({ broadcast }: Jupyter): Progress {
  const id = crypto.randomUUID();
  let shown = false;
  const send = (html: string, text: string) => {
    const type = shown ? "update_display_data" : "display_data";
    shown = true;
    // a message that cannot be sent costs a picture of the bar, never the analysis
    const sent = broadcast(type, {
      data: { "text/html": html, "text/plain": text },
      metadata: { losslandscape: "progress" },
      transient: { display_id: id },
    });
    Promise.resolve(sent).catch(() => {});
  };
  const draw = paced((state) => {
    const share = Math.min(1, state.done / state.total);
    const text = `${count(state.done)} of ${count(state.total)} ${state.unit}${left(state)}`;
    send(
      `<div>${state.label} <progress max="1" value="${share.toFixed(3)}"></progress> ${text}</div>`,
      `${state.label}: ${text}`,
    );
  });
  return {
    report: draw,
    end: (state) => void (shown && send(`<div>${summary(state)}</div>`, summary(state))),
  };
}
