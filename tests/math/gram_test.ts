import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gram } from "../../lib/math/gram.ts";
import { random } from "../../lib/math/random.ts";
import { dot } from "../../lib/vector.ts";

Deno.test("products of vectors are those one by one, for any number and length of them", () => {
  for (const [m, n] of [[1, 3], [4, 5], [7, 1024], [9, 2500]]) {
    const { normal } = random(m, "gram");
    const vectors = Array.from({ length: m }, () => Float64Array.from({ length: n }, normal));
    const products = gram(vectors);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < m; j++) {
        assertAlmostEquals(products[i][j], dot(vectors[i], vectors[j]), 1e-12 * n);
        assertEquals(products[i][j], products[j][i]);
      }
    }
  }
  assertEquals(gram([]), []);
});
