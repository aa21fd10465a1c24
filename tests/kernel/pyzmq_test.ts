import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { startSession } from "./front_client.ts";

/** A Python that has pyzmq: that of the measurements, or one on PATH. */
async function findPython(): Promise<string | undefined> {
  const measured = join(Deno.env.get("TMPDIR") ?? "/tmp", "losslandscape-jupyter", "bin", "python");
  for (const python of [measured, "python3", "python"]) {
    try {
      const command = new Deno.Command(python, { args: ["-c", "import zmq"], stderr: "null" });
      if ((await command.output()).success) return python;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

const python = await findPython();
if (!python) console.log("the sockets are not tried against pyzmq's: no Python has pyzmq");

Deno.test({
  name:
    "pyzmq is answered, byte by byte too, behind bad greetings, 100 MB frames, wrong keys and a flood",
  ignore: !python,
  async fn() {
    await using kernel = await startSession();
    await kernel.execute("let kept = 42;");
    const script = new URL("./pyzmq.py", import.meta.url).pathname;
    const { stdout, stderr, success } = await new Deno.Command(python!, {
      args: [script, JSON.stringify(kernel.connection)],
    }).output();
    assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
    const reply = "kernel_info_reply";
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
      "asked": [reply, reply],
      "in pieces": [reply, reply],
      "behind what is wrong": [reply, reply],
      "behind a flood": [reply, reply, reply],
    });
    assertEquals((await kernel.execute("`${kept} ${globalThis.hacked}`")).outputs, [
      `"42 undefined"`,
    ]);
  },
});
