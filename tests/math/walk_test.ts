import { assert, assertAlmostEquals } from "@std/assert";
import { random } from "../../lib/math/random.ts";
import { standardDeviation } from "../../lib/math/statistics.ts";
import { symmetricEigen } from "../../lib/math/symmetric.ts";
import { walkShares } from "../../lib/math/walk.ts";

Deno.test("a long random walk of equal steps puts 6/(πk)² into its k-th component", () => {
  const { shares } = walkShares([{ steps: new Float64Array(299).fill(0.3) }], 1e9);
  for (const k of [1, 2, 3, 4]) assertAlmostEquals(shares[k - 1], 6 / (Math.PI * k) ** 2, 1e-4);
});

Deno.test("five points of a random walk put 83.5% into two components", () => {
  const { shares } = walkShares([{ steps: [1, 1, 1, 1] }], 1e9);
  assertAlmostEquals(shares[0] + shares[1], 0.835, 1e-3);
  assertAlmostEquals(shares.reduce((a, b) => a + b), 1, 1e-14);
});

Deno.test("simulated walks with unequal steps have the shares that are predicted, and their spread", () => {
  const lengths = [5, 3, 1, 1, 0.5, 2], dimensions = 400, walks = 150;
  const { shares, errors } = walkShares([{ steps: lengths }], dimensions);
  const source = random(7, "test");
  const seen = Array.from({ length: walks }, () => simulated(lengths, dimensions, source.normal));
  for (const k of [0, 1, 2]) {
    const values = seen.map((s) => s[k]);
    const center = values.reduce((a, b) => a + b) / walks;
    assertAlmostEquals(center, shares[k], 4 * errors[k] / Math.sqrt(walks) + 0.003);
    const spread = standardDeviation(values) / errors[k];
    assert(spread > 0.75 && spread < 1.25, `spread is ${spread} of the predicted one`);
  }
});

Deno.test("several walks, from one point or from points of their own, have the shares that are predicted", () => {
  const steps = [[3, 1, 1, 2], [1, 4], [0.5, 0.5, 2]], dimensions = 400, trials = 150;
  const source = random(8, "test");
  for (const starts of [[[0, 0], [0, 0], [0, 0]], [[0, 0], [5, 0], [1, -4]]]) {
    const shared = starts[1][0] === 0;
    const { shares, errors } = walkShares(
      steps.map((lengths, w) => ({ steps: lengths, start: starts[w], shared: shared && w > 0 })),
      dimensions,
    );
    const seen = Array.from(
      { length: trials },
      () =>
        sharesOf(
          steps.flatMap((lengths, w) =>
            walk(lengths, dimensions, source.normal, starts[w]).slice(shared && w > 0 ? 1 : 0)
          ),
        ),
    );
    assertAlmostEquals(shares.reduce((a, b) => a + b), 1, 1e-14);
    for (const k of [0, 1, 2]) {
      const values = seen.map((s) => s[k]);
      const center = values.reduce((a, b) => a + b) / trials;
      assertAlmostEquals(center, shares[k], 4 * errors[k] / Math.sqrt(trials) + 0.003);
      const spread = standardDeviation(values) / errors[k];
      assert(spread > 0.7 && spread < 1.3, `spread is ${spread} of the predicted one`);
    }
  }
});

const simulated = (lengths: number[], dimensions: number, normal: () => number) =>
  sharesOf(walk(lengths, dimensions, normal));

function walk(lengths: number[], dimensions: number, normal: () => number, start = [0]) {
  const points = [Float64Array.from({ length: dimensions }, (_, i) => start[i] ?? 0)];
  for (const length of lengths) {
    const step = Float64Array.from({ length: dimensions }, normal);
    const size = Math.hypot(...step);
    points.push(points.at(-1)!.map((x, i) => x + length * step[i] / size));
  }
  return points;
}

function sharesOf(points: Float64Array[]): Float64Array {
  const center = points[0].map((_, i) => points.reduce((sum, p) => sum + p[i], 0) / points.length);
  const centered = points.map((p) => p.map((x, i) => x - center[i]));
  const { values } = symmetricEigen(
    centered.map((a) => centered.map((b) => a.reduce((sum, x, i) => sum + x * b[i], 0))),
  );
  values.reverse();
  return values.map((value) => value / values.reduce((a, b) => a + b));
}
