import { assertEquals, assertLess } from "@std/assert";
import { defaultPool } from "../../lib/engine/pool/pool.ts";
import {
  flatten,
  landscape,
  layoutOf,
  mlp,
  modelLoss,
  moons,
  randomDirections,
  tf,
} from "../../mod.ts";

const { train } = moons({ train: 60 });
const model = mlp({ inputs: 2, hidden: [8], outputs: 2 });
const theta = flatten(model);
const slice = { origin: theta, directions: randomDirections(layoutOf(model), theta) };
const control = { progress: false } as const;

/** What is held here and in the workers, all but what the last programs may differ in. */
async function held() {
  const holdings = await defaultPool().holdings();
  const sum = (f: (h: typeof holdings[number]) => number) => holdings.reduce((s, h) => s + f(h), 0);
  return {
    here: tf.memory().numTensors,
    recorded: tf.findBackend("record").numDataIds(),
    programs: sum(({ programs }) => programs),
    sessions: sum(({ sessions }) => sessions),
    bound: sum(({ bound }) => bound),
    bytes: sum(({ bytes }) => bytes),
    tensors: sum(({ tensors }) => tensors),
  };
}

/** Each loss is recorded anew: its value, a slice of it and its gradient. */
async function rounds(losses: number): Promise<void> {
  for (let i = 0; i < losses; i++) {
    const precision = i % 2 ? "float64" : "float32";
    await using loss = modelLoss(model, train, { engine: "native", precision });
    await loss.value(theta);
    await loss.gradient(theta);
    await landscape(loss, slice, { ...control, resolution: 3 });
  }
}

Deno.test("ten thousand evaluations and a hundred graphs of losses leak nothing, here or in workers", async () => {
  await using loss = modelLoss(model, train, { engine: "native" });
  const surface = () => landscape(loss, slice, { ...control, resolution: 100 });
  await rounds(6);
  await surface();
  const before = await held(), memory = Deno.memoryUsage().rss;
  await rounds(34);
  await surface();
  assertEquals(await held(), before);
  assertLess(Deno.memoryUsage().rss - memory, 150e6);
});

Deno.test("ten thousand evaluations on wasm leave no tensor behind", async () => {
  await using loss = modelLoss(model, train, { engine: "wasm" });
  await loss.value(theta);
  await loss.product(theta, theta);
  const before = tf.memory();
  for (let i = 0; i < 3000; i++) {
    await loss.value(theta);
    await loss.gradient(theta);
  }
  await landscape(loss, slice, { ...control, resolution: 63 });
  const { numTensors, numDataBuffers } = tf.memory();
  assertEquals(numTensors, before.numTensors);
  assertEquals(numDataBuffers, before.numDataBuffers);
});
