/**
 * What a kernelspec starts: a kernel in front of Deno's own, at the connection of a file.
 *
 * @module
 */
import { readConnection } from "./connection.ts";
import { startFront } from "./front.ts";

/** Serves a kernel until it is told to end; gives back the exit code. */
export async function serve(file: string): Promise<number> {
  const front = await startFront(readConnection(file));
  Deno.addSignalListener("SIGINT", front.interrupt);
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? [] : ["SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, () => void front.stop());
  const watch = watchParent(() => void front.stop());
  const code = await front.ended;
  clearInterval(watch);
  return code;
}

/** Jupyter says so where the kernel is to end with the process that started it. */
function watchParent(gone: () => void): ReturnType<typeof setInterval> | undefined {
  if (!Deno.env.get("JPY_PARENT_PID")) return undefined;
  const parent = Deno.ppid;
  return setInterval(() => Deno.ppid !== parent && gone(), 1000);
}

if (import.meta.main) {
  try {
    const [file, ...rest] = Deno.args;
    if (!file || rest.length > 0) {
      throw new Error("give the path of a connection file, and no more");
    }
    Deno.exit(await serve(file));
  } catch (error) {
    console.error(`losslandscape kernel: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
