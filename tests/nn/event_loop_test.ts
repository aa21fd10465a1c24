/** How much is done on this thread between two turns of the event loop: counted, since times depend on the machine. */
import { assertGreater, assertLess } from "@std/assert";
import { kernelsBetweenTurns } from "./kernels_between_turns.ts";
import {
  flatten,
  hessian,
  landscape,
  layoutOf,
  mlp,
  modelLoss,
  type ModelLossOptions,
  randomDirections,
  resnet20,
  type tf,
} from "../../mod.ts";
import { noise } from "../engine/losses.ts";

const control = { progress: false } as const;
const shape = [8, 8, 3], samples = 12;
const model = resnet20({ shape: [8, 8, 3], classes: 10 });
const theta = flatten(model);
const pictures = {
  inputs: noise(5, "pictures", samples, ...shape),
  targets: { data: Int32Array.from({ length: samples }, (_, i) => i % 10), shape: [samples] },
};
const slice = { origin: theta, directions: randomDirections(layoutOf(model), theta) };

Deno.test("making native programs of ResNet-20 never holds the event loop for more than a forward pass", async () => {
  const one = modelLoss(model, pictures, { engine: "wasm", batchSize: samples });
  // batch norm in train mode is taken apart, which is the longest of all forward passes
  const whole = modelLoss(model, pictures, { engine: "wasm", mode: "train", batchSize: samples });
  await whole.value(theta);
  const pass = await kernelsBetweenTurns(() => whole.value(theta));
  const onWasm = await kernelsBetweenTurns(() => one.gradient(theta));
  await using loss = modelLoss(model, pictures, { engine: "native" });
  const native = await kernelsBetweenTurns(async () => {
    await loss.value(theta);
    await landscape(loss, slice, { ...control, resolution: 2 });
    await hessian(loss, theta).product(theta);
  });
  assertGreater(onWasm, 2 * pass, "a gradient in one piece would be seen");
  // on a tape kernels keep copies of what they need
  assertLess(native, 2 * pass);
});

Deno.test("on wasm batches are cut by their work, for values, gradients and products", async () => {
  const samples = 6000, wide = mlp({ inputs: 40, hidden: [100], outputs: 3 }), work = 4300;
  const data = {
    inputs: noise(6, "rows", samples, 40),
    targets: { data: Int32Array.from({ length: samples }, (_, i) => i % 3), shape: [samples] },
  };
  let largest = 0;
  const preBatch: ModelLossOptions["preBatch"] = (batch) => {
    largest = Math.max(largest, (batch.inputs as tf.Tensor).shape[0]);
    return batch;
  };
  const loss = modelLoss(wide, data, { engine: "wasm", preBatch });
  const largestIn = async (call: () => Promise<unknown>) => {
    largest = 0;
    await call();
    return largest * work;
  };
  const at = flatten(wide);
  assertLess(await largestIn(() => loss.value(at)), 4.1e7);
  assertLess(await largestIn(() => loss.gradient(at)), 8.1e6);
  assertLess(await largestIn(() => loss.product(at, at)), 3.1e6);
});
