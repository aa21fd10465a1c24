import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { layout, part } from "../lib/layout.ts";
import { random } from "../lib/math/random.ts";
import { pca } from "../lib/pca.ts";
import type { Run } from "../lib/run.ts";
import { added, dot, norm, type Vector } from "../lib/vector.ts";

/** A run that consists of its checkpoints. */
function runOf(thetas: Float32Array[], over = layout({ w: [thetas[0].length] })): Run {
  return {
    layout: over,
    config: {},
    seed: 1,
    checkpoints: thetas.map((theta, i) => ({ epoch: i, step: 10 * i, theta })),
    initial: thetas[0],
    best: thetas.at(-1)!,
    final: thetas.at(-1)!,
    stepLosses: new Float32Array(0),
    history: [],
    partial: false,
  };
}

function walk(points: number, dimensions: number, seed: number): Float64Array[] {
  const { normal } = random(seed, "test");
  const path = [new Float64Array(dimensions)];
  while (path.length < points) path.push(path.at(-1)!.map((x) => x + normal()));
  return path;
}

function assertOrthonormal(directions: readonly Vector[]) {
  directions.forEach((a, i) =>
    directions.forEach((b, j) => assertAlmostEquals(dot(a, b), i === j ? 1 : 0, 1e-12))
  );
}

Deno.test("the first component of a straight line explains all of it", () => {
  const { normal } = random(3, "test");
  const start = Float64Array.from({ length: 50 }, normal), way = start.map(normal);
  const line = [0, 0.1, 0.5, 1.5, 4].map((t) => added(start, way, t));
  const one = pca(line, { components: 1 });
  assertAlmostEquals(one.explained[0], 1, 1e-12);
  assertAlmostEquals(dot(one.directions[0], way) / norm(way), 1, 1e-12);
  const two = pca(line);
  assertAlmostEquals(two.explained[0], 1, 1e-12);
  assertEquals(two.explained[1], 0);
  assertEquals(two.labels, ["PC 1 · 100% of the movement", "PC 2 · no movement"]);
  assertOrthonormal(two.directions);
  const rounded = pca(line.map((x) => Float32Array.from(x)));
  assertAlmostEquals(rounded.explained[0], 1, 1e-12);
  assertOrthonormal(rounded.directions);
});

Deno.test("a random walk explains what its null says, a planned path more", () => {
  for (const seed of [1, 2, 3]) {
    const { explained, null: chance, nullErrors, scree } = pca(walk(40, 3000, seed));
    [0, 1].forEach((k) => assertAlmostEquals(explained[k], chance[k], 4 * nullErrors[k]));
    assertAlmostEquals(explained[0], 6 / Math.PI ** 2, 0.05);
    assertEquals(scree.explained.length, 39);
    assertAlmostEquals(scree.explained.reduce((a, b) => a + b), 1, 1e-12);
    assertAlmostEquals(scree.null.reduce((a, b) => a + b), 1, 1e-12);
  }
  const five = pca(walk(5, 20000, 4));
  assertAlmostEquals(five.null[0] + five.null[1], 0.835, 5e-3);
  const planned = pca(walk(40, 3000, 1).map((p, i) => p.map((x) => x + 5 * i)));
  assert(planned.explained[0] > planned.null[0] + 10 * planned.nullErrors[0]);
});

Deno.test("components are the eigenvectors of the covariance, in the order of their shares", () => {
  // points on the axes of an ellipsoid around a center that is not the last checkpoint
  const center = Float64Array.of(1, 2, 3, 4), spread = [5, 3, 1];
  const points = spread.flatMap((s, k) =>
    [1, -1].map((sign) => center.map((x, i) => i === k ? x + sign * s : x))
  );
  const { explained, directions, origin } = pca(points, { components: 3 });
  spread.forEach((s, k) => {
    assertAlmostEquals(explained[k], s * s / 35, 1e-12);
    assertAlmostEquals(Math.abs(directions[k][k]), 1, 1e-12);
  });
  assertEquals(origin, points.at(-1));
  assertOrthonormal(directions);
});

Deno.test("checkpoints that appear twice count once", () => {
  const path = walk(6, 100, 9);
  const plain = pca(path);
  const repeated = pca([...path.slice(0, 3), path[2].slice(), ...path.slice(3), path[5].slice()]);
  assertEquals(repeated.explained, plain.explained);
  assertEquals(repeated.directions, plain.directions);
  assertEquals(repeated.null, plain.null);
  assertEquals(repeated.checkpoints, 6);
});

Deno.test("the path starts on the negative side, whatever the signs of an eigenvector", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const path = walk(8, 60, seed);
    const { directions } = pca(path, { components: 3 });
    for (const d of directions) assert(dot(added(path[0], path[7], -1), d) <= 0);
  }
});

Deno.test("state is left out, and a run gives its layout", () => {
  const over = layout({ w: [4], moving_variance: { shape: [2], role: "state" } });
  const { normal } = random(2, "test");
  const thetas = Array.from(
    { length: 5 },
    (_, i) => Float32Array.from({ length: 6 }, (_, k) => k < 4 ? normal() : 100 * i),
  );
  const { directions, explained } = pca(runOf(thetas, over));
  for (const d of directions) assertEquals(norm(part(d, over.tensors[1])), 0);
  const weights = pca(thetas.map((t) => t.slice(0, 4)));
  explained.forEach((x, k) => assertAlmostEquals(x, weights.explained[k], 1e-12));
  assertEquals(pca(thetas, { layout: over }).directions, directions);
});

Deno.test("the origin can be chosen, checkpoints stay as they are, and the same call gives the same", () => {
  const path = walk(6, 30, 1), before = path.map((p) => p.slice());
  const a = pca(path, { origin: path[0] });
  assertEquals(a.origin, path[0]);
  assertEquals(a.directions, pca(path).directions);
  assertEquals(path, before);
});

Deno.test("too few checkpoints, and vectors that do not fit, are refused", () => {
  const path = walk(3, 10, 1);
  const fails = (f: () => unknown, message: string) => assertThrows(f, RangeError, message);
  fails(() => pca(path.slice(0, 2)), "2 components need at least 3 distinct checkpoints, got 2");
  fails(() => pca([path[0], path[1], path[1].slice()]), "got 2");
  fails(() => pca([]), "there is no checkpoint");
  fails(() => pca(path, { components: 0 }), "components must be an integer of 1 or more, got 0");
  fails(() => pca([path[0], path[1].slice(1)]), "checkpoint 2 (epoch 1) must have 10 numbers");
  fails(() => pca([path[0], path[1].map(() => NaN)]), "holds NaN at 0");
  fails(() => pca(path, { origin: path[0].slice(1) }), "origin must have 10 numbers");
  fails(() => pca([1, 2, 3].map((x) => Float64Array.of(x))), "at most the 1 numbers that can move");
  assertThrows(() => pca({} as Run), TypeError, "it needs a run or a list of vectors");
});

Deno.test("several runs share one plane: that of all their checkpoints, each of which counts once", () => {
  const over = layout({ w: [400] });
  const runs = [1, 2, 3].map((seed) =>
    runOf(walk(12, 400, seed).map((x) => Float32Array.from(x)), over)
  );
  const joint = pca(runs), one = pca(runs[0]);
  assertEquals([joint.runs, joint.checkpoints, one.runs], [3, 34, 1]);
  assertOrthonormal(joint.directions);
  assertEquals(joint.origin, runs[0].final);
  assertEquals(joint.digest, over.digest);
  // the same checkpoints as one list have the same components
  const listed = pca(runs.flatMap(({ checkpoints }) => checkpoints.map(({ theta }) => theta)), {
    origin: runs[0].final,
  });
  [0, 1].forEach((k) => {
    assertAlmostEquals(listed.explained[k], joint.explained[k], 1e-12);
    assertAlmostEquals(Math.abs(dot(listed.directions[k], joint.directions[k])), 1, 1e-6);
  });
  // walks of their own from one start are what the null says
  [0, 1].forEach((k) =>
    assertAlmostEquals(joint.explained[k], joint.null[k], 4 * joint.nullErrors[k])
  );
  assertEquals(joint.scree.null.length, joint.scree.explained.length);
  assertEquals(pca([runs[0]]).explained, one.explained);
  assertEquals(pca([runs[0]]).null, one.null);
});

Deno.test("far starts of several runs are no surprise: walks from there explain as much", () => {
  const { normal } = random(5, "test");
  const runs = [1, 2].map((seed) => {
    const far = Float64Array.from({ length: 300 }, () => 5 * normal());
    return runOf(walk(10, 300, seed).map((x) => Float32Array.from(x, (v, i) => v + far[i])));
  });
  const { explained, null: chance, nullErrors, scree } = pca(runs);
  assert(chance[0] > 0.85);
  [0, 1].forEach((k) => assertAlmostEquals(explained[k], chance[k], 5 * nullErrors[k] + 1e-3));
  assertEquals(scree.null.length, scree.explained.length);
});

Deno.test("runs that do not belong together are refused", () => {
  const run = runOf(walk(4, 6, 1).map((x) => Float32Array.from(x)));
  const other = runOf(walk(4, 6, 1).map((x) => Float32Array.from(x)), layout({ v: [2, 3] }));
  assertThrows(
    () => pca([run, other]),
    RangeError,
    "Cannot find the principal components: the run number 1 and the run number 2 must have one layout",
  );
  assertThrows(
    () => pca([run, new Float32Array(6) as unknown as Run]),
    TypeError,
    "Cannot find the principal components: it needs runs, got Float32Array as number 2 of the list",
  );
});
