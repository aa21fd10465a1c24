import { type Channel, connect } from "./channel.ts";
import { addressOf } from "./connection.ts";
import { answer, decode, encode, type Message, request } from "./message.ts";
import { openOutlet } from "./outlet.ts";
import { collections, prelude } from "./prelude.ts";
import { type KernelProcess, type StartOptions, startProcess } from "./process.ts";

/** The sockets of a kernel that a client talks to. */
export type ChannelName = "shell" | "iopub" | "control" | "stdin";

/**
 * What became of asking a cell to stop: it has ended, it listens and is to be waited for, it does neither, or
 * the kernel itself says nothing any more, not even to a signal.
 */
export type Stopping = "over" | "listens" | "deaf" | "silent";

/** Deno's own kernel, running, as those who stand in front of it see it. */
export interface Stock {
  /** Its process. */
  readonly process: KernelProcess;
  /** How it ended, with its last words; undefined while it runs. */
  readonly dead: string | undefined;
  /** Resolves when it has ended. */
  readonly died: Promise<string>;
  /** Calls back with every output and every message that comes; returns what ends that. */
  listen(listener: Listener): () => void;
  /** Sends a message, and gives back its id. */
  send(channel: Exclude<ChannelName, "iopub">, message: Message): string;
  /** Sends a request and resolves with its reply; undefined after some ms or if the kernel dies. */
  ask(message: Message, ms?: number): Promise<Message | undefined>;
  /**
   * The same for a request that runs code; when it resolves, all that was published up to then has been told.
   * One at a time.
   */
  execute(message: Message): Promise<Message | undefined>;
  /** Asks what runs to stop, and sees to it where it can. */
  interrupt(isOver: () => boolean): Promise<Stopping>;
  /** After a stop: lets none of it reach the next cell. False if the kernel does not answer. */
  settle(): Promise<boolean>;
  /** What went wrong, as of the reply; undefined if nothing. Code that the kernel refuses is asked why. */
  failure(reply: Message, code: string): Promise<Failure | undefined>;
  /** Asks the kernel to end, and ends it if it does not. */
  stop(): Promise<void>;
}

/** What went wrong in a cell. */
export type Failure = {
  /** The name of the error. */
  ename: string;
  /** What it says. */
  evalue: string;
  /** Where: the lines of its stack. */
  traceback: string[];
};

/** Is told of a message and of the socket that it came by; of outputs as if they came by the one for them. */
export type Listener = (message: Message, channel: ChannelName) => void;

/** How long things may take, in ms. */
const patience = { start: 120_000, shutdown: 2_000, turn: 25, knock: 10_000, late: 20 };

/**
 * How many turns something gets before it is given up, 25 ms apart on a quiet machine. A turn is over when the
 * kernel's process has answered a knock: on a busy one it gets more time, by as much as it needs.
 */
const turns = {
  acknowledge: 20,
  acknowledgeListening: 120,
  hesitate: 4,
  end: 12,
  garbage: 60,
  settle: 80,
};

/** Ms between two looks at what has been published. */
const look = { running: 4, idle: 50 };

/** Bytes of output that are handed on before the event loop gets a turn. */
const atOnce = 2 ** 22;

/**
 * Starts Deno's kernel and waits until it can run code.
 *
 * @throws {Error} if the kernel does not start; with its last words.
 */
export async function startStock(options: StartOptions = {}): Promise<Stock> {
  for (let tries = 1;; tries++) {
    try {
      return await begin(options);
    } catch (error) {
      if (tries === TRIES || !isTaken((error as Error).message)) throw error;
    }
  }
}

/** How often a kernel is started whose ports somebody else took before it did. */
const TRIES = 3;

/** Whether a kernel ended because of that. */
export const isTaken = (words: string): boolean => /address (is )?(already )?in use/i.test(words);

async function begin(options: StartOptions): Promise<Stock> {
  const outlet = openOutlet();
  const process = await startProcess(options).catch((error) => {
    outlet.close();
    throw error;
  });
  const { connection, connection: { key } } = process;
  const session = crypto.randomUUID();
  const listeners = new Set<Listener>();
  const marks = new Map<string, (says: string) => void>();
  const open = (name: "shell" | "control" | "stdin") =>
    connect("dealer", addressOf(connection, `${name}_port`), (frames) => {
      const message = decode(frames, key);
      if (message) { for (const listen of [...listeners]) listen(message, name); }
    });
  const channels: Record<"shell" | "control" | "stdin", Channel> = {
    shell: open("shell"),
    control: open("control"),
    stdin: open("stdin"),
  };
  let running = false;
  let listens = false;
  /** Ms in which what is left of a Stop may still arrive. */
  let late = 0;
  let acknowledged = 0;
  let collected = 0;
  marks.set("listens", () => listens = true);
  marks.set("interrupt", () => acknowledged++);
  marks.set("collected", () => collected++);

  /** Tells what has been published. */
  function collect(atMost?: number): void {
    for (const { type, content, metadata, buffers } of outlet.read(atMost)) {
      if (type === "mark") {
        marks.get(String(content.id))?.(String(content.says));
        continue;
      }
      const message = { ...answer(type, content, session), metadata };
      if (buffers.length > 0) message.buffers = buffers;
      for (const listen of [...listeners]) listen(message, "iopub");
    }
  }
  let looking = setTimeout(watch, look.idle);
  function watch(): void {
    collect(atOnce);
    looking = setTimeout(watch, running ? look.running : look.idle);
  }

  let dead: string | undefined;
  // Waiting costs nothing once it is over: a promise that may never settle would keep all who asked it.
  const bereaved = new Set<() => void>();
  const died = process.ended.then((how) => {
    clearTimeout(looking);
    dead = `the kernel ${how}`;
    collect();
    outlet.close();
    for (const channel of Object.values(channels)) channel.close();
    for (const tell of [...bereaved]) tell();
    return dead;
  });

  function send(channel: Exclude<ChannelName, "iopub">, message: Message): string {
    channels[channel].send(encode(message, key));
    return message.header.msg_id;
  }

  function ask(message: Message, ms = Infinity): Promise<Message | undefined> {
    const { promise, resolve } = Promise.withResolvers<Message | undefined>();
    const id = message.header.msg_id;
    const listen: Listener = (message, channel) => {
      if (channel === "shell" && message.parent_header.msg_id === id) resolve(message);
    };
    const giveUp = () => resolve(undefined);
    listeners.add(listen);
    bereaved.add(giveUp);
    const timer = ms < Infinity ? setTimeout(giveUp, ms) : undefined;
    if (dead === undefined) send("shell", message);
    else giveUp();
    return promise.finally(() => {
      bereaved.delete(giveUp);
      listeners.delete(listen);
      clearTimeout(timer);
    });
  }

  async function askSilently(code: string, ms?: number): Promise<Message | undefined> {
    const content = { code, silent: true, store_history: false, allow_stdin: false };
    const reply = await ask(request("execute_request", content, session), ms);
    if (dead === undefined) collect();
    return reply;
  }

  async function settle(ms = late): Promise<boolean> {
    let settled = false;
    const code = `await globalThis[Symbol.for("kernel.settle")](${ms})`;
    const settling = askSilently(code).then(() => settled = true);
    // Only after a Stop may the kernel be wedged; otherwise what it does is not ours to judge.
    await (late > 0 ? Promise.race([settling, give(turns.settle, () => settled)]) : settling);
    listens = false;
    return settled || dead !== undefined;
  }

  async function execute(message: Message): Promise<Message | undefined> {
    running = true;
    late = 0;
    clearTimeout(looking);
    watch();
    const reply = await ask(message);
    running = false;
    if (dead !== undefined) return undefined;
    collect();
    if (/repl (thread gone|response channel closed)/.test(String(reply?.content.evalue))) {
      await process.kill();
      return undefined;
    }
    // Behind a cell that has returned, the kernel settles by itself.
    if (reply?.content.status !== "ok" || message.content.silent) await settle(0);
    listens = false;
    return reply;
  }

  /** Gives the kernel's process some turns; fewer if something holds before. */
  async function give(count: number, holds: () => boolean): Promise<void> {
    for (let i = 0; i < count; i++) {
      const beats = outlet.beats(), began = performance.now();
      const lasts = (ms: number) => performance.now() < began + ms;
      process.knock();
      while (lasts(patience.turn) || (outlet.beats() === beats && lasts(patience.knock))) {
        await pause(look.running);
        if (dead !== undefined) return;
        collect();
        if (holds()) return;
      }
    }
  }

  /**
   * SIGINT reaches code that awaits; the prelude aborts the stop signal and acknowledges. Without an
   * acknowledgement the event loop is busy: the kernel's own interrupt terminates synchronous code. (It would
   * wedge code that awaits, so it must not be sent because the machine is busy.) What was terminated in the
   * middle of a promise never settles, and what awaits without listening goes on: further SIGINTs make garbage
   * of both. Between any two of these a cell may have gone from awaiting to computing.
   */
  async function interrupt(isOver: () => boolean): Promise<Stopping> {
    const over = () => isOver() || dead !== undefined;
    for (let attempt = 0; attempt < 4; attempt++) {
      const told = acknowledged, garbage = collected;
      const heard = () => acknowledged > told || over();
      late = patience.late;
      process.interrupt();
      await give(listens ? turns.acknowledgeListening : turns.acknowledge, heard);
      if (!heard()) {
        send("control", request("interrupt_request", {}, session));
        await give(turns.garbage, heard);
        if (!heard()) return "silent";
      } else if (listens) {
        // The signal has arrived, and nothing else was sent.
        if (acknowledged > told && attempt === 0) late = 0;
        return over() ? "over" : "listens";
      } else if (attempt > 0) {
        await give(turns.garbage, () => over() || collected - garbage >= collections);
      }
      await give(attempt > 0 ? turns.end : turns.hesitate, over);
      if (over()) return "over";
    }
    return "deaf";
  }

  /**
   * Code fails without a reason if it does not parse, or names a package that does not exist. Loading it as a
   * module gives the reason; a first import that throws keeps it from running.
   */
  async function reason(code: string): Promise<Failure | undefined> {
    const first = 'import "data:text/javascript,throw 0";';
    const url = "data:application/typescript," + encodeURIComponent(first + code);
    let text = "";
    marks.set("reason", (says) => text = says);
    await askSilently(`await globalThis[Symbol.for("kernel.reason")](${JSON.stringify(url)})`);
    const [, said, row, column] = text.match(/^(.*)[^]*?at data:\S*:(\d+):(\d+)$/) ?? [];
    if (!said || !/^SyntaxError|already been declared|^npm package/.test(said)) return undefined;
    const at = `${row}:${row === "1" ? Math.max(1, +column - first.length) : column}`;
    const ename = said.startsWith("npm") ? "Error" : "SyntaxError";
    const evalue = said.replace(/^SyntaxError: | at data:.*$/g, "");
    return { ename, evalue, traceback: [`${ename}: ${evalue}`, `    at <anonymous>:${at}`] };
  }

  async function failure(reply: Message, code: string): Promise<Failure | undefined> {
    const { status, ename, evalue, traceback } = reply.content as unknown as Failure & {
      status: string;
    };
    if (status !== "error") return undefined;
    if (!isRefused(reply)) return { ename, evalue, traceback };
    // Deno's kernel holds a cell's result so weakly that what the cell did not await may have it collected.
    const lost = process.said().slice(-300).includes("Promise was collected");
    const text = "the kernel lost the cell's result: await everything that the cell starts";
    return await reason(code) ??
      { ename: "Error", evalue: lost ? text : evalue, traceback: [] };
  }

  async function stop(): Promise<void> {
    if (dead === undefined) {
      send("control", request("shutdown_request", { restart: false }, session));
      let timer;
      await Promise.race([died, new Promise((r) => timer = setTimeout(r, patience.shutdown))]);
      clearTimeout(timer);
    }
    await process.kill();
    await died;
  }

  const info = await ask(request("kernel_info_request", {}, session), patience.start);
  if (info) await Deno.remove(process.file).catch(() => {}); // it would outlive us if we were killed
  const ready = info && await askSilently(prelude(outlet.folder), patience.start);
  if (ready?.content.status !== "ok") {
    const why = ready ? `it cannot be prepared: ${ready.content.evalue}` : "it did not answer";
    const how = dead ?? why;
    await stop();
    throw new Error(`Cannot start the kernel: ${how}`);
  }
  return {
    process,
    get dead() {
      return dead;
    },
    died,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send,
    ask,
    execute,
    interrupt,
    settle,
    failure,
    stop,
  };
}

/** Whether a reply says that code was not run, or not to its end, and not why. */
export function isRefused({ content: { evalue, traceback } }: Message): boolean {
  return evalue === "Execution failed" && Array.isArray(traceback) && traceback.length === 0;
}

/** Resolves after some ms. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
