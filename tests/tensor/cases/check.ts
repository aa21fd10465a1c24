import { ready } from "../../../lib/tensor/backend.ts";
import { random } from "../../../lib/math/random.ts";
import { hessianProduct, valueAndGradients } from "../../../lib/tensor/derivatives.ts";
import * as tf from "../../../lib/tensor/tf.ts";
import type { Arr } from "./arrays.ts";

/** Gradients as tfjs comes with them. */
export const shipped: Record<string, tf.GradConfig> = Object.fromEntries(
  [tf.Tanh, tf.Sigmoid, tf.Exp, tf.MirrorPad].map((name) => [name, tf.getGradient(name)]),
);

await ready();

/** The inputs of a row: a shape and numbers between two bounds, drawn anew for each row, or given. */
export interface Input {
  shape: number[];
  from?: number;
  to?: number;
  values?: number[];
}

/** One row of the table: an op, and the same in plain float64. */
export interface Case {
  name: string;
  inputs: Input[];
  op: (...xs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  reference: (...xs: Arr[]) => Arr | Arr[];
  tolerance?: number;
}

/** Numbers between two bounds. */
export const between = (from: number, to: number, ...shape: number[]): Input => ({
  shape,
  from,
  to,
});
/** Numbers of both signs at least 0.2 from 0. */
export const normal = (...shape: number[]): Input => between(-1.5, 1.5, ...shape);
/** These numbers. */
export const given = (shape: number[], values: number[]): Input => ({ shape, values });
/** Numbers that differ by at least 0.07 from each other and from 0, in random order. */
export function distinct(...shape: number[]): Input {
  const n = shape.reduce((a, b) => a * b, 1);
  const order = random(n, "distinct").permutation(n);
  return given(
    shape,
    Array.from(order, (k) => 0.07 * (k - n / 2) + 0.035 * (n % 2 ? 0 : 1) + 0.013),
  );
}

type Differentiation = Pick<
  typeof import("../../../lib/tensor/derivatives.ts"),
  "hessianProduct" | "valueAndGradients"
>;

const list = <T>(x: T | T[]): T[] => Array.isArray(x) ? x : [x];

/** wₖ·sin(yₖ + cₖ) summed over all outputs: its second derivative takes every path through the op. */
const weight = (k: number) => Math.fround(0.5 + 0.5 * Math.cos(1 + 2.3 * k));
const phase = (k: number) => Math.fround(0.4 + 0.7 * k % 1.1);

function referenceLoss(ys: Arr[]): number {
  let total = 0;
  let k = 0;
  for (const { data } of ys) for (const y of data) total += weight(k) * Math.sin(y + phase(k++));
  return total;
}

function tensorLoss(ys: tf.Tensor[]): tf.Scalar {
  let k = 0;
  const terms = ys.map((y) => {
    const numbers = Array.from({ length: y.size }, () => k++);
    const [w, c] = [numbers.map(weight), numbers.map(phase)].map((v) => tf.tensor(v, y.shape));
    return tf.sum(tf.mul(w, tf.sin(tf.add(y, c))));
  });
  return terms.reduce((a, b) => tf.add(a, b)) as tf.Scalar;
}

/** df/dt at 0, by the stencil of fourth order. */
function slope(f: (t: number) => number, h: number): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

/** The numbers of a row, and a direction; rounded to what tfjs will see. */
export function numbersOf({ name, inputs }: Case): { xs: Arr[]; vs: Arr[] } {
  const draw = random(7, name);
  const number = (from: number, to: number): number => {
    const x = from + (to - from) * draw.uniform();
    return from < 0 && to > 0 && Math.abs(x) < 0.2 ? number(from, to) : x;
  };
  const xs = inputs.map(({ shape, from = -1, to = 1, values }): Arr => ({
    shape,
    data: Float64Array.from(
      { length: shape.reduce((n, m) => n * m, 1) },
      (_, i) => Math.fround(values ? values[i] : number(from, to)),
    ),
  }));
  const vs = xs.map((x) => ({ ...x, data: x.data.map(() => Math.fround(draw.normal())) }));
  return { xs, vs };
}

/** What must come out of a row, by its reference: derivatives by central differences. */
export function referenceOf(row: Case): { value: number[]; first: number[]; second: number[] } {
  const { xs, vs } = numbersOf(row), { reference } = row;
  const loss = (at: Arr[]) => referenceLoss(list(reference(...at)));
  const moved = (at: Arr[], i: number, k: number, t: number) =>
    at.map((x, j) => j === i ? { ...x, data: x.data.map((v, m) => m === k ? v + t : v) } : x);
  const along = (t: number) =>
    xs.map((x, i) => ({ ...x, data: x.data.map((v, k) => v + t * vs[i].data[k]) }));
  const each = (f: (i: number, k: number) => number) =>
    xs.flatMap((x, i) => Array.from(x.data, (_, k) => f(i, k)));
  return {
    value: [loss(xs)],
    first: each((i, k) => slope((t) => loss(moved(xs, i, k, t)), 1e-3)),
    second: each((i, k) => slope((s) => slope((t) => loss(moved(along(s), i, k, t)), 2e-3), 2e-3)),
  };
}

/** The loss of a row's op. */
export const lossOf = ({ op }: Case) => (at: tf.Tensor[]): tf.Scalar => tensorLoss(list(op(...at)));

/** Relative distances of value, gradient and Hessian-vector product from the reference. */
export function distances(
  row: Case,
  differentiate: Differentiation = { hessianProduct, valueAndGradients },
): { value: number; first: number; second: number } {
  const { xs, vs } = numbersOf(row), { value: at, first, second } = referenceOf(row);
  return tf.tidy(() => {
    const [ts, us] = [xs, vs].map((list) =>
      list.map(({ shape, data }) => tf.tensor([...data], shape))
    );
    const f = lossOf(row);
    const { value, gradients } = differentiate.valueAndGradients(f, ts);
    const product = differentiate.hessianProduct(f, ts, us);
    const numbers = (list: tf.Tensor[]) => list.flatMap((t) => [...t.dataSync()]);
    return {
      value: distance(numbers([value]), at),
      first: distance(numbers(gradients), first),
      second: distance(numbers(product), second),
    };
  });
}

/** ‖a − b‖/‖b‖, or ‖a − b‖ where b is smaller than 0.1. */
export function distance(a: number[], b: number[]): number {
  const norm = (v: number[]) => Math.sqrt(v.reduce((s, x) => s + x * x, 0));
  return norm(a.map((x, i) => x - b[i])) / Math.max(0.1, norm(b));
}
