import type { Attributes } from "../engine.ts";
import * as tf from "../tf.ts";

/** A kernel made of tfjs ops, the same for every backend. */
export interface ComposedKernel {
  /** The kernel's name. */
  name: string;
  /** What it computes. */
  compute(inputs: Record<string, tf.Tensor>, attributes: Attributes): tf.Tensor;
}

/** The kernel for one backend. Its intermediate tensors are disposed. */
export function kernelConfig(
  { name, compute }: ComposedKernel,
  backendName: string,
): tf.KernelConfig {
  return {
    kernelName: name,
    backendName,
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => compute(inputs as Record<string, tf.Tensor>, attrs as Attributes)),
  };
}
