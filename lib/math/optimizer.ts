import type { Vector } from "../vector.ts";

/** Settings of an optimizer. */
export interface OptimizerOptions {
  /** Stochastic gradient descent, or Adam (Kingma and Ba, 2015) with β₁ = 0.9, β₂ = 0.999, ε = 1e-8. Default `"sgd"`. */
  optimizer?: "sgd" | "adam";
  /** The step size η. Default 0.1 for SGD, 0.001 for Adam. */
  learningRate?: number;
  /** β of SGD's heavy ball, as in PyTorch: m ← βm + g, θ ← θ − ηm. In [0, 1). Default 0. */
  momentum?: number;
}

/** Moves θ, in place, against a gradient. */
export interface Step {
  (theta: Vector, gradient: Vector, learningRate: number): void;
  /** Adam's v̂ after the last step; undefined before the first. */
  secondMoment?(): Float32Array | undefined;
}

/** An optimizer with its state for vectors of `size` numbers; the state is kept in float32, as PyTorch's is. */
export function optimizerStep(
  size: number,
  { optimizer = "sgd", momentum = 0 }: OptimizerOptions,
): Step {
  if (optimizer === "adam") return adam(size);
  if (momentum === 0) {
    return (theta, gradient, rate) => {
      for (let i = 0; i < size; i++) theta[i] -= rate * gradient[i];
    };
  }
  const velocity = new Float32Array(size);
  return (theta, gradient, rate) => {
    for (let i = 0; i < size; i++) {
      velocity[i] = momentum * velocity[i] + gradient[i];
      theta[i] -= rate * velocity[i];
    }
  };
}

function adam(size: number): Step {
  const beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  const first = new Float32Array(size), second = new Float32Array(size);
  let step = 0;
  const move: Step = (theta, gradient, rate) => {
    step++;
    const correction1 = 1 - beta1 ** step, correction2 = 1 - beta2 ** step;
    for (let i = 0; i < size; i++) {
      first[i] = beta1 * first[i] + (1 - beta1) * gradient[i];
      second[i] = beta2 * second[i] + (1 - beta2) * gradient[i] ** 2;
      theta[i] -= rate * (first[i] / correction1) / (Math.sqrt(second[i] / correction2) + epsilon);
    }
  };
  move.secondMoment = () => step > 0 ? second.map((v) => v / (1 - beta2 ** step)) : undefined;
  return move;
}
