/** Losses of small models of every kind, as the engine takes them. */
import { arrayOf, type NumberArray } from "../../lib/data/dataset.ts";
import type { Layout } from "../../lib/layout.ts";
import { random } from "../../lib/math/random.ts";
import { criteria, type CriterionName } from "../../lib/nn/criterion.ts";
import { boundModel } from "../../lib/nn/bound_model.ts";
import { layoutOf } from "../../lib/nn/model.ts";
import type { RecordableLoss } from "../../lib/engine/record_loss.ts";
import type { tf } from "../../mod.ts";

/** Numbers of a shape from a seed. */
export function noise(seed: number, name: string, ...shape: number[]): NumberArray<Float32Array> {
  const source = random(seed, name);
  const size = shape.reduce((n, m) => n * m, 1);
  return { data: Float32Array.from({ length: size }, () => source.normal()), shape };
}

/** Targets that fit a criterion. */
export function targetsFor(
  criterion: CriterionName,
  samples: number,
  outputs: number[],
  seed: number,
): NumberArray {
  const source = random(seed, "targets");
  if (criterion === "crossEntropy") {
    const data = Int32Array.from({ length: samples }, () => source.integer(outputs.at(-1)!));
    return { data, shape: [samples] };
  }
  const shape = [samples, ...outputs], size = shape.reduce((n, m) => n * m, 1);
  const draw = criterion === "binaryCrossEntropy" ? () => source.integer(2) : () => source.normal();
  return { data: Float32Array.from({ length: size }, draw), shape };
}

/** A loss with a θ to record it at: weights drawn anew, variances positive. */
export interface Case {
  loss: RecordableLoss;
  theta: Float32Array;
}

/** The loss of a layers model, without what modelLoss does around it. */
export function modelCase(
  model: tf.LayersModel,
  criterion: CriterionName,
  { samples = 7, seed = 1, inputs, training = false }: {
    samples?: number;
    seed?: number;
    inputs?: NumberArray;
    training?: boolean;
  } = {},
): Case {
  const shape = model.inputs[0].shape.slice(1) as number[];
  const outputs = model.outputs[0].shape.slice(1) as number[];
  const x = inputs ?? noise(seed, "inputs", samples, ...shape);
  const y = targetsFor(criterion, samples, outputs, seed);
  const layout = layoutOf(model);
  return {
    theta: drawn(layout, seed),
    loss: {
      layout,
      perSample: true,
      fields: { x: arrayOf(x), y: arrayOf(y) },
      forward(parameters, batch, seed) {
        const logits = criterion !== "meanSquaredError";
        const { outputs, penalty, state } = boundModel(model).call(parameters, [batch.x], {
          training,
          seed,
          logits,
        });
        const { criterion: losses, correct } = criteria[criterion];
        return {
          losses: losses(outputs as tf.Tensor, batch.y),
          ...(correct && { correct: correct(outputs as tf.Tensor, batch.y) }),
          ...(penalty && { penalty }),
          state,
        };
      },
    },
  };
}

/** θ by seed: weights of the size that keeps activations in theirs, all else away from 0 and 1. */
function drawn({ tensors, size }: Layout, seed: number): Float32Array {
  const source = random(seed, "weights"), theta = new Float32Array(size);
  for (const { role, offset, shape, name } of tensors) {
    const inputs = shape.slice(0, -1).reduce((n, m) => n * m, 1);
    const count = shape.reduce((n, m) => n * m, 1);
    for (let i = offset; i < offset + count; i++) {
      const z = source.normal();
      if (role === "weight") theta[i] = z * Math.sqrt(1.5 / inputs);
      else theta[i] = /variance|gamma/.test(name) ? 0.5 + source.uniform() : 0.3 * z;
    }
  }
  return theta;
}
