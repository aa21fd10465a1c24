import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  flatten,
  gaussNewton,
  hessian,
  layerSpectra,
  layout,
  type Loss,
  mlp,
  modelLoss,
  moons,
  quadratic,
  spectrum,
} from "../mod.ts";
import { fromJSON } from "../lib/figure/json.ts";

const quiet = { progress: false };

Deno.test("each tensor of a diagonal Hessian has its own numbers, and states have none", async () => {
  const over = layout({ a: [2], b: [3], frozen: { shape: [1], role: "state" } });
  const loss: Loss = { ...quadratic([3, 2, 7, -5, 1, 9]), layout: over },
    theta = new Float64Array(6);
  const result = await layerSpectra(loss, theta, { top: 2, ...quiet });
  assertEquals(result.names, ["a", "b"]);
  assertEquals(result.dimensions, Int32Array.of(2, 3));
  [[3, 2], [7, 1]].forEach((values, i) =>
    values.forEach((value, k) => assertAlmostEquals(result.eigenvalues[i][k], value, 1e-10))
  );
  assertEquals(result.traces, Float64Array.of(5, 3));
  assertEquals(result.traceErrors, Float64Array.of(0, 0));
  assertEquals(result.converged, [[true, true], [true, true]]);
  const own = await layerSpectra(loss, theta, {
    layers: { both: ["a", "b"] },
    probes: 0,
    ...quiet,
  });
  assertEquals([own.names, own.traces], [["both"], undefined]);
  assertAlmostEquals(own.eigenvalues[0][0], 7, 1e-10);
  const arrays = { eigenvalues: Float64Array, residuals: Float64Array, dimensions: Int32Array };
  assertEquals(fromJSON<unknown>(JSON.stringify(own), arrays), { ...own });
});

Deno.test("a model's layers are taken together, as blocks of their tensors; of Gauss–Newton too", async () => {
  const model = mlp({ inputs: 2, hidden: [6, 5], outputs: 2, activation: "tanh" });
  await using loss = modelLoss(model, moons({ train: 60 }).train, { engine: "wasm" });
  const theta = flatten(model), result = await layerSpectra(loss, theta, quiet);
  assertEquals([...result.dimensions], [18, 35, 12]);
  const { tensors } = loss.layout;
  for (const [i, name] of result.names.entries()) {
    const parameters = tensors.map((t) => t.name).filter((tensor) => tensor.startsWith(`${name}/`));
    const block = await spectrum(hessian(loss, theta, { parameters }), { top: 1, ...quiet });
    assertAlmostEquals(result.eigenvalues[i][0], block.eigenvalues[0], 1e-6);
    assertEquals(result.traces![i], block.trace!.value);
  }
  const outer = await layerSpectra(loss, theta, { operator: gaussNewton, probes: 0, ...quiet });
  assert(outer.eigenvalues.every(([value]) => value > 0));
  assert(result.svg().includes("The sharpest layer is"));
});

Deno.test("stopped, the layers that are done remain; what makes no sense is refused", async () => {
  const over = layout({ a: [2], b: [2] });
  const loss: Loss = { ...quadratic([1, 2, 3, 4]), layout: over }, theta = new Float64Array(4);
  const stop = new AbortController();
  const progress = { report: ({ done }: { done: number }) => void (done >= 1 && stop.abort()) };
  const part = await layerSpectra(loss, theta, { signal: stop.signal, progress });
  assertEquals([part.partial, part.names], [true, ["a"]]);
  assert(part.svg().includes("stopped before its end"));
  const none = await layerSpectra(loss, theta, { signal: AbortSignal.abort(), ...quiet });
  assertEquals(none.names, []);
  none.svg();
  const fails = (layers: object, type: typeof Error, message: string) =>
    assertRejects(
      () => layerSpectra(loss, theta, { layers: layers as never, ...quiet }),
      type,
      message,
    );
  await fails({ x: ["c"] }, RangeError, "parameters must be among a, b, got c");
  await fails(
    {},
    TypeError,
    "layers must be lists of names of tensors by the name of a layer, got none",
  );
  await fails({ x: "a" }, TypeError, "got string a");
});
