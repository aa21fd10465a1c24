/** Programs in double precision against what PyTorch gives in float64: see tests/references. */
import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { execute } from "../../lib/engine/execute.ts";
import type { HostTensor } from "../../lib/engine/program.ts";
import { type RecordableLoss, recordLoss } from "../../lib/engine/record_loss.ts";
import { simplest } from "../../lib/engine/simplest.ts";
import { criteria } from "../../lib/nn/criterion.ts";
import { boundModel } from "../../lib/nn/bound_model.ts";
import { layoutOf } from "../../lib/nn/model.ts";
import { layout, tf } from "../../mod.ts";
import { convs, mlps, type NetworkCase, relativeDistance } from "../references/cases.ts";
import { modelOf } from "../references/network.ts";
import { noise } from "./losses.ts";

function lossOf(network: NetworkCase): RecordableLoss {
  const model = modelOf(network), { inputs, targets, mode, criterion } = network;
  return {
    layout: layoutOf(model),
    perSample: true,
    fields: {
      x: { data: Float64Array.from(inputs.data), shape: inputs.shape },
      y: {
        data: targets.integers ? Int32Array.from(targets.data) : Float64Array.from(targets.data),
        shape: targets.shape,
      },
    },
    forward(parameters, { x, y }, seed) {
      const { outputs, state } = boundModel(model).call(parameters, [x], {
        training: mode === "train",
        seed,
        logits: criterion !== "meanSquaredError",
      });
      return { losses: criteria[criterion].criterion(outputs as tf.Tensor, y), state };
    },
  };
}

const doubles = (data: number[], shape = [data.length]): HostTensor => ({
  data: Float64Array.from(data),
  shape,
});

for (const network of [...mlps, ...convs]) {
  if (network.layers.some(({ rate }) => rate !== undefined)) continue;
  Deno.test(`value, gradient and product in float64 agree with PyTorch to 1e-10: ${network.name}`, async () => {
    const loss = lossOf(network), count = network.inputs.shape[0];
    const recorded = recordLoss(loss, {
      theta: Float64Array.from(network.theta),
      precision: "float64",
    });
    const inputs: Record<string, HostTensor> = {
      "data/x": loss.fields.x as HostTensor,
      "data/y": loss.fields.y as HostTensor,
      theta: doubles(network.theta),
      v: doubles(network.v),
      weight: doubles([1 / count], []),
    };
    const run = async ({ program }: { program: Parameters<typeof execute>[0] }) => {
      const execution = await execute(program);
      const results = await execution.run(
        Object.fromEntries(program.inputs.map(({ name }) => [name, inputs[name]])),
      );
      await execution.release();
      return results;
    };
    const { losses } = await run(recorded.value());
    assertEquals(losses.shape, [count]);
    assertLess(relativeDistance(losses.data as Float64Array, network.perSample), 1e-10);
    const { loss: value, gradient } = await run(recorded.gradient());
    assertAlmostEquals(Number(value.data[0]) / network.value, 1, 1e-10);
    assertLess(relativeDistance(gradient.data as Float64Array, network.gradient), 1e-10);
    const { product } = await run(recorded.product());
    assertLess(relativeDistance(product.data as Float64Array, network.product), 1e-10);
  });
}

Deno.test("a float32 constant stands for the simplest number that rounds to it", () => {
  for (
    const x of [0.1, -0.044715, 1 / 3, -2 / 7, Math.SQRT1_2, Math.sqrt(2 / Math.PI), 2 / 3, 1e-5]
  ) {
    assertEquals(simplest(Math.fround(x)), x);
  }
  for (const x of [0.5, 3, -1e30, Infinity]) assertEquals(simplest(x), x);
  const { data } = noise(1, "constants", 1000);
  for (const x of data) assertEquals(Math.fround(simplest(x)), x);
});

Deno.test("the error function in double precision agrees with its series", async () => {
  const points = [-6, -2.5, -1, -0.3, -1e-3, 0, 1e-8, 0.1, 0.7, 1.3, 2, 3.5, 7];
  // from the series erf x = 2/√π Σ (−1)ⁿ x²ⁿ⁺¹/(n!(2n+1)) in double, where it converges well
  const series = (x: number) => {
    let term = x, sum = x;
    for (let n = 1; n < 120; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  };
  const loss: RecordableLoss = {
    layout: layout({ shift: [1] }),
    perSample: true,
    fields: { x: { data: Float64Array.from(points), shape: [points.length] } },
    forward: ([shift], { x }) => ({ losses: tf.erf(tf.add(x, shift)) }),
  };
  const { program } = recordLoss(loss, { precision: "float64" }).value();
  const execution = await execute(program);
  const { losses } = await execution.run({ "data/x": doubles(points), theta: doubles([0]) });
  await execution.release();
  points.forEach((x, i) => {
    const expected = Math.abs(x) > 5 ? Math.sign(x) : Math.abs(x) > 3 ? undefined : series(x);
    if (expected !== undefined) assertAlmostEquals(Number(losses.data[i]), expected, 2e-14);
  });
  assert(Number(losses.data[11]) > 0.9999992 && Number(losses.data[11]) < 1);
});

Deno.test("what the runtime has in single precision alone is composed in double: the arc tangent to 1e-14", async () => {
  const points = [-40, -3, -1, -0.3, 0, 1e-9, 0.4, 2.5, 1e6];
  const loss: RecordableLoss = {
    layout: layout({ x: [points.length] }),
    perSample: false,
    fields: {},
    forward: ([x]) => ({ losses: tf.sum(tf.mul(tf.atan(x), tf.exp(tf.neg(tf.square(x))))) }),
  };
  const { program } = recordLoss(loss, { precision: "float64" }).value();
  const execution = await execute(program);
  const { losses } = await execution.run({ theta: doubles(points) });
  await execution.release();
  const expected = points.reduce((sum, x) => sum + Math.atan(x) * Math.exp(-x * x), 0);
  assertAlmostEquals(Number(losses.data[0]), expected, 1e-14);
});
