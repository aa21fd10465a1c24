import { type Channel, connect } from "./channel.ts";
import { addressOf } from "./connection.ts";
import { decode, encode, type Message, request } from "./message.ts";
import { type Mark, markOf, prelude } from "./prelude.ts";
import { type KernelProcess, type StartOptions, startProcess } from "./process.ts";

/** The sockets of a kernel that a client talks to. */
export type ChannelName = "shell" | "iopub" | "control" | "stdin";

/** Deno's own kernel, running, as those who stand in front of it see it. */
export interface Stock {
  /** Its process. */
  readonly process: KernelProcess;
  /** How it ended, with its last words; undefined while it runs. */
  readonly dead: string | undefined;
  /** Resolves when it has ended. */
  readonly died: Promise<string>;
  /** Calls back with every message that comes, marks left out; returns what ends that. */
  listen(listener: Listener): () => void;
  /** Sends a message, and gives back its id. */
  send(channel: Exclude<ChannelName, "iopub">, message: Message): string;
  /** Sends a request and resolves with its reply; undefined after some ms or if the kernel dies. */
  ask(message: Message, ms?: number): Promise<Message | undefined>;
  /** Resolves when all that was published up to now is here, and a stop signal that was aborted is fresh again. */
  arrived(): Promise<void>;
  /** Asks what runs to stop, and sees to it where it can; true if it listens, and is to be waited for. */
  interrupt(isOver: () => boolean): Promise<boolean>;
  /** Why code was refused without a reason; undefined if it is not the code's fault. */
  reason(code: string): Promise<{ ename: string; evalue: string; at: string } | undefined>;
  /** Resolves after the kernel's end when nothing is on its way any more. */
  drained(): Promise<void>;
  /** Asks the kernel to end, and ends it if it does not. */
  stop(): Promise<void>;
}

/** Is told of a message and of the socket that it came by. */
export type Listener = (message: Message, channel: ChannelName) => void;

/** How long things may take, in ms. */
const patience = {
  start: 30_000,
  mark: 10_000,
  acknowledge: 500,
  /** A cell that listens may be busy for longer before it looks again. */
  acknowledgeListening: 3_000,
  listen: 300,
  late: 1_000,
  shutdown: 2_000,
};

/**
 * Starts Deno's kernel and waits until it listens and nothing that it publishes can be missed.
 *
 * It publishes `idle` before a cell's last outputs, and lets late outputs carry the parent of the next request.
 * So those who use it send one request at a time and wait for `arrived`, which sends a silent request that
 * publishes a mark by every way that outputs take: what arrives before the marks belongs to the cell, whatever
 * its parent says.
 *
 * @throws {Error} if the kernel does not start; with its last words.
 */
export async function startStock(options: StartOptions = {}): Promise<Stock> {
  const process = await startProcess(options);
  const { connection, connection: { key } } = process;
  const session = crypto.randomUUID();
  const listeners = new Set<(message: Message, channel: ChannelName, mark?: Mark) => void>();
  const open = (kind: "dealer" | "subscriber", name: ChannelName) =>
    connect(kind, addressOf(connection, `${name}_port`), (frames) => {
      const message = decode(frames, key);
      if (!message) return;
      const mark = name === "iopub" ? markOf(message.content) : undefined;
      for (const listen of [...listeners]) listen(message, name, mark);
    });
  const channels: Record<ChannelName, Channel> = {
    shell: open("dealer", "shell"),
    iopub: open("subscriber", "iopub"),
    control: open("dealer", "control"),
    stdin: open("dealer", "stdin"),
  };
  let listens = false;
  listeners.add((_1, _2, mark) => void (listens ||= mark?.id === "listens"));
  let dead: string | undefined;
  // Waiting costs nothing once it is over: a promise that may never settle would keep all who asked it.
  const bereaved = new Set<() => void>();
  const died = process.ended.then((how) => {
    dead = `the kernel ${how}`;
    for (const tell of bereaved) tell();
    return dead;
  });

  function send(channel: ChannelName, message: Message): string {
    channels[channel].send(encode(message, key));
    return message.header.msg_id;
  }

  /** Resolves with the first message that is wanted; undefined after some ms or if the kernel dies. */
  function wait(
    wanted: (message: Message, channel: ChannelName, mark?: Mark) => unknown,
    ms = Infinity,
  ): Promise<Message | undefined> {
    const { promise, resolve } = Promise.withResolvers<Message | undefined>();
    const listen = (message: Message, channel: ChannelName, mark?: Mark) => {
      if (wanted(message, channel, mark)) resolve(message);
    };
    listeners.add(listen);
    const giveUp = () => resolve(undefined);
    const timer = ms < Infinity ? setTimeout(giveUp, ms) : undefined;
    if (dead !== undefined) giveUp();
    bereaved.add(giveUp);
    return promise.finally(() => {
      bereaved.delete(giveUp);
      listeners.delete(listen);
      clearTimeout(timer);
    });
  }

  function ask(message: Message, ms?: number): Promise<Message | undefined> {
    const id = send("shell", message);
    return wait(
      ({ parent_header }, channel) => channel === "shell" && parent_header.msg_id === id,
      ms,
    );
  }

  function askSilently(code: string): Promise<Message | undefined> {
    const content = { code, silent: true, store_history: false, allow_stdin: false };
    return ask(request("execute_request", content, session));
  }

  async function ready(): Promise<void> {
    const deadline = performance.now() + patience.start;
    while (dead === undefined && performance.now() < deadline) {
      // The kernel publishes its status around each request: once one arrives, the subscription is live.
      const heard = wait((_, channel) => channel === "iopub", 100);
      const replied = ask(request("kernel_info_request", {}, session), 100);
      if (await heard && await replied) return void await askSilently(prelude);
    }
    await stop();
    throw new Error(`Cannot start the kernel: ${dead ?? "it did not answer within 30 s"}`);
  }

  async function arrived(): Promise<void> {
    const id = crypto.randomUUID();
    const marks = ["stream", "update_display_data"].map((type) =>
      wait(({ header }, _, mark) => header.msg_type === type && mark?.id === id, patience.mark)
    );
    await Promise.all([
      askSilently(`await globalThis[Symbol.for("kernel.mark")]("${id}")`),
      ...marks,
    ]);
    listens = false;
  }

  /**
   * SIGINT reaches code that awaits; the prelude aborts the stop signal and acknowledges. Without an
   * acknowledgement the event loop is busy: the kernel's own interrupt terminates synchronous code. (It would
   * wedge code that awaits.) What was terminated in the middle of a promise never settles, and what awaits
   * without listening goes on: a second SIGINT makes garbage of both.
   */
  async function interrupt(isOver: () => boolean): Promise<boolean> {
    const heard = (ms: number) => wait((_1, _2, mark) => mark?.id === "interrupt", ms);
    const signalled = heard(listens ? patience.acknowledgeListening : patience.acknowledge);
    process.interrupt();
    const acknowledged = await signalled;
    if (isOver() || dead !== undefined) return true;
    if (acknowledged && listens) return true;
    if (acknowledged) {
      const until = performance.now() + patience.listen;
      while (!isOver() && performance.now() < until) await pause(5);
    } else {
      const late = heard(patience.late);
      send("control", request("interrupt_request", {}, session));
      await late;
    }
    if (isOver() || dead !== undefined) return true;
    const again = heard(patience.late);
    process.interrupt();
    await again;
    return false;
  }

  /**
   * Code fails without a reason if it does not parse, or names a package that does not exist. Loading it as a
   * module gives the reason; a first import that throws keeps it from running.
   */
  async function reason(code: string) {
    const first = 'import "data:text/javascript,throw 0";';
    const url = "data:application/typescript," + encodeURIComponent(first + code);
    const heard = wait((_1, _2, mark) => mark?.id === "reason", patience.mark);
    await askSilently(`await globalThis[Symbol.for("kernel.reason")](${JSON.stringify(url)})`);
    const text = markOf((await heard)?.content ?? {})?.says ?? "";
    const [, said, row, column] = text.match(/^(.*)[^]*?at data:\S*:(\d+):(\d+)$/) ?? [];
    if (!said || !/^SyntaxError|already been declared|^npm package/.test(said)) return undefined;
    const at = `${row}:${row === "1" ? Math.max(1, +column - first.length) : column}`;
    return {
      ename: said.startsWith("npm") ? "Error" : "SyntaxError",
      evalue: said.replace(/^SyntaxError: | at data:.*$/g, ""),
      at: `    at <anonymous>:${at}`,
    };
  }

  async function drained(): Promise<void> {
    await died;
    let heard = true;
    const listen = () => void (heard = true);
    listeners.add(listen);
    while (heard) {
      heard = false;
      await pause(100);
    }
    listeners.delete(listen);
  }

  async function stop(): Promise<void> {
    if (dead === undefined) {
      send("control", request("shutdown_request", { restart: false }, session));
      let timer;
      await Promise.race([died, new Promise((r) => timer = setTimeout(r, patience.shutdown))]);
      clearTimeout(timer);
    }
    await process.kill();
    for (const channel of Object.values(channels)) channel.close();
  }

  await ready();
  return {
    process,
    get dead() {
      return dead;
    },
    died,
    listen(listener) {
      const listen = (message: Message, channel: ChannelName, mark?: Mark) => {
        if (!mark) listener(message, channel);
      };
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    send,
    ask,
    arrived,
    interrupt,
    reason,
    drained,
    stop,
  };
}

/** Resolves after some ms. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
