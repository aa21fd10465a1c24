import { assertEquals } from "@std/assert";
import { encode, request } from "../../lib/kernel/message.ts";
import { sendHostile, talkNonsense } from "./fuzz.ts";
import { startSession } from "./front_client.ts";

Deno.test("of a thousand hostile messages none is obeyed, and the kernel works on", async () => {
  await using kernel = await startSession();
  await kernel.execute("let kept = 42;");
  await sendHostile(kernel, 1000);
  assertEquals((await kernel.execute("`${kept} ${globalThis.hacked}`")).outputs, [
    `"42 undefined"`,
  ]);
});

Deno.test("a message that is sent twice is obeyed once", async () => {
  await using kernel = await startSession();
  const code = "globalThis.runs = (globalThis.runs ?? 0) + 1";
  const frames = encode(request("execute_request", { code }, "s"), kernel.connection.key);
  for (let i = 0; i < 5; i++) kernel.sendFrames("shell", frames);
  assertEquals((await kernel.execute("runs")).outputs, ["1"]);
});

Deno.test("ports that are talked to in other tongues, in pieces, or of frames without end, stay open", async () => {
  await using kernel = await startSession();
  await kernel.execute("let kept = 42;");
  await talkNonsense(kernel);
  assertEquals((await kernel.execute("kept")).outputs, ["42"]);
});

Deno.test("a request of two megabytes is a request like others", async () => {
  await using kernel = await startSession();
  const { outputs } = await kernel.execute(`"${"x".repeat(2e6)}".length`);
  assertEquals(outputs, ["2000000"]);
});
