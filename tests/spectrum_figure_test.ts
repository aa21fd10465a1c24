import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromJSON } from "../lib/figure/json.ts";
import { spectrum } from "../lib/spectrum.ts";
import { linearRegression, rows } from "./regression.ts";
import { at, matrix } from "./matrix.ts";

const quiet = { progress: false };

Deno.test("the limit of stability is drawn where the learning rate is known", async () => {
  const operator = matrix([30, 12, 3, 1, 0.5, 0.1]);
  const said = (text: { textContent: string | null }) =>
    text.textContent!.replaceAll("\u00a0", " ");
  const result = await spectrum(operator, { learningRate: 0.125, momentum: 0.5, ...quiet });
  assertEquals(result.stability, { value: 24, rule: "2(1 + β)/η", matrix: "hessian" });
  for (const view of ["stems", "density"]) {
    assert(said(result.plot({ width: 1200, view })).includes("2(1 + β)/η = 24: full-batch"));
  }
  const plain = await spectrum(operator, quiet);
  assertEquals(plain.stability, undefined);
  assertRejectsView(plain);
  await assertRejects(
    () => spectrum(operator, { learningRate: -1, ...quiet }),
    RangeError,
    "got -1",
  );
});

function assertRejectsView(result: Awaited<ReturnType<typeof spectrum>>) {
  assertThrows(() => result.plot({ view: "pie" }), RangeError, 'view must be "stems" or "density"');
}

Deno.test("a spectrum survives JSON", async () => {
  const result = await spectrum(matrix([3, 2, 1]), { learningRate: 1, ...quiet });
  const arrays = Object.fromEntries(
    [
      "eigenvalues",
      "residuals",
      "bottom",
      "bottomResiduals",
      "x",
      "y",
      "low",
      "high",
      "nodes",
      "weights",
    ]
      .map((name) => [name, Float64Array]),
  );
  assertEquals(fromJSON<unknown>(JSON.stringify(result), arrays), { ...result });
});

Deno.test("the figure says over how many samples, from which seed and with how many probes", async () => {
  const { inputs, noise } = rows(50, 6), loss = linearRegression(inputs, noise);
  const options = { top: 2, bottom: 0, probes: 4, seed: 9, ...quiet };
  const svg = (await spectrum(at(loss), options)).plot({ width: 1200 });
  const said = svg.textContent!.replaceAll("\u00a0", " ");
  for (const text of ["(4 probes)", "mean over 50 samples", "seed 9"]) {
    assert(said.includes(text), said);
  }
  const closed = (await spectrum(matrix([3, 2, 1]), quiet)).plot({ width: 1200 });
  assert(!closed.textContent!.includes("samples"));
});

Deno.test("a spectrum that was stopped before its first product says so in its summary", async () => {
  const result = await spectrum(matrix([3, 2, 1]), { signal: AbortSignal.abort(), ...quiet });
  assertEquals(result.partial, true);
  assert(result.summary().startsWith("Spectrum (stopped): "), result.summary());
  assert(!result.summary().includes("converged to"), result.summary());
});
