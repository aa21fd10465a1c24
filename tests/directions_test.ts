import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { directionsBetween, normalizedDirection, randomDirections } from "../lib/directions.ts";
import { initialize, layout, layoutFrom, type LayoutTensor, part } from "../lib/layout.ts";
import { random } from "../lib/math/random.ts";
import { axisLabels } from "../lib/slice.ts";
import { dot, norm, sizeOf, type Vector } from "../lib/vector.ts";

const net = layout({
  conv: [3, 3, 4, 8],
  dense: [20, 6],
  bias: { shape: [6], role: "bias" },
  gamma: { shape: [8], role: "norm" },
  moving_mean: { shape: [8], role: "state" },
  out: { shape: [5, 20], unitAxis: 0 },
});
const theta = initialize(net, { seed: 3 });

/** The norm of one output unit, counted the slow way. */
function unitNorm(vector: Vector, { shape, unitAxis, offset }: LayoutTensor, unit: number): number {
  let sum = 0;
  for (let i = 0; i < sizeOf(shape); i++) {
    let rest = i;
    const index = shape.map(() => 0);
    for (let k = shape.length - 1; k >= 0; k--) {
      index[k] = rest % shape[k];
      rest = Math.floor(rest / shape[k]);
    }
    if (index[unitAxis!] === unit) sum += vector[offset + i] ** 2;
  }
  return Math.sqrt(sum);
}

const filters = net.tensors.filter((t) => t.unitAxis !== undefined);

for (const orthogonal of [false, true]) {
  Deno.test(`filters have the norm of their weights, orthogonal: ${orthogonal}`, () => {
    for (const seed of [1, 2, 3]) {
      for (const direction of randomDirections(net, theta, { seed, orthogonal, count: 3 })) {
        for (const tensor of filters) {
          for (let u = 0; u < tensor.shape[tensor.unitAxis!]; u++) {
            const expected = unitNorm(theta, tensor, u);
            assertAlmostEquals(unitNorm(direction, tensor, u), expected, 1e-12 * expected);
          }
        }
      }
    }
  });
}

Deno.test("bias, norm and state are zero; bias and norm move when they are not ignored, state never", () => {
  const [direction] = randomDirections(net, theta);
  const at = (name: string, v: Vector) => part(v, net.tensors.find((t) => t.name === name)!);
  for (const name of ["bias", "gamma", "moving_mean"]) assertEquals(norm(at(name, direction)), 0);
  const [all] = randomDirections(net, theta, { ignore: [] });
  // a tensor without unit axis is one unit; the biases are 0, and so is their direction
  assertAlmostEquals(norm(at("gamma", all)), Math.sqrt(8), 1e-12);
  assertEquals(norm(at("bias", all)), 0);
  assertEquals(norm(at("moving_mean", all)), 0);
});

Deno.test("layers have the norm of their weights, and without normalization directions have length 1", () => {
  const [layer] = randomDirections(net, theta, { normalize: "layer" });
  for (const tensor of filters) {
    assertAlmostEquals(norm(part(layer, tensor)), norm(part(theta, tensor)), 1e-12);
  }
  const [plain] = randomDirections(net, theta, { normalize: "none" });
  assertAlmostEquals(norm(plain), 1, 1e-14);
});

Deno.test("orthogonal directions are, also where filters are smaller than their number", () => {
  const thin = layout({ w1: [1, 30], w2: [30, 2] });
  for (const [l, v] of [[net, theta], [thin, initialize(thin)]] as const) {
    for (const normalize of ["filter", "layer", "none"] as const) {
      const directions = randomDirections(l, v, { count: 3, orthogonal: true, normalize });
      const plain = randomDirections(l, v, { count: 3, normalize });
      directions.forEach((d, i) => {
        assertAlmostEquals(norm(d), norm(plain[i]), 1e-9 * norm(d));
        directions.slice(0, i).forEach((e) =>
          assert(Math.abs(dot(d, e)) < 1e-13 * norm(d) * norm(e))
        );
      });
    }
  }
});

Deno.test("PyTorch's layouts give the same function of the network", () => {
  // the same dense layer as [in, out] and as [out, in]: transposing commutes with normalizing
  const [inputs, outputs] = [7, 4];
  const ours = layout({ w: [inputs, outputs] });
  const theirs = layoutFrom([{ name: "w", shape: [outputs, inputs], unitAxis: 0 }]);
  const { normal } = random(5, "test");
  const weights = Float64Array.from({ length: 28 }, normal);
  const raw = weights.map(normal);
  const transposed = (v: Float64Array) =>
    v.map((_, i) => v[(i % inputs) * outputs + Math.floor(i / inputs)]);
  const one = normalizedDirection(ours, weights, raw);
  const other = normalizedDirection(theirs, transposed(weights), transposed(raw));
  transposed(one).forEach((x, i) => assertAlmostEquals(other[i], x, 1e-14));
});

Deno.test("a seed decides: the same again, another for another seed, and count only adds", () => {
  const [a, b] = randomDirections(net, theta, { seed: 5 });
  assertEquals(randomDirections(net, theta, { seed: 5 }), [a, b]);
  assertEquals(randomDirections(net, theta, { seed: 5, count: 1 }), [a]);
  const [c] = randomDirections(net, theta, { seed: 6 });
  // cosines of unrelated directions in n dimensions are of the size 1/√n
  const cosine = (x: Vector, y: Vector) => dot(x, y) / norm(x) / norm(y);
  assert(Math.abs(cosine(a, b)) < 5 / Math.sqrt(net.size));
  assert(Math.abs(cosine(a, c)) < 5 / Math.sqrt(net.size));
});

Deno.test("drawing directions changes neither weights nor layout", () => {
  const before = theta.slice(), tensors = JSON.stringify(net);
  randomDirections(net, theta, { orthogonal: true, ignore: [] });
  assertEquals(theta, before);
  assertEquals(JSON.stringify(net), tensors);
});

Deno.test("directions between points lead from one to the other, and leave state alone", () => {
  const other = initialize(net, { seed: 4 }).fill(9, 20);
  const [direction] = directionsBetween(theta, [other]);
  direction.forEach((d, i) => assertAlmostEquals(theta[i] + d, other[i], 1e-12));
  const state = net.tensors.find((t) => t.role === "state")!;
  assert(norm(part(direction, state)) > 0);
  const [moved] = directionsBetween(theta, [other], { layout: net });
  assertEquals(norm(part(moved, state)), 0);
});

Deno.test("directions that make no sense are refused", () => {
  const fails = (f: () => unknown, message: string) => assertThrows(f, RangeError, message);
  fails(() => randomDirections(net, theta, { count: 0 }), "count must be an integer of 1 or more");
  fails(() => randomDirections(net, theta.slice(1)), "origin must have the");
  fails(() => randomDirections(net, theta.map((x, i) => i === 9 ? NaN : x)), 'in "conv"');
  fails(
    () => randomDirections(net, theta, { normalize: "filters" as "filter" }),
    'normalize must be "filter", "layer" or "none", got filters',
  );
  fails(
    () => randomDirections(net, theta, { ignore: ["weight", "bias", "norm"] }),
    "nothing is left",
  );
  fails(() => randomDirections(net, new Float32Array(net.size)), 'pass normalize: "none"');
  const tiny = layout({ w: [1, 2] });
  fails(
    () => randomDirections(tiny, Float64Array.of(1, 2), { count: 3, orthogonal: true }),
    "only 2 numbers may move",
  );
  fails(() => directionsBetween(theta, [theta]), "end 1 equals origin");
  fails(
    () => directionsBetween(theta, []),
    "ends must be a list of one or more vectors, got an empty list",
  );
  fails(() => directionsBetween(theta, [theta.slice(1)]), "end 1 must have");
  fails(() => directionsBetween(theta, [theta.map(() => Infinity)]), "not finite at 0");
  assertThrows(
    () => randomDirections(net, [...theta] as unknown as Vector),
    TypeError,
    "must be a Float32Array",
  );
});

Deno.test("a random direction is named with its seed and its unit, so that a figure can say which it was", () => {
  const labels = (options = {}) =>
    axisLabels({ origin: theta, directions: randomDirections(net, theta, options) });
  assertEquals(labels({ seed: 7 }), [
    "random direction 1 (seed 7), in units of each filter's norm",
    "random direction 2 (seed 7), in units of each filter's norm",
  ]);
  assertEquals(labels({ count: 1, normalize: "none" }), [
    "random direction (seed 42), as a distance in θ",
  ]);
});
