import { assertAlmostEquals, assertEquals } from "@std/assert";

/** Asserts that numbers agree up to a share of the largest. */
export const assertClose = (
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-10,
) => {
  assertEquals(actual.length, expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs), 1e-300);
  Array.from(expected, (x, i) => assertAlmostEquals(actual[i], x, tolerance * scale));
};
