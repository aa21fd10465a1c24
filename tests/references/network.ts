import { type Loss, modelLoss, type ModelLossOptions, tf } from "../../mod.ts";
import type { Layer, NetworkCase } from "./cases.ts";

/** The functions that make layers, by name. */
export const layerMakers = tf.layers as unknown as Record<
  string,
  (config: object) => tf.layers.Layer
>;

/** The network of a case. */
export function modelOf({ layers, inputShape }: NetworkCase): tf.LayersModel {
  const input = tf.input({ shape: inputShape });
  const behind: tf.SymbolicTensor[] = [];
  let x = input;
  for (const { kind, to, ...config } of layers as (Layer & { kind: string })[]) {
    const made = layerMakers[kind](config);
    x = made.apply(to === undefined ? x : [x, behind[to]]) as tf.SymbolicTensor;
    behind.push(x);
  }
  return tf.model({ inputs: input, outputs: x });
}

/** Its data. */
export function samplesOf({ inputs, targets }: NetworkCase) {
  const { shape, data, integers } = targets;
  return {
    inputs: { shape: inputs.shape, data: Float32Array.from(inputs.data) },
    targets: { shape, data: integers ? Int32Array.from(data) : Float32Array.from(data) },
  };
}

/** The loss of a case. */
export const lossOf = (network: NetworkCase, options: ModelLossOptions = {}): Loss =>
  modelLoss(modelOf(network), samplesOf(network), {
    criterion: network.criterion,
    mode: network.mode,
    ...options,
  });
