import type { LayersModel } from "../tensor/tensor.ts";
import * as tf from "../tensor/tf.ts";
import { checkSizes, seededModel } from "./seeded_model.ts";

/** Options of {@link resnet20}. */
export interface ResnetOptions {
  /** Height, width and channels of an image, default [32, 32, 3]; height and width are multiples of 4. */
  shape?: readonly [height: number, width: number, channels: number];
  /** The number of classes, default 10. */
  classes?: number;
  /** Default 42. */
  seed?: number;
}

/**
 * ResNet-20 for small images: K. He, X. Zhang, S. Ren and J. Sun, Deep Residual Learning for Image
 * Recognition (2016), section 4.2. A convolution, three stages of three blocks of two convolutions with 16,
 * 32 and 64 filters, batch norm after each, shortcuts without weights (option A: every other pixel, zeros
 * for the new channels), the mean over the image, and logits. 269,722 trainable numbers for CIFAR-10.
 *
 * Strided convolutions are padded at the top and the left, as PyTorch does, and batch norm has PyTorch's
 * settings (momentum 0.9 in tfjs's sense, ε 1e-5), so that weights can be exchanged. Convolutions are
 * drawn He normal, the logits Xavier uniform, each layer from a stream of its own. Names do not depend on
 * which models exist already.
 *
 * @param options.shape height, width (multiples of 4) and channels of an image, default [32, 32, 3]
 * @param options.classes default 10
 * @param options.seed default 42
 * @throws {RangeError} for a shape that does not fit, or classes that are not a positive integer.
 *
 * ```ts
 * import { layoutOf, resnet20 } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { tensors } = layoutOf(resnet20());
 * assertEquals(tensors[0].name, "stem_conv/kernel");
 * assertEquals(tensors[0].shape, [3, 3, 3, 16]);
 * ```
 */
export function resnet20(
  { shape = [32, 32, 3], classes = 10, seed = 42 }: ResnetOptions = {},
): LayersModel {
  const [height, width, channels] = shape;
  checkSizes({ height, width, channels, classes }, "build a ResNet-20");
  if (shape.length !== 3 || height % 4 || width % 4) {
    throw new RangeError(
      "Cannot build a ResNet-20: shape must be [height, width, channels] with height and width " +
        `multiples of 4, got [${shape.join(", ")}]`,
    );
  }
  return seededModel(() => build([...shape], classes), {
    seed,
    initializer: ({ name }) => name.startsWith("logits") ? "xavierUniform" : "heNormal",
  });
}

function build(shape: number[], classes: number): LayersModel {
  const images = tf.input({ shape, name: "images" });
  let x = relu("stem_relu", normalized("stem_norm", convolution("stem_conv", images, 16, 1)));
  for (const [stage, filters] of [16, 32, 64].entries()) {
    for (const block of [1, 2, 3]) {
      x = residual(`stage${stage + 1}_block${block}`, x, filters, stage > 0 && block === 1 ? 2 : 1);
    }
  }
  const features = tf.layers.globalAveragePooling2d({ name: "features" }).apply(x);
  const logits = tf.layers.dense({ name: "logits", units: classes, kernelInitializer: "zeros" });
  return tf.model({
    name: "resnet20",
    inputs: images,
    outputs: logits.apply(features) as tf.SymbolicTensor,
  });
}

function residual(name: string, x: tf.SymbolicTensor, filters: number, strides: 1 | 2) {
  let y = convolution(`${name}_conv1`, x, filters, strides);
  y = relu(`${name}_relu1`, normalized(`${name}_norm1`, y));
  y = normalized(`${name}_norm2`, convolution(`${name}_conv2`, y, filters, 1));
  const shortcut = strides === 1 ? x : new Shortcut({ name: `${name}_shortcut`, filters }).apply(x);
  const sum = tf.layers.add({ name: `${name}_sum` }).apply([y, shortcut as tf.SymbolicTensor]);
  return relu(`${name}_relu2`, sum as tf.SymbolicTensor);
}

function convolution(name: string, x: tf.SymbolicTensor, filters: number, strides: 1 | 2) {
  // tfjs would pad a strided convolution at the bottom and the right, half a pixel off its shortcut.
  const padded = strides === 1 ? x : tf.layers.zeroPadding2d({
    name: `${name}_padding`,
    padding: [[1, 0], [1, 0]],
  }).apply(x);
  return tf.layers.conv2d({
    name,
    filters,
    strides,
    kernelSize: 3,
    padding: strides === 1 ? "same" : "valid",
    useBias: false,
    kernelInitializer: "zeros",
  }).apply(padded) as tf.SymbolicTensor;
}

function normalized(name: string, x: tf.SymbolicTensor) {
  const layer = tf.layers.batchNormalization({ name, momentum: 0.9, epsilon: 1e-5 });
  return layer.apply(x) as tf.SymbolicTensor;
}

function relu(name: string, x: tf.SymbolicTensor) {
  return tf.layers.activation({ name, activation: "relu" }).apply(x) as tf.SymbolicTensor;
}

/** Every other pixel of an image, with zeros for the channels that it does not have (option A). */
class Shortcut extends tf.layers.Layer {
  static className = "Shortcut";
  readonly #filters: number;

  constructor(config: { name: string; filters: number }) {
    super({ name: config.name });
    this.#filters = config.filters;
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const [count, height, width] = shape as number[];
    return [count, height / 2, width / 2, this.#filters];
  }

  /** By reshape, slice and pad alone, which have gradients of every order. */
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const [count, height, width, channels] = x.shape;
    const pairs = (y: tf.Tensor, rows: number, size: number) =>
      tf.slice(tf.reshape(y, [rows, 2, size]), [0, 0, 0], [rows, 1, size]);
    return tf.tidy(() => {
      const rows = pairs(x, count * height / 2, width * channels);
      const pixels = pairs(rows, count * height / 2 * width / 2, channels);
      const missing = this.#filters - channels;
      return tf.pad(tf.reshape(pixels, [count, height / 2, width / 2, channels]), [
        [0, 0],
        [0, 0],
        [0, 0],
        [Math.floor(missing / 2), Math.ceil(missing / 2)],
      ]);
    });
  }

  /** Which channel each output channel copies, −1 for zeros. */
  channelMap(channels: number): number[] {
    const before = Math.floor((this.#filters - channels) / 2);
    const copied = (k: number) => k >= before && k < before + channels;
    return Array.from({ length: this.#filters }, (_, k) => copied(k) ? k - before : -1);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), filters: this.#filters };
  }
}
tf.serialization.registerClass(Shortcut);
