import { assertEquals } from "@std/assert";
import { request } from "../../lib/kernel/message.ts";
import { startStock } from "../../lib/kernel/stock.ts";

Deno.test("a kernel that was terminated where it awaits, which wedges it, is known by its silence", async () => {
  const stock = await startStock();
  try {
    const content = {
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
    };
    const execute = (code: string) =>
      stock.execute(request("execute_request", { ...content, code }, "somebody"));
    await execute("1");
    let over = false;
    const waiting = execute("await new Promise((resolve) => setTimeout(resolve, 1e8))");
    waiting.then(() => over = true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    stock.send("control", request("interrupt_request", {}, "somebody"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assertEquals(await stock.interrupt(() => over), "silent");
    assertEquals([await stock.settle(), over, stock.dead], [false, false, undefined]);
    await stock.process.kill();
    assertEquals([await waiting, await stock.settle()], [undefined, true]);
  } finally {
    await stock.stop();
  }
});
