import { assertEquals, assertStringIncludes } from "@std/assert";
import { mlp, tf } from "../../mod.ts";
import { tensorText } from "../../lib/tensor/shown.ts";

Deno.test("a tensor is shown by its type, its shape and its numbers, the small ones too", async () => {
  assertEquals(
    await tensorText(tf.tensor2d([[1, -2.5], [1e-12, NaN]])),
    "Tensor float32, [2, 2]\n[[    1,  -2.5],\n [1e-12,   NaN]]",
  );
  assertEquals(await tensorText(tf.scalar(3, "int32")), "Tensor int32, a scalar\n3");
  assertEquals(await tensorText(tf.tensor1d(["a", "b"])), 'Tensor string, [2]\n["a", "b"]');
  assertEquals(await tensorText(tf.zeros([0, 3])), "Tensor float32, [0, 3]\n[]");
  const gone = tf.zeros([3]);
  gone.dispose();
  assertEquals(await tensorText(gone), "Tensor float32, [3], disposed");
});

Deno.test("of a long axis the first and last numbers are shown, from their places", async () => {
  const counting = tf.range(0, 1000).reshape([10, 2, 50]) as tf.Tensor;
  const lines = (await tensorText(counting)).split("\n");
  assertEquals(lines.slice(0, 4), [
    "Tensor float32, [10, 2, 50]",
    "[[[  0,   1,   2, …,  47,  48,  49],",
    "  [ 50,  51,  52, …,  97,  98,  99]],",
    "",
  ]);
  assertEquals(lines.at(-1), "  [950, 951, 952, …, 997, 998, 999]]]");
  assertEquals(lines.filter((line) => line.includes("[")).length, 1 + 2 * 6);
});

Deno.test("a model is shown as its layers", async () => {
  // deno-lint-ignore no-explicit-any
  const model = mlp({ inputs: 2, hidden: [3], outputs: 2 }) as any;
  const { "text/plain": text } = await model[Symbol.for("Jupyter.display")]();
  assertStringIncludes(text, "hidden1 (Dense)");
  assertStringIncludes(text, "Total params: 17");
});
