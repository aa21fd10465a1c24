import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  factorization,
  flatten,
  fromJSON,
  functionLoss,
  layout,
  mlp,
  modelLoss,
  moons,
  quadratic,
  sharpness,
  tf,
} from "../mod.ts";
import { random } from "../lib/math/random.ts";
import { randomIn } from "../lib/math/ball.ts";
import { norm } from "../lib/vector.ts";

const quiet = { progress: false } as const;

Deno.test("at the minimum of a quadratic: ½ρ²·λ₁ at worst, ½ρ²·tr/(d + 2) in the ball, ½ρ²·tr/d on the sphere", async () => {
  const eigenvalues = [5, 3, 2, 1, 0.5, 0], rho = 0.2, trace = 11.5, d = 6;
  const loss = quadratic(eigenvalues, { rotation: 4, center: [1, 2, 3, 4, 5, 6] });
  const result = await sharpness(loss, Float64Array.of(1, 2, 3, 4, 5, 6), {
    radius: rho,
    normalize: "none",
    samples: 800,
    tolerance: 1e-9,
    steps: 100,
    ...quiet,
  });
  const { ball, sphere, worst, increases } = result;
  assertAlmostEquals(worst.value, 0.5 * rho ** 2 * 5, 1e-8);
  assertAlmostEquals(norm(worst.delta), rho, 1e-12);
  assert(worst.converged && worst.gap < 1e-8);
  const within = (estimate: typeof ball, truth: number) =>
    Math.abs(estimate.value - truth) < 4 * estimate.standardError &&
    estimate.standardError < truth / 20;
  assert(within(ball, 0.5 * rho ** 2 * trace / (d + 2)), `${ball.value}`);
  assert(within(sphere, 0.5 * rho ** 2 * trace / d), `${sphere.value}`);
  assertEquals(increases.length, 800);
  assertEquals(result.dimension, 6);
});

Deno.test("a loss that falls on average says so, with one sign", async () => {
  const result = await sharpness(quadratic([-1, -2]), new Float64Array(2), {
    normalize: "none",
    ...quiet,
  });
  assert(/^Sharpness: −\d/.test(result.summary()), result.summary());
});

Deno.test("where the loss falls in every direction, nothing is worse than the place itself", async () => {
  const loss = quadratic([-1, -2]);
  const { worst, ball } = await sharpness(loss, new Float64Array(2), {
    normalize: "none",
    ...quiet,
  });
  assertEquals(worst.value, 0);
  assert(ball.value < 0);
});

Deno.test("adaptive sharpness of ½(ab − 1)² is the same all along the valley, the plain one is not", async () => {
  const worst = async (a: number, adaptive: boolean) =>
    (await sharpness(factorization(), Float64Array.of(a, 1 / a), {
      radius: 0.1,
      normalize: "none",
      adaptive,
      tolerance: 1e-9,
      ...quiet,
    })).worst.value;
  for (const a of [0.2, 1, 3, 10]) assertAlmostEquals(await worst(a, true), 0.0107196, 1e-7);
  assertAlmostEquals(await worst(1, false), 0.0107196, 1e-7);
  assertAlmostEquals(await worst(10, false), 0.5002, 1e-4);
});

Deno.test("points are uniform: inside of a ball of d dimensions the mean of |δ|² is ρ²·d/(d + 2), on its surface ρ²", () => {
  const block = Int32Array.of(0, 0, 0, -1, 1), radii = Float64Array.of(2, 0.5);
  const draw = random(1, "test");
  let first = 0, second = 0;
  for (let k = 0; k < 4000; k++) {
    const inside = randomIn({ block, radii }, draw, "inside");
    first += (inside[0] ** 2 + inside[1] ** 2 + inside[2] ** 2) / 4000;
    second += inside[4] ** 2 / 4000;
    const surface = randomIn({ block, radii }, draw, "surface");
    assertAlmostEquals(norm(surface.subarray(0, 3)), 2, 1e-12);
    assertAlmostEquals(Math.abs(surface[4]), 0.5, 1e-12);
    assertEquals([inside[3], surface[3]], [0, 0]);
  }
  assertAlmostEquals(first, 4 * 3 / 5, 0.1);
  assertAlmostEquals(second, 0.25 / 3, 0.01);
});

const model = mlp({ inputs: 2, hidden: [6, 5], outputs: 2 });
const { train } = moons({ train: 60, test: 2 });

Deno.test("per layer no tensor moves farther than its share; what is ignored, and state, does not move", async () => {
  await using loss = modelLoss(model, train);
  const theta = flatten(model).map((x, i) => x + 0.1 * Math.sin(i));
  const { worst } = await sharpness(loss, theta, {
    radius: 0.3,
    samples: 2,
    symmetry: false,
    ignore: ["bias"],
    ...quiet,
  });
  for (const { name, offset, shape, role } of loss.layout.tensors) {
    const end = offset + shape.reduce((a, b) => a * b);
    const moved = norm(worst.delta.subarray(offset, end));
    const own = norm(theta.subarray(offset, end));
    if (role === "bias") assertEquals(moved, 0, name);
    else assert(moved <= 0.3 * own * (1 + 1e-9), name);
  }
});

Deno.test("beside each number stands that of the same function with rescaled weights; adaptive ones stay", async () => {
  await using loss = modelLoss(model, train);
  const theta = flatten(model);
  const plain = await sharpness(loss, theta, { samples: 40, ...quiet });
  const ratio = plain.symmetry!.worst.value / plain.worst.value;
  assertAlmostEquals(plain.symmetry!.center, plain.center, 1e-6);
  assert(ratio > 1.5, `moved by ${ratio}`);
  const adaptive = await sharpness(loss, theta, { adaptive: true, radius: 1, ...quiet });
  assertAlmostEquals(adaptive.symmetry!.worst.value / adaptive.worst.value, 1, 1e-3);
  assertAlmostEquals(adaptive.symmetry!.ball.value / adaptive.ball.value, 1, 1e-2);
  const smooth = mlp({ inputs: 2, hidden: [4], outputs: 2, activation: "tanh" });
  await using other = modelLoss(smooth, train);
  const none = await sharpness(other, flatten(smooth), { samples: 2, ...quiet });
  assertEquals(none.symmetry, undefined);
});

Deno.test("the worst case is no lower than any random perturbation, and both engines agree", async () => {
  const theta = flatten(model);
  const of = async (engine: "wasm" | "native") => {
    await using loss = modelLoss(model, train, { engine });
    return await sharpness(loss, theta, { samples: 30, symmetry: false, radius: 0.1, ...quiet });
  };
  const [a, b] = [await of("wasm"), await of("native")];
  assert(a.worst.value >= Math.max(...a.increases));
  a.increases.forEach((x, i) => assertAlmostEquals(x, b.increases[i], 1e-5));
  assertAlmostEquals(a.worst.value, b.worst.value, 1e-3 * a.worst.value);
  assertEquals([a.provenance.engine, b.provenance.engine], ["wasm", "native"]);
  assert(a.worst.standardError! > 0);
});

Deno.test("the same seed gives the same numbers, another seed others, and θ stays as it was", async () => {
  const loss = quadratic([3, 1, 0.2], { rotation: 1 });
  const theta = Float64Array.of(0.1, 0, -0.2), before = theta.slice();
  const of = async (seed: number) =>
    (await sharpness(loss, theta, { samples: 5, seed, ...quiet })).increases;
  assertEquals(await of(1), await of(1));
  assert((await of(1))[0] !== (await of(2))[0]);
  assertEquals(theta, before);
});

Deno.test("a loss that overflows or is not a number is shown as such", async () => {
  const wall = functionLoss(layout({ x: [1] }), ({ x }) => tf.sum(tf.log(tf.sub(1, tf.abs(x)))));
  const { worst, increases } = await sharpness(wall, Float32Array.of(0.1), {
    radius: 5,
    normalize: "none",
    samples: 50,
    ...quiet,
  });
  assert(increases.some(Number.isNaN));
  assert(Number.isNaN(worst.value));
});

Deno.test("Stop keeps the perturbations that were computed, and says so", async () => {
  const stop = new AbortController();
  let seen = 0;
  const loss = quadratic([1, 2, 3]);
  const result = await sharpness(loss, new Float64Array(3).fill(1), {
    samples: 50,
    signal: stop.signal,
    progress: { report: () => void (++seen === 20 && stop.abort()) },
  });
  assertEquals(result.partial, true);
  assertEquals(result.increases.length, 19);
  assert(Number.isFinite(result.ball.value) && Number.isNaN(result.worst.value));
  assert(result.svg().includes("stopped before its end"));
  assert(result.summary().startsWith("Sharpness (stopped): "));
  const back = fromJSON(JSON.parse(JSON.stringify(result))) as { increases: number[] };
  assertEquals(back.increases, [...result.increases]);
});

Deno.test("misuse is refused in words", async () => {
  const loss = quadratic([1, 2]), zero = new Float64Array(2), theta = Float64Array.of(1, 1);
  await assertRejects(() => sharpness(loss, zero), RangeError, 'normalize: "none"');
  await assertRejects(() => sharpness(loss, zero, { adaptive: true }), RangeError, "0 everywhere");
  await assertRejects(() => sharpness(loss, theta, { radius: 0 }), RangeError, "radius must be");
  await assertRejects(() => sharpness(loss, theta, { samples: 1 }), RangeError, "samples must be");
  await assertRejects(
    () => sharpness(loss, theta, { normalize: "box" as "none" }),
    RangeError,
    "normalize must be",
  );
  await assertRejects(() => sharpness(loss, new Float64Array(3)), RangeError, "3");
});

Deno.test("an ascent that is stopped keeps the highest place that it saw", async () => {
  const stop = new AbortController();
  let seen = 0;
  const result = await sharpness(quadratic([3, 2.9, 1], { rotation: 2 }), new Float64Array(3), {
    samples: 2,
    radius: 0.1,
    normalize: "none",
    tolerance: 1e-12,
    steps: 40,
    signal: stop.signal,
    progress: { report: () => void (++seen === 60 && stop.abort()) },
  });
  assertEquals(result.partial, true);
  assert(result.worst.value > 0.014 && result.worst.value <= 0.015 * (1 + 1e-9));
});
