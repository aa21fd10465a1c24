import { type Random, random } from "../../lib/math/random.ts";
import type { CriterionName } from "../../lib/nn/criterion.ts";
import { tf } from "../../mod.ts";
import { type Case, modelCase } from "./losses.ts";

const { layers } = tf;
type Layer = tf.layers.Layer;
type Symbolic = tf.SymbolicTensor;

const activations = [
  "relu",
  "tanh",
  "gelu",
  "gelu_new",
  "sigmoid",
  "elu",
  "selu",
  "softplus",
  "softsign",
  "swish",
  "mish",
  "linear",
] as const;
const criteria: CriterionName[] = ["crossEntropy", "binaryCrossEntropy", "meanSquaredError"];

/** A small network of random layers and shapes, with its data, by seed. */
export function randomNetwork(seed: number): Case & { name: string } {
  const source = random(seed, "network");
  const pick = <T>(list: readonly T[]): T => list[source.integer(list.length)];
  const criterion = pick(criteria);
  const outputs = criterion === "crossEntropy" ? 2 + source.integer(4) : 1 + source.integer(3);
  const names: string[] = [];
  const add = (x: Symbolic, layer: Layer): Symbolic => {
    names.push(layer.getClassName());
    return layer.apply(x) as Symbolic;
  };
  const picture = source.uniform() < 0.5;
  const shape = picture
    ? [5 + source.integer(5), 5 + source.integer(5), 1 + source.integer(3)]
    : [1 + source.integer(40)];
  const input = tf.input({ shape });
  let x: Symbolic = input;
  if (picture) {
    for (let i = 1 + source.integer(3); i > 0; i--) x = pictureLayer(x, source, pick, add);
    x = source.uniform() < 0.5
      ? add(x, layers.flatten())
      : add(x, pick([layers.globalAveragePooling2d, layers.globalMaxPooling2d])({}));
  }
  for (let i = source.integer(4); i > 0; i--) x = denseLayer(x, source, pick, add);
  x = add(x, layers.dense({ units: outputs, useBias: source.uniform() < 0.8 }));
  const model = tf.model({ inputs: input, outputs: x });
  const training = source.uniform() < 0.25;
  const made = modelCase(model, criterion, { seed, samples: 6, training });
  return {
    ...made,
    name: `${seed}: [${shape}] ${names.join(" ")} ${criterion}${training ? " train" : ""}`,
  };
}

type Pick = <T>(list: readonly T[]) => T;
type Add = (x: Symbolic, layer: Layer) => Symbolic;

function denseLayer(x: Symbolic, source: Random, pick: Pick, add: Add): Symbolic {
  const units = 1 + source.integer(12);
  const y = add(
    x,
    layers.dense({ units, activation: pick(activations), useBias: source.uniform() < 0.8 }),
  );
  const width = x.shape[1]!;
  switch (source.integer(7)) {
    case 0:
      return add(y, layers.batchNormalization({}));
    case 1:
      return add(y, layers.layerNormalization({}));
    case 2:
      return layers.concatenate().apply([x, y]) as Symbolic;
    case 3: {
      const same = add(y, layers.dense({ units: width }));
      return layers.add().apply([x, same]) as Symbolic;
    }
    case 4:
      return add(
        y,
        pick([
          () => layers.leakyReLU({ alpha: 0.3 }),
          () => layers.prelu({}),
          () => layers.softmax({}),
        ])(),
      );
  }
  return y;
}

function pictureLayer(x: Symbolic, source: Random, pick: Pick, add: Add): Symbolic {
  const [, height, width] = x.shape as number[];
  const padding = pick(["same", "valid"] as const), size = 1 + source.integer(3);
  if (padding === "valid" && Math.min(height, width) < size + 1) return x;
  const strides = pick([1, 1, 2]), kernelSize = size, activation = pick(activations);
  const filters = 1 + source.integer(4);
  switch (source.integer(9)) {
    case 0:
    case 1:
      return add(x, layers.conv2d({ filters, kernelSize, strides, padding, activation }));
    case 2:
      return add(
        add(x, layers.conv2d({ filters, kernelSize, padding, useBias: false })),
        layers.batchNormalization({}),
      );
    case 3:
      return add(x, layers.maxPooling2d({ poolSize: 2, strides, padding: "same" }));
    case 4:
      return add(x, layers.averagePooling2d({ poolSize: 2, strides, padding: "same" }));
    case 5:
      return add(
        x,
        layers.depthwiseConv2d({
          kernelSize,
          strides,
          padding,
          activation,
          depthMultiplier: 1 + source.integer(2),
        }),
      );
    case 6:
      return add(x, layers.zeroPadding2d({ padding: [[1, 0], [0, 2]] }));
    case 7: {
      const y = add(
        x,
        layers.conv2d({ filters: x.shape[3]!, kernelSize: 3, padding: "same", activation }),
      );
      return layers.add().apply([x, y]) as Symbolic;
    }
    default:
      return add(
        x,
        layers.conv2d({ filters, kernelSize: 2, padding: "same", dilationRate: 2, activation }),
      );
  }
}
