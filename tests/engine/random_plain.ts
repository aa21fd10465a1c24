import { random } from "../../lib/math/random.ts";
import { layoutOf } from "../../mod.ts";
import type { Layer, NetworkCase } from "../references/cases.ts";
import { Branches, sampleLosses } from "../references/forward.ts";
import { modelOf } from "../references/network.ts";
import { type Case, modelCase } from "./losses.ts";

const activations = [
  ..."linear tanh sigmoid softplus swish mish gelu relu elu selu softsign".split(" "),
];
const criteria = ["crossEntropy", "binaryCrossEntropy", "meanSquaredError"] as const;

/** A small network of layers that plain loops know too, with what these say of its loss, in float64. */
export interface PlainNetwork extends Case {
  name: string;
  /** The losses of samples at θ. */
  losses(theta: Float64Array): Float64Array;
  /** First and second derivative of the mean loss along v, from θ on its smooth piece. */
  along(theta: Float64Array, v: Float64Array): { slope: number; curvature: number };
}

/** A random network by seed. */
export function randomPlain(seed: number): PlainNetwork {
  const source = random(seed, "plain");
  const pick = <T>(list: readonly T[]): T => list[source.integer(list.length)];
  const criterion = pick(criteria);
  const units = criterion === "binaryCrossEntropy" ? 1 : 2 + source.integer(3);
  const picture = source.uniform() < 0.5, layers: Layer[] = [];
  const inputShape = picture ? [4, 4, 1 + source.integer(2)] : [1 + source.integer(6)];
  const mode = source.uniform() < 0.25 ? "train" : "eval";
  const activation = () => pick(activations);
  for (let i = source.integer(3); picture && i > 0; i--) {
    const window = { kernelSize: 1 + source.integer(3), padding: "same" as const };
    layers.push(
      pick<() => Layer>([
        () => ({
          kind: "conv2d",
          filters: 1 + source.integer(3),
          activation: activation(),
          ...window,
        }),
        () => ({
          kind: "depthwiseConv2d",
          depthMultiplier: 1 + source.integer(2),
          activation: activation(),
          ...window,
        }),
        () => ({ kind: "batchNormalization" }),
      ])(),
    );
  }
  if (picture) {
    const pooled = pick(["averagePooling2d", "maxPooling2d", "globalAveragePooling2d", ""]);
    if (pooled) {
      layers.push({ kind: pooled, ...(!pooled.startsWith("global") && { poolSize: 2 }) });
    }
    if (pooled !== "globalAveragePooling2d") layers.push({ kind: "flatten" });
  }
  for (let i = source.integer(3); i > 0; i--) {
    layers.push({ kind: "dense", units: 1 + source.integer(7), activation: activation() });
    const norm = pick(["", "batchNormalization", "layerNormalization"]);
    if (norm) layers.push({ kind: norm });
  }
  layers.push({ kind: "dense", units });

  const plain = { inputShape, layers, criterion, mode } as NetworkCase, model = modelOf(plain);
  const samples = 6, training = mode === "train";
  const made = modelCase(model, criterion, { seed, samples, training });
  const { x, y } = made.loss.fields as Record<string, { data: Float32Array; shape: number[] }>;
  const { tensors, size } = layoutOf(model);
  plain.trainable = tensors.find(({ role }) => role === "state")?.offset ?? size;
  plain.inputs = { shape: [...x.shape], data: [...x.data] };
  plain.targets = { shape: [...y.shape], data: [...y.data] };
  const branches = new Branches();
  const losses = (theta: Float64Array) => {
    const found = sampleLosses(plain, theta, branches);
    branches.rewind();
    return found;
  };
  return {
    ...made,
    name: `${seed}: plain [${inputShape}] ${
      layers.map(({ kind, activation }) => `${kind}${activation ? ` ${activation}` : ""}`).join(
        ", ",
      )
    }, ${criterion}, ${mode}`,
    losses,
    along(theta, v) {
      const at = (t: number) =>
        losses(theta.map((w, i) => w + t * v[i])).reduce((a, b) => a + b) / samples;
      const h = 1e-4, center = at(0);
      const difference = (k: number) => (at(k * h) - at(-k * h)) / h;
      const bend = (k: number) => (at(k * h) - 2 * center + at(-k * h)) / h ** 2;
      return {
        slope: (8 * difference(1) - difference(2)) / 12,
        curvature: (16 * bend(1) - bend(2)) / 12,
      };
    },
  };
}
