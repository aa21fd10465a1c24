import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { circles } from "../lib/data/circles.ts";
import { takeSamples } from "../lib/data/dataset.ts";
import { digits } from "../lib/data/digits.ts";
import { gaussians } from "../lib/data/gaussians.ts";
import { moons } from "../lib/data/moons.ts";
import { penguins } from "../lib/data/penguins.ts";
import { directionsBetween, normalizedDirection, randomDirections } from "../lib/directions.ts";
import { hessian } from "../lib/hessian.ts";
import { interpolate } from "../lib/interpolate.ts";
import { initialize, layout } from "../lib/layout.ts";
import type { Loss } from "../lib/loss.ts";
import { l2, withPenalty } from "../lib/penalty.ts";
import { pca } from "../lib/pca.ts";
import { spectrum } from "../lib/spectrum.ts";
import { factorization, quadratic, rosenbrock, rugged } from "../lib/synthetic.ts";
import { trajectory } from "../lib/trajectory.ts";

// deno-lint-ignore no-explicit-any
type Anything = any;
const vector = (...x: number[]) => Float64Array.from(x);
const model: Anything = { predict() {}, layers: [] };
const nothing: Anything = null;
const loss = quadratic([1, 10]);
const theta = vector(1, 2);
const plane = { origin: vector(0, 0), directions: [vector(1, 0), vector(0, 1)] };

/** Each of these must fail with an error of ours that holds the words beside it. */
async function refused(cases: [string, () => unknown][]): Promise<void> {
  for (const [words, call] of cases) {
    // deno-lint-ignore require-await
    const error = await assertRejects(async () => call(), Error) as Error;
    assertStringIncludes(error.message, words);
    assert(error.message.startsWith("Cannot "), error.message);
  }
}

Deno.test("what is no loss is refused, and a model is told how to become one", async () => {
  const points = [vector(0, 0), vector(1, 1)];
  for (
    const [got, what] of [["undefined", undefined], ["a tf.LayersModel", model], ["Object", {}]]
  ) {
    const words = `expected a loss, got ${got}: make one with modelLoss(model, samples)`;
    await refused([
      [`Cannot interpolate the loss: ${words}`, () => interpolate(what as Loss, points)],
      [`Cannot make the Hessian: ${words}`, () => hessian(what as Loss, theta)],
      [`Cannot add a penalty: ${words}`, () => withPenalty(what as Loss, l2(1))],
    ]);
  }
  await refused([
    ["expected a loss, got null", () => trajectory(points, plane, { loss: nothing })],
    ["expected a loss, got a tf.LayersModel", () => trajectory(points, plane, { loss: model })],
  ]);
});

Deno.test("null is no options", () =>
  refused([
    "interpolate the loss",
    "project the trajectory",
    "make the Hessian",
    "compute the spectrum",
    "find the principal components",
    "draw directions",
    "normalize the direction",
    "take the directions between weights",
    "initialize",
    "make a quadratic loss",
    "make a rugged loss",
    "generate moons",
    "generate circles",
    "generate gaussians",
    "load the digits",
    "load the penguins",
  ].map((doing, i) => {
    const net = layout({ w: [2, 1] });
    const call = [
      () => interpolate(loss, [vector(0, 0), theta], nothing),
      () => trajectory([theta], plane, nothing),
      () => hessian(loss, theta, nothing),
      () => spectrum(hessian(loss, theta), nothing),
      () => pca([vector(0, 0), theta, vector(3, 1)], nothing),
      () => randomDirections(net, theta, nothing),
      () => normalizedDirection(net, theta, theta, nothing),
      () => directionsBetween(vector(0, 0), [theta], nothing),
      () => initialize(net, nothing),
      () => quadratic([1], nothing),
      () => rugged(nothing),
      () => moons(nothing),
      () => circles(nothing),
      () => gaussians(nothing),
      () => digits(nothing),
      () => penguins(nothing),
    ][i];
    return [`Cannot ${doing}: options must be an object, got null`, call];
  })));

Deno.test("layouts, vectors and losses of another kind are refused in words", () => {
  const net = layout({ w: [3, 2], b: { shape: [2], role: "bias" } }), at = initialize(net);
  const any = (x: unknown) => x as Anything;
  return refused([
    ["it needs an object of named shapes, got null", () => layout(nothing)],
    [
      '"w" must be a shape such as [2, 100], or { shape, role, unitAxis }, got number 3',
      () => layout({ w: any(3) }),
    ],
    ["got null", () => layout({ w: nothing })],
    ["got string 3", () => layout({ w: any("3") })],
    [
      'the role of "w" must be weight, bias, norm, state, got weights',
      () => layout({ w: { shape: [2], role: any("weights") } }),
    ],
    ["at most 1,073,741,824 numbers, got 1,000,000,000,000 up to", () => layout({ w: [1e6, 1e6] })],
    ["expected a layout, got null: make one with layout", () => initialize(nothing)],
    [
      "expected a layout, got a tf.LayersModel: take layoutOf(model)",
      () => randomDirections(model, at),
    ],
    ["expected a layout, got a tf.LayersModel", () => normalizedDirection(model, at, at)],
    [
      "count must be at most 134,217,728, got 1000000000",
      () => randomDirections(net, at, { count: 1e9 }),
    ],
    [
      "ignore must be a list of roles (weight, bias, norm, state), got string bias",
      () => randomDirections(net, at, { ignore: any("bias") }),
    ],
    ['got "biases"', () => randomDirections(net, at, { ignore: any(["biases"]) })],
    ["got null", () => randomDirections(net, at, { ignore: nothing })],
    [
      "ends must be a list of one or more vectors, got an empty list",
      () => directionsBetween(at, []),
    ],
    [
      "end 1 must be a Float32Array or Float64Array, got null",
      () => directionsBetween(at, [nothing]),
    ],
    [
      "origin must be a Float32Array or Float64Array, got null",
      () => directionsBetween(nothing, [at]),
    ],
    ["weight must be a number of 0 or more, got string 1", () => l2(any("1"))],
    ["expected l1(weight), l2(weight) or { name", () => withPenalty(loss, nothing)],
    ["center must be finite numbers, got NaN at 0", () => quadratic([1], { center: [NaN] })],
    ["center must be a list of numbers, got null", () => quadratic([1], { center: nothing })],
    ["eigenvalues must be finite numbers, got string 1 at 0", () => quadratic(any(["1"]))],
    ["eigenvalues must be a list of numbers, got string ab", () => quadratic(any("ab"))],
    ["rotation must be an integer, got NaN", () => quadratic([1], { rotation: NaN })],
    [
      "depth must be at most 1,073,741,824, got 2000000000",
      () => factorization(2e9),
    ],
    ["size must be an integer of 2 or more", () => rosenbrock(any("2"))],
    ["extrema must be at most 10,000", () => rugged({ extrema: 1e9 })],
  ]);
});

Deno.test("runs, points and parameters of another kind are refused in words", () => {
  const any = (x: unknown) => x as Anything, path = [vector(0, 0), theta, vector(3, 1)];
  const way = [vector(0, 0), theta], single = way.map((x) => Float32Array.from(x));
  return refused([
    [
      "checkpoint 1 (epoch 0) must be a Float32Array or Float64Array, got undefined",
      () => pca([any(undefined)]),
    ],
    ["checkpoint 1 must be", () => pca({ checkpoints: [null] } as Anything)],
    [
      "origin must be a Float32Array or Float64Array, got Array",
      () => pca(path, { origin: any([1, 2]) }),
    ],
    ["origin holds NaN at 0", () => pca(path, { origin: vector(NaN, 1) })],
    [
      "checkpoint 1 is too far from the last one",
      () => pca([vector(1.7e308, 0), vector(0, 1), vector(-1.7e308, 0)]),
    ],
    [
      "parameters must be a list of names of tensors, got string x",
      () => hessian(loss, theta, { parameters: any("x") }),
    ],
    [
      "resolution must be a number, got string 5",
      () => interpolate(loss, way, { resolution: any("5") }),
    ],
    [
      "resolution must give at most 1,000,000 points, got 10,000,000,000",
      () => interpolate(loss, way, { resolution: 1e10 }),
    ],
    ["from must be 0 or less", () => interpolate(loss, way, { from: any("-1") })],
    ["to must be 1 or more", () => interpolate(loss, way, { to: any("2") })],
    ["seed must be an integer, got NaN", () => interpolate(loss, way, { seed: NaN })],
    ["θ at 1e+39 is too large for float32", () => interpolate(loss, single, { to: 1e39 })],
    [
      "θ at -1e+39 is too large for float32",
      () => interpolate({ ...loss, precision: "float32" }, way, { from: -1e39 }),
    ],
    ["θ at 1.7e+308 is too large for float64", () => interpolate(loss, way, { to: 1.7e308 })],
  ]);
});

Deno.test("what is no operator, or multiplies wrongly, is refused in words", () => {
  const operator = (product: unknown, rest = {}) =>
    ({ size: 3, product, release() {}, ...rest }) as Anything;
  const same = (v: Float64Array) => Promise.resolve(v);
  return refused([
    [
      "it needs an operator, got a loss: make one with hessian(loss, θ)",
      () => spectrum(loss as Anything),
    ],
    ["it needs an operator, got null", () => spectrum(nothing)],
    [
      "the operator's size must be an integer of 1 or more",
      () => spectrum(operator(same, { size: 0 })),
    ],
    ["the operator's size must be", () => spectrum(operator(same, { size: NaN }))],
    [
      "the operator's dimension must be at most 3, got 4",
      () => spectrum(operator(same, { dimension: 4 })),
    ],
    [
      "a product of the operator must be a Float32Array or Float64Array of 3 numbers, got 2",
      () => spectrum(operator(() => new Float64Array(2))),
    ],
    ["of 3 numbers, got undefined", () => spectrum(operator(() => undefined))],
    [
      "tolerance must be above 0, got string 1",
      () => spectrum(operator(same), { tolerance: "1" as Anything }),
    ],
    [
      "start must be vectors of 3 numbers, got 2 in number 0",
      () => spectrum(operator(same), { start: [Float64Array.of(1, 2)] }),
    ],
    [
      "density.width must be above 0, got -1",
      () => spectrum(operator(same), { density: { width: -1 } }),
    ],
  ]);
});

Deno.test("data options that make no sense are refused in words", () =>
  refused([
    ["noise must be at most 1e100, or its square overflows, got 1e+300", () =>
      moons({ noise: 1e300 })],
    ["noise must be 0 or more, got string 0.1", () =>
      moons({ noise: "0.1" as Anything })],
    ["train must be at most 10,000,000, got 10000000000", () => moons({ train: 1e10 })],
    ["factor must be between 0 and 1", () => circles({ factor: "0.5" as Anything })],
    ["samples are { inputs, targets }, got null", () => takeSamples(nothing, [0])],
  ]));

Deno.test("run, slice and loss of other layouts are refused, with their digests", async () => {
  const [tall, wide] = [layout({ w: [2, 1] }), layout({ w: [1, 2] })];
  const checkpoints = [vector(0, 0), vector(1, 0), vector(2, 3)].map((theta, i) => ({
    epoch: i,
    step: i,
    theta,
  }));
  const run: Anything = { layout: tall, checkpoints, stepLosses: new Float32Array(), history: [] };
  const slice = pca(run), quiet = { progress: false };
  assertEquals(slice.digest, tall.digest);
  assertEquals(pca(checkpoints.map(({ theta }) => theta)).digest, undefined);
  const of = (layout: Loss["layout"]): Loss => ({ ...loss, layout });
  await refused([
    [
      `the slice and the run must have one layout, got the digest ${tall.digest} (slice) and ` +
      `the digest ${wide.digest} (run)`,
      () => trajectory({ ...run, layout: wide }, slice, quiet),
    ],
    [
      "the slice and the run and the loss must have one layout",
      () => trajectory(run, slice, { loss: of(wide), ...quiet }),
    ],
  ]);
  assertEquals((await trajectory(run, slice, { loss: of(tall), ...quiet })).partial, false);
});

Deno.test("principal components of huge and tiny movements have the shares of ordinary ones", () => {
  const path = [vector(0, 0), vector(3, 1), vector(1, 5), vector(7, 2)];
  const { explained, null: walk } = pca(path);
  for (const scale of [1e-300, 1e-200, 1e200, 1e300]) {
    const scaled = pca(path.map((x) => x.map((xi) => scale * xi)));
    scaled.explained.forEach((share, k) => assertAlmostEquals(share, explained[k], 1e-12));
    scaled.null.forEach((share, k) => assertAlmostEquals(share, walk[k], 1e-12));
    scaled.directions.forEach((d) => assertAlmostEquals(Math.hypot(...d), 1, 1e-12));
  }
});

Deno.test("eigenvalues that underflow when squared are found, and converge only where they have", async () => {
  const { product } = quadratic([5, 3, 1, 0.5, -2], { rotation: 3 }), at = new Float64Array(5);
  for (const scale of [1e-250, 1e-200, 1, 1e200, 1e250]) {
    const operator = {
      size: 5,
      product: async (v: Float64Array | Float32Array) =>
        (await product(at, v)).map((x) => scale * x),
      release() {},
    };
    const options = { progress: false, top: 2, bottom: 1 };
    const whole = await spectrum(operator, options);
    [5, 3].forEach((value, k) => assertAlmostEquals(whole.eigenvalues[k] / scale, value, 1e-9));
    assertAlmostEquals(whole.bottom[0] / scale, -2, 1e-9);
    assertEquals([whole.converged, whole.bottomConverged], [[true, true], [true]]);
    assert(whole.trace!.standardError > 0);
    const short = await spectrum(operator, { ...options, steps: 2, tolerance: 1e-9, probes: 0 });
    assertEquals([short.converged, short.bottomConverged], [[false, false], [false]]);
    assert(short.residuals.every((r) => r / scale > 1e-3));
  }
});
