import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { ready } from "../../lib/tensor/backend.ts";
import { hessianProduct, valueAndGradients } from "../../lib/tensor/derivatives.ts";
import { isExact } from "../../lib/tensor/repair.ts";
import * as tf from "../../lib/tensor/tf.ts";

/** Another instance of tfjs's modules, as an import of another version would be. */
function secondCopy(): typeof tf {
  const require = createRequire(
    fileURLToPath(import.meta.resolve("npm:@tensorflow/tfjs-layers@4.22.0")),
  );
  for (const path of Object.keys(require.cache)) {
    if (path.includes("tensorflow")) delete require.cache[path];
  }
  const warn = console.warn;
  console.warn = () => {};
  try {
    require("@tensorflow/tfjs-backend-wasm");
    return { ...require("@tensorflow/tfjs-core"), ...require("@tensorflow/tfjs-layers") };
  } finally {
    console.warn = warn;
  }
}

const t = Math.tanh(0.4);
const exact = 2 * (1 - t * t) ** 2 - 4 * t * t * (1 - t * t);

const curvature = (ops: typeof tf) =>
  tf.tidy(() =>
    hessianProduct(
      ([x]) => ops.sum(ops.square(ops.tanh(x))) as tf.Scalar,
      [ops.tensor1d([0.4])],
      [ops.ones([1])],
    )[0].dataSync()[0]
  );

Deno.test("a second copy of tfjs, imported after ours, makes no derivative wrong", async () => {
  await ready();
  assertAlmostEquals(curvature(tf), exact, 1e-6);
  const copy = secondCopy();
  assert(copy.tanh !== tf.tanh, "it is another copy");
  assert(!isExact(tf.Tanh), "it has registered its own gradients");
  assertAlmostEquals(curvature(tf), exact, 1e-6);
  assert(isExact(tf.Tanh));
  assertAlmostEquals(curvature(copy), exact, 1e-6);
});

Deno.test("a layer that was built with another copy of tfjs is differentiated exactly", async () => {
  await ready();
  const copy = secondCopy();
  const layer = copy.layers.dense({
    units: 1,
    activation: "tanh",
    useBias: false,
  });
  layer.build([null, 1]);
  const [kernel] = layer.weights as unknown as { read: () => tf.Tensor }[];
  const f = ([w]: tf.Tensor[]) => {
    kernel.read = () => w;
    return copy.sum(copy.square(layer.call(copy.ones([1, 1]), {}) as tf.Tensor)) as tf.Scalar;
  };
  tf.tidy(() => {
    const w = copy.tensor2d([[0.4]]);
    const { value, gradients } = valueAndGradients(f, [w]);
    assertAlmostEquals(value.dataSync()[0], t * t, 1e-6);
    assertAlmostEquals(gradients[0].dataSync()[0], 2 * t * (1 - t * t), 1e-6);
    assertAlmostEquals(hessianProduct(f, [w], [copy.ones([1, 1])])[0].dataSync()[0], exact, 1e-6);
  });
  assertEquals(tf.getBackend(), "wasm");
});
