import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { startKernel } from "../../lib/kernel/client.ts";
import { fileLimit, openOutlet } from "../../lib/kernel/outlet.ts";
import { startSession } from "./front_client.ts";

/** A record as the kernel writes it. */
function record(json: unknown, binary = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(json));
  const bytes = new Uint8Array(8 + text.length + binary.length);
  new DataView(bytes.buffer).setUint32(0, text.length + binary.length, true);
  new DataView(bytes.buffer).setUint32(4, text.length, true);
  bytes.set(text, 8);
  bytes.set(binary, 8 + text.length);
  return bytes;
}

Deno.test("what a kernel says is read once it is whole, and files that were read are removed", () => {
  const outlet = openOutlet();
  const said = (i: number, sizes: number[] = []) => ({
    type: "stream",
    content: { text: `${i}` },
    metadata: {},
    sizes,
  });
  assertEquals(outlet.read(), []);
  const first = join(outlet.folder, "0"), second = join(outlet.folder, "1");
  const whole = record(said(1, [2, 1]), Uint8Array.of(7, 8, 9));
  for (const byte of whole.subarray(0, -1)) {
    Deno.writeFileSync(first, Uint8Array.of(byte), { append: true });
    assertEquals(outlet.read(), []);
  }
  Deno.writeFileSync(first, whole.subarray(-1), { append: true });
  const [one] = outlet.read();
  assertEquals([one.content.text, one.buffers.map((bytes) => [...bytes])], ["1", [[7, 8], [9]]]);
  Deno.writeFileSync(first, record(said(2, [fileLimit]), new Uint8Array(fileLimit)), {
    append: true,
  });
  assertEquals(outlet.read().map(({ content }) => content.text), ["2"]);
  assertThrows(() => Deno.statSync(first), Deno.errors.NotFound);
  for (const i of [3, 4]) Deno.writeFileSync(second, record(said(i)), { append: true });
  assertEquals(outlet.read(1).map(({ content }) => content.text), ["3"]);
  assertEquals(outlet.read().map(({ content }) => content.text), ["4"]);
  outlet.close();
  assertThrows(() => Deno.statSync(outlet.folder), Deno.errors.NotFound);
});

Deno.test("a cell that says 100 MB at once loses nothing of it, binary data neither", async () => {
  await using kernel = await startKernel();
  const { outputs } = await kernel.execute(
    `for (let i = 0; i < 50; i++) console.log(i + "x".repeat(2e6));
    await Deno.jupyter.broadcast("comm_msg", {}, { buffers: [new Uint8Array(3e6).fill(1).buffer] });
    process.stdout.write("by the process\\n"); void Deno.stderr.writeSync(new TextEncoder().encode("by Deno"));`,
  );
  const [printed, other] = outputs.map((output) =>
    output.output_type === "stream" ? output.text : ""
  );
  assertEquals(outputs.length, 2);
  const lines = printed.split("\n");
  assertEquals(lines.slice(0, 50).map((line) => Number(line.slice(0, -2e6))), [
    ...Array(50).keys(),
  ]);
  assertEquals([lines[50], other], ["by the process", "by Deno"]);
});

Deno.test({
  name: "whoever listens may pause: large outputs and those of the next cells arrive all the same",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using kernel = await startSession();
    await kernel.execute("1");
    const id = kernel.begin(
      `await new Promise((resolve) => setTimeout(resolve, 200));
      for (let i = 0; i < 5; i++) {
        await Deno.jupyter.display({ "text/plain": "x".repeat(12e6) + i }, { raw: true });
      }
      "end"`,
    );
    await kernel.wait(({ header, parent_header }) =>
      header.msg_type === "execute_input" && parent_header.msg_id === id
    );
    Deno.kill(kernel.process.pid, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    Deno.kill(kernel.process.pid, "SIGCONT");
    const { outputs } = await kernel.finished(id);
    assertEquals(outputs.map((text) => text.slice(-1)), ["0", "1", "2", "3", "4", `"`]);
    for (let i = 0; i < 3; i++) {
      assertEquals((await kernel.execute(`console.log("p${i}"); ${i}`)).outputs, [
        `p${i}\n`,
        `${i}`,
      ]);
    }
  },
});

Deno.test({
  name: "200 MB of outputs pass through and leave nothing behind, neither in memory nor in files",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using kernel = await startSession();
    // Deno lets nobody read there who may not do everything
    const resident = async () => {
      const status = new Deno.Command("cat", { args: [`/proc/${kernel.process.pid}/status`] });
      const { stdout } = await status.output();
      return Number(/VmRSS:\s+(\d+)/.exec(new TextDecoder().decode(stdout))![1]) / 1024;
    };
    await kernel.execute("1");
    const before = await resident();
    for (let i = 0; i < 100; i++) {
      const { outputs } = await kernel.execute(`console.log("x".repeat(2e6) + ${i})`);
      assertEquals(outputs[0].slice(2e6), `${i}\n`);
      kernel.heard.length = 0;
    }
    const grown = await resident() - before;
    assert(grown < 150, `grew by ${grown.toFixed()} MB`);
  },
});
