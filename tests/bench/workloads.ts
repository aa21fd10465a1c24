import { random } from "../../lib/math/random.ts";
import {
  flatten,
  type LayersModel,
  layoutOf,
  mlp,
  randomDirections,
  resnet20,
  type Samples,
  type Slice,
  type Vector,
} from "../../mod.ts";

/** A network with data of its size: what is computed does not matter here, only how long it takes. */
export interface Workload {
  /** The network. */
  model: LayersModel;
  /** Its data, for a softmax cross-entropy. */
  samples: Samples;
  /** Its weights. */
  theta: Vector;
  /** A plane around them, filter-normalised. */
  slice: Slice;
  /** Points along each axis of a surface. */
  resolution: number;
  /** Samples of a training step. */
  batch: number;
  /** Multiplications and additions of a forward pass. */
  flops: number;
}

/** What a workload is. */
export interface Described {
  /** The network, in words. */
  title: string;
  /** The widths of an MLP; a ResNet-20 has none. */
  widths?: number[];
  /** How many samples. */
  samples: number;
  /** Points along each axis: fewer where a point takes long. */
  resolution: number;
  /** Samples of a training step. */
  batch: number;
}

/** The names of the workloads. */
export type WorkloadName = "W1" | "W2" | "W3" | "W4";

/** The workloads by name. */
export const workloads: Record<WorkloadName, Described> = {
  W1: {
    title: "MLP 2→100→100→2",
    widths: [2, 100, 100, 2],
    samples: 1000,
    resolution: 51,
    batch: 64,
  },
  W2: {
    title: "MLP 2→250→250→250→250→2",
    widths: [2, 250, 250, 250, 250, 2],
    samples: 1000,
    resolution: 25,
    batch: 64,
  },
  W3: {
    title: "MLP 784→500→10",
    widths: [784, 500, 10],
    samples: 1000,
    resolution: 51,
    batch: 128,
  },
  W4: { title: "ResNet-20, 32×32×3", samples: 128, resolution: 7, batch: 128 },
};

/** All names. */
export const workloadNames = Object.keys(workloads) as WorkloadName[];

/** Multiplications of ResNet-20 on a picture of 32×32. */
const RESNET_MULTIPLICATIONS = 40.55e6;

/** Makes a workload; with `vanishing`, its weights are so small that activations end below the normal numbers. */
export function workload(
  { widths, samples, resolution, batch }: Described,
  { vanishing = false } = {},
): Workload {
  const model = widths
    ? mlp({ inputs: widths[0], hidden: widths.slice(1, -1), outputs: widths.at(-1)! })
    : resnet20();
  const shape = widths ? [samples, widths[0]] : [samples, 32, 32, 3];
  const classes = widths?.at(-1) ?? 10;
  const draw = random(1, "bench");
  const x = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => draw.normal());
  const y = Int32Array.from({ length: samples }, () => draw.integer(classes));
  const theta = flatten(model).map((w) => vanishing ? w * 1e-20 : w);
  const multiplications = widths
    ? widths.slice(1).reduce((sum, n, i) => sum + n * widths[i], 0)
    : RESNET_MULTIPLICATIONS;
  return {
    model,
    samples: { inputs: { data: x, shape }, targets: { data: y, shape: [samples] } },
    theta,
    slice: { origin: theta, directions: randomDirections(layoutOf(model), theta) },
    resolution,
    batch,
    flops: 2 * samples * multiplications,
  };
}
