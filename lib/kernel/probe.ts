import { converse } from "./converse.ts";
import { startProcess } from "./process.ts";

/** How long a kernel may take to compute 6 × 7, in ms. */
const patience = 60_000;

/**
 * Starts a kernel as Jupyter does, lets it compute, and ends it; gives back the seconds that it took to do so.
 *
 * @throws {Error} if it does not start or does not compute; with its last words.
 */
export async function probeKernel(argv: string[]): Promise<number> {
  const began = performance.now();
  const command = argv.filter((argument) => argument !== "{connection_file}");
  const process = await startProcess({ command });
  const talk = converse(process.connection);
  try {
    const id = talk.send("shell", "execute_request", { code: "6 * 7", allow_stdin: false });
    const replied = talk.wait(
      (message, channel) => channel === "shell" && message.parent_header.msg_id === id,
      patience,
    );
    const reply = await Promise.race([replied, process.ended]);
    if (typeof reply !== "object") {
      throw new Error(`the kernel ${reply ?? `said nothing for ${patience / 1000} s`}`);
    }
    if (reply.content.status !== "ok") {
      throw new Error(`it cannot compute: ${reply.content.evalue}`);
    }
    talk.send("control", "shutdown_request", { restart: false });
    await Promise.race([process.ended, new Promise((r) => setTimeout(r, 2000))]);
    return (performance.now() - began) / 1000;
  } finally {
    talk.close();
    await process.kill();
  }
}
