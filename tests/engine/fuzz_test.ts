import { assertEquals } from "@std/assert";
import { disagreements } from "./fuzz.ts";

for (let first = 1; first <= 41; first += 10) {
  Deno.test(`random networks ${first} to ${first + 9} compute natively what they compute on wasm`, async () => {
    for (let seed = first; seed < first + 10; seed++) assertEquals(await disagreements(seed), []);
  });
}
