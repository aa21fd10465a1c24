import { type Random, random } from "../math/random.ts";
import { describe, optionsOf } from "../options.ts";
import type { ArraySamples, Dataset } from "./dataset.ts";
import { scalesOf, standardized } from "./scale.ts";

/** How many points to draw in the plane, how noisy, and from which seed. */
export interface PlanarOptions {
  /** Training samples, default 400. */
  train?: number;
  /** Test samples, default 200. */
  test?: number;
  /** The standard deviation of the normal noise on both coordinates, before they are standardised. */
  noise?: number;
  /** Default 42. */
  seed?: number;
}

/** The most samples of one set. */
const mostSamples = 1e7;

/** What {@link planar} needs to know of a generator. */
export interface PlanarGenerator {
  /** Its name, which is also that of its random streams. */
  name: string;
  /** How many classes it has. */
  classes: number;
  /** Default of the noise. */
  noise: number;
  /** A point of a class, without noise. */
  point(label: number, source: Random): [x: number, y: number];
}

/**
 * A data set of points in the plane. Labels go round (0, 1, 0, 1, …), so that classes are balanced in
 * every prefix; training and test set draw from streams of their own, so that the size of one does not
 * change the other; both are standardised with the statistics of the training set.
 */
export function planar(
  { name, classes, noise: usual, point }: PlanarGenerator,
  options: PlanarOptions,
): Dataset<ArraySamples<Int32Array>> {
  const doing = `generate ${name}`;
  const { train = 400, test = 200, noise = usual, seed = 42 } = optionsOf(options, doing);
  for (const [what, size] of Object.entries({ train, test })) {
    if (!(Number.isInteger(size) && size >= classes)) {
      throw new RangeError(
        `Cannot generate ${name}: ${what} must be an integer of at least ${classes}, one sample per class, got ${size}`,
      );
    }
  }
  for (const [what, size] of Object.entries({ train, test })) {
    if (size > mostSamples) {
      throw new RangeError(
        `Cannot ${doing}: ${what} must be at most ${mostSamples.toLocaleString("en")}, got ${size}`,
      );
    }
  }
  if (!(Number.isFinite(noise) && noise >= 0)) {
    throw new RangeError(
      `Cannot ${doing}: noise must be 0 or more, got ${
        typeof noise === "number" ? noise : describe(noise)
      }`,
    );
  }
  if (noise > 1e100) {
    throw new RangeError(
      `Cannot ${doing}: noise must be at most 1e100, or its square overflows, got ${noise}`,
    );
  }
  const draw = (size: number, part: string) => {
    const source = random(seed, `${name}/${part}`);
    const points = Array.from({ length: size }, (_, i) => point(i % classes, source));
    return points.flat().map((x) => x + noise * source.normal());
  };
  const points = draw(train, "train");
  const inputScales = scalesOf(points, 2);
  const samples = (table: number[]): ArraySamples<Int32Array> => ({
    inputs: { data: standardized(table, inputScales), shape: [table.length / 2, 2] },
    targets: {
      data: Int32Array.from({ length: table.length / 2 }, (_, i) => i % classes),
      shape: [table.length / 2],
    },
  });
  return {
    name,
    train: samples(points),
    test: samples(draw(test, "test")),
    classes,
    columns: ["x", "y"],
    inputScales,
  };
}
