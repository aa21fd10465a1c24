import type { Builder } from "./build.ts";
import type { Precision } from "./program.ts";

/** How θ moves: by its gradient, by a moving mean of it, or by Adam. */
export type Rule = "sgd" | "momentum" | "adam";

/** Vectors that a rule carries from step to step, beside θ. */
export const carried: Record<Rule, string[]> = {
  sgd: [],
  momentum: ["velocity"],
  adam: ["first", "second"],
};

/** Numbers that a rule takes at each step. */
export const scalars: Record<Rule, string[]> = {
  sgd: ["learningRate"],
  momentum: ["learningRate", "momentum"],
  adam: ["learningRate", "correction1", "correction2"],
};

/** Adam's β₁, β₂ and ε (Kingma and Ba, 2015). */
export const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * One step of an optimizer, on vectors: the new `theta` and carried vectors, from the values of the old ones,
 * the gradient and the numbers of the step. `correction1` and `correction2` are 1 − β₁ᵗ and 1 − β₂ᵗ at step t.
 */
export function update(
  b: Builder,
  rule: Rule,
  gradient: string,
  old: Record<string, string>,
  precision: Precision,
): Record<string, string> {
  const number = (value: number) => b.scalar(value, precision);
  const op = (name: string, x: string, y: string) => b.op(name, [x, y]);
  const moved = (by: string) => op("Sub", old.theta, op("Mul", by, old.learningRate));
  if (rule === "sgd") return { theta: moved(gradient) };
  if (rule === "momentum") {
    const velocity = op("Add", op("Mul", old.velocity, old.momentum), gradient);
    return { theta: moved(velocity), velocity };
  }
  const { beta1, beta2, epsilon } = adam;
  const mean = (before: string, now: string, beta: number) =>
    op("Add", op("Mul", before, number(beta)), op("Mul", now, number(1 - beta)));
  const first = mean(old.first, gradient, beta1);
  const second = mean(old.second, op("Mul", gradient, gradient), beta2);
  const size = b.op("Sqrt", [op("Div", second, old.correction2)]);
  const direction = op("Div", op("Div", first, old.correction1), op("Add", size, number(epsilon)));
  return { theta: moved(direction), first, second };
}

/** The same in plain numbers, in double precision: what a step must give. */
export function updated(
  rule: Rule,
  gradient: Float64Array,
  old: Record<string, Float64Array>,
  step: Record<string, number>,
): Record<string, Float64Array> {
  const moved = (by: (i: number) => number) =>
    old.theta.map((x, i) => x - step.learningRate * by(i));
  if (rule === "sgd") return { theta: moved((i) => gradient[i]) };
  if (rule === "momentum") {
    const velocity = old.velocity.map((x, i) => step.momentum * x + gradient[i]);
    return { theta: moved((i) => velocity[i]), velocity };
  }
  const { beta1, beta2, epsilon } = adam;
  const first = old.first.map((x, i) => beta1 * x + (1 - beta1) * gradient[i]);
  const second = old.second.map((x, i) => beta2 * x + (1 - beta2) * gradient[i] ** 2);
  const direction = (i: number) =>
    first[i] / step.correction1 / (Math.sqrt(second[i] / step.correction2) + epsilon);
  return { theta: moved(direction), first, second };
}
