import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type LayoutTensor, part } from "../../lib/layout.ts";
import { random } from "../../lib/math/random.ts";
import { assign, flatten, layoutOf } from "../../lib/nn/model.ts";
import { resnet20 } from "../../lib/nn/resnet.ts";
import * as tf from "../../lib/tensor/tf.ts";
import { norm } from "../../lib/vector.ts";

/** An image as nested loops see it: [height][width][channel]. */
type Image = number[][][];

const map = (
  image: Image,
  f: (x: number, channel: number, row: number, column: number) => number,
) => image.map((row, i) => row.map((pixel, j) => pixel.map((x, c) => f(x, c, i, j))));

/** A 3×3 convolution with one pixel of padding all around, as PyTorch's Conv2d(…, padding=1). */
function convolve(image: Image, kernel: ArrayLike<number>, filters: number, stride: number): Image {
  const size = image.length / stride, channels = image[0][0].length;
  const sum = (row: number, column: number, filter: number) => {
    let total = 0;
    for (let di = 0; di < 3; di++) {
      for (let dj = 0; dj < 3; dj++) {
        const pixel = image[row * stride + di - 1]?.[column * stride + dj - 1];
        for (let c = 0; pixel && c < channels; c++) {
          total += pixel[c] * kernel[((di * 3 + dj) * channels + c) * filters + filter];
        }
      }
    }
    return total;
  };
  return Array.from(
    { length: size },
    (_, i) =>
      Array.from(
        { length: size },
        (_, j) => Array.from({ length: filters }, (_, f) => sum(i, j, f)),
      ),
  );
}

/** ResNet-20 in plain loops, from He et al. and PyTorch's conventions. */
function reference(image: Image, weight: (name: string) => Float32Array): number[] {
  const relu = (x: Image) => map(x, (value) => Math.max(value, 0));
  const normalize = (x: Image, name: string) => {
    const [gamma, beta, mean, variance] = ["gamma", "beta", "moving_mean", "moving_variance"]
      .map((kind) => weight(`${name}/${kind}`));
    return map(
      x,
      (value, c) => gamma[c] * (value - mean[c]) / Math.sqrt(variance[c] + 1e-5) + beta[c],
    );
  };
  let x = relu(normalize(convolve(image, weight("stem_conv/kernel"), 16, 1), "stem_norm"));
  for (const [stage, filters] of [[1, 16], [2, 32], [3, 64]]) {
    for (const block of [1, 2, 3]) {
      const name = `stage${stage}_block${block}`, stride = stage > 1 && block === 1 ? 2 : 1;
      let y = convolve(x, weight(`${name}_conv1/kernel`), filters, stride);
      y = relu(normalize(y, `${name}_norm1`));
      y = normalize(convolve(y, weight(`${name}_conv2/kernel`), filters, 1), `${name}_norm2`);
      const before = (filters - x[0][0].length) / 2;
      x = relu(map(y, (value, c, i, j) => value + (x[i * stride][j * stride][c - before] ?? 0)));
    }
  }
  const [kernel, bias] = [weight("logits/kernel"), weight("logits/bias")];
  const mean = (c: number) => x.flat().reduce((sum, pixel) => sum + pixel[c], 0) / x.length ** 2;
  const features = Array.from({ length: 64 }, (_, c) => mean(c));
  return [...bias].map((b, k) =>
    features.reduce((sum, feature, c) => sum + feature * kernel[c * bias.length + k], b)
  );
}

Deno.test("ResNet-20 computes what plain loops compute, strides, shortcuts and statistics included", () => {
  const model = resnet20({ shape: [8, 8, 3], classes: 5 });
  const source = random(1, "resnet test");
  const { tensors } = layoutOf(model);
  const theta = flatten(model);
  const disturb = ({ name, role }: LayoutTensor, x: number) =>
    role === "weight" || role === "bias"
      ? x
      : name.endsWith("variance")
      ? 0.5 + source.uniform()
      : x + 0.3 * source.normal();
  for (const tensor of tensors) {
    const values = part(theta, tensor);
    values.forEach((x, i) => values[i] = disturb(tensor, x));
  }
  assign(model, theta);
  const images = Array.from({ length: 2 }, () =>
    map(
      Array.from({ length: 8 }, () => Array.from({ length: 8 }, () => [0, 0, 0])),
      source.normal,
    ));
  const outputs = tf.tidy(() => {
    const logits = model.predict(tf.tensor4d(images)) as tf.Tensor2D;
    return logits.arraySync();
  });
  const weight = (name: string) => part(theta, tensors.find((tensor) => tensor.name === name)!);
  images.forEach((image, n) => {
    const expected = reference(image, weight);
    const scale = Math.max(...expected.map(Math.abs));
    assert(scale > 0.1);
    outputs[n].forEach((y, k) => assertAlmostEquals(y / scale, expected[k] / scale, 1e-5));
  });
  model.dispose();
});

Deno.test("ResNet-20 for CIFAR-10 has the 269,722 trainable numbers of the paper's 0.27 million", () => {
  const model = resnet20();
  const layout = layoutOf(model);
  const trainable = layout.tensors.filter(({ role }) => role !== "state")
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  assertEquals(trainable, 269_722);
  assertEquals(layout.size - trainable, 2 * 688);
  assertEquals(new Set(layout.tensors.map(({ role }) => role)).size, 4);
  const logits = tf.tidy(() => model.predict(tf.ones([2, 32, 32, 3])) as tf.Tensor);
  assertEquals(logits.shape, [2, 10]);
  assert(logits.dataSync().every(Number.isFinite));
  tf.dispose(logits);
  model.dispose();
});

Deno.test("convolutions are drawn He normal: the fan in is 9 times the channels", () => {
  const model = resnet20({ shape: [8, 8, 1] });
  const theta = flatten(model), { tensors } = layoutOf(model);
  const kernel = part(theta, tensors.find(({ name }) => name === "stage3_block3_conv2/kernel")!);
  assertAlmostEquals(
    norm(kernel) ** 2 / kernel.length / (2 / (9 * 64)),
    1,
    6 * Math.sqrt(2 / kernel.length),
  );
  model.dispose();
});

Deno.test("two ResNets in one process share names and digest; the same call gives the same bytes", () => {
  const options = { shape: [4, 4, 1] as const, classes: 2 };
  const [a, b, c] = [resnet20(options), resnet20(options), resnet20({ ...options, seed: 1 })];
  assertEquals(layoutOf(a), layoutOf(c));
  assertEquals(layoutOf(a).digest, layoutOf(c).digest);
  assertEquals([a.name, a.inputNames, a.outputNames], [c.name, c.inputNames, c.outputNames]);
  assertEquals(flatten(a), flatten(b));
  assert(flatten(a).some((x, i) => x !== flatten(c)[i]));
  for (const model of [a, b, c]) model.dispose();
});

Deno.test("building a ResNet leaves no tensor behind but its weights", () => {
  const before = tf.memory().numTensors;
  const model = resnet20({ shape: [4, 4, 1] });
  assertEquals(tf.memory().numTensors - before, layoutOf(model).tensors.length);
  model.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("shapes that cannot be halved twice, and classes that are none, are refused", () => {
  const wrong: [Parameters<typeof resnet20>[0], string][] = [
    [{ shape: [30, 32, 3] }, "multiples of 4, got [30, 32, 3]"],
    [
      { shape: [32, 32] as never },
      "channels must be a positive integer of at most 1e6, got undefined",
    ],
    [{ shape: [32, 32, 3, 1] as never }, "shape must be [height, width, channels]"],
    [{ classes: 0 }, "classes must be a positive integer of at most 1e6, got 0"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => resnet20(options), RangeError, `Cannot build a ResNet-20: `);
    assertThrows(() => resnet20(options), RangeError, message);
  }
});
