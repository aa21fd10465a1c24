import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { checkHeldOut, stratifiedSplit } from "../../lib/data/split.ts";

const groups = Array.from({ length: 1000 }, (_, i) => i % 10 === 0 ? "rare" : "common");
const split = (test: number, seed = 1) => stratifiedSplit(groups, { test, seed, name: "split" });

Deno.test("a split holds every row once and each group in proportion", () => {
  const { train, test } = split(206);
  assertEquals([...train, ...test].sort((a, b) => a - b), groups.map((_, i) => i));
  const rare = test.filter((i) => groups[i] === "rare").length;
  assertEquals([test.length, rare], [206, 21]);
});

Deno.test("a split is seeded and shuffled", () => {
  assertEquals(split(200), split(200));
  assertNotEquals(split(200, 1), split(200, 2));
  assertNotEquals(split(200).train, split(200).train.toSorted());
});

Deno.test("a test set that leaves nothing to train or test with is refused", () => {
  for (const test of [0, 9, 10, 2.5, NaN]) {
    assertThrows(() => checkHeldOut(test, 10, "load it"), RangeError, "integer from 1 to 8");
  }
  checkHeldOut(8, 10, "load it");
});
