import {
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import type { ArraySamples } from "../../lib/data/dataset.ts";
import { penguinRows, penguins } from "../../lib/data/penguins.ts";

const column = ({ inputs: { data } }: ArraySamples, index: number) =>
  [...data].filter((_, i) => i % 11 === index);

Deno.test("there are 333 complete penguins: 146 Adelie, 68 Chinstrap, 119 Gentoo", async () => {
  const { train, test, columns } = await penguins();
  assertEquals([train.inputs.shape, train.targets.shape], [[266, 11], [266, 1]]);
  assertEquals([test.inputs.shape, test.targets.shape], [[67, 11], [67, 1]]);
  const total = (name: string) => {
    const index = columns!.indexOf(name);
    return [...column(train, index), ...column(test, index)].reduce((sum, x) => sum + x, 0);
  };
  assertEquals(
    columns!.slice(3).map((name) => [name, total(name)]),
    [
      ["species Adelie", 146],
      ["species Chinstrap", 68],
      ["species Gentoo", 119],
      ["island Biscoe", 163],
      ["island Dream", 123],
      ["island Torgersen", 47],
      ["sex female", 165],
      ["sex male", 168],
    ],
  );
});

Deno.test("measures and masses have mean 0 and variance 1 over the training set", async () => {
  const { train } = await penguins();
  for (const values of [column(train, 0), column(train, 1), column(train, 2), train.targets.data]) {
    const numbers = [...values];
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
    assertAlmostEquals(mean, 0, 1e-6);
    assertAlmostEquals(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length, 1, 1e-5);
  }
});

Deno.test("masses come back in grams, training and test, from one scale", async () => {
  const { train, test, targetScale } = await penguins();
  const masses = [...train.targets.data, ...test.targets.data]
    .map((x) => x * targetScale!.sd + targetScale!.mean);
  assertEquals(targetScale!.unit, "g");
  for (const mass of masses) assertAlmostEquals(mass, 25 * Math.round(mass / 25), 1e-2);
  assertAlmostEquals(Math.min(...masses), 2700, 1e-2);
  assertAlmostEquals(Math.max(...masses), 6300, 1e-2);
  // The mean that is published for the 333: 4,207.06 g.
  assertAlmostEquals(masses.reduce((sum, x) => sum + x, 0) / 333, 4207.057, 1e-2);
});

Deno.test("every penguin is of one species, one island and one sex", async () => {
  const { train } = await penguins();
  for (let i = 0; i < 266; i++) {
    const row = [...train.inputs.data.subarray(11 * i, 11 * i + 11)];
    const ones = ([from, to]: number[]) => row.slice(from, to).reduce((sum, x) => sum + x, 0);
    assertEquals([[3, 6], [6, 9], [9, 11]].map(ones), [1, 1, 1]);
  }
});

Deno.test("the split of the penguins is seeded, and refused where nothing is left", async () => {
  const [a, b, c] = await Promise.all([penguins(), penguins({ seed: 42 }), penguins({ seed: 1 })]);
  assertEquals(a, b);
  assertNotEquals(a.test.targets.data, c.test.targets.data);
  await assertRejects(() => penguins({ test: 0 }), RangeError, "integer from 1 to 331");
});

Deno.test("a damaged file is refused with the line that is damaged", async () => {
  const text = await Deno.readTextFile(new URL("../../datasets/penguins.csv", import.meta.url));
  assertEquals(penguinRows(text).length, 333);
  assertEquals(penguinRows(text.replaceAll("\n", "\r\n")), penguinRows(text));
  const lines = text.split("\n");
  const damage = (line: number, from: string, to: string, message: string) =>
    assertThrows(
      () => penguinRows(lines.with(line - 1, lines[line - 1].replace(from, to)).join("\n")),
      Error,
      message,
    );
  damage(1, "body_mass_g", "mass", "Cannot load the penguins: line 1 of ");
  damage(
    1,
    "body_mass_g",
    "mass",
    "must be a header with body_mass_g; the file is damaged: restore it",
  );
  damage(2, "3750", "heavy", 'must be a penguin with a body_mass_g above 0, not "heavy"');
  damage(3, "39.5,", "", "line 3 of ");
  damage(3, "39.5,", "", "must be 8 values like the header");
  assertThrows(() => penguinRows(""), Error, "line 1 of ");
});
