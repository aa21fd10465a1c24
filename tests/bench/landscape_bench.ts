/** `deno bench --allow-all tests/bench`: a surface of 21×21 points of W1, on each engine. */
import { landscape, modelLoss } from "../../mod.ts";
import { workload, workloads } from "./workloads.ts";

const { model, samples, slice } = workload(workloads.W1);

for (const engine of ["wasm", "native"] as const) {
  const loss = modelLoss(model, samples, { engine });
  const surface = () => landscape(loss, slice, { resolution: 21, progress: false });
  await surface();
  Deno.bench({
    name: `landscape, ${engine}`,
    group: "landscape",
    baseline: engine === "wasm",
    n: 10,
    warmup: 1,
    fn: async () => void await surface(),
  });
}
