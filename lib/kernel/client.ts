import { type Message, request } from "./message.ts";
import { type Output, outputs } from "./output.ts";
import type { StartOptions } from "./process.ts";
import { startStock } from "./stock.ts";

export type { Bundle, Output } from "./output.ts";
export type { StartOptions } from "./process.ts";

/** How a piece of code is executed. */
export interface ExecuteOptions {
  /** Seconds after which the code is interrupted; the kernel is ended if that does not help. Default: never. */
  timeout?: number;
  /** Interrupts in the same way. */
  signal?: AbortSignal;
  /** Answers `prompt()` and `confirm()`; without it they get null. */
  input?: (prompt: string, password: boolean) => string | Promise<string>;
}

/** What came of executing a piece of code. */
export interface Execution {
  /** How it ended. After "died" the kernel is gone. */
  status: "ok" | "error" | "timeout" | "aborted" | "died";
  /** The number that the kernel gave it. */
  executionCount: number | null;
  /** The outputs, in order. A later cell may still change a display among them. */
  outputs: Output[];
  /** What went wrong. */
  error?: { name: string; message: string; traceback: string[] };
}

/** A running kernel. */
export interface Kernel {
  /** The number of its process. */
  readonly pid: number;
  /**
   * Executes code and gives back its outputs, all of them and no others, once they have all arrived.
   * Requests wait for each other.
   */
  execute(code: string, options?: ExecuteOptions): Promise<Execution>;
  /** Asks the kernel to end, and ends it if it does not. */
  stop(): Promise<void>;
  /** The same. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Milliseconds that a cell may take to end once it was told to. */
const settle = 5_000;

/**
 * Starts a kernel and waits until it can run code.
 *
 * @throws {Error} if the kernel does not start; with its last words.
 *
 * ```ts ignore
 * await using kernel = await startKernel();
 * const { outputs } = await kernel.execute("1 + 1");
 * ```
 */
export async function startKernel(options: StartOptions = {}): Promise<Kernel> {
  const stock = await startStock(options);
  const session = crypto.randomUUID();
  const collected = outputs();
  let queue: Promise<unknown> = Promise.resolve();

  async function run(
    code: string,
    { timeout = Infinity, signal, input }: ExecuteOptions,
  ): Promise<Execution> {
    const cell = collected.begin();
    const execution: Execution = { status: "ok", executionCount: null, outputs: cell };
    if (stock.dead !== undefined) return fail(execution, "died", "KernelDied", stock.dead);
    if (signal?.aborted) return fail(execution, "aborted", "AbortError", "stopped before it began");

    const unlisten = stock.listen((message, channel) => {
      if (channel === "iopub") collected.receive(message);
      if (channel === "stdin" && message.header.msg_type === "input_request") answer(message);
    });
    async function answer({ header, content: { prompt, password } }: Message) {
      const value = await input?.(String(prompt), Boolean(password)) ?? "";
      stock.send("stdin", request("input_reply", { value, status: "ok" }, session, header));
    }

    let stopped: "timeout" | "aborted" | undefined;
    let interrupting: Promise<unknown> | undefined;
    let over = false;
    const { promise: interrupted, resolve: giveUp } = Promise.withResolvers<undefined>();
    let settling: ReturnType<typeof setTimeout> | undefined;
    const stopCell = async (why: "timeout" | "aborted") => {
      if (stopped) return;
      stopped = why;
      await (interrupting = stock.interrupt(() => over || stock.dead !== undefined));
      if (!over) settling = setTimeout(() => giveUp(undefined), settle);
    };
    const onAbort = () => void stopCell("aborted");
    signal?.addEventListener("abort", onAbort);
    const timer = timeout < Infinity ? setTimeout(stopCell, timeout * 1000, "timeout") : undefined;
    try {
      const content = {
        code,
        silent: false,
        store_history: true,
        user_expressions: {},
        allow_stdin: input !== undefined,
        stop_on_error: false,
      };
      const reply = await Promise.race([
        stock.execute(request("execute_request", content, session)),
        interrupted,
      ]);
      over = true;
      clearTimeout(timer);
      if (!reply && stock.dead === undefined) await stock.process.kill();
      if (!reply) await stock.died;
      else if (stopped) {
        await interrupting;
        if (!await stock.settle()) await stock.process.kill().then(() => stock.died);
      }
      const count = reply?.content.execution_count;
      if (typeof count === "number") execution.executionCount = count;
      for (const output of cell) {
        if (output.output_type === "execute_result") {
          output.execution_count = execution.executionCount;
        }
      }
      if (stopped) {
        const text = stopped === "timeout" ? `did not end within ${timeout} s` : "was stopped";
        const end = stock.dead === undefined ? "" : ", and had to be ended with its kernel";
        return fail(
          execution,
          stopped,
          stopped === "timeout" ? "Timeout" : "AbortError",
          text + end,
        );
      }
      if (stock.dead !== undefined) return fail(execution, "died", "KernelDied", stock.dead);
      // An error that nobody caught, in a timer for instance, is published without a word in the reply.
      const published = cell.findLast((output) => output.output_type === "error");
      if (published) {
        return failed(execution, "error", published.ename, published.evalue, published.traceback);
      }
      const failure = await stock.failure(reply!, code);
      if (!failure) return execution;
      return fail(execution, "error", failure.ename, failure.evalue, failure.traceback);
    } finally {
      clearTimeout(timer);
      clearTimeout(settling);
      signal?.removeEventListener("abort", onAbort);
      unlisten();
    }
  }

  return {
    pid: stock.process.pid,
    execute(code, options = {}) {
      const turn = queue.then(() => run(code, options));
      queue = turn.catch(() => {});
      return turn;
    },
    stop: stock.stop,
    [Symbol.asyncDispose]: stock.stop,
  };
}

function failed(
  execution: Execution,
  status: Execution["status"],
  name: string,
  message: string,
  traceback: string[] = [],
): Execution {
  return { ...execution, status, error: { name, message, traceback } };
}

/** The same, with an output that says so. */
function fail(
  execution: Execution,
  status: Execution["status"],
  ename: string,
  evalue: string,
  traceback: string[] = [],
): Execution {
  execution.outputs.push({ output_type: "error", ename, evalue, traceback });
  return failed(execution, status, ename, evalue, traceback);
}
