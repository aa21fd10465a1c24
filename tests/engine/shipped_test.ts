/** Every model and criterion that comes with the library, through what it exports, on both engines. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { deviation } from "../../lib/engine/check.ts";
import {
  type Activation,
  type CriterionName,
  type LayersModel,
  mlp,
  type MlpVariant,
  mlpVariants,
  modelLoss,
  resnet20,
  train,
} from "../../mod.ts";
import { noise, targetsFor } from "./losses.ts";

const criteria: CriterionName[] = ["crossEntropy", "binaryCrossEntropy", "meanSquaredError"];
const activations: Activation[] = ["relu", "tanh", "gelu", "sigmoid", "linear"];

const models: Record<string, () => LayersModel> = {
  ...Object.fromEntries(
    (Object.keys(mlpVariants) as MlpVariant[]).map((variant) => [
      `mlp "${variant}"`,
      () => mlp({ inputs: 6, variant, outputs: 3 }),
    ]),
  ),
  ...Object.fromEntries(
    activations.map((activation) => [
      `mlp of ${activation} units`,
      () => mlp({ inputs: 6, hidden: [9, 8], outputs: 3, activation }),
    ]),
  ),
  "resnet20": () => resnet20({ shape: [8, 8, 3], classes: 3 }),
};

for (const [name, make] of Object.entries(models)) {
  for (const mode of name === "resnet20" ? ["eval", "train"] as const : ["eval"] as const) {
    Deno.test(`values, gradients, products and steps are those of wasm: ${name}, ${mode} mode`, async () => {
      for (const criterion of criteria) {
        const model = make(), shape = model.inputs[0].shape.slice(1) as number[];
        const samples = {
          inputs: noise(1, "shipped", 12, ...shape),
          targets: targetsFor(criterion, 12, [3], 1),
        };
        const on = (engine: "native" | "wasm") =>
          modelLoss(model, samples, { criterion, mode, engine });
        await using native = on("native");
        await using wasm = on("wasm");
        const theta = Float32Array.from(
          noise(2, "θ", native.layout.size).data,
          (z, i) => {
            const tensor = native.layout.tensors.findLast(({ offset }) => offset <= i)!;
            if (/variance|gamma/.test(tensor.name)) return 1 + 0.1 * Math.abs(z);
            return tensor.role === "weight"
              ? z * Math.sqrt(1.5 / tensor.shape.slice(0, -1).reduce((n, m) => n * m, 1))
              : 0.1 * z;
          },
        );
        const v = noise(3, "v", theta.length).data;
        const [a, b] = [await native.evaluate(theta), await wasm.evaluate(theta)];
        const close = (a: number, b: number) =>
          Math.abs(a - b) <= 1e-5 * Math.max(Math.abs(b), 0.01);
        assert(close(a.loss, b.loss), `${criterion}: ${a.loss} and ${b.loss}`);
        assertEquals(a.accuracy, b.accuracy);
        const off = async (f: (loss: typeof native) => Promise<ArrayLike<number>>) =>
          deviation(await f(native), Float64Array.from(await f(wasm)));
        assertLess(await off((loss) => loss.gradient(theta)), 5e-5, `${criterion}: the gradient`);
        assertLess(await off((loss) => loss.product(theta, v)), 2e-4, `${criterion}: the product`);
        const settings = { epochs: 2, batchSize: 4, learningRate: 1e-3, progress: false } as const;
        const steps = await off(async (loss) => (await train(loss, theta, settings)).final);
        assertLess(steps, 1e-4, `${criterion}: six steps`);
      }
    });
  }
}
