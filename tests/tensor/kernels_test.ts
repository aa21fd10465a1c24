import { assertEquals, assertLess } from "@std/assert";
import { ready } from "../../lib/tensor/backend.ts";
import { composedKernels } from "../../lib/tensor/kernels.ts";
import * as tf from "../../lib/tensor/tf.ts";
import { type Arr, at, build, matMul, transpose } from "./cases/arrays.ts";

await ready();

const wave = (...shape: number[]): Arr => {
  let k = 0;
  return build(shape, () => Math.fround(Math.sin(1.7 * k++)));
};
const tensor = ({ data, shape }: Arr) => tf.tensor([...data], shape);
const swapped = (x: Arr) => transpose(x, [0, 2, 1]);

function assertClose(actual: tf.Tensor, { data, shape }: Arr): void {
  assertEquals(actual.shape, shape);
  const off = [...actual.dataSync()].reduce(
    (worst, v, i) => Math.max(worst, Math.abs(v - data[i])),
    0,
  );
  assertLess(off, 1e-5);
}

for (
  const [a, b] of [[[3, 40, 30], [3, 30, 50]], [[1, 40, 30], [3, 30, 50]], [[3, 40, 30], [
    1,
    30,
    50,
  ]]]
) {
  Deno.test(`large products of [${a}] and [${b}] are right however they are transposed`, () => {
    tf.tidy(() => {
      const [x, y] = [wave(...a), wave(...b)];
      const product = matMul(x, y);
      for (const ta of [false, true]) {
        for (const tb of [false, true]) {
          const [left, right] = [ta ? swapped(x) : x, tb ? swapped(y) : y].map(tensor);
          assertClose(tf.matMul(left, right, ta, tb), product);
        }
      }
    });
  });
}

Deno.test("slices with long and short runs are right, of every type", () => {
  tf.tidy(() => {
    const x = wave(4, 5, 40);
    const t = tensor(x);
    assertClose(
      tf.slice(t, [1, 0, 0], [2, 5, 40]),
      build([2, 5, 40], ([i, j, k]) => at(x, i + 1, j, k)),
    );
    assertClose(
      tf.slice(t, [0, 2, 0], [4, 2, 40]),
      build([4, 2, 40], ([i, j, k]) => at(x, i, j + 2, k)),
    );
    assertClose(
      tf.slice(t, [1, 1, 3], [2, 3, 30]),
      build([2, 3, 30], ([i, j, k]) => at(x, i + 1, j + 1, k + 3)),
    );
    assertClose(
      tf.stridedSlice(t, [0, 1, 0], [4, 5, 40], [2, 3, 1]),
      build([2, 2, 40], ([i, j, k]) => at(x, 2 * i, 3 * j + 1, k)),
    );
    assertClose(tf.slice(t, [2, 0, 0], [0, 5, 40]), build([0, 5, 40], () => 0));
    const [, second] = tf.split(t, [15, 25], 2);
    assertClose(second, build([4, 5, 25], ([i, j, k]) => at(x, i, j, k + 15)));
    assertClose(tf.unstack(t, 1)[3], build([4, 40], ([i, k]) => at(x, i, 3, k)));
    assertEquals([...tf.slice(tf.tensor1d([1, 2, 3], "int32"), 1).dataSync()], [2, 3]);
    assertEquals([...tf.slice(tf.tensor1d([true, false, true], "bool"), 1).dataSync()], [0, 1]);
    const words = tf.slice(tf.tensor1d(["a", "b", "c"]), 1).dataSync() as unknown as string[];
    assertEquals([...words], ["b", "c"]);
  });
});

Deno.test("a cast to bool is true for all but 0", () => {
  tf.tidy(() => {
    const x = tf.tensor1d([0.5, -1.5, 0, 2, NaN]);
    assertEquals([...tf.cast(x, "bool").dataSync()], [1, 1, 0, 1, 1]);
  });
});

Deno.test("the composed kernels are registered for wasm, and used there", () => {
  const registered = new Set(tf.getKernelsForBackend("wasm").map(({ kernelName }) => kernelName));
  assertEquals(composedKernels.filter((name) => !registered.has(name)), []);
});
