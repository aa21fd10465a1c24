import type { ArraySamples, Dataset } from "./dataset.ts";
import { scalesOf, standardized } from "./scale.ts";
import { optionsOf } from "../options.ts";
import { checkHeldOut, stratifiedSplit } from "./split.ts";
import { damaged, storedFile } from "./stored_file.ts";

/** Options of {@link digits}. */
export interface DigitsOptions {
  /** How many of the 1,797 images are held out for testing, default 360. */
  test?: number;
  /** Inputs of shape [n, 8, 8, 1] for convolutions, instead of [n, 64]; default false. */
  images?: boolean;
  /** Of the split; default 42. */
  seed?: number;
}

/**
 * 1,797 handwritten digits, 8×8 pixels each: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten
 * Digits, UCI Machine Learning Repository (1998), CC BY 4.0; its test set, known as scikit-learn's
 * `load_digits`. Each class is split in the same proportion, 1,437 images for training and 360 for testing.
 *
 * From each pixel its mean over the training set is subtracted, and all pixels are divided by one number,
 * their common standard deviation there. (One number per pixel would blow up the border, where one image
 * in a thousand has ink; pixels that no image has ink in become 0.)
 *
 * @param options.test images held out, 1 to 1,795, default 360
 * @param options.images inputs of shape [n, 8, 8, 1]; default [n, 64]
 * @param options.seed of the split, default 42
 * @throws {RangeError} for a test set that leaves nothing to train or test with.
 * @throws {Error} if the file is missing, damaged or may not be read: what to restore, or the permission to
 * give.
 *
 * ```ts
 * import { digits } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { train, test, classes } = await digits();
 * assertEquals(train.inputs.shape, [1437, 64]);
 * assertEquals(test.targets.shape, [360]);
 * assertEquals(classes, 10);
 * ```
 */
export async function digits(
  options: DigitsOptions = {},
): Promise<Dataset<ArraySamples<Int32Array>>> {
  const { test = 360, images = false, seed = 42 } = optionsOf(options, "load the digits");
  const rows = digitRows(await storedFile("digits.csv.gz", "load the digits"));
  checkHeldOut(test, rows.length, "load the digits");
  const split = stratifiedSplit(rows.map((row) => row[64]), { test, seed, name: "digits" });
  const pixels = (numbers: Int32Array) => Array.from(numbers, (i) => rows[i].slice(0, 64)).flat();

  const drawn = pixels(split.train);
  const means = scalesOf(drawn, 64).map(({ mean }) => ({ mean, sd: 1 }));
  const [{ sd }] = scalesOf(standardized(drawn, means), 1);
  const inputScales = means.map(({ mean }) => ({ mean, sd }));
  const samples = (numbers: Int32Array): ArraySamples<Int32Array> => ({
    inputs: {
      data: standardized(pixels(numbers), inputScales),
      shape: images ? [numbers.length, 8, 8, 1] : [numbers.length, 64],
    },
    targets: { data: numbers.map((i) => rows[i][64]), shape: [numbers.length] },
  });
  return {
    name: "digits",
    train: samples(split.train),
    test: samples(split.test),
    classes: 10,
    inputScales,
  };
}

/** The rows of the file: 64 pixels from 0 to 16, and the digit. @throws {Error} that names a damaged line. */
export function digitRows(text: string): number[][] {
  return text.trimEnd().split("\n").map((line, i) => {
    const row = line.split(",").map(Number);
    const inside = (x: number, k: number) =>
      Number.isInteger(x) && x >= 0 && x <= (k < 64 ? 16 : 9);
    if (row.length === 65 && row.every(inside)) return row;
    throw damaged("load the digits", "digits.csv.gz", i + 1, "64 pixels from 0 to 16 and a digit");
  });
}
