import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { circles } from "../../lib/data/circles.ts";
import type { ArraySamples, Dataset } from "../../lib/data/dataset.ts";
import { gaussians } from "../../lib/data/gaussians.ts";
import { moons } from "../../lib/data/moons.ts";
import type { PlanarOptions } from "../../lib/data/planar.ts";
import { xor } from "../../lib/data/xor.ts";

const generators = {
  moons,
  circles,
  gaussians,
  xor,
  "gaussians with 2 clusters": (options?: PlanarOptions) => gaussians({ ...options, clusters: 2 }),
  "gaussians with 4 clusters": (options?: PlanarOptions) => gaussians({ ...options, clusters: 4 }),
};

/** Points before they were standardised. */
function points({ inputScales }: Dataset, { inputs: { data } }: ArraySamples): [number, number][] {
  const original = Array.from(
    data,
    (x, i) => x * inputScales![i % 2].sd + inputScales![i % 2].mean,
  );
  return Array.from({ length: data.length / 2 }, (_, i) => [original[2 * i], original[2 * i + 1]]);
}

function moments(data: Float32Array, column: number) {
  const values = data.filter((_, i) => i % 2 === column);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return { mean, variance };
}

for (const [name, generate] of Object.entries(generators)) {
  Deno.test(`${name}: every column of the training set has mean 0 and variance 1`, () => {
    const { train } = generate();
    for (const column of [0, 1]) {
      const { mean, variance } = moments(train.inputs.data, column);
      assertAlmostEquals(mean, 0, 1e-6);
      assertAlmostEquals(variance, 1, 1e-5);
    }
  });

  Deno.test(`${name}: the test set is standardised with the training set's statistics`, () => {
    const few = generate({ train: 20 }), many = generate({ train: 1000 });
    const raw = points(few, few.test), same = points(many, many.test);
    raw.flat().forEach((x, i) => assertAlmostEquals(x, same.flat()[i], 1e-5));
    assertNotEquals(few.test.inputs.data, many.test.inputs.data);
    const { mean, variance } = moments(few.test.inputs.data, 0);
    assertGreater(Math.abs(mean) + Math.abs(variance - 1), 1e-3);
  });

  Deno.test(`${name}: classes are balanced to one sample, with every label in its range`, () => {
    const { train, test, classes } = generate({ train: 101, test: 50 });
    for (const { inputs, targets } of [train, test]) {
      assertEquals(inputs.shape, [targets.data.length, 2]);
      assertEquals(targets.shape, [targets.data.length]);
      const counts = Array<number>(classes!).fill(0);
      for (const label of targets.data) counts[label]++;
      assert(Math.max(...counts) - Math.min(...counts) <= 1);
    }
  });

  Deno.test(`${name}: the same seed gives the same bytes, another seed other points`, () => {
    assertEquals(generate({ seed: 7 }), generate({ seed: 7 }));
    assertNotEquals(generate({ seed: 7 }).train.inputs, generate({ seed: 8 }).train.inputs);
    assertNotEquals(
      generate().train.inputs.data.slice(0, 2),
      generate().test.inputs.data.slice(0, 2),
    );
  });

  Deno.test(`${name}: sizes, noise and seed that make no sense are refused`, () => {
    const wrong: [PlanarOptions, string][] = [
      [{ train: 1 }, "train must be an integer of at least"],
      [{ train: 10.5 }, "got 10.5"],
      [{ test: 0 }, "test must be an integer of at least"],
      [{ noise: -0.1 }, "noise must be 0 or more, got -0.1"],
      [{ noise: NaN }, "noise must be 0 or more, got NaN"],
      [{ seed: 0.5 }, "seed must be an integer, got 0.5"],
    ];
    for (const [options, message] of wrong) {
      assertThrows(() => generate(options), RangeError, message);
    }
  });
}

Deno.test("moons without noise lie on two half circles", () => {
  const set = moons({ noise: 0 });
  points(set, set.train).forEach(([x, y], i) => {
    const label = set.train.targets.data[i];
    assertAlmostEquals(label === 0 ? Math.hypot(x, y) : Math.hypot(x - 1, y - 0.5), 1, 1e-5);
    assert(label === 0 ? y > -1e-6 : y < 0.5 + 1e-6);
  });
});

Deno.test("circles without noise lie on circles of radius 1 and factor", () => {
  const set = circles({ noise: 0, factor: 0.3 });
  points(set, set.train).forEach(([x, y], i) =>
    assertAlmostEquals(Math.hypot(x, y), set.train.targets.data[i] === 0 ? 1 : 0.3, 1e-5)
  );
});

Deno.test("gaussian clusters have their centres evenly on the unit circle and noise as their spread", () => {
  const set = gaussians({ train: 30_000, clusters: 3, noise: 0.5 });
  const all = points(set, set.train);
  for (const label of [0, 1, 2]) {
    const own = all.filter((_, i) => set.train.targets.data[i] === label);
    const mean = own.reduce(([a, b], [x, y]) => [a + x / own.length, b + y / own.length], [0, 0]);
    const variance = own.reduce((sum, [x]) => sum + (x - mean[0]) ** 2, 0) / own.length;
    // Six standard errors of 10,000 draws.
    assertAlmostEquals(mean[0], Math.cos(2 * Math.PI * label / 3), 6 * 0.5 / 100);
    assertAlmostEquals(mean[1], Math.sin(2 * Math.PI * label / 3), 6 * 0.5 / 100);
    assertAlmostEquals(variance, 0.25, 6 * 0.25 * Math.SQRT2 / 100);
  }
});

Deno.test("xor without noise has its four corners, and class 1 where the signs differ", () => {
  const set = xor({ noise: 0 });
  const corners = new Set<string>();
  points(set, set.train).forEach(([x, y], i) => {
    corners.add(`${Math.round(x)} ${Math.round(y)}`);
    assertAlmostEquals(Math.abs(x), 1, 1e-6);
    assertEquals(set.train.targets.data[i], Number(x > 0 !== y > 0));
  });
  assertEquals(corners.size, 4);
});

Deno.test("clusters other than 2 to 4, and a factor that is no ratio, are refused", () => {
  for (const clusters of [1, 5, 2.5]) {
    assertThrows(
      () => gaussians({ clusters }),
      RangeError,
      `Cannot generate gaussians: clusters must be 2, 3 or 4, got ${clusters}`,
    );
  }
  for (const factor of [0, 1, -1, NaN]) {
    assertThrows(() => circles({ factor }), RangeError, "factor must be between 0 and 1");
  }
});
