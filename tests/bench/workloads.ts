import type { RecordableLoss } from "../../lib/engine/record_loss.ts";
import type { Feeds } from "../../lib/engine/pool/messages.ts";
import { random } from "../../lib/math/random.ts";
import { criteria } from "../../lib/nn/criterion.ts";
import { mlp } from "../../lib/nn/mlp.ts";
import { boundModel } from "../../lib/nn/bound_model.ts";
import { flatten, layoutOf } from "../../lib/nn/model.ts";
import { resnet20 } from "../../lib/nn/resnet.ts";
import type { LayersModel, Tensor } from "../../lib/tensor/tensor.ts";
import type { Vector } from "../../lib/vector.ts";

/** A network with data of its size: what is computed does not matter here, only how long it takes. */
export interface Workload {
  /** "W1". */
  name: string;
  /** What it is. */
  title: string;
  /** The network with softmax cross-entropy, as the engine takes it. */
  loss: RecordableLoss;
  /** Its weights. */
  theta: Vector;
  /** Its data. */
  data: Feeds;
  /** How many samples. */
  samples: number;
  /** Multiplications and additions of a forward pass. */
  flops: number;
  /** Samples of a training step. */
  batch?: number;
}

const networks = {
  W1: { title: "MLP 2→100→100→2", sizes: [2, 100, 100, 2], batch: 64 },
  W2: { title: "MLP 2→250→250→250→250→2", sizes: [2, 250, 250, 250, 250, 2], batch: 64 },
  W3: { title: "MLP 784→500→10", sizes: [784, 500, 10], batch: 128 },
  W4: { title: "ResNet-20, 32×32×3", sizes: undefined, batch: undefined },
} as const;

/** The names of the workloads. */
export type WorkloadName = keyof typeof networks;

/** All of them. */
export const workloadNames = Object.keys(networks) as WorkloadName[];

/** Multiplications of ResNet-20 on a picture of 32×32. */
const RESNET_MULTIPLICATIONS = 40.55e6;

/** A workload; with `vanishing`, its weights are so small that activations end below the normal numbers. */
export function workload(name: WorkloadName, { vanishing = false } = {}): Workload {
  const { title, sizes, batch } = networks[name];
  const samples = sizes ? 1000 : 128;
  const model = sizes
    ? mlp({ inputs: sizes[0], hidden: sizes.slice(1, -1), outputs: sizes.at(-1)! })
    : resnet20();
  const shape = sizes ? [samples, sizes[0]] : [samples, 32, 32, 3];
  const classes = sizes?.at(-1) ?? 10;
  const draw = random(1, "bench");
  const x = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => draw.normal());
  const y = Int32Array.from({ length: samples }, () => draw.integer(classes));
  const theta = flatten(model);
  const multiplications = sizes
    ? sizes.slice(1).reduce((sum, n, i) => sum + n * sizes[i], 0)
    : RESNET_MULTIPLICATIONS;
  return {
    name,
    title,
    batch,
    samples,
    loss: recordable(model, { x: { data: x, shape }, y: { data: y, shape: [samples] } }),
    theta: vanishing ? theta.map((w) => w * 1e-20) : theta,
    data: { "data/x": { data: x, shape }, "data/y": { data: y, shape: [samples] } },
    flops: 2 * samples * multiplications,
  };
}

function recordable(model: LayersModel, fields: RecordableLoss["fields"]): RecordableLoss {
  const { criterion } = criteria.crossEntropy;
  return {
    layout: layoutOf(model),
    perSample: true,
    fields,
    forward(parameters, { x, y }, seed) {
      const call = { training: false, seed, logits: true };
      return {
        losses: criterion(boundModel(model).call(parameters, [x], call).outputs as Tensor, y),
      };
    },
  };
}
