/** What float32 costs, beside what it costs PyTorch: see tests/references/precision.py. */
import { assertAlmostEquals, assertLess } from "@std/assert";
import { type Loss, modelLoss } from "../../mod.ts";
import { relativeDistance } from "../references/cases.ts";
import { movable, noise, precisionCases, precisionNetwork } from "../references/precision.ts";

for (const known of precisionCases) {
  const { name, value, gradient, product, pytorchErrors } = known;
  const network = () => {
    const { model, samples, theta, v } = precisionNetwork(known);
    return { theta, v, loss: (options: object) => modelLoss(model, samples, options) };
  };
  /** Value, gradient and product at once. */
  const all = async (loss: Loss, theta: Float64Array | Float32Array, v: typeof theta) => ({
    value: await loss.value(theta),
    gradient: await loss.gradient(theta),
    product: await loss.product(theta, v),
  });

  Deno.test(`${name}: in double precision the numbers of PyTorch, in float32 no further from them than twice PyTorch's`, async () => {
    const { theta, v, loss } = network();
    await using double = loss({ precision: "float64" });
    const exact = await all(double, theta, v), count = movable(double.layout);
    assertAlmostEquals(exact.value / value, 1, 1e-11);
    for (const [got, wanted] of [[exact.gradient, gradient], [exact.product, product]] as const) {
      const norm = Math.sqrt(Float64Array.from(got, (x) => x * x).reduce((a, b) => a + b));
      assertAlmostEquals(norm / wanted.norm, 1, 1e-10);
      wanted.projections.forEach((projection, k) => {
        const along = noise(10 + k, count).reduce((sum, z, i) => sum + z * got[i], 0);
        assertLess(Math.abs(along - projection), 1e-9 * wanted.norm);
      });
    }

    for (const engine of ["native", "wasm"] as const) {
      await using single = loss({ engine });
      const found = await all(single, Float32Array.from(theta), Float32Array.from(v));
      assertLess(Math.abs(found.value / value - 1), 1e-6, `${engine}: the value`);
      for (const what of ["gradient", "product"] as const) {
        const error = relativeDistance(found[what], exact[what]);
        assertLess(error, 2 * pytorchErrors[what], `${engine}: the ${what}`);
      }
    }
  });
}
