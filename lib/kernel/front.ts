import type { Connection } from "./connection.ts";
import { type Incoming, openEndpoint, type RequestChannel } from "./endpoint.ts";
import { answer, type Header, type Message, request } from "./message.ts";
import { type Failure, isRefused, pause, startStock, type Stock } from "./stock.ts";
import { shortTrace } from "./trace.ts";

/** A kernel that stands in front of Deno's own. */
export interface Front {
  /** Stops what runs, as a front end's Stop does. */
  interrupt(): void;
  /** Ends the kernel. */
  stop(): Promise<void>;
  /** Resolves when the kernel has ended, with its exit code. */
  readonly ended: Promise<number>;
}

/** Requests that Deno's kernel answers with a reply, and causes nothing else. */
const answered = /^(complete|inspect|history|is_complete|comm_info|kernel_info)_request$/;

/** How long things may take, in ms. */
const patience = {
  /** Until a cell that was told to stop is said to go on. */
  stopping: 3_000,
  /** In which requests that a front end had sent behind one that failed arrive. */
  queued: 20,
  /** In which texts that are printed one after the other become one. */
  text: 50,
  /** For a reply that needs no code to run. */
  reply: 10_000,
};

const windingUp =
  "This cell has been told to stop and has not ended yet. Stop again to end it at once; what it " +
  "would have returned is lost then.\n";
const deaf =
  "This cell cannot be stopped: it awaits something that does not listen. Pass `signal: stopSignal` to " +
  "what it awaits, or look at `stopSignal.aborted` in its loop. It goes on; a restart ends it, with all " +
  "variables.\n";
const wedged =
  "The kernel does not answer since Stop. If native code runs, it goes on when that ends; if not, Deno's " +
  "kernel was stopped in the very moment in which it cannot be: restart it. Its variables are lost then.\n";

/**
 * Starts a kernel at a connection: Deno's own, with this in front of it.
 *
 * One request at a time is handed on; its reply and `idle` are sent when all of its outputs have been, and
 * only then comes the next. Stop stops what can be stopped, and says so in the cell where it cannot.
 *
 * @throws {Error} if a port is taken, or Deno's kernel does not start.
 */
export async function startFront(connection: Connection): Promise<Front> {
  const session = crypto.randomUUID();
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const endpoint = openEndpoint(connection, session, receive);
  const starting = start();
  const queue: (Incoming & { aborted?: boolean })[] = [];
  let stock: Stock;
  let info: Record<string, unknown> = {};
  let working = false;
  let ending = false;
  let executions = 0;
  /** What outputs belong to: the last request that ran code. */
  let parent: Partial<Header> = {};
  /** The request that runs, and what became of it so far. */
  let running: Running | undefined;

  const publish = (
    type: string,
    content: Record<string, unknown>,
    of: Partial<Header> = parent,
    rest: Pick<Partial<Message>, "metadata" | "buffers"> = {},
  ) => endpoint.publish({ ...answer(type, content, session, of), ...rest });
  /** Texts that were printed, and wait a moment for more. */
  let printed: { name: string; text: string } | undefined;
  let printing: ReturnType<typeof setTimeout> | undefined;
  const status = (execution_state: string, of: Partial<Header>) =>
    publish("status", { execution_state }, of);
  const reply = (to: Incoming, content: Record<string, unknown>, channel?: RequestChannel) => {
    const type = to.message.header.msg_type.replace(/_request$/, "_reply");
    endpoint.reply(to, answer(type, content, session, to.message.header), channel);
  };

  function receive(incoming: Incoming): void {
    const { header: { msg_type }, content } = incoming.message;
    if (incoming.channel === "stdin") {
      if (msg_type === "input_reply") running?.answerInput?.(content);
    } else if (incoming.channel === "control" || /^(interrupt|shutdown)_request$/.test(msg_type)) {
      control(incoming);
    } else {
      queue.push(incoming);
      work();
    }
  }

  function control(incoming: Incoming): void {
    const { header, content } = incoming.message;
    status("busy", header);
    if (header.msg_type === "interrupt_request") {
      interrupt();
      reply(incoming, { status: "ok" });
    } else if (header.msg_type === "shutdown_request") {
      const restart = content.restart === true;
      reply(incoming, { status: "ok", restart });
      publish("shutdown_reply", { status: "ok", restart }, header);
      stop();
    } else if (header.msg_type === "kernel_info_request") {
      starting.then(() => reply(incoming, info));
    }
    status("idle", header);
    if (running) status("busy", running.incoming.message.header);
  }

  async function work(): Promise<void> {
    if (working) return;
    working = true;
    await starting;
    for (let next = queue.shift(); next && !ending; next = queue.shift()) {
      const { message: { header } } = next;
      status("busy", header);
      if (next.aborted) reply(next, { status: "aborted" });
      else await handle(next);
      status("idle", header);
    }
    working = false;
  }

  async function handle(incoming: Incoming): Promise<void> {
    const { message, message: { header } } = incoming;
    if (header.msg_type === "kernel_info_request") reply(incoming, info);
    else if (header.msg_type === "execute_request") await execute(incoming);
    else if (answered.test(header.msg_type)) {
      const { code = "" } = message.content;
      if (typeof code !== "string") return fail(incoming, wrongCode(code));
      const answer = await stock.ask(message, patience.reply);
      if (answer) reply(incoming, answer.content);
    } else if (/^comm_(open|msg|close)$/.test(header.msg_type)) {
      parent = header;
      stock.send("shell", message);
    }
  }

  async function execute(incoming: Incoming): Promise<void> {
    const { message: { header, content } } = incoming;
    const { code, silent = false, store_history = !silent, stop_on_error = true } = content;
    if (typeof code !== "string") return fail(incoming, wrongCode(code));
    parent = header;
    const cell: Running = { incoming, over: false, stopped: false };
    running = cell;
    if (!silent && store_history) executions++;
    if (!silent) publish("execute_input", { code, execution_count: executions });
    const answer = await stock.execute({
      ...incoming.message,
      content: { user_expressions: {}, allow_stdin: false, ...content, silent, store_history },
    });
    cell.over = true;
    if (answer) {
      // A Stop that is on its way must not reach the next cell.
      for (let done; done !== cell.stopping; await settle()) await (done = cell.stopping);
    }
    flush();
    running = undefined;
    const error = await errorOf(cell, code, answer);
    if (!error) return reply(incoming, { ...answer?.content, execution_count: executions });
    if (!cell.error) publish("error", error);
    if (stop_on_error !== false || cell.stopped) await abortQueued();
    reply(incoming, { status: "error", execution_count: executions, ...error });
  }

  /** A kernel that Stop has wedged is not waited for without a word. */
  async function settle(): Promise<void> {
    for (let told = false; !await stock.settle(); told = true) if (!told) warn(wedged);
  }

  function warn(text: string): void {
    print("stderr", text);
    flush();
  }

  /** What went wrong in a cell, and whether that was Stop. */
  async function errorOf(
    { error, stopped }: Running,
    code: string,
    answer: Message | undefined,
  ): Promise<Failure | undefined> {
    if (error) return error;
    if (!answer) return errorContent("KernelDied", stock.dead!);
    if (stopped && isRefused(answer)) return errorContent("Stopped", "the cell was stopped");
    const failure = await stock.failure(answer, code);
    return failure && errorContent(failure.ename, failure.evalue, failure.traceback);
  }

  function fail(incoming: Incoming, error: Failure): void {
    publish("error", error, incoming.message.header);
    reply(incoming, { status: "error", ...error });
  }

  /** Cells that were sent behind one that failed or was stopped do not run. */
  async function abortQueued(): Promise<void> {
    await pause(patience.queued);
    for (const next of queue) next.aborted ||= next.message.header.msg_type === "execute_request";
  }

  function print(name: string, text: string): void {
    if (printed && (printed.name !== name || printed.text.length > 65_536)) flush();
    if (printed) printed.text += text;
    else {
      printed = { name, text };
      printing = setTimeout(flush, patience.text);
    }
  }

  function flush(): void {
    clearTimeout(printing);
    if (printed) publish("stream", printed);
    printed = undefined;
  }

  /** Takes a message of Deno's kernel. */
  function hand(message: Message, channel: string): void {
    const { header: { msg_type }, content, metadata, buffers } = message;
    if (channel === "stdin" && msg_type === "input_request" && running) {
      const { incoming } = running;
      running.answerInput = (content) => {
        stock.send("stdin", request("input_reply", content, session, message.header));
      };
      const question = answer(msg_type, content, session, incoming.message.header);
      return endpoint.reply(incoming, question, "stdin");
    }
    if (channel !== "iopub") return;
    if (msg_type === "stream") return print(String(content.name), String(content.text));
    flush();
    if (msg_type === "error") {
      const { ename, evalue, traceback } = content as unknown as Failure;
      const error = errorContent(ename, evalue, traceback);
      if (running) running.error ??= error;
      publish(msg_type, error);
    } else publish(msg_type, content, parent, { metadata, buffers });
  }

  function interrupt(): void {
    const cell = running;
    if (!cell) return void abortQueued();
    cell.stopped = true;
    cell.stopping = stopCell(cell, cell.stopping);
  }

  async function stopCell(cell: Running, before?: Promise<void>): Promise<void> {
    const aborting = abortQueued();
    await before;
    // A question blocks all: it is answered with nothing.
    if (!cell.over) setTimeout(() => cell.answerInput?.({ value: "", status: "ok" }), 50);
    const how = cell.over ? "over" : await stock.interrupt(() => cell.over);
    await aborting;
    if (how === "listens") await Promise.race([stock.died, over(cell, patience.stopping)]);
    if (cell.over || stock.dead !== undefined) return;
    warn(how === "listens" ? windingUp : how === "silent" ? wedged : deaf);
  }

  async function start(): Promise<void> {
    stock = await startStock();
    stock.listen(hand);
    stock.died.then(async () => {
      // Those who wait for an answer get it first.
      while (working) await pause(10);
      await stop(1);
    });
    const answer = await stock.ask(request("kernel_info_request", {}, session), patience.reply);
    info = {
      ...answer?.content,
      protocol_version: "5.4",
      implementation: "losslandscape",
      banner: `Loss Landscape (Deno ${Deno.version.deno})`,
      supported_features: [],
    };
  }

  async function stop(code = 0): Promise<void> {
    if (ending) return;
    ending = true;
    await starting.then(() => stock.stop(), () => {});
    await endpoint.close();
    end(code);
  }

  try {
    status("starting", {});
    await starting;
  } catch (error) {
    await endpoint.close();
    throw error;
  }
  return { interrupt, stop, ended };
}

interface Running {
  incoming: Incoming;
  /** Whether its reply has come. */
  over: boolean;
  /** Whether Stop was pressed, and what that has begun. */
  stopped: boolean;
  stopping?: Promise<void>;
  /** The first error that it published. */
  error?: Failure;
  /** Answers the question that it asks. */
  answerInput?: (content: Record<string, unknown>) => void;
}

function errorContent(ename: string, evalue: string, traceback: string[] = []): Failure {
  return { ename, evalue, traceback: shortTrace(ename, evalue, traceback) };
}

const wrongCode = (code: unknown) =>
  errorContent("ProtocolError", `code must be a text, got ${typeof code}`);

async function over(cell: Running, ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (!cell.over && performance.now() < until) await pause(4);
}
