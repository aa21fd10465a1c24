/** What is to be measured, as it travels to a process. */
export interface Request {
  /** What: a name that the process knows. */
  what: string;
  /** For how long; what takes longer is done once. */
  seconds: number;
  /** The workload. */
  workload?: string;
  /** A network, samples and points in place of the workload's. */
  widths?: number[];
  samples?: number;
  resolution?: number;
  /** The dimension of a surface, 2 by default. */
  directions?: number;
}

/** A process that measures: it says hello, then answers each line with `{"ms"}` or `{"error"}`. */
export interface Contestant {
  /** What it said of itself; undefined where it cannot be started. */
  hello(): Promise<{ version: string } | undefined>;
  /** Milliseconds each. A process that takes longer than the limit, in seconds, is ended, and replaced. */
  measure(request: Request, limit: number): Promise<number>;
  /** All that it answers. */
  ask<Answer>(request: object, limit: number): Promise<Answer>;
  /** Ends it. */
  close(): Promise<void>;
}

/** A process that is started when it is first needed. */
export function contestant(name: string, command: string, args: string[]): Contestant {
  let running: Promise<Running | undefined> | undefined;
  const start = () => running ??= started(command, args);
  const close = async () => {
    const process = await running;
    running = undefined;
    await process?.end();
  };
  const contestant: Contestant = {
    hello: async () => (await start())?.hello,
    measure: async (request, limit) => (await contestant.ask<{ ms: number }>(request, limit)).ms,
    async ask(request, limit) {
      const process = await start();
      if (!process) throw new Error(`${name} cannot be started`);
      await process.write(`${JSON.stringify(request)}\n`);
      let timer;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), 1000 * limit);
      });
      const answer = await Promise.race([process.read(), late]);
      clearTimeout(timer);
      if (answer === "late" || answer === undefined) {
        await close();
        throw new Error(answer ? `more than ${limit} s` : `${name} died`);
      }
      const { error, ...rest } = JSON.parse(answer);
      if (error) throw new Error(error);
      return rest;
    },
    close,
  };
  return contestant;
}

interface Running {
  hello: { version: string };
  write(text: string): Promise<void>;
  read(): Promise<string | undefined>;
  end(): Promise<void>;
}

async function started(command: string, args: string[]): Promise<Running | undefined> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "null" })
      .spawn();
  } catch {
    return undefined;
  }
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(byLine()).getReader();
  const writer = child.stdin.getWriter();
  const read = async () => (await lines.read()).value;
  const hello = await read();
  if (!hello) return undefined;
  return {
    hello: JSON.parse(hello),
    read,
    write: (text) => writer.write(new TextEncoder().encode(text)),
    async end() {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended already
      }
      await child.status;
    },
  };
}

/** Cuts a stream of text into lines. */
function byLine(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(text, controller) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) controller.enqueue(line);
    },
  });
}
