/** The passes of a loss as data: programs made of them are those made of the closure itself. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { disagreement } from "../../lib/engine/check.ts";
import { execute } from "../../lib/engine/execute.ts";
import { type Compiled, type RecordableLoss, recordLoss } from "../../lib/engine/record_loss.ts";
import { faithful, passTraces, replayed, valueTraces } from "../../lib/engine/traces.ts";
import { initialize, layout, resnet20, tf } from "../../mod.ts";
import { modelCase, noise } from "./losses.ts";
import { randomNetwork } from "./random_network.ts";

/** Programs made of the traces, run on the inputs that the closure's own programs are checked with. */
async function assertSame(loss: RecordableLoss, what: (keyof typeof programs)[]): Promise<void> {
  const theta = initialize(loss.layout);
  const traces = structuredClone((await passTraces(loss, theta))!);
  assertEquals(faithful(traces), undefined);
  const { values } = structuredClone(await valueTraces(loss, theta));
  const direct = recordLoss(loss, { theta });
  const indirect = recordLoss(replayed(traces), { theta, values });
  for (const name of ["value", "slice", ...what] as const) {
    const { checks } = programs[name](direct), { program } = programs[name](indirect);
    const execution = await execute(program);
    for (const { inputs, expected } of checks) {
      assertEquals(disagreement(await execution.run(inputs), expected), undefined, name);
    }
    await execution.release();
  }
}
const programs = {
  value: (of: ReturnType<typeof recordLoss>): Compiled => of.value(),
  slice: (of: ReturnType<typeof recordLoss>): Compiled => of.slice(2),
  gradient: (of: ReturnType<typeof recordLoss>): Compiled => of.gradient(),
  product: (of: ReturnType<typeof recordLoss>): Compiled => of.product(),
  gaussNewton: (of: ReturnType<typeof recordLoss>): Compiled => of.product("gaussNewton"),
  step: (of: ReturnType<typeof recordLoss>): Compiled => of.step("momentum"),
};
const all = ["gradient", "product", "step"] as const;

for (const seed of [2, 3, 7, 19]) {
  const { loss, name } = randomNetwork(seed);
  Deno.test(`programs made of traces are those of the loss: ${name}`, () =>
    assertSame(loss, [...all]));
}

const { layers } = tf;
const pictures = () =>
  tf.sequential({
    layers: [
      layers.conv2d({
        inputShape: [6, 6, 2],
        filters: 3,
        kernelSize: 3,
        strides: 2,
        padding: "same",
      }),
      layers.batchNormalization(),
      layers.activation({ activation: "relu" }),
      layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: "same" }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 3, kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }) }),
    ],
  });

Deno.test("moving statistics, composed kernels and penalties survive the way through traces", async () => {
  await assertSame(modelCase(pictures(), "crossEntropy", { training: true }).loss, [...all]);
  await assertSame(modelCase(pictures(), "crossEntropy").loss, ["product"]);
});

Deno.test("a loss that takes derivatives itself is traced with them", async () => {
  const wave = (w: tf.Tensor, x: tf.Tensor) => tf.sum(tf.tanh(tf.matMul(x, w)), 1);
  await assertSame({
    layout: layout({ w: [2, 5] }),
    perSample: true,
    fields: { x: noise(1, "points", 6, 2) },
    forward([w], { x }) {
      const slope = tf.grad((x: tf.Tensor) => tf.sum(wave(w, x)))(x);
      return { losses: tf.sum(tf.square(tf.relu(slope)), 1) };
    },
  }, [...all]);
});

Deno.test("what makes losses of outputs is found in the traces", async () => {
  const { loss } = modelCase(pictures(), "crossEntropy");
  const forward: RecordableLoss["forward"] = (parameters, batch, seed) => {
    const [outputs, b] = [loss.forward(parameters, batch, seed).losses, parameters.at(-1)!];
    const losses = (z: tf.Tensor) => tf.square(tf.sub(tf.exp(z), tf.sum(b)));
    return { losses: losses(outputs), head: { outputs, losses } };
  };
  await assertSame({ ...loss, forward }, ["gaussNewton"]);
});

Deno.test("a custom gradient stays in its closure: then there are no traces", async () => {
  const steep = tf.customGrad((x) => ({ value: tf.square(x as tf.Tensor), gradFunc: (dy) => dy }));
  const loss: RecordableLoss = {
    layout: layout({ w: [3] }),
    perSample: true,
    fields: { x: noise(1, "rows", 5, 3) },
    forward: ([w], { x }) => ({ losses: tf.sum(steep(tf.mul(x, w)), 1) }),
  };
  assertEquals(await passTraces(loss, new Float32Array(3)), undefined);
});

Deno.test("traces leave no tensor behind, and a refusal neither", async () => {
  const { loss } = modelCase(resnet20({ shape: [8, 8, 3], classes: 4 }), "crossEntropy", {
    training: true,
  });
  const theta = initialize(loss.layout);
  assert(await passTraces(loss, theta));
  const before = tf.memory().numTensors;
  assert(await passTraces(loss, theta));
  assertEquals(tf.memory().numTensors, before);
  const forward: RecordableLoss["forward"] = (...pass) => {
    const { losses, state } = loss.forward(...pass);
    state?.forEach((t) => t.dispose());
    return { losses: tf.mul(losses, losses.dataSync()[0]) };
  };
  await assertRejects(() => passTraces({ ...loss, forward }, theta), Error, "is read");
  assertEquals(tf.memory().numTensors, before);
});
