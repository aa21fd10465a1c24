/** Every model and criterion, recorded and run natively, against what wasm computes. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { deviation } from "../../lib/engine/check.ts";
import { execute } from "../../lib/engine/execute.ts";
import type { HostTensor } from "../../lib/engine/program.ts";
import { type Compiled, recordLoss } from "../../lib/engine/record_loss.ts";
import { layout, mlp, resnet20, tf } from "../../mod.ts";
import { type Case, modelCase, noise } from "./losses.ts";

/** Runs a program on what it was recorded on, and gives its largest deviation by output. */
async function deviations({ program, checks }: Compiled): Promise<Record<string, number>> {
  const execution = await execute(program);
  const worst: Record<string, number> = {};
  for (const { inputs, expected } of checks) {
    const found: Record<string, HostTensor> = await execution.run(inputs);
    assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [name, { data, shape }] of Object.entries(expected)) {
      assertEquals(found[name].shape, shape, name);
      worst[name] = Math.max(worst[name] ?? 0, deviation(found[name].data as Float32Array, data));
    }
  }
  await execution.release();
  return worst;
}

/** Values to 1e-5 of the largest, derivatives to what float32 leaves of them. */
async function assertAgrees({ loss, theta }: Case): Promise<void> {
  const recorded = recordLoss(loss, { theta });
  const check = async (compiled: Compiled, tolerance: number) => {
    for (const [name, worst] of Object.entries(await deviations(compiled))) {
      assertLess(worst, tolerance, name);
    }
  };
  await check(recorded.value(), 1e-5);
  await check(recorded.slice(2), 1e-5);
  await check(recorded.gradient(), 3e-5);
  await check(recorded.product(), 1e-4);
  await check(recorded.step("momentum"), 3e-5);
}

const { layers } = tf;
const sequential = (...list: tf.layers.Layer[]) => tf.sequential({ layers: list });

const models: Record<string, () => Case> = {
  "ReLU MLP, cross-entropy": () =>
    modelCase(mlp({ inputs: 5, hidden: [8, 7], outputs: 3 }), "crossEntropy"),
  "tanh MLP, mean squared error": () =>
    modelCase(
      mlp({ inputs: 3, hidden: [9, 8], outputs: 2, activation: "tanh" }),
      "meanSquaredError",
    ),
  "GELU MLP, binary cross-entropy": () =>
    modelCase(
      mlp({ inputs: 3, hidden: [9], outputs: 1, activation: "gelu" }),
      "binaryCrossEntropy",
    ),
  "sigmoid MLP with regularizers": () =>
    modelCase(
      sequential(
        layers.dense({
          inputShape: [4],
          units: 6,
          activation: "sigmoid",
          kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }),
        }),
        layers.dense({ units: 3, kernelRegularizer: tf.regularizers.l1({ l1: 0.02 }) }),
      ),
      "crossEntropy",
    ),
  "MLP of wide inputs": () =>
    modelCase(mlp({ inputs: 100, hidden: [9, 5], outputs: 3 }), "crossEntropy"),
  "linear model": () => modelCase(mlp({ inputs: 4, hidden: [], outputs: 3 }), "crossEntropy"),
  "MLP that ends in softmax": () =>
    modelCase(
      sequential(
        layers.dense({ inputShape: [4], units: 5, activation: "elu" }),
        layers.dense({ units: 3, activation: "softmax" }),
      ),
      "crossEntropy",
    ),
  "MLP with leaky, parametric and scaled units": () =>
    modelCase(
      sequential(
        layers.dense({ inputShape: [4], units: 6, activation: "selu" }),
        layers.dense({ units: 6 }),
        layers.leakyReLU({ alpha: 0.1 }),
        layers.dense({ units: 6 }),
        layers.prelu({}),
        layers.dense({ units: 5, activation: "softplus" }),
        layers.dense({ units: 5, activation: "relu6" }),
        layers.dense({ units: 5, activation: "softsign" }),
        layers.dense({ units: 2 }),
      ),
      "crossEntropy",
    ),
  "convolutions with batch norm and max pooling": () =>
    modelCase(
      sequential(
        layers.conv2d({ inputShape: [8, 8, 2], filters: 4, kernelSize: 3, padding: "same" }),
        layers.batchNormalization({}),
        layers.activation({ activation: "tanh" }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: "same", useBias: false }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ),
      "crossEntropy",
    ),
  "convolutions with average pooling and dilation": () =>
    modelCase(
      sequential(
        layers.conv2d({ inputShape: [9, 9, 1], filters: 3, kernelSize: 3, dilationRate: 2 }),
        layers.activation({ activation: "tanh" }),
        layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 2 }),
      ),
      "meanSquaredError",
    ),
  "depthwise and separable convolutions": () =>
    modelCase(
      sequential(
        layers.depthwiseConv2d({
          inputShape: [6, 6, 2],
          kernelSize: 3,
          depthMultiplier: 2,
          padding: "same",
          activation: "tanh",
        }),
        layers.separableConv2d({ filters: 3, kernelSize: 2, activation: "tanh" }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ),
      "crossEntropy",
    ),
  "transposed convolution and upsampling": () =>
    modelCase(
      sequential(
        layers.conv2dTranspose({
          inputShape: [3, 3, 2],
          filters: 3,
          kernelSize: 3,
          strides: 2,
          padding: "same",
        }),
        layers.activation({ activation: "tanh" }),
        layers.upSampling2d({ size: [2, 2] }),
        layers.cropping2D({ cropping: [[1, 1], [2, 1]] }),
        layers.zeroPadding2d({ padding: 1 }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ),
      "crossEntropy",
    ),
  "convolution over time": () =>
    modelCase(
      sequential(
        layers.conv1d({ inputShape: [10, 2], filters: 4, kernelSize: 3, activation: "tanh" }),
        layers.maxPooling1d({ poolSize: 2 }),
        layers.globalMaxPooling1d({}),
        layers.dense({ units: 2 }),
      ),
      "crossEntropy",
    ),
  "layer norm and a residual connection": () => {
    const input = tf.input({ shape: [6] });
    const hidden = layers.dense({ units: 6, activation: "tanh" }).apply(input) as tf.SymbolicTensor;
    const sum = layers.add().apply([input, hidden]) as tf.SymbolicTensor;
    const normal = layers.layerNormalization({}).apply(sum) as tf.SymbolicTensor;
    const both = layers.concatenate().apply([normal, hidden]) as tf.SymbolicTensor;
    const output = layers.dense({ units: 3 }).apply(both) as tf.SymbolicTensor;
    return modelCase(tf.model({ inputs: input, outputs: output }), "crossEntropy");
  },
  "embedding": () => {
    const model = sequential(
      layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 5 }),
      layers.flatten(),
      layers.dense({ units: 3, activation: "tanh" }),
      layers.dense({ units: 2 }),
    );
    const data = Int32Array.from({ length: 35 }, (_, i) => (i * 5) % 9);
    return modelCase(model, "crossEntropy", { inputs: { data, shape: [7, 5] } });
  },
};

for (const [name, make] of Object.entries(models)) {
  Deno.test(`value, slice, gradient and product agree with wasm: ${name}`, async () => {
    await assertAgrees(make());
  });
}

Deno.test("a step of SGD, momentum and Adam agrees with plain arithmetic on wasm's gradient", async () => {
  const { loss, theta } = modelCase(mlp({ inputs: 4, hidden: [6], outputs: 3 }), "crossEntropy");
  const recorded = recordLoss(loss, { theta });
  for (const rule of ["sgd", "momentum", "adam", "momentum+l1+l2", "adam+l2"] as const) {
    for (const [name, worst] of Object.entries(await deviations(recorded.step(rule)))) {
      assertLess(worst, 1e-5, `${rule}: ${name}`);
    }
  }
});

Deno.test("batch norm in train mode agrees with wasm, though it mixes the samples of a batch", async () => {
  const model = sequential(
    layers.dense({ inputShape: [3], units: 5 }),
    layers.batchNormalization({}),
    layers.dense({ units: 2 }),
  );
  const { loss, theta } = modelCase(model, "crossEntropy", { training: true });
  const recorded = recordLoss(loss, { theta });
  for (const worst of Object.values(await deviations(recorded.gradient()))) assertLess(worst, 3e-5);
  // Its moving statistics are part of the next θ.
  const step = recorded.step("sgd");
  for (const worst of Object.values(await deviations(step))) assertLess(worst, 3e-5);
  const { tensors } = loss.layout;
  const next = step.checks[0].expected["next/theta"].data;
  for (const { role, offset } of tensors) {
    if (role === "state") assert(next[offset] !== theta[offset]);
  }
});

Deno.test("ResNet-20 agrees with wasm", async () => {
  const model = resnet20({ shape: [8, 8, 3], classes: 4 });
  await assertAgrees(modelCase(model, "crossEntropy"));
});

Deno.test("a physics-informed loss, a scalar of several sets of points, agrees with wasm", async () => {
  const net = (p: tf.Tensor[], x: tf.Tensor) =>
    tf.add(
      tf.matMul(
        tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, p[0] as tf.Tensor2D), p[1])),
        p[2] as tf.Tensor2D,
      ),
      p[3],
    );
  const shape = layout({
    w1: [1, 8],
    b1: { shape: [8], role: "bias" },
    w2: [8, 1],
    b2: { shape: [1], role: "bias" },
  });
  await assertAgrees({
    theta: noise(3, "pinn", shape.size).data,
    loss: {
      layout: shape,
      perSample: false,
      fields: { inside: noise(1, "inside", 11, 1), edge: noise(1, "edge", 2, 1) },
      forward(p, { inside, edge }) {
        const slope = (x: tf.Tensor) => tf.grad((x: tf.Tensor) => tf.sum(net(p, x)))(x);
        const curvature = tf.grad((x: tf.Tensor) => tf.sum(slope(x)))(inside);
        const residual = tf.add(curvature, tf.sin(net(p, inside)));
        return {
          losses: tf.add(tf.mean(tf.square(residual)), tf.mean(tf.square(net(p, edge)))),
        };
      },
    },
  });
});

Deno.test("what was computed for a θ serves any v, and what was computed for data any θ", async () => {
  const { loss, theta } = modelCase(mlp({ inputs: 4, hidden: [6], outputs: 3 }), "crossEntropy");
  const { program, checks: [{ inputs, expected }] } = recordLoss(loss, { theta }).product();
  assertEquals(program.stages.map(({ level }) => level), [0, 1, 2]);
  const execution = await execute(program);
  await execution.run(inputs);
  const twice = (inputs.v.data as Float32Array).map((x) => 2 * x);
  const { product } = await execution.run({ v: { data: twice, shape: inputs.v.shape } }, 2);
  const doubled = expected.product.data.map((x) => 2 * x);
  assertLess(deviation(product.data as Float32Array, doubled), 1e-6);
  const there = {
    theta: { ...inputs.theta, data: (inputs.theta.data as Float32Array).map((x) => x / 2) },
  };
  const moved = await execution.run(there, 1);
  assert(deviation(moved.product.data as Float32Array, doubled) > 1e-3);
  await execution.release();
});
