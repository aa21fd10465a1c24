import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Output, startKernel } from "../../lib/kernel/client.ts";

const mod = JSON.stringify(new URL("../../mod.ts", import.meta.url).href);

Deno.test("with the toolkit imported a notebook shows plots, tables, tensors, models and results as one would want", async () => {
  await using kernel = await startKernel();
  const bundle = async (code: string) => {
    const { status, outputs: all, error } = await kernel.execute(code, { timeout: 200 });
    assertEquals(status, "ok", error?.message);
    // An analysis that takes long, as on a busy machine, has a bar.
    const isBar = (output: Output) =>
      "data" in output && output.metadata.losslandscape === "progress";
    const outputs = all.filter((output) => !isBar(output));
    assertEquals(outputs.length, 1, code);
    assert("data" in outputs[0], code);
    return outputs[0].data as Record<string, string>;
  };
  await kernel.execute(
    `import * as Plot from "npm:@observablehq/plot@0.6.17";
    import { document as page, landscape, mlp, quadratic, tf } from ${mod};`,
    { timeout: 200 },
  );
  const image = ["image/png", "image/svg+xml", "text/plain"];
  const plot = await bundle(
    `Plot.plot({ document: page, marks: [Plot.dot([[1, 2]], { stroke: "0" })] })`,
  );
  assertEquals(Object.keys(plot).sort(), image);
  assertStringIncludes(plot["image/svg+xml"], 'xmlns="http://www.w3.org/2000/svg"');
  const titled = `Plot.plot({ document: page, title: "T", color: { legend: true },
    marks: [Plot.dot([[1, 2], [2, 3]], { stroke: (d, i) => i })] })`;
  const figure = await bundle(titled);
  assertEquals(Object.keys(figure).sort(), image);
  assertEquals(figure["text/plain"], "Plot: T");

  const rows = await bundle(`Array.from({ length: 100 }, (_, i) => ({ i, text: "<i>" + i }))`);
  assertEquals(Object.keys(rows).sort(), ["text/html", "text/plain"]);
  assertStringIncludes(rows["text/html"], "&lt;i&gt;99");
  assertStringIncludes(rows["text/plain"], "100 rows × 2 columns");
  assertEquals(await bundle("await Deno.jupyter.display([{ a: 1 }])"), await bundle("[{ a: 1 }]"));

  assertEquals((await bundle("tf.tensor1d([1, 2])"))["text/plain"], "Tensor float32, [2]\n[1, 2]");
  assertStringIncludes(
    (await bundle("mlp({ inputs: 2, hidden: [3], outputs: 2 })"))["text/plain"],
    "Total params: 17",
  );
  const result = `await landscape(quadratic([1, 2]), {
    origin: new Float64Array(2), directions: [Float64Array.of(1, 0), Float64Array.of(0, 1)],
  }, { resolution: 5 })`;
  assertEquals(Object.keys(await bundle(result)).sort(), image);
  const two = await bundle(`[${result}, ${result}]`);
  assertEquals(two["text/html"].match(/<img /g)?.length, 2);

  // Other lists are shown as ever, and no list has anything more in it.
  const plain = async (code: string) =>
    assertEquals(Object.keys(await bundle(code)), ["text/plain"]);
  for (const other of ["[1, 2]", "[]", "[[1], [2]]", `["a", { b: 1 }]`]) await plain(other);
  const { outputs: [inside] } = await kernel.execute(
    `{ const list = [{ a: 1 }], seen = []; for (const key in list) seen.push(key);
      console.log(seen.join(), JSON.stringify(list), Reflect.ownKeys(list).join()); }`,
  );
  assert(inside.output_type === "stream");
  assertEquals(inside.text, '0 [{"a":1}] 0,length\n');
});

Deno.test("outside of a notebook lists are left as they are", async () => {
  await import("../../mod.ts");
  assertEquals(Symbol.for("Jupyter.display") in [], false);
});
