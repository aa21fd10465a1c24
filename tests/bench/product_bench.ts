/** `deno bench --allow-all tests/bench`: gradients, and Hessian-vector products at one θ, of W1. */
import { hessian, modelLoss } from "../../mod.ts";
import { workload, workloads } from "./workloads.ts";

const { model, samples, theta } = workload(workloads.W1);
const v = theta.map((_, i) => Math.sin(i));

for (const engine of ["wasm", "native"] as const) {
  const loss = modelLoss(model, samples, { engine }), operator = hessian(loss, theta);
  const options = { baseline: engine === "wasm", n: 20, warmup: 2 };
  Deno.bench({
    name: `gradient, ${engine}`,
    group: "gradient",
    ...options,
    fn: async () => void await loss.gradient(theta),
  });
  Deno.bench({
    name: `Hessian-vector product, ${engine}`,
    group: "product",
    ...options,
    fn: async () => void await operator.product(v),
  });
}
