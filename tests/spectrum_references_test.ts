/** Spectra against PyTorch in float64, from whole Hessians: see tests/references. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { hessian, spectrum } from "../mod.ts";
import { mean, standardError } from "../lib/math/statistics.ts";
import { tQuantile } from "../lib/math/student.ts";
import { convs, mlps, type NetworkCase } from "./references/cases.ts";
import { lossOf } from "./references/network.ts";

const named = (part: string) => [...mlps, ...convs].find(({ name }) => name.includes(part))!;
const quiet = { progress: false };

/** Whether a number lies within its 99.9% interval. */
const covers = (samples: number[] | Float64Array, truth: number) => {
  const half = tQuantile(0.9995, samples.length - 1) * standardError(samples);
  assert(Math.abs(mean(samples) - truth) <= half, `${mean(samples)} ± ${half}, not ${truth}`);
};

async function agrees(network: NetworkCase, precision: "float32" | "float64", tolerance: number) {
  await using loss = lossOf(network, precision === "float64" ? { precision } : {});
  const theta = precision === "float64"
    ? Float64Array.from(network.theta)
    : Float32Array.from(network.theta);
  const operator = hessian(loss, theta), { top, bottom, trace, squares } = network.hessian;
  const found = await spectrum(operator, {
    bottom: 3,
    probes: 30,
    tolerance: precision === "float64" ? 1e-6 : 1e-4,
    ...quiet,
  });
  const near = tolerance * Math.max(...[...top, ...bottom].map(Math.abs));
  top.forEach((value, k) => assertAlmostEquals(found.eigenvalues[k], value, near));
  bottom.forEach((value, k) => assertAlmostEquals(found.bottom[k], value, near));
  assertEquals(found.outcome, "converged");
  const half = tQuantile(0.9995, 29) * found.trace!.standardError;
  assertAlmostEquals(found.trace!.value, trace, half);
  const { nodes, weights } = found.density!;
  const moments = (power: number) =>
    nodes.map((probe, p) => probe.reduce((sum, node, k) => sum + weights[p][k] * node ** power, 0));
  moments(0).forEach((one) => assertAlmostEquals(one, 1, 1e-12));
  covers(moments(1), trace / network.trainable);
  covers(moments(2), squares / network.trainable);
  assertAlmostEquals(
    mean(moments(1)) * network.trainable,
    found.trace!.value,
    1e-4 * Math.abs(found.trace!.value) + near,
  );
  const plus = await spectrum(operator, {
    top: 0,
    bottom: 0,
    probes: 60,
    trace: { method: "hutch++" },
    ...quiet,
  });
  const { value, standardError: error, probes } = plus.trace!;
  assertAlmostEquals(value, trace, tQuantile(0.9995, probes - 1) * error);
  await operator.release();
}

for (
  const part of ["tanh MLP, cross-entropy", "gelu MLP, mean squared error", "gelu, strided conv"]
) {
  const network = named(part);
  Deno.test(`ends, trace and moments of the density agree with PyTorch: ${network.name}`, async () => {
    await agrees(network, "float32", 1e-4);
  });
}

Deno.test("in double precision the ends agree with PyTorch to 1e-10", async () => {
  await agrees(named("tanh MLP, cross-entropy"), "float64", 1e-10);
  await agrees(named("relu MLP, mean squared error"), "float64", 1e-10);
});
