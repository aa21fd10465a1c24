import { layout } from "../lib/layout.ts";
import type { Evaluation, Loss } from "../lib/loss.ts";
import { random } from "../lib/math/random.ts";
import { standardError } from "../lib/math/statistics.ts";

/** Losses with samples that can be written down: a mean over rows of ½-free textbook formulas. */
interface Model {
  /** The loss of a row and, of it, the derivatives with respect to the row's prediction w·x. */
  at(prediction: number, target: number): { loss: number; first: number; second: number };
}

/** Seeded inputs [n][d] and targets from a linear model with noise. */
export function rows(n: number, d: number, seed = 1) {
  const { normal } = random(seed, "rows");
  const inputs = Array.from({ length: n }, () => Float64Array.from({ length: d }, normal));
  return { inputs, noise: Float64Array.from({ length: n }, normal) };
}

/** (w·x − y)², averaged. */
export function linearRegression(inputs: Float64Array[], targets: ArrayLike<number>): Loss {
  return regression(inputs, targets, {
    at: (p, y) => ({ loss: (p - y) ** 2, first: 2 * (p - y), second: 2 }),
  });
}

/** log(1 + exp(−y w·x)) with y = ±1, averaged; with accuracy. */
export function logisticRegression(inputs: Float64Array[], signs: ArrayLike<number>): Loss {
  return regression(inputs, signs, {
    at(p, y) {
      const s = 1 / (1 + Math.exp(y * p));
      return { loss: Math.log1p(Math.exp(-y * p)), first: -y * s, second: s * (1 - s) };
    },
  }, (p, y) => p * y > 0);
}

function regression(
  inputs: Float64Array[],
  targets: ArrayLike<number>,
  { at }: Model,
  correct?: (prediction: number, target: number) => boolean,
): Loss {
  const n = inputs.length, d = inputs[0].length;
  const predict = (w: ArrayLike<number>) =>
    inputs.map((x) => x.reduce((sum, xi, i) => sum + xi * w[i], 0));
  const combine = (weights: number[]) => {
    const out = new Float64Array(d);
    inputs.forEach((x, k) => x.forEach((xi, i) => out[i] += weights[k] * xi / n));
    return out;
  };
  const perSample = (w: ArrayLike<number>) =>
    Float64Array.from(predict(w), (p, k) => at(p, targets[k]).loss);
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b) / values.length;
  return {
    layout: layout({ w: [d] }),
    samples: n,
    engine: "closed form",
    precision: "float64",
    value: (w) => Promise.resolve(mean(perSample(w))),
    evaluate(w, options = {}) {
      const losses = perSample(w);
      const result: Evaluation = { loss: mean(losses), standardError: standardError(losses) };
      if (options.perSample) result.perSample = losses;
      if (correct) result.accuracy = predict(w).filter((p, k) => correct(p, targets[k])).length / n;
      return Promise.resolve(result);
    },
    gradient: (w) => Promise.resolve(combine(predict(w).map((p, k) => at(p, targets[k]).first))),
    product(w, v) {
      const along = predict(v);
      return Promise.resolve(
        combine(predict(w).map((p, k) => at(p, targets[k]).second * along[k])),
      );
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
