import type { Message } from "./message.ts";

/** A mark that the prelude has published: its id, and what it says. */
export interface Mark {
  /** The one that was asked for, or "interrupt", "listens" or "reason". */
  id: string;
  /** What it says beside that it is there. */
  says: string;
}

/** The mark that a published message is, if it is one. */
export function markOf({ text, transient, data }: Message["content"]): Mark | undefined {
  const said = typeof text === "string"
    ? text.length < 100 ? text.trim() : undefined
    : (transient as { display_id?: unknown } | undefined)?.display_id;
  if (typeof said !== "string" || !said.startsWith("kernel.mark ")) return undefined;
  const says = (data as { "text/plain"?: string } | undefined)?.["text/plain"] ?? "";
  return { id: said.slice(12), says };
}

/**
 * Runs in the kernel before the first cell.
 *
 * - Publishes marks, behind all that the cell has published, by every way that outputs take.
 * - On SIGINT, which would end a kernel in which nobody listens, aborts `globalThis.stopSignal` and
 *   acknowledges. On the next SIGINT of the same Stop it drops every timer and collects garbage: a cell that
 *   awaited them, or whose synchronous code was terminated, is garbage then; the kernel notices, and the cell
 *   ends. Its variables are not: they belong to the session. The mark behind a cell puts a fresh signal in
 *   place of an aborted one. The first look at the signal in a cell is told: who looks, listens.
 * - Publishes errors that nobody caught, which would wedge the kernel.
 * - Ends the kernel when standard input, a pipe that its parent holds, is closed: in a worker, since a cell
 *   may be busy.
 *
 * (`broadcast` returns nothing in Deno 2.9 and a promise before; a listener that throws would silence all
 * others. What cells may overwrite is taken aside at the start.)
 */
export const prelude = `{
  const { broadcast } = Deno.jupyter, { log } = console, { setTimeout, clearTimeout } = globalThis;
  const { setFlagsFromString } = await import("node:v8"), { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const mark = (id, says = "") => broadcast("update_display_data", {
    data: { "text/plain": says }, metadata: {}, transient: { display_id: "kernel.mark " + id },
  });
  let stop = new AbortController(), listens = false, firstTimer = 0;
  Object.defineProperty(globalThis, "stopSignal", {
    configurable: true,
    get() {
      if (!listens) mark("listens");
      listens = true;
      return stop.signal;
    },
  });
  Object.defineProperty(globalThis, Symbol.for("kernel.mark"), {
    value: async (id) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      log("kernel.mark " + id);
      await mark(id);
      if (stop.signal.aborted) stop = new AbortController();
      listens = false;
      firstTimer = Number(setTimeout(() => {}));
    },
  });
  Object.defineProperty(globalThis, Symbol.for("kernel.reason"), {
    value: async (url) => {
      let reason = "";
      try {
        await import(url);
      } catch (error) {
        reason = String(error?.message);
      }
      await mark("reason", reason);
    },
  });
  const dropTimers = () => {
    const last = Number(setTimeout(() => {}));
    for (let id = Math.max(firstTimer, last - 1e6); id <= last; id++) clearTimeout(id);
  };
  Deno.addSignalListener("SIGINT", async () => {
    try {
      if (stop.signal.aborted) {
        dropTimers();
        setTimeout(gc, 10);
        setTimeout(gc, 200);
      } else stop.abort(new DOMException("Stopped", "AbortError"));
      await mark("interrupt");
    } catch {}
  });
  const uncaught = (event, error) => {
    event.preventDefault();
    const { name = "Error", message = String(error), stack = "" } = error ?? {};
    broadcast("error", { ename: name, evalue: message, traceback: stack.split("\\n") });
  };
  addEventListener("error", (event) => uncaught(event, event.error));
  addEventListener("unhandledrejection", (event) => uncaught(event, event.reason));
  const watch = \`const bytes = new Uint8Array(64);
    try {
      while (Deno.stdin.readSync(bytes) !== null);
    } catch {}
    Deno.kill(Deno.pid, "SIGKILL");\`;
  new Worker("data:text/javascript," + encodeURIComponent(watch), { type: "module", name: "watch" });
}`;
