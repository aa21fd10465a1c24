import type { RecordableLoss } from "../../lib/engine/record_loss.ts";
import { boundModel } from "../../lib/nn/bound_model.ts";
import { criteria } from "../../lib/nn/criterion.ts";
import { layoutOf, type NumberArray, type Tensor } from "../../mod.ts";
import type { Workload } from "./workloads.ts";

/** The workload's loss, as the engine takes it. */
export function recordable({ model, samples: { inputs, targets } }: Workload): RecordableLoss {
  const { criterion } = criteria.crossEntropy;
  return {
    layout: layoutOf(model),
    perSample: true,
    fields: { x: inputs as NumberArray<Float32Array>, y: targets as NumberArray<Int32Array> },
    forward(parameters, { x, y }, seed) {
      const call = { training: false, seed, logits: true };
      const { outputs } = boundModel(model).call(parameters, [x], call);
      return { losses: criterion(outputs as Tensor, y) };
    },
  };
}
