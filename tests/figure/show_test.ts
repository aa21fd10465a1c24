import { assert, assertEquals } from "@std/assert";
import { show } from "../../lib/figure/show.ts";
import { spiral } from "./gallery.ts";

/** What `act` writes to the console. */
async function written(act: () => Promise<void>): Promise<string[]> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: string) => lines.push(line);
  try {
    await act();
  } finally {
    console.log = log;
  }
  return lines;
}

Deno.test("on a terminal a result is its one line of numbers", async () => {
  const path = spiral();
  assertEquals(await written(() => show(path)), [path.summary()]);
  assert(path.summary().includes("40 checkpoints to epoch 19.5: loss 2.1 to 0.103"));
  assertEquals(await written(() => show("text")), ["text"]);
});
