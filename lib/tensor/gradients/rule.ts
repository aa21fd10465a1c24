import { type Attributes, constant } from "../engine.ts";
import * as tf from "../tf.ts";

type Tensor = tf.Tensor;

/** The gradient of one op: for each input by name, or by number where the inputs are an array. */
export type Rule = Omit<tf.GradConfig, "gradFunc"> & {
  gradFunc(
    dy: Tensor | Tensor[],
    saved: Tensor[],
    attributes: Attributes,
  ): Record<string, () => Tensor>;
};

/** The rule of an op whose inputs in `save` are kept, with one output. */
export function rule(
  kernelName: string,
  save: string[],
  gradFunc: (dy: Tensor, saved: Tensor[], attributes: Attributes) => Record<string, () => Tensor>,
): Rule {
  return {
    kernelName,
    inputsToSave: save,
    gradFunc: (dy, ...rest) => gradFunc(dy as Tensor, ...rest),
  };
}

/** The rule of an op that takes its inputs as an array. */
export function ruleOfList(
  kernelName: string,
  gradient: (dy: Tensor, i: number, inputs: Tensor[], attributes: Attributes) => Tensor,
): Rule {
  return {
    kernelName,
    saveAllInputs: true,
    gradFunc: (dy, inputs, attributes) =>
      Object.fromEntries(
        inputs.map((_, i) => [i, () => gradient(dy as Tensor, i, inputs, attributes)]),
      ),
  };
}

/** The rule of an op that is constant almost everywhere, or whose inputs are indices. */
export function flat(kernelName: string, ...names: string[]): Rule {
  return rule(
    kernelName,
    names,
    (_, saved) => Object.fromEntries(saved.map((x, i) => [names[i], () => tf.zeros(x.shape)])),
  );
}

/** Sums t over the axes along which `shape` was broadcast. Always a new tensor: the tape disposes it. */
export function reduceTo(t: Tensor, shape: number[]): Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, t.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(t, axes) : t, shape);
}

/** x in float32. */
export function float(x: Tensor): Tensor {
  return x.dtype === "float32" ? x : tf.cast(x, "float32");
}

/** A mask as a factor of 0s and 1s that no derivative sees. */
export function mask(f: () => Tensor): Tensor {
  return constant(() => float(f()));
}

/** The shape with the given axes reduced to 1. */
export function keptShape(shape: number[], axes: number[]): number[] {
  return shape.map((n, i) => axes.includes(i) ? 1 : n);
}
