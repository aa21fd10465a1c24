import { binaries } from "./gradients/binary.ts";
import { contractions } from "./gradients/contraction.ts";
import { convolutions } from "./gradients/convolution.ts";
import { gathers } from "./gradients/gather.ts";
import { poolings } from "./gradients/pooling.ts";
import { reductions } from "./gradients/reduce.ts";
import { resizes } from "./gradients/resize.ts";
import type { Rule } from "./gradients/rule.ts";
import { shapes } from "./gradients/shape.ts";
import { unary } from "./gradients/unary.ts";
import { repairKernels } from "./kernels.ts";
import * as tf from "./tf.ts";

const rules: Rule[] = [
  ...unary,
  ...binaries,
  ...reductions,
  ...shapes,
  ...gathers,
  ...contractions,
  ...convolutions,
  ...poolings,
  ...resizes,
];

const byName = new Map(rules.map((rule) => [rule.kernelName, rule as tf.GradConfig]));

/** The ops that are exact to any order once repaired, by the names of their kernels. */
export const exactOps: string[] = [...byName.keys()].sort();

/** Whether the registered gradient of an op is one of ours. */
export function isExact(kernelName: string): boolean {
  const rule = byName.get(kernelName);
  return rule !== undefined && tf.getGradient(kernelName) === rule;
}

/**
 * Registers our gradients, exact to any order, and our kernels, wherever they are not the registered ones.
 *
 * As shipped, tfjs 4.22 differentiates many ops wrongly the second time, without a word: gradients that
 * save outputs hide them from the outer derivative (tfjs issue 3252). A second copy of tfjs that is
 * imported later registers those again, so that this is called before every derivative. 60 µs where there
 * is nothing to do.
 */
export function repair(): void {
  repairKernels();
  for (const [name, rule] of byName) {
    if (tf.getGradient(name) !== rule) tf.registerGradient(rule);
  }
}
