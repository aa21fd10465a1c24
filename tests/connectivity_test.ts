import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Connectivity,
  connectivity,
  factorization,
  flatten,
  fromJSON,
  functionLoss,
  layout,
  mlp,
  modelLoss,
  moons,
  quadratic,
  resnet20,
  tf,
  train,
} from "../mod.ts";
import { bezierPoint } from "../lib/connectivity/bezier.ts";
import { part } from "../lib/layout.ts";
import { random } from "../lib/math/random.ts";
import { movedUnits, type Symmetries } from "../lib/symmetry.ts";
import type { Vector } from "../lib/vector.ts";
import { oneUnit } from "./figure/gallery.ts";

function shuffle({ permutations }: Symmetries, seed: number) {
  const { permutation } = random(seed, "shuffle");
  return permutations.map((group) => ({ group, order: permutation(group.size) }));
}

/** Two small networks that were trained from different seeds on one data set. */
async function twoRuns(batchNorm = false) {
  const data = moons({ train: 200, test: 100 });
  const make = (seed: number) => {
    if (!batchNorm) return mlp({ inputs: 2, hidden: [12, 12], outputs: 2, seed });
    const kernelInitializer = () => tf.initializers.heNormal({ seed });
    return tf.sequential({
      layers: [
        tf.layers.dense({ units: 12, inputShape: [2], kernelInitializer: kernelInitializer() }),
        tf.layers.batchNormalization(),
        tf.layers.reLU(),
        tf.layers.dense({ units: 2, kernelInitializer: kernelInitializer() }),
      ],
    });
  };
  const finals: Vector[] = [];
  for (const seed of [1, 2]) {
    const run = await train(make(seed), data, {
      epochs: 15,
      learningRate: 0.2,
      seed,
      engine: "wasm",
    });
    finals.push(run.final);
  }
  return { data, finals, loss: modelLoss(make(1), data.train, { engine: "wasm" }) };
}

Deno.test("the straight path (1,1) → (−1,−1) on ½(ab − 1)² has a barrier of exactly ½", async () => {
  const points = [Float64Array.of(1, 1), Float64Array.of(-1, -1)];
  const result = await connectivity(factorization(), points);
  assertEquals(result.connections.length, 1);
  const [{ barrier, barrierAt, variant, curve, distance }] = result.connections;
  assertEquals([barrier, barrierAt, variant, curve.values.length], [0.5, 0.5, "raw", 25]);
  assertAlmostEquals(distance, Math.sqrt(8), 1e-12);
  assertEquals(result.barriers, { raw: [[0, 0.5], [0.5, 0]] });
  assertEquals(points, [Float64Array.of(1, 1), Float64Array.of(-1, -1)]);
});

Deno.test("the same path has none once the sign of the only hidden unit is matched", async () => {
  const points = [Float64Array.of(1, 1), Float64Array.of(-1, -1)];
  const { barriers, connections: [, aligned] } = await connectivity(oneUnit(), points);
  assertEquals(barriers, { raw: [[0, 0.5], [0.5, 0]], aligned: [[0, 0], [0, 0]] });
  assertEquals(aligned.distance, 0);
});

Deno.test("a convex loss has no barrier between minimisers, on lines and on curves", async () => {
  const loss = quadratic([3, 0, 1, 0]), points = [[0, -1, 0, 2], [0, 3, 0, 1], [0, 0, 0, 0]];
  for (const path of ["linear", "bezier"] as const) {
    const { barriers, connections } = await connectivity(
      loss,
      points.map((p) => Float64Array.from(p)),
      { path, bezier: { steps: 20 } },
    );
    assertEquals(connections.map(({ from, to }) => [from, to]), [[0, 1], [0, 2], [1, 2]]);
    for (const row of barriers.raw!) for (const barrier of row) assert(barrier <= 1e-12);
  }
});

Deno.test("a trained curve is the best of all quadratic Bézier curves", async () => {
  // a round valley of radius 1: the straight line between (1, 0) and (0, 1) cuts through the hill
  const loss = functionLoss(
    layout({ x: [2] }),
    ({ x }) => tf.square(tf.sub(tf.sum(tf.square(x)), 1)) as tf.Scalar,
    { engine: "wasm" },
  );
  const a = Float64Array.of(1, 0), b = Float64Array.of(0, 1);
  const mean = (c: number) => {
    let sum = 0;
    for (let k = 0; k < 1000; k++) {
      const [x, y] = bezierPoint([a, Float64Array.of(c, c), b], (k + 0.5) / 1000);
      sum += (x * x + y * y - 1) ** 2;
    }
    return sum / 1000;
  };
  const grid = Array.from({ length: 1001 }, (_, k) => 0.5 + k / 1000);
  const best = grid.reduce((least, c) => mean(c) < mean(least) ? c : least);
  const { connections: [curve] } = await connectivity(loss, [a, b], {
    path: "bezier",
    bezier: { steps: 400, learningRate: 0.05 },
  });
  assertAlmostEquals(curve.straight!.barrier, 0.25, 1e-6);
  assert(curve.barrier < 0.02, `${curve.barrier}`);
  assertEquals(curve.stepLosses!.length, 400);
  for (const c of curve.control!) assertAlmostEquals(c, best, 0.02);
  assert(mean((curve.control![0] + curve.control![1]) / 2) < 1.1 * mean(best));
});

Deno.test("no curve goes round a barrier that is everywhere: the sign of ab must change", async () => {
  const { barriers } = await connectivity(
    factorization(),
    [Float64Array.of(1, 1), Float64Array.of(-1, -1)],
    { path: "bezier", bezier: { steps: 200 } },
  );
  // at the sampled points a little less than the ½ that every such path has somewhere
  assert(barriers.raw![0][1] >= 0.45);
});

Deno.test("the barrier between a network and its shuffled copy goes with alignment, and repair leaves it so", async () => {
  const { finals: [a], loss } = await twoRuns();
  await using _ = loss;
  const b = movedUnits(loss.layout, a, shuffle(loss.symmetries!(), 5)),
    given = [a.slice(), b.slice()];
  for (const match of ["weights", "activations"] as const) {
    const { connections: [raw, aligned, repaired] } = await connectivity(loss, [a, b], { match });
    assert(raw.barrier > 0.05, `${raw.barrier}`);
    assert(raw.barrierError! > 0);
    assert(aligned.barrier <= 1e-6, `${aligned.barrier}`);
    assert(aligned.distance < 1e-6);
    assert(repaired.barrier <= 1e-6, `${repaired.barrier}`);
  }
  assertEquals([a, b], given);
});

Deno.test("between two runs alignment and repair lower the barrier, and a curve takes it away", async () => {
  const { finals, loss } = await twoRuns();
  await using _ = loss;
  const line = await connectivity(loss, finals);
  const [raw, aligned, repaired] = line.connections;
  assert(aligned.barrier < raw.barrier && repaired.barrier < raw.barrier);
  assert(aligned.distance < raw.distance);
  for (const { curve } of line.connections) {
    // the same two functions at the ends, whatever is done to the weights
    assertAlmostEquals(curve.values[0], raw.curve.values[0], 1e-6);
    assertAlmostEquals(curve.values.at(-1)!, raw.curve.values.at(-1)!, 1e-5);
    assertEquals(curve.accuracies!.length, 25);
  }
  const bent = await connectivity(loss, finals, { path: "bezier", variants: ["raw"] });
  const [curve] = bent.connections;
  assertEquals(curve.straight!.barrier, raw.barrier);
  assert(curve.barrier < 0.3 * raw.barrier, `${curve.barrier} of ${raw.barrier}`);
  assertEquals((await connectivity(loss, finals)).barriers, line.barriers);
});

Deno.test("repair computes the statistics of batch norm anew, and gives others those between the ends", async () => {
  const { finals: [a, b], loss } = await twoRuns(true);
  await using _ = loss;
  const middle = a.map((x, i) => (x + b[i]) / 2) as Vector;
  const [ofA, ofB] = [await loss.unitStatistics!(a), await loss.unitStatistics!(b)];
  const mix = (x: Float64Array, y: Float64Array) => x.map((v, i) => (v + y[i]) / 2);
  const wanted = {
    means: mix(ofA.means, ofB.means),
    deviations: mix(ofA.deviations, ofB.deviations),
  };
  const before = middle.slice();
  const repaired = await loss.repaired!(middle, wanted);
  assertEquals(middle, before);
  const got = await loss.unitStatistics!(repaired);
  got.means.forEach((mean, u) => assertAlmostEquals(mean, wanted.means[u], 1e-5));
  got.deviations.forEach((s, u) => assertAlmostEquals(s, wanted.deviations[u], 1e-5));
  // what batch norm sees is what was just put right
  const tensors = new Map(
    loss.layout.tensors.map((t) => [t.name.split("/")[1], part(repaired, t)]),
  );
  tensors.get("moving_mean")!.forEach((mean, u) => assertAlmostEquals(mean, wanted.means[u], 1e-5));
  tensors.get("moving_variance")!.forEach((v, u) =>
    assertAlmostEquals(v, wanted.deviations[u] ** 2, 1e-4)
  );
  const { connections: [raw, aligned, last] } = await connectivity(loss, [a, b]);
  assert(last.barrier < raw.barrier, `${raw.barrier}, ${aligned.barrier}, ${last.barrier}`);
});

Deno.test("the copy of a ResNet-20 with its channels shuffled is one with it after alignment", async () => {
  const model = resnet20({ shape: [8, 8, 3], classes: 4 });
  const { normal, integer } = random(1, "images"), n = 12;
  await using loss = modelLoss(model, {
    inputs: { data: Float32Array.from({ length: n * 192 }, normal), shape: [n, 8, 8, 3] },
    targets: { data: Int32Array.from({ length: n }, () => integer(4)), shape: [n] },
  }, { engine: "wasm" });
  const a = flatten(model), b = movedUnits(loss.layout, a, shuffle(loss.symmetries!(), 9));
  const { connections: [raw, aligned] } = await connectivity(loss, [a, b], {
    variants: ["raw", "aligned"],
    resolution: 5,
  });
  assert(Math.abs(raw.curve.values[2] - raw.curve.values[0]) > 1e-3);
  assert(aligned.barrier <= 1e-6);
  assertEquals(aligned.distance, 0);
});

Deno.test("three optima make a matrix for each variant, with names", async () => {
  const { finals: [a, b], loss } = await twoRuns();
  await using _ = loss;
  const result = await connectivity(loss, [a, b, a], {
    variants: ["raw", "aligned"],
    resolution: 7,
    names: ["first", "second", "first again"],
  });
  const { raw, aligned, repaired } = result.barriers;
  assertEquals(raw!.length, 3);
  assertEquals([raw![0][2], aligned![0][2], repaired], [0, 0, undefined]);
  assertEquals(raw![0][1], raw![1][0]);
  assertEquals(raw![1][2], raw![0][1]);
  const picture = result.svg();
  for (const name of ["second", "first again", "aligned"]) assert(picture.includes(name));
});

Deno.test("a result is data: JSON and back", async () => {
  const result = await connectivity(
    factorization(),
    [Float64Array.of(1, 1), Float64Array.of(-1, -1)],
    { path: "bezier", bezier: { steps: 10 } },
  );
  const arrays = {
    axes: Float64Array,
    values: Float64Array,
    done: Uint8Array,
    control: Float64Array,
    stepLosses: Float64Array,
  };
  const back = fromJSON<Connectivity>(JSON.stringify(result), arrays);
  assertEquals(back.barriers, result.barriers);
  assertEquals(back.connections[0].control, result.connections[0].control);
  assertEquals(back.connections[0].curve.values, result.connections[0].curve.values);
});

Deno.test("what was stopped is partial and valid, and still draws itself", async () => {
  const { finals, loss } = await twoRuns();
  await using _ = loss;
  for (const path of ["linear", "bezier"] as const) {
    for (const after of [0, 5, 30, 60]) {
      const stop = new AbortController();
      let steps = 0;
      const progress = { report: () => void (++steps > after && stop.abort()) };
      if (after === 0) stop.abort();
      const result = await connectivity(loss, finals, { path, signal: stop.signal, progress });
      assert(result.partial, `${path} after ${after}`);
      assertEquals(result.connections.length, 3);
      for (const theme of ["light", "dark"] as const) assert(result.svg({ theme }).length > 1000);
      assert(result.svg({ view: "matrix" }).length > 1000);
      assert(result.summary().includes("(stopped)"));
    }
  }
  const whole = await connectivity(loss, finals, { resolution: 5 });
  assertEquals(whole.partial, false);
});

Deno.test("a loss that is not finite on the way is told, not hidden", async () => {
  const loss = { ...quadratic([1]) };
  const { evaluate } = loss;
  loss.evaluate = async (theta, options) =>
    Math.abs(theta[0]) < 0.5 ? { loss: NaN } : await evaluate(theta, options);
  const result = await connectivity(loss, [Float64Array.of(-1), Float64Array.of(1)]);
  assertEquals(result.barriers, { raw: [[0, NaN], [NaN, 0]] });
  assert(result.svg().includes("The loss on the straight line between A and B"));
  assert(result.svg({ view: "matrix" }).includes("—"));
});

Deno.test("what cannot be connected is refused in words", async () => {
  const loss = factorization(), a = Float64Array.of(1, 1), b = Float64Array.of(-1, -1);
  const refused = (options: object, words: string, points: unknown = [a, b]) =>
    assertRejects(() => connectivity(loss, points as Vector[], options), Error, words);
  await refused({}, "a list of two or more vectors, got 1", [a]);
  await refused({}, "a list of two or more vectors, got null", null);
  await refused({}, "point 2 must have the 2 numbers", [a, new Float64Array(3)]);
  await refused({ path: "cubic" }, 'path must be "linear" or "bezier", got string cubic');
  await refused({ resolution: 2 }, "resolution must be an integer of 3 or more, got 2");
  await refused({ variants: ["aligned"] }, "a loss that was not told");
  await refused({ variants: ["straight"] }, 'variants must be some of "raw"');
  await refused({ variants: [] }, 'variants must be some of "raw"');
  await refused({ variants: ["raw", "raw"] }, "each once, got [raw, raw]");
  await refused({ names: ["one"] }, "names must be one for each of the 2 points, got 1");
  await refused({ bezier: { steps: 0 } }, "bezier.steps must be an integer of 1 or more, got 0");
  await refused({ bezier: { learningRate: -1 } }, "bezier.learningRate must be positive, got -1");
  await refused({ training: factorization(3) }, "must have the layout of the loss");
  const result = await connectivity(loss, [a, b]);
  assertThrows(() => result.svg({ view: "map" }), RangeError, 'view must be "paths" or "matrix"');
});
