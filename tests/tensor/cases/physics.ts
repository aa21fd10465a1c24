import * as tf from "../../../lib/tensor/tf.ts";
import { type Arr, at, build, sum } from "./arrays.ts";
import { type Case, normal } from "./check.ts";

const points = [-0.9, -0.3, 0.2, 0.8];
const column = () => tf.tensor2d(points, [4, 1]);
const units = [0, 1, 2];

/** u(x) = Σ aⱼ tanh(wⱼ x + bⱼ) at each x of a column. */
const network = (w: tf.Tensor, b: tf.Tensor, a: tf.Tensor) => (x: tf.Tensor) =>
  tf.matMul(tf.tanh(tf.add(tf.matMul(x, w), b)), a);
const derivative = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad((x) => tf.sum(f(x)));

/** u, u′ and u″ in closed form. */
const closed = (x: number, w: Arr, b: Arr, a: Arr) => {
  const t = (j: number) => Math.tanh(at(w, 0, j) * x + b.data[j]);
  return {
    u: sum(units.map((j) => at(a, j, 0) * t(j))),
    first: sum(units.map((j) => at(a, j, 0) * at(w, 0, j) * (1 - t(j) ** 2))),
    second: sum(units.map((j) => -2 * at(a, j, 0) * at(w, 0, j) ** 2 * t(j) * (1 - t(j) ** 2))),
  };
};
const weights = [normal(1, 3), normal(3), normal(3, 1)];

/** Losses that differentiate a network by its input. */
export const physics: Case[] = [
  {
    name: "a physics-informed loss, u″ + u·u′",
    inputs: weights,
    op: (w, b, a) => {
      const u = network(w, b, a);
      const x = column();
      return tf.add(derivative(derivative(u))(x), tf.mul(u(x), derivative(u)(x)));
    },
    reference: (w, b, a) =>
      build([4, 1], ([i]) => {
        const { u, first, second } = closed(points[i], w, b, a);
        return second + u * first;
      }),
    tolerance: 5e-5,
  },
  {
    name: "u′ of all points by tf.grads, with a bias that the derivative removes",
    inputs: [...weights, normal(1)],
    op: (w, b, a, c) => {
      const u = (x: tf.Tensor) => tf.add(network(w, b, a)(x), c);
      return tf.grads((x) => tf.sum(u(x)))([column()])[0];
    },
    reference: (w, b, a) => build([4, 1], ([i]) => closed(points[i], w, b, a).first),
  },
  {
    name: "the derivative of logSoftmax by its input",
    inputs: [normal(2, 3)],
    op: (w) =>
      tf.grad((x: tf.Tensor) =>
        tf.sum(tf.mul(tf.logSoftmax(tf.matMul(x, w)), tf.tensor([[1, 0, 0]])))
      )(tf.tensor2d([[0.4, -0.7]])),
    reference: (w) => {
      const z = units.map((j) => 0.4 * at(w, 0, j) - 0.7 * at(w, 1, j));
      const p = z.map((v) => Math.exp(v) / sum(z.map(Math.exp)));
      return build([1, 2], ([, k]) => at(w, k, 0) - sum(units.map((j) => p[j] * at(w, k, j))));
    },
  },
];
