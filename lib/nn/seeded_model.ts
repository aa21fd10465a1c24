import { initialize, type Initializer, layoutFrom, type LayoutTensor, part } from "../layout.ts";
import { hash } from "../math/random.ts";
import type * as tf from "../tensor/tf.ts";
import { assign, flatten, layoutOf } from "./model.ts";
import { requireBackend } from "./started.ts";

/**
 * A layers model with its weights drawn anew, each tensor from a stream of its own: a layer that is added
 * or widened leaves the weights of the others as they are. Biases, scales and moving statistics stay as
 * built.
 *
 * @param build makes the model; its own initial weights may be zeros
 * @param options.initializer how the tensors with the role `weight` are drawn
 */
export function seededModel(
  build: () => tf.LayersModel,
  { initializer, seed }: { initializer: (tensor: LayoutTensor) => Initializer; seed: number },
): tf.LayersModel {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot draw the weights: seed must be an integer, got ${seed}`);
  }
  requireBackend();
  const model = build();
  try {
    const theta = flatten(model);
    for (const tensor of layoutOf(model).tensors) {
      if (tensor.role !== "weight") continue;
      const own = { initializer: initializer(tensor), seed: hash(`${seed}/${tensor.name}`) };
      part(theta, tensor).set(initialize(layoutFrom([tensor]), own));
    }
    assign(model, theta);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Checks that sizes of a model are positive integers.
 *
 * @throws {RangeError} that names the one that is not.
 */
export function checkSizes(sizes: Record<string, unknown>, doing: string): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isInteger(size) && size as number > 0 && size as number <= 1e6) continue;
    throw new RangeError(
      `Cannot ${doing}: ${name} must be a positive integer of at most 1e6, got ${size}`,
    );
  }
}
