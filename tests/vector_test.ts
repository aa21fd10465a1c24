import { assertEquals } from "@std/assert";
import { firstNotFinite } from "../lib/vector.ts";

Deno.test("the first number that is not finite is found wherever it stands", () => {
  for (const length of [0, 1, 3, 4, 5, 8, 11]) {
    const numbers = Float64Array.from({ length }, (_, i) => (i % 2 ? -1 : 1) * 1e308);
    assertEquals(firstNotFinite(numbers), -1);
    for (let at = 0; at < length; at++) {
      for (const odd of [NaN, Infinity, -Infinity]) {
        const some = numbers.slice();
        some.fill(odd, at);
        assertEquals(firstNotFinite(some), at);
        some.fill(1, at + 1);
        assertEquals(firstNotFinite(some), at, "one alone");
      }
    }
  }
});
