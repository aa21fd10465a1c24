import { assertEquals } from "@std/assert";
import { disagreements } from "./fuzz.ts";

const GROUP = 20;

for (let first = 1; first <= 240; first += GROUP) {
  Deno.test(`random losses ${first} to ${first + GROUP - 1} are natively what they are on wasm, or in plain loops`, async () => {
    for (let seed = first; seed < first + GROUP; seed++) {
      assertEquals(await disagreements(seed), []);
    }
  });
}
