import type { Connection } from "../../lib/kernel/connection.ts";
import { type Conversation, converse } from "../../lib/kernel/converse.ts";
import type { Message } from "../../lib/kernel/message.ts";
import { type KernelProcess, startProcess } from "../../lib/kernel/process.ts";
import { isTaken } from "../../lib/kernel/stock.ts";

/** Our kernel as Jupyter starts it, and someone who talks to it. */
export interface Session extends Conversation, AsyncDisposable {
  process: KernelProcess;
  connection: Connection;
  /** Asks for a cell to be executed; gives back its id. */
  begin(code: string, content?: Record<string, unknown>): string;
  /** Executes a cell and waits for its reply and its `idle`. */
  execute(code: string, content?: Record<string, unknown>): Promise<Cell>;
  /** Waits for the reply and the `idle` of a cell. */
  finished(id: string, ms?: number): Promise<Cell>;
  /** Presses Stop. */
  stop(): void;
}

/** What came of a cell. */
export interface Cell {
  /** What its reply says. */
  reply: Message["content"];
  /** Its outputs in order: a text each, those of neighbouring prints joined. */
  outputs: string[];
  /** The types of all that was published for it, in order. */
  types: string[];
}

const serve = new URL("../../lib/kernel/serve.ts", import.meta.url).pathname;
const config = new URL("../../deno.json", import.meta.url).pathname;

/** Starts our kernel and waits until nothing that it publishes is missed. */
export async function startSession(): Promise<Session> {
  const command = [Deno.execPath(), "run", "--quiet", "-A", "--config", config, serve];
  let process = await startProcess({ command }), talk = converse(process.connection);
  const welcome = () => talk.wait(({ header }) => header.msg_type === "iopub_welcome");
  // Jupyter's client chooses ports as we do, and another process may take one before the kernel does
  while (!await Promise.race([welcome(), process.ended.then(() => undefined)])) {
    const words = process.said();
    talk.close();
    await process.kill();
    if (!isTaken(words)) throw new Error(`the kernel did not start: ${words}`);
    process = await startProcess({ command });
    talk = converse(process.connection);
  }

  function begin(code: string, content: Record<string, unknown> = {}): string {
    return talk.send("shell", "execute_request", { code, ...content });
  }

  async function finished(id: string, ms = 150_000): Promise<Cell> {
    const isOf = ({ parent_header }: Message) => parent_header.msg_id === id;
    const reply = await talk.wait(
      (message, channel) => channel === "shell" && isOf(message),
      ms,
    );
    if (!reply) throw new Error(`no reply within ${ms} ms; ${process.said()}`);
    await talk.wait(
      (message, channel) =>
        channel === "iopub" && isOf(message) && message.content.execution_state === "idle",
    );
    const published = talk.heard
      .filter(({ channel, message }) => channel === "iopub" && isOf(message))
      .map(({ message }) => message);
    const outputs: string[] = [];
    let last = "";
    for (const { header: { msg_type }, content } of published) {
      const isOutput = /^(stream|display_data|execute_result|error)$/.test(msg_type);
      if (!isOutput) continue;
      if (msg_type === "stream" && last === content.name) {
        outputs.push(outputs.pop() + String(content.text));
      } else outputs.push(textOf(content));
      last = msg_type === "stream" ? String(content.name) : "";
    }
    return {
      reply: reply.content,
      outputs,
      types: published.map(({ header: { msg_type }, content }) =>
        msg_type === "status" ? String(content.execution_state) : msg_type
      ),
    };
  }

  return {
    ...talk,
    process,
    connection: process.connection,
    begin,
    finished,
    execute: (code, content) => finished(begin(code, content)),
    stop: () => void talk.send("control", "interrupt_request", {}),
    async [Symbol.asyncDispose]() {
      talk.send("control", "shutdown_request", { restart: false });
      await Promise.race([process.ended, new Promise((resolve) => setTimeout(resolve, 5000))]);
      talk.close();
      await process.kill();
    },
  };
}

function textOf({ text, data, traceback }: Message["content"]): string {
  if (Array.isArray(traceback)) return traceback.join("\n");
  return String(text ?? (data as Record<string, unknown>)["text/plain"]);
}

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
  try {
    // signal 0 cannot be sent from Deno: SIGCONT does no harm to what runs
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

/** Resolves when something holds, or after some ms; says whether it does. */
export async function eventually(holds: () => boolean, ms = 150_000): Promise<boolean> {
  const until = performance.now() + ms;
  while (!holds() && performance.now() < until) await new Promise((r) => setTimeout(r, 20));
  return holds();
}
