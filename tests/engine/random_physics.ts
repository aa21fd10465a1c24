import type { Pass } from "../../lib/engine/record_loss.ts";
import { random } from "../../lib/math/random.ts";
import { initialize, layout, tf } from "../../mod.ts";
import { type Case, noise } from "./losses.ts";

type Map = (x: tf.Tensor) => tf.Tensor;

const activations: Record<string, Map> = {
  tanh: tf.tanh,
  sin: tf.sin,
  sigmoid: tf.sigmoid,
  softplus: tf.softplus,
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  gauss: (x) => tf.exp(tf.neg(tf.square(x))),
};

/** What u, its slope by each input and its second derivatives are to satisfy. */
const equations: Record<string, (u: tf.Tensor, slope: tf.Tensor, second: tf.Tensor) => tf.Tensor> =
  {
    "u″ + u": (u, _, second) => tf.add(sumOf(second), u),
    "u·u′ − u″": (u, slope, second) => tf.sub(tf.mul(u, sumOf(slope)), sumOf(second)),
    "|u′|² − 1": (_, slope) => tf.sub(sumOf(tf.square(slope)), 1),
    "u″ − u³ + u": (u, _, second) => tf.add(tf.sub(sumOf(second), tf.mul(u, tf.square(u))), u),
  };
const sumOf = (x: tf.Tensor) => tf.sum(x, 1, true);

/**
 * A small physics-informed loss by seed: a network of one or two inputs, differentiated by them once or twice. Of
 * two sets of points and a scalar, or a mean over one set.
 */
export function randomPhysics(seed: number): Case & { name: string } {
  const source = random(seed, "physics");
  const pick = <T>(list: readonly T[]): T => list[source.integer(list.length)];
  const inputs = 1 + source.integer(2);
  const widths = [
    inputs,
    ...Array.from({ length: 1 + source.integer(2) }, () => 2 + source.integer(7)),
    1,
  ];
  const name = pick(Object.keys(activations)), activation = activations[name];
  const equation = pick(Object.keys(equations)), perSample = source.uniform() < 0.5;
  const shapes = layout(Object.fromEntries(
    widths.slice(1).flatMap((n, i) => [
      [`w${i}`, [widths[i], n]],
      [`b${i}`, { shape: [n], role: "bias" as const }],
    ]),
  ));
  const network = (p: tf.Tensor[], x: tf.Tensor) => {
    for (let i = 0; i < p.length; i += 2) {
      x = tf.add(tf.matMul(x as tf.Tensor2D, p[i] as tf.Tensor2D), p[i + 1]);
      if (i + 2 < p.length) x = activation(x);
    }
    return x;
  };
  const forward = (p: tf.Tensor[], { inside, edge }: Record<string, tf.Tensor>): Pass => {
    const u: Map = (x) => network(p, x);
    const slope: Map = tf.grad((x) => tf.sum(u(x)));
    // the second derivative by each input, one after the other
    const second: Map = (x) =>
      tf.concat(
        Array.from({ length: inputs }, (_, k) => {
          const along = tf.grad((x) => tf.sum(tf.slice(slope(x), [0, k], [x.shape[0]!, 1])));
          return tf.slice(along(x), [0, k], [x.shape[0]!, 1]);
        }),
        1,
      );
    const residual = equations[equation](u(inside), slope(inside), second(inside));
    if (perSample) return { losses: tf.reshape(tf.square(residual), [-1]) };
    return { losses: tf.add(tf.mean(tf.square(residual)), tf.mean(tf.square(u(edge)))) };
  };
  const theta = initialize(shapes, { initializer: "xavierNormal", seed }) as Float32Array;
  const bias = noise(seed, "bias", theta.length).data;
  return {
    name: `${seed}: physics ${equation}, ${name} ${widths.join("→")}${perSample ? ", a mean" : ""}`,
    theta: theta.map((w, i) => w || 0.3 * bias[i]),
    loss: {
      layout: shapes,
      perSample,
      fields: {
        inside: noise(seed, "inside", 6, inputs),
        ...(!perSample && { edge: noise(seed, "edge", 3, inputs) }),
      },
      forward,
    },
  };
}
