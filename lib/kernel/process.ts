import type { Connection } from "./connection.ts";

/** A running kernel process. */
export interface KernelProcess {
  /** Where it listens. */
  readonly connection: Connection;
  /** The file that told it so; of no use once it listens. */
  readonly file: string;
  /** Its process number. */
  readonly pid: number;
  /** The last that it wrote, up to now. */
  said(): string;
  /** Resolves when the process has ended, with how it ended and the last that it wrote, in one text. */
  readonly ended: Promise<string>;
  /** Sends SIGINT. */
  interrupt(): void;
  /** Writes a byte to its standard input. */
  knock(): void;
  /** Ends the process if it has not ended, and cleans up. */
  kill(): Promise<void>;
}

/** How to start a kernel. */
export interface StartOptions {
  /** The program and its arguments; the path of the connection file is added. Default: Deno's own kernel. */
  command?: string[];
  /** The folder that the kernel runs in. */
  cwd?: string;
  /** Added to the environment; `NO_COLOR` is set, since outputs go into files and pages. */
  env?: Record<string, string>;
}

/**
 * Starts a kernel as a child that does not outlive this process.
 *
 * @throws {Error} if the program or the folder does not exist or may not be run.
 */
export async function startProcess(
  { command = [Deno.execPath(), "jupyter", "--kernel", "--conn"], cwd, env }: StartOptions = {},
): Promise<KernelProcess> {
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = freePorts(5);
  const connection: Connection = {
    ip: "127.0.0.1",
    transport: "tcp",
    signature_scheme: "hmac-sha256",
    key: crypto.randomUUID(),
    shell_port,
    iopub_port,
    stdin_port,
    control_port,
    hb_port,
  };
  const file = await Deno.makeTempFile({ prefix: "kernel-", suffix: ".json" });
  // The file holds the secret: nobody else may read it. (makeTempFile made it so; Windows has no modes.)
  await Deno.writeTextFile(file, JSON.stringify(connection));
  const [program, ...args] = command;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: [...args, file],
      cwd,
      env: { NO_COLOR: "1", JPY_PARENT_PID: `${Deno.pid}`, ...env },
      // When it closes, because we ended in whatever way, so does the kernel.
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // Out of our process group: what a terminal or a front end sends to all of it is for us to pass on.
      detached: Deno.build.os !== "windows",
    }).spawn();
  } catch (error) {
    await Deno.remove(file);
    throw new Error(`Cannot start the kernel ${program}: ${(error as Error).message}`);
  }

  let running = true;
  const stop = () => {
    if (!running) return;
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has just ended by itself
    }
  };
  addEventListener("unload", stop);
  const words = lastWords(child);
  const door = child.stdin.getWriter();
  const ended = child.status.then(async ({ code, signal }) => {
    running = false;
    removeEventListener("unload", stop);
    door.close().catch(() => {}); // it is closed by the other side
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
    await words.done;
    const noise = /^(Warning "deno jupyter" is unstable|CDP response has null).*\n?/gm;
    const said = words.text().replace(noise, "").trim();
    return said ? `${how}; its last words: ${said}` : how;
  });

  return {
    connection,
    file,
    pid: child.pid,
    said: words.text,
    ended,
    interrupt() {
      if (running) child.kill("SIGINT");
    },
    knock() {
      door.write(Uint8Array.of(0)).catch(() => {}); // it has just ended
    },
    async kill() {
      stop();
      await ended;
      await Deno.remove(file).catch(() => {});
    },
  };
}

/** Ports that nobody listens on at the moment. */
function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

/** Reads what a child writes, so that it never blocks, and keeps the end of it. */
function lastWords(child: Deno.ChildProcess): { text(): string; done: Promise<void> } {
  let kept = "";
  const readers = [child.stdout.getReader(), child.stderr.getReader()];
  const reading = readers.map(async (reader) => {
    const decoder = new TextDecoder();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      kept = (kept + decoder.decode(part.value, { stream: true })).slice(-2000);
    }
  });
  const finish = async () => {
    await child.status;
    // A grandchild may hold the pipes open: wait a moment, not for it.
    const timer = setTimeout(() => readers.forEach((reader) => reader.cancel()), 200);
    await Promise.all(reading);
    clearTimeout(timer);
  };
  return { text: () => kept.trim(), done: finish() };
}
