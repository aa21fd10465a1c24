import { fileLimit } from "./outlet.ts";

/** How many files a kernel may be ahead of its reader before it waits. */
const filesAhead = 4;

/** How often garbage is collected, since a stack may still hold what is garbage. */
export const collections = 10;

/**
 * Runs in the kernel before the first cell.
 *
 * - Puts all that is published into the files of an outlet. Each record is one call into the system: a cell that
 *   is terminated leaves it whole or not at all. A kernel that is far ahead of its reader waits.
 * - On SIGINT, which would end a kernel in which nobody listens, aborts `globalThis.stopSignal` and
 *   acknowledges. On the next SIGINT of the same Stop it drops the timers that the cell has set and collects
 *   garbage: a cell that awaited them, or whose synchronous code was terminated, is garbage then; the kernel
 *   notices, and the cell ends. Its variables are not: they belong to the session. At the end of a cell a
 *   fresh signal takes the place of an aborted one. The first look at the signal in a cell is told: who looks,
 *   listens.
 * - Sets the timers going again when synchronous code was terminated in the middle of theirs: Deno leaves them
 *   without a date then, until one of another length is set.
 * - Publishes errors that nobody caught, which would wedge the kernel.
 * - Answers knocks at standard input, a pipe that its parent holds, with a byte in a file: in a worker, so that
 *   it is the process that answers, however busy a cell is. When the pipe is closed, it ends the kernel.
 *
 * (A listener that throws would silence all others. What cells may overwrite is taken aside at the start.)
 */
export const prelude = (folder: string) =>
  `{
  const folder = ${JSON.stringify(folder)}, limit = ${fileLimit}, ahead = ${filesAhead};
  const collections = ${collections};
  const { openSync, statSync } = Deno, internal = Deno[Deno.internal], { jupyter } = internal;
  const { stringify } = JSON, { setTimeout, clearTimeout } = globalThis, { wait } = Atomics;
  const { setFlagsFromString } = await import("node:v8"), { runInNewContext } = await import("node:vm");
  const process = (await import("node:process")).default;
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const encoder = new TextEncoder(), cell = new Int32Array(new SharedArrayBuffer(4));
  const begin = (number) => ({
    number,
    file: openSync(folder + "/" + number, { write: true, create: true, truncate: true }),
  });
  let out = begin(0);
  const isThere = (number) => {
    try {
      return statSync(folder + "/" + number).isFile;
    } catch {
      return false;
    }
  };
  const turn = () => {
    while (isThere(out.number - ahead)) wait(cell, 0, 0, 2);
    const { file } = out;
    out = begin(out.number + 1);
    file.close();
  };
  const bytesOf = (buffer) =>
    ArrayBuffer.isView(buffer)
      ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new Uint8Array(buffer);
  const say = (type, content, { metadata = {}, buffers = [] } = {}) => {
    const binary = buffers.map(bytesOf);
    const sizes = binary.map((bytes) => bytes.length);
    const text = encoder.encode(stringify({ type, content, metadata: metadata ?? {}, sizes }));
    const record = new Uint8Array(sizes.reduce((sum, size) => sum + size, 8 + text.length));
    const lengths = new DataView(record.buffer);
    lengths.setUint32(0, record.length - 8, true);
    lengths.setUint32(4, text.length, true);
    let at = 8;
    for (const part of [text, ...binary]) {
      record.set(part, at);
      at += part.length;
    }
    if (out.file.seekSync(0, 1) > limit) turn();
    for (let rest = record; rest.length > 0;) rest = rest.subarray(out.file.writeSync(rest));
  };
  const mark = (id, says = "") => say("mark", { id, says });

  const print = (name) => (text) => void say("stream", { name, text: String(text) });
  const own = new internal.Console((text, level) => print(level > 1 ? "stderr" : "stdout")(text));
  for (const [name, value] of Object.entries(own)) {
    if (typeof value === "function") console[name] = value;
  }
  for (const name of ["stdout", "stderr"]) {
    const decoder = new TextDecoder(), tell = print(name);
    const writeSync = (bytes) => (tell(decoder.decode(bytes, { stream: true })), bytes.length);
    Deno[name].writeSync = writeSync;
    Deno[name].write = async (bytes) => writeSync(bytes);
    process[name].write = (text, encoding, done = encoding) => {
      typeof text === "string" ? tell(text) : writeSync(text);
      if (typeof done === "function") done();
      return true;
    };
  }
  const failed = ({ name = "Error", message, stack = "" }) =>
    say("error", { ename: name, evalue: String(message), traceback: String(stack).split("\\n") });
  const problem = (thrown) => thrown instanceof Error ? thrown : { message: thrown };
  const broadcast = async (type, content, options) => say(type, content, options);
  const display = async (value, { raw = false, update = false, display_id } = {}) => {
    const data = await jupyter.formatInner(value, raw);
    const transient = display_id ? { display_id } : {};
    say(update ? "update_display_data" : "display_data", { data, metadata: {}, transient });
  };
  Object.assign(Deno.jupyter, { broadcast, display });
  jupyter.broadcastResult = async (execution_count, result) => {
    try {
      if (result !== undefined) {
        const data = await jupyter.formatInner(result, false);
        say("execute_result", { execution_count, data, metadata: {}, transient: {} });
      }
    } catch (error) {
      failed(problem(error));
    }
    settle();
  };

  let stop = new AbortController(), listens = false, firstTimer = 0;
  Object.defineProperty(globalThis, "stopSignal", {
    configurable: true,
    get() {
      if (!listens) mark("listens");
      listens = true;
      return stop.signal;
    },
  });
  const settle = () => {
    if (stop.signal.aborted) stop = new AbortController();
    listens = false;
    firstTimer = Number(setTimeout(() => {}));
  };
  const hidden = (name, value) => Object.defineProperty(globalThis, Symbol.for(name), { value });
  hidden("kernel.settle", async (ms) => {
    revive();
    await new Promise((resolve) => setTimeout(resolve, ms));
    settle();
  });
  hidden("kernel.reason", async (url) => {
    try {
      await import(url);
    } catch (error) {
      mark("reason", String(error?.message));
    }
  });
  let revivals = 0;
  const revive = () => {
    revivals = (revivals + 1) % 5;
    for (const ms of [3, 11, 23]) setTimeout(() => {}, ms + revivals);
  };
  const dropTimers = () => {
    const last = Number(setTimeout(() => {}));
    for (let id = Math.max(firstTimer, last - 1e6); id <= last; id++) clearTimeout(id);
  };
  const collect = (times) => {
    gc();
    mark("collected");
    if (times > 1 && stop.signal.aborted) setTimeout(collect, 50, times - 1);
  };
  Deno.addSignalListener("SIGINT", () => {
    try {
      if (stop.signal.aborted) {
        dropTimers();
        revive();
        setTimeout(collect, 10, collections);
      } else stop.abort(new DOMException("Stopped", "AbortError"));
      mark("interrupt");
    } catch {}
  });
  const uncaught = (event, error) => {
    event.preventDefault();
    failed(problem(error));
  };
  addEventListener("error", (event) => uncaught(event, event.error));
  addEventListener("unhandledrejection", (event) => uncaught(event, event.reason));
  const watch = \`const bytes = new Uint8Array(64), folder = \${stringify(folder)};
    try {
      const pulse = Deno.openSync(folder + "/pulse", { append: true, create: true });
      for (let n = 0; n !== null; n = Deno.stdin.readSync(bytes)) pulse.writeSync(bytes.subarray(0, n));
    } catch {}
    try {
      Deno.removeSync(folder, { recursive: true });
    } catch {}
    Deno.kill(Deno.pid, "SIGKILL");\`;
  new Worker("data:text/javascript," + encodeURIComponent(watch), { type: "module", name: "watch" });
}`;
