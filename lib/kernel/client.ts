import { type Channel, connect } from "./channel.ts";
import { decode, encode, type Message, request } from "./message.ts";
import { type Output, outputs } from "./output.ts";
import { markOf, prelude } from "./prelude.ts";
import { type StartOptions, startProcess } from "./process.ts";

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

/** How long things may take, in ms. */
const patience = { start: 30_000, mark: 10_000, acknowledge: 500, settle: 5_000, shutdown: 2_000 };

/**
 * Starts a kernel and waits until it listens and nothing that it publishes can be missed.
 *
 * Deno's kernel publishes `idle` before a cell's last outputs, and lets late outputs carry the parent of
 * the next request. So one request is sent at a time, and behind each a silent one that publishes a mark by
 * every way that outputs take: what arrives before the marks belongs to the cell, whatever its parent says.
 *
 * @throws {Error} if the kernel does not start; with its last words.
 *
 * ```ts ignore
 * await using kernel = await startKernel();
 * const { outputs } = await kernel.execute("1 + 1");
 * ```
 */
export async function startKernel(options: StartOptions = {}): Promise<Kernel> {
  const process = await startProcess(options);
  const { connection: { ip, transport, key, shell_port, iopub_port, control_port, stdin_port } } =
    process;
  const session = crypto.randomUUID();
  const listeners = new Set<(message: Message, channel: string) => void>();
  const open = (kind: "dealer" | "subscriber", port: number, name: string) =>
    connect(kind, `${transport}://${ip}:${port}`, (frames) => {
      const message = decode(frames, key);
      if (message) { for (const listen of [...listeners]) listen(message, name); }
    });
  const channels = {
    shell: open("dealer", shell_port, "shell"),
    iopub: open("subscriber", iopub_port, "iopub"),
    control: open("dealer", control_port, "control"),
    stdin: open("dealer", stdin_port, "stdin"),
  };
  const collected = outputs();
  let dead: string | undefined;
  const died = process.ended.then((how) => dead = `the kernel ${how}`);
  let queue: Promise<unknown> = Promise.resolve();

  function send(channel: Channel, message: Message): string {
    channel.send(encode(message, key));
    return message.header.msg_id;
  }

  /** Resolves with the first message that is wanted; undefined after some ms or if the kernel dies. */
  function wait(
    wanted: (message: Message, channel: string) => unknown,
    ms = Infinity,
  ): Promise<Message | undefined> {
    const { promise, resolve } = Promise.withResolvers<Message | undefined>();
    const listen = (message: Message, channel: string) => {
      if (wanted(message, channel)) resolve(message);
    };
    listeners.add(listen);
    const timer = ms < Infinity ? setTimeout(() => resolve(undefined), ms) : undefined;
    died.then(() => resolve(undefined));
    return promise.finally(() => {
      listeners.delete(listen);
      clearTimeout(timer);
    });
  }

  const replyTo = (id: string) => (message: Message, channel: string) =>
    channel === "shell" && message.parent_header.msg_id === id;

  function ask(
    code: string,
    { silent = false, allow_stdin = false } = {},
  ): Promise<Message | undefined> {
    const content = {
      code,
      silent,
      store_history: !silent,
      user_expressions: {},
      allow_stdin,
      stop_on_error: false,
    };
    return wait(replyTo(send(channels.shell, request("execute_request", content, session))));
  }

  async function ready(): Promise<void> {
    const deadline = performance.now() + patience.start;
    while (dead === undefined && performance.now() < deadline) {
      // The kernel publishes its status around each request: once one arrives, the subscription is live.
      const heard = wait((_, channel) => channel === "iopub", 100);
      const replied = wait(
        replyTo(send(channels.shell, request("kernel_info_request", {}, session))),
        100,
      );
      if (await heard && await replied) return void await ask(prelude, { silent: true });
    }
    await stop();
    throw new Error(`Cannot start the kernel: ${dead ?? "it did not answer within 30 s"}`);
  }

  /** Resolves when all that the cell has published is here. */
  async function arrived(): Promise<void> {
    const id = crypto.randomUUID();
    const marks = ["stream", "update_display_data"].map((type) =>
      wait(
        ({ header, content }) => header.msg_type === type && markOf(content) === id,
        patience.mark,
      )
    );
    await Promise.all([
      ask(`await globalThis[Symbol.for("kernel.mark")]("${id}")`, { silent: true }),
      ...marks,
    ]);
  }

  /**
   * SIGINT reaches code that awaits; the prelude acknowledges it. Without an acknowledgement the event loop
   * is busy, and the kernel's own interrupt stops synchronous code (it would wedge code that awaits).
   */
  async function interrupt(): Promise<void> {
    const acknowledged = wait(
      ({ header, content }) =>
        header.msg_type === "update_display_data" && markOf(content) === "interrupt",
      patience.acknowledge,
    );
    process.interrupt();
    if (await acknowledged || dead !== undefined) return;
    send(channels.control, request("interrupt_request", {}, session));
  }

  async function run(
    code: string,
    { timeout = Infinity, signal, input }: ExecuteOptions,
  ): Promise<Execution> {
    const cell = collected.begin();
    const execution: Execution = { status: "ok", executionCount: null, outputs: cell };
    if (dead !== undefined) return fail(execution, "died", "KernelDied", dead);
    if (signal?.aborted) return fail(execution, "aborted", "AbortError", "stopped before it began");

    const collect = (message: Message, channel: string) => {
      if (channel === "iopub" && markOf(message.content) === undefined) collected.receive(message);
      if (channel === "stdin" && message.header.msg_type === "input_request") answer(message);
    };
    async function answer({ header, content: { prompt, password } }: Message) {
      const value = await input?.(String(prompt), Boolean(password)) ?? "";
      send(channels.stdin, request("input_reply", { value, status: "ok" }, session, header));
    }
    listeners.add(collect);

    let stopped: "timeout" | "aborted" | undefined;
    const { promise: interrupted, resolve: giveUp } = Promise.withResolvers<undefined>();
    let settle: ReturnType<typeof setTimeout> | undefined;
    const stopCell = async (why: "timeout" | "aborted") => {
      if (stopped) return;
      stopped = why;
      await interrupt();
      settle = setTimeout(() => giveUp(undefined), patience.settle);
    };
    const onAbort = () => void stopCell("aborted");
    signal?.addEventListener("abort", onAbort);
    const timer = timeout < Infinity ? setTimeout(stopCell, timeout * 1000, "timeout") : undefined;
    try {
      const reply = await Promise.race([
        ask(code, { allow_stdin: input !== undefined }),
        interrupted,
      ]);
      clearTimeout(timer);
      if (!reply && dead === undefined) await process.kill();
      if (!reply) await drained();
      else await arrived();
      const count = reply?.content.execution_count;
      if (typeof count === "number") execution.executionCount = count;
      for (const output of cell) {
        if (output.output_type === "execute_result") {
          output.execution_count = execution.executionCount;
        }
      }
      if (stopped) {
        const text = stopped === "timeout" ? `did not end within ${timeout} s` : "was stopped";
        const end = reply ? "" : ", and had to be ended with its kernel";
        return fail(
          execution,
          stopped,
          stopped === "timeout" ? "Timeout" : "AbortError",
          text + end,
        );
      }
      if (dead !== undefined) return fail(execution, "died", "KernelDied", dead);
      // An error that nobody caught, in a timer for instance, is published without a word in the reply.
      const published = cell.findLast((output) => output.output_type === "error");
      if (published) {
        return failed(execution, "error", published.ename, published.evalue, published.traceback);
      }
      if (reply?.content.status !== "error") return execution;
      const why = await reason(code);
      if (!why) {
        // Deno's kernel holds a cell's result so weakly that what the cell did not await may have it collected.
        const lost = process.said().slice(-300).includes("Promise was collected");
        const text = "the kernel lost the cell's result: await everything that the cell starts";
        return fail(execution, "error", "Error", lost ? text : String(reply.content.evalue));
      }
      const traceback = [`${why.ename}: ${why.evalue}`, why.at];
      return fail(execution, "error", why.ename, why.evalue, traceback);
    } finally {
      clearTimeout(timer);
      clearTimeout(settle);
      signal?.removeEventListener("abort", onAbort);
      listeners.delete(collect);
    }
  }

  /**
   * Why code fails that the kernel refuses without a reason: it does not parse, or names a package that does
   * not exist. Loading it as a module gives the reason; a first import that throws keeps it from running.
   */
  async function reason(
    code: string,
  ): Promise<{ ename: string; evalue: string; at: string } | undefined> {
    const first = 'import "data:text/javascript,throw 0";';
    const url = "data:application/typescript," + encodeURIComponent(first + code);
    const heard = wait(({ content }) => markOf(content) === "reason", patience.mark);
    await ask(`await globalThis[Symbol.for("kernel.reason")](${JSON.stringify(url)})`, {
      silent: true,
    });
    const { data } = (await heard)?.content as { data?: { "text/plain"?: string } } ?? {};
    const text = data?.["text/plain"] ?? "";
    const [, said, row, column] = text.match(/^(.*)[^]*?at data:\S*:(\d+):(\d+)$/) ?? [];
    if (!said || !/^SyntaxError|already been declared|^npm package/.test(said)) return undefined;
    const at = `${row}:${row === "1" ? Math.max(1, +column - first.length) : column}`;
    return {
      ename: said.startsWith("npm") ? "Error" : "SyntaxError",
      evalue: said.replace(/^SyntaxError: | at data:.*$/g, ""),
      at: `    at <anonymous>:${at}`,
    };
  }

  /** After the kernel's end: what it had published may still be on its way to us. */
  async function drained(): Promise<void> {
    await died;
    let heard = true;
    const listen = () => void (heard = true);
    listeners.add(listen);
    while (heard) {
      heard = false;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    listeners.delete(listen);
  }

  async function stop(): Promise<void> {
    if (dead === undefined) {
      send(channels.control, request("shutdown_request", { restart: false }, session));
      let timer;
      await Promise.race([died, new Promise((r) => timer = setTimeout(r, patience.shutdown))]);
      clearTimeout(timer);
    }
    await process.kill();
    for (const channel of Object.values(channels)) channel.close();
  }

  await ready();
  return {
    pid: process.pid,
    execute(code, options = {}) {
      const turn = queue.then(() => run(code, options));
      queue = turn.catch(() => {});
      return turn;
    },
    stop,
    [Symbol.asyncDispose]: stop,
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
