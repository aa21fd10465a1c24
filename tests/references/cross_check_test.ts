/**
 * The references themselves, checked: what PyTorch differentiated is differentiated again by central
 * differences of a forward pass in plain loops. Neither the library nor tfjs is involved.
 */
import { assert, assertAlmostEquals, assertLess } from "@std/assert";
import { convs, type Known, mlps, physics, relativeDistance } from "./cases.ts";
import { Branches, sampleLosses } from "./forward.ts";
import { physicsLoss } from "./physics.ts";

type Scalar = (theta: Float64Array) => number;

/** f′(0) of a function of one number, to fourth order. */
const slope = (f: (t: number) => number, h: number) =>
  (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);

/** (∂²f/∂s∂t)(0, 0), to fourth order: the mixed difference at h and at 2h, extrapolated. */
function mixed(f: (s: number, t: number) => number, h: number): number {
  const at = (h: number) => (f(h, h) - f(h, -h) - f(-h, h) + f(-h, -h)) / (4 * h * h);
  return (4 * at(h) - at(2 * h)) / 3;
}

function checked(known: Known, loss: Scalar, count: number, h: number) {
  const theta = Float64Array.from(known.theta);
  const length = Math.hypot(...known.v);
  const moved = (i: number, s: number, t: number) => {
    const there = theta.map((x, k) => x + t * known.v[k] / length);
    there[i] += s;
    return loss(there);
  };
  const movable = Array.from({ length: count }, (_, i) => i);
  return {
    value: loss(theta),
    gradient: movable.map((i) => slope((s) => moved(i, s, 0), h)),
    product: movable.map((i) => length * mixed((s, t) => moved(i, s, t), h)),
  };
}

for (const network of [...mlps, ...convs]) {
  Deno.test(`plain loops in float64 agree with PyTorch: ${network.name}`, () => {
    const branches = new Branches();
    const losses = (theta: Float64Array) => {
      const each = sampleLosses(network, theta, branches);
      branches.rewind();
      return each;
    };
    const loss = (theta: Float64Array) =>
      losses(theta).reduce((a, b) => a + b) / network.inputs.shape[0];
    const { value, gradient, product } = checked(network, loss, network.trainable, 2e-3);

    assertLess(
      relativeDistance(losses(Float64Array.from(network.theta)), network.perSample),
      1e-11,
    );
    assertAlmostEquals(value, network.value, 1e-11);
    assertLess(relativeDistance(gradient, network.gradient.slice(0, network.trainable)), 1e-7);
    assertLess(relativeDistance(product, network.product.slice(0, network.trainable)), 1e-6);
    assert(network.product.slice(network.trainable).every((x) => x === 0));
  });
}

Deno.test("Taylor arithmetic in float64 agrees with PyTorch on the physics-informed loss", () => {
  const loss = (theta: Float64Array) => physicsLoss(physics, theta);
  const { value, gradient, product } = checked(physics, loss, physics.theta.length, 2e-3);
  assertLess(Math.abs(value / physics.value - 1), 1e-11);
  assertLess(relativeDistance(gradient, physics.gradient), 1e-7);
  assertLess(relativeDistance(product, physics.product), 1e-6);
});
