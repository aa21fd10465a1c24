import type { Message } from "./message.ts";

/** The id of a mark that the prelude has published, if this is one. */
export function markOf({ text, transient }: Message["content"]): string | undefined {
  const said = typeof text === "string"
    ? text.trim()
    : (transient as { display_id?: string } | undefined)?.display_id;
  return said?.startsWith("kernel.mark ") ? said.slice(12) : undefined;
}

/**
 * Runs in the kernel before the first cell. Publishes marks; acknowledges SIGINT, which would end a kernel in
 * which nobody listens; publishes errors that nobody caught, which would wedge it; and ends it when its
 * parent is gone, from a worker, since a cell may be busy. (`broadcast` returns nothing in Deno 2.9 and a
 * promise before; a listener that throws would silence all others.)
 */
export const prelude = `{
  const { broadcast } = Deno.jupyter, { log } = console;
  const mark = (id, data = {}) => broadcast("update_display_data", {
    data, metadata: {}, transient: { display_id: "kernel.mark " + id },
  });
  Object.defineProperty(globalThis, Symbol.for("kernel.mark"), {
    value: async (id) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      log("kernel.mark " + id);
      await mark(id);
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
      await mark("reason", { "text/plain": reason });
    },
  });
  Deno.addSignalListener("SIGINT", async () => {
    try {
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
  const watch = \`const parent = \${Deno.ppid};
    setInterval(() => Deno.ppid === parent || Deno.kill(Deno.pid, "SIGKILL"), 500);\`;
  new Worker("data:text/javascript," + encodeURIComponent(watch), { type: "module", name: "watch" });
}`;
