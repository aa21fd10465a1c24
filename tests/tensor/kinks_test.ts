import { assertEquals } from "@std/assert";
import { ready } from "../../lib/tensor/backend.ts";
import { valueAndGradients } from "../../lib/tensor/derivatives.ts";
import * as tf from "../../lib/tensor/tf.ts";

await ready();

Deno.test("the first of several maxima in a pooling window has the gradient", () => {
  tf.tidy(() => {
    const x = tf.tensor4d([1, 1, 2, 5, 1, 1, 5, 5], [1, 2, 4, 1]);
    const { gradients } = valueAndGradients(
      ([x]) => tf.sum(tf.maxPool(x as tf.Tensor4D, 2, 2, "valid")),
      [x],
    );
    assertEquals([...gradients[0].dataSync()], [1, 0, 0, 1, 0, 0, 0, 0]);
  });
});

Deno.test("equal maxima share the gradient of tf.max, and the left one has that of tf.maximum", () => {
  tf.tidy(() => {
    const x = tf.tensor1d([3, 1, 3]);
    const of = (
      f: (x: tf.Tensor) => tf.Tensor,
    ) => [...valueAndGradients(([x]) => tf.sum(f(x)) as tf.Scalar, [x]).gradients[0].dataSync()];
    assertEquals(of((x) => tf.max(x)), [0.5, 0, 0.5]);
    assertEquals(of((x) => tf.maximum(x, 3)), [1, 0, 1]);
    assertEquals(of((x) => tf.abs(tf.sub(x, 3))), [0, -1, 0]);
  });
});
