/** `deno bench --allow-all tests/bench`: what it takes to record a loss and compile its functions. */
import { type RecordedLoss, recordLoss } from "../../lib/engine/record_loss.ts";
import { ready } from "../../lib/tensor/backend.ts";
import { recordable } from "./recordable.ts";
import { workload, type WorkloadName, workloads } from "./workloads.ts";

await ready();
const functions: Record<string, (of: RecordedLoss) => unknown> = {
  slice: (of) => of.slice(2),
  gradient: (of) => of.gradient(),
  product: (of) => of.product(),
  step: (of) => of.step("momentum"),
};

for (const name of ["W1", "W4"] as WorkloadName[]) {
  const made = workload(workloads[name]), loss = recordable(made), { theta } = made;
  for (const [what, compile] of Object.entries(functions)) {
    Deno.bench({
      name: `record and compile the ${what} of ${name}`,
      group: name,
      n: 5,
      warmup: 1,
      fn: () => void compile(recordLoss(loss, { theta })),
    });
  }
}
