/** `deno bench --allow-all tests/bench`: an epoch of 16 steps of W1, with its history. */
import { modelLoss, train } from "../../mod.ts";
import { workload, workloads } from "./workloads.ts";

const { model, samples, theta, batch } = workload(workloads.W1);
const settings = { epochs: 1, batchSize: batch, learningRate: 0.01, momentum: 0.9 };

for (const engine of ["wasm", "native"] as const) {
  const loss = modelLoss(model, samples, { engine });
  Deno.bench({
    name: `16 steps of training, ${engine}`,
    group: "train",
    baseline: engine === "wasm",
    n: 20,
    warmup: 2,
    fn: async () => void await train(loss, theta, { ...settings, progress: false }),
  });
}
