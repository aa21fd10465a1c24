import type { Builder } from "./build.ts";
import type { Precision } from "./program.ts";

/** How θ moves: by its gradient, by its last movement too, or by Adam. */
export type Movement = "sgd" | "momentum" | "adam";

/** A penalty that a step adds to its loss: Σ|θ| or ‖θ‖², over all that moves. */
export type Norm = "l1" | "l2";

/** A step: how θ moves, and what is added to the loss. */
export type Rule = Movement | `${Movement}+${Norm | "l1+l2"}`;

/** The parts of a rule. */
export function partsOf(rule: Rule): { movement: Movement; norms: Norm[] } {
  const [movement, ...norms] = rule.split("+");
  return { movement: movement as Movement, norms: norms as Norm[] };
}

/** Vectors that are carried from step to step, beside θ: the last movement, or Adam's moving means. */
const carried: Record<Movement, string[]> = {
  sgd: [],
  momentum: ["velocity"],
  adam: ["first", "second"],
};

/** Numbers that are taken at each step. */
const scalars: Record<Movement, string[]> = {
  sgd: ["learningRate"],
  momentum: ["learningRate", "momentum"],
  adam: ["learningRate", "correction1", "correction2"],
};

/** The vectors that a rule carries from step to step, beside θ. */
export const carriedBy = (rule: Rule): string[] => carried[partsOf(rule).movement];

/** The numbers that a rule takes at each step: the weights of penalties have their names. */
export function scalarsOf(rule: Rule): string[] {
  const { movement, norms } = partsOf(rule);
  return [...scalars[movement], ...norms];
}

/** Adam's β₁, β₂ and ε (Kingma and Ba, 2015). */
export const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Whether a rule takes the gradient times −η: then θ moves by it, with no pass over all weights to scale it. */
export const takesMovement = (movement: Movement): boolean => movement !== "adam";

/**
 * One step of an optimizer, on tensors: the new `theta` and what is carried, from the values of the old ones,
 * the gradient (or the movement −η·gradient) and the numbers of the step. `momentum` is β·ηₜ/ηₜ₋₁, as it is
 * the last movement that is carried; `correction1` and `correction2` are 1 − β₁ᵗ and 1 − β₂ᵗ at step t.
 */
export function update(
  b: Builder,
  movement: Movement,
  gradient: string,
  old: Record<string, string>,
  precision: Precision,
): Record<string, string> {
  const number = (value: number) => b.scalar(value, precision);
  const op = (name: string, x: string, y: string) => b.op(name, [x, y]);
  if (movement === "sgd") return { theta: op("Add", gradient, old.theta) };
  if (movement === "momentum") {
    const velocity = op("Add", gradient, op("Mul", old.velocity, old.momentum));
    return { theta: op("Add", old.theta, velocity), velocity };
  }
  const { beta1, beta2, epsilon } = adam;
  const mean = (before: string, now: string, beta: number) =>
    op("Add", op("Mul", before, number(beta)), op("Mul", now, number(1 - beta)));
  const first = mean(old.first, gradient, beta1);
  const second = mean(old.second, op("Mul", gradient, gradient), beta2);
  // first/c₁ / (√(second/c₂) + ε), with the numbers taken out of the passes over all weights
  const root = b.op("Sqrt", [old.correction2]);
  const rate = op("Div", op("Mul", old.learningRate, root), old.correction1);
  const size = op("Add", b.op("Sqrt", [second]), op("Mul", root, number(epsilon)));
  return { theta: op("Sub", old.theta, op("Mul", op("Div", first, size), rate)), first, second };
}

/** The same in plain numbers, in double precision: what a step must give. */
export function updated(
  movement: Movement,
  gradient: Float64Array,
  old: Record<string, Float64Array>,
  step: Record<string, number>,
): Record<string, Float64Array> {
  const moved = (by: (i: number) => number) => old.theta.map((x, i) => x + by(i));
  if (movement === "sgd") return { theta: moved((i) => gradient[i]) };
  if (movement === "momentum") {
    const velocity = old.velocity.map((x, i) => step.momentum * x + gradient[i]);
    return { theta: moved((i) => velocity[i]), velocity };
  }
  const { beta1, beta2, epsilon } = adam;
  const first = old.first.map((x, i) => beta1 * x + (1 - beta1) * gradient[i]);
  const second = old.second.map((x, i) => beta2 * x + (1 - beta2) * gradient[i] ** 2);
  const direction = (i: number) =>
    first[i] / step.correction1 / (Math.sqrt(second[i] / step.correction2) + epsilon);
  return { theta: moved((i) => -step.learningRate * direction(i)), first, second };
}

/**
 * A penalty on a tensor: its value, and its derivative times `factor`. Both are of the weight that has its name
 * among the values.
 */
export function penalty(
  b: Builder,
  norm: Norm,
  { theta, factor, [norm]: weight }: Record<string, string>,
  precision: Precision,
): { value: string; slope: string } {
  const op = (name: string, x: string, y: string) => b.op(name, [x, y]);
  const sum = (name: string, x: string) =>
    b.op(name, [x], { axes: b.value(x).shape.map((_, i) => i), keepdims: 0 });
  const rate = op("Mul", weight, factor);
  const [size, slope] = norm === "l1"
    ? [sum("ReduceSum", b.op("Abs", [theta])), op("Mul", b.op("Sign", [theta]), rate)]
    : [sum("ReduceSumSquare", theta), op("Mul", theta, op("Mul", rate, b.scalar(2, precision)))];
  return { value: op("Mul", size, weight), slope };
}

/** The same in plain numbers; the derivatives are added to `gradient` on the way. */
export function penalized(
  norm: Norm,
  gradient: Float64Array,
  { theta, weight, factor }: { theta: Float64Array; weight: number; factor: number },
): number {
  let value = 0;
  theta.forEach((x, i) => {
    value += weight * (norm === "l1" ? Math.abs(x) : x * x);
    gradient[i] += factor * weight * (norm === "l1" ? Math.sign(x) : 2 * x);
  });
  return value;
}
