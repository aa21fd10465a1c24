import type { ArraySamples, Dataset } from "./dataset.ts";
import { scalesOf, standardized } from "./scale.ts";
import { optionsOf } from "../options.ts";
import { checkHeldOut, stratifiedSplit } from "./split.ts";
import { damaged, storedFile } from "./stored_file.ts";

/** Options of {@link penguins}. */
export interface PenguinsOptions {
  /** How many of the 333 penguins are held out for testing, default 67. */
  test?: number;
  /** Of the split; default 42. */
  seed?: number;
}

const MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"];
const CATEGORIES = ["species", "island", "sex"];

/**
 * Regression: the body mass of a penguin from its bill, its flipper, its species, island and sex. 333
 * penguins (those of 344 without missing values): A. Horst, A. Hill and K. Gorman, palmerpenguins (2020),
 * CC0; measured by K. Gorman, T. Williams and W. Fraser, PLoS ONE 9(3), e90081 (2014). Each species is
 * split in the same proportion, 266 penguins for training and 67 for testing.
 *
 * Inputs of shape [n, 11]: three measures, standardised with the statistics of the training set, and a
 * column of 0 and 1 for each of three species, three islands and two sexes; `columns` names them. Targets
 * of shape [n, 1], standardised likewise: `targetScale` has the mean and the standard deviation in grams,
 * so a mean squared error of 0.1 is an error of √0.1·sd ≈ 250 g.
 *
 * @param options.test penguins held out, 1 to 331, default 67
 * @param options.seed of the split, default 42
 * @throws {RangeError} for a test set that leaves nothing to train or test with.
 * @throws {Error} if the file is missing, damaged or may not be read: what to restore, or the permission to
 * give.
 *
 * ```ts
 * import { penguins } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { train, columns, targetScale } = await penguins();
 * assertEquals(train.inputs.shape, [266, 11]);
 * assertEquals(columns?.[3], "species Adelie");
 * assertEquals(targetScale?.unit, "g");
 * ```
 */
export async function penguins(
  options: PenguinsOptions = {},
): Promise<Dataset<ArraySamples<Float32Array>>> {
  const { test = 67, seed = 42 } = optionsOf(options, "load the penguins");
  const rows = penguinRows(await storedFile("penguins.csv", "load the penguins"));
  checkHeldOut(test, rows.length, "load the penguins");

  const groups = CATEGORIES.flatMap((name) =>
    [...new Set(rows.map((row) => row[name]))].sort().map((value) => ({ name, value }))
  );
  const table = rows.map((row) => [
    ...MEASURES.map((name) => Number(row[name])),
    ...groups.map(({ name, value }) => Number(row[name] === value)),
  ]);
  const masses = rows.map((row) => Number(row.body_mass_g));

  const split = stratifiedSplit(rows.map((row) => row.species), { test, seed, name: "penguins" });
  const pick = <T>(from: T[], numbers: Int32Array) => Array.from(numbers, (i) => from[i]);
  const inputScales = scalesOf(pick(table, split.train).flat(), table[0].length).map((
    { mean, sd },
    column,
  ) => column < MEASURES.length ? { mean, sd, unit: "mm" } : { mean: 0, sd: 1 });
  const targetScale = { ...scalesOf(pick(masses, split.train), 1)[0], unit: "g" };
  const samples = (numbers: Int32Array): ArraySamples<Float32Array> => ({
    inputs: {
      data: standardized(pick(table, numbers).flat(), inputScales),
      shape: [numbers.length, table[0].length],
    },
    targets: {
      data: standardized(pick(masses, numbers), [targetScale]),
      shape: [numbers.length, 1],
    },
  });
  return {
    name: "penguins",
    train: samples(split.train),
    test: samples(split.test),
    columns: [...MEASURES, ...groups.map(({ name, value }) => `${name} ${value}`)]
      .map((name) => name.replace(/_mm$/, "").replaceAll("_", " ")),
    inputScales,
    targetScale,
  };
}

/** The penguins without missing values, by column. @throws {Error} that names a damaged line. */
export function penguinRows(text: string): Record<string, string>[] {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/).map((line) => line.split(","));
  const doing = "load the penguins", file = "penguins.csv", numbers = [...MEASURES, "body_mass_g"];
  const missing = [...numbers, ...CATEGORIES].filter((name) => !header.includes(name));
  if (missing.length) throw damaged(doing, file, 1, `a header with ${missing.join(", ")}`);
  return lines.flatMap((line, i) => {
    if (line.length !== header.length) {
      throw damaged(doing, file, i + 2, `${header.length} values like the header`);
    }
    if (line.includes("NA")) return [];
    const row = Object.fromEntries(header.map((name, k) => [name, line[k]]));
    const odd = numbers.find((name) => !(Number(row[name]) > 0 && Number(row[name]) < Infinity));
    if (odd) {
      throw damaged(doing, file, i + 2, `a penguin with a ${odd} above 0, not "${row[odd]}"`);
    }
    return [row];
  });
}
