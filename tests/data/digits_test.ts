import {
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { digitRows, digits } from "../../lib/data/digits.ts";

const counts = (labels: Int32Array) =>
  Array.from({ length: 10 }, (_, digit) => labels.filter((label) => label === digit).length);

Deno.test("the digits are the published 1,797, class by class", async () => {
  const { train, test, classes } = await digits();
  const all = Int32Array.from([...train.targets.data, ...test.targets.data]);
  assertEquals(counts(all), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
  assertEquals(classes, 10);
});

Deno.test("the digits are split 1,437 to 360, each class in proportion", async () => {
  const { train, test } = await digits();
  assertEquals(train.inputs.shape, [1437, 64]);
  assertEquals(train.targets.shape, [1437]);
  assertEquals(test.inputs.shape, [360, 64]);
  counts(test.targets.data).forEach((count, digit) =>
    assertLess(Math.abs(count - counts(train.targets.data)[digit] * 360 / 1437), 1)
  );
});

Deno.test("pixels have mean 0 and together variance 1 over the training set, and none blows up", async () => {
  const { train, test } = await digits();
  const { data } = train.inputs;
  const sums = new Float64Array(64);
  data.forEach((x, i) => sums[i % 64] += x);
  for (const sum of sums) assertAlmostEquals(sum / 1437, 0, 1e-6);
  assertAlmostEquals(data.reduce((sum, x) => sum + x * x, 0) / data.length, 1, 1e-6);
  // A step of the 16 is 1 / 4.33, so no pixel can be further from its mean than this.
  for (const x of [...data, ...test.inputs.data]) assertLess(Math.abs(x), 16 / 4.3);
  assertEquals([...data].filter((_, i) => i % 64 === 0).every((x) => x === 0), true);
});

Deno.test("images come back in full from the training set's statistics, test images too", async () => {
  const { train, test, inputScales } = await digits();
  for (const { inputs: { data } } of [train, test]) {
    data.forEach((x, i) => {
      const { mean, sd } = inputScales![i % 64];
      const ink = x * sd + mean;
      assertAlmostEquals(ink, Math.round(ink), 1e-5);
      assertEquals(ink > -0.5 && ink < 16.5, true);
    });
  }
});

Deno.test("digits as images are the same numbers, as [n, 8, 8, 1]", async () => {
  const flat = await digits(), images = await digits({ images: true });
  assertEquals(images.train.inputs.shape, [1437, 8, 8, 1]);
  assertEquals(images.test.inputs.data, flat.test.inputs.data);
});

Deno.test("the split of the digits is seeded", async () => {
  const [a, b, c] = await Promise.all([digits(), digits({ seed: 42 }), digits({ seed: 1 })]);
  assertEquals(a, b);
  assertNotEquals(a.test.targets.data, c.test.targets.data);
});

Deno.test("a test set larger than the digits is refused", async () => {
  await assertRejects(
    () => digits({ test: 1797 }),
    RangeError,
    "Cannot load the digits: test must be an integer from 1 to 1795 of the 1797 rows, got 1797",
  );
});

Deno.test("a damaged file is refused with the line that is damaged", () => {
  const row = (pixel: string, label: string) => [...new Array(64).fill(pixel), label].join(",");
  assertEquals(digitRows(`${row("0", "1")}\n${row("16", "9")}\n`).length, 2);
  for (const odd of [row("17", "1"), row("x", "1"), row("0", "10"), "0,1", ""]) {
    assertThrows(
      () => digitRows(`${row("0", "1")}\n${odd}\n${row("0", "1")}`),
      Error,
      "must be 64 pixels from 0 to 16 and a digit; the file is damaged",
    );
  }
});
