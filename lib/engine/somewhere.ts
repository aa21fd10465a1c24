import { initialize, type Layout, part } from "../layout.ts";
import type { Vector } from "../vector.ts";

/**
 * Where a loss is recorded: random weights, with biases that differ. Where all units of a layer are dead, equal
 * outputs would be a tie.
 */
export function somewhere(layout: Layout): Vector {
  const theta = initialize(layout);
  for (const tensor of layout.tensors) {
    if (tensor.role !== "bias") continue;
    part(theta, tensor).forEach((_, i, biases) => biases[i] += 0.02 * Math.cos(i + tensor.offset));
  }
  return theta;
}
