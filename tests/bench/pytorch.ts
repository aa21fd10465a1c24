/** What PyTorch is asked to measure. */
export interface Request {
  /** A name of measure.py. */
  what: string;
  /** The workload. */
  workload: string;
  /** For how long. */
  seconds: number;
}

/** A Python process that measures. */
export interface PyTorch {
  /** The version. */
  version: string;
  /** Milliseconds each. */
  measure(request: Request): Promise<number>;
  /** Ends it. */
  close(): Promise<void>;
}

/** Starts a Python with PyTorch on so many threads; undefined if there is none. */
export async function pytorch(python: string, threads: number): Promise<PyTorch | undefined> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(python, {
      args: [new URL("pytorch/measure.py", import.meta.url).pathname, `${threads}`],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  } catch {
    return undefined;
  }
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(lineStream())
    .getReader();
  const writer = child.stdin.getWriter();
  const { value: hello } = await lines.read();
  if (!hello) return undefined;
  return {
    version: JSON.parse(hello).torch,
    async measure(request) {
      await writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
      const { value } = await lines.read();
      if (!value) throw new Error(`Cannot measure ${request.what}: Python ended`);
      const { ms, error } = JSON.parse(value);
      if (error) throw new Error(`Cannot measure ${request.what}: ${error}`);
      return ms;
    },
    async close() {
      await writer.close();
      await child.status;
    },
  };
}

/** Cuts a stream of text into lines. */
function lineStream(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(text, controller) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) controller.enqueue(line);
    },
  });
}
