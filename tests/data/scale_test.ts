import { assertAlmostEquals, assertEquals } from "@std/assert";
import { scalesOf, standardized } from "../../lib/data/scale.ts";

Deno.test("a column that does not vary becomes exactly 0, and new values keep their distance", () => {
  // The mean of these three, computed, is not 0.1.
  const scales = scalesOf([0.1, 1, 0.1, 2, 0.1, 3], 2);
  assertEquals(scales[0], { mean: 0.1, sd: 1 });
  assertEquals(standardized([0.1, 2, 0.6, 2], scales), new Float32Array([0, 0, 0.5, 0]));
});

Deno.test("scales are the mean and the standard deviation of the population", () => {
  const [{ mean, sd }] = scalesOf([2, 4, 4, 4, 5, 5, 7, 9], 1);
  assertAlmostEquals(mean, 5, 1e-15);
  assertAlmostEquals(sd, 2, 1e-15);
});
