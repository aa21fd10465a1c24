import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { onBackend } from "../../lib/tensor/backend.ts";
import { hessianProduct, valueAndGradients } from "../../lib/tensor/derivatives.ts";
import { engine } from "../../lib/tensor/engine.ts";
import { repair } from "../../lib/tensor/repair.ts";
import * as tf from "../../lib/tensor/tf.ts";
import { map } from "./cases/arrays.ts";
import { type Case, distances, normal, shipped } from "./cases/check.ts";

type F = (x: tf.Tensor) => tf.Tensor;
const curvature = (f: F, x: number[], v: number[], shape = [x.length]) =>
  tf.tidy(() => [
    ...hessianProduct(
      ([x]) => tf.sum(f(x)) as tf.Scalar,
      [tf.tensor(x, shape)],
      [tf.tensor(v, shape)],
    )[0].dataSync(),
  ]);
const gradient = (f: F, x: number[], shape = [x.length]) =>
  tf.tidy(() => [
    ...valueAndGradients(([x]) => tf.sum(f(x)) as tf.Scalar, [tf.tensor(x, shape)])
      .gradients[0].dataSync(),
  ]);

/** As tfjs does it: no check, no repair. */
const unchecked = {
  valueAndGradients(f: (xs: tf.Tensor[]) => tf.Scalar, xs: tf.Tensor[]) {
    const { value, grads } = engine().gradients(() => f(xs), xs, null, true);
    return { value: value as tf.Scalar, gradients: grads as tf.Tensor[] };
  },
  hessianProduct(f: (xs: tf.Tensor[]) => tf.Scalar, xs: tf.Tensor[], vs: tf.Tensor[]) {
    const slope = () => {
      const { grads } = engine().gradients(() => f(xs), xs, null, true);
      return grads.reduce<tf.Tensor>(
        (sum, g, i) => tf.add(sum, tf.sum(tf.mul(g!, vs[i]))),
        tf.scalar(0),
      );
    };
    const { grads } = engine().gradients(slope, xs, null, true);
    return grads.map((g, i) => g ?? tf.zerosLike(xs[i]));
  },
};

const rows: Record<string, Case> = {
  [tf.Tanh]: {
    name: "tanh",
    inputs: [normal(4)],
    op: tf.tanh,
    reference: (x) => map(x, Math.tanh),
  },
  [tf.Sigmoid]: {
    name: "sigmoid",
    inputs: [normal(4)],
    op: tf.sigmoid,
    reference: (x) => map(x, (v) => 1 / (1 + Math.exp(-v))),
  },
  [tf.Exp]: { name: "exp", inputs: [normal(4)], op: tf.exp, reference: (x) => map(x, Math.exp) },
};

for (const [name, row] of Object.entries(rows)) {
  Deno.test(`the table sees that ${name} is wrong as shipped, and right once repaired`, () => {
    tf.registerGradient(shipped[name]);
    try {
      const { first, second } = distances(row, unchecked);
      assert(first < 2e-5 && second > 0.05, `off by ${first} and ${second}`);
    } finally {
      repair();
    }
    assert(distances(row, unchecked).second < 2e-5);
  });
}

Deno.test("a gradient that somebody registers again is repaired before each derivative", () => {
  const exact = curvature((x) => tf.square(tf.tanh(x)), [0.4], [1]);
  tf.registerGradient(shipped[tf.Tanh]);
  assertEquals(curvature((x) => tf.square(tf.tanh(x)), [0.4], [1]), exact);
  tf.registerGradient(shipped[tf.MirrorPad]);
  assertEquals(gradient((x) => tf.mirrorPad(x, [[1, 1]], "reflect"), [1, 2, 3]), [1, 3, 1]);
});

Deno.test("a kernel that somebody replaces is put back before each derivative", () => {
  const name = tf.MaxPoolGrad;
  const ours = tf.getKernel(name, "wasm");
  tf.unregisterKernel(name, "wasm");
  gradient((x) => tf.square(x), [1]);
  assertEquals(tf.getKernel(name, "wasm"), ours);
  const add = tf.getKernel(tf.Add, "wasm");
  tf.unregisterKernel(tf.Add, "wasm");
  assertEquals(gradient((x) => tf.add(x, x), [1]), [2]);
  assertEquals(tf.getKernel(tf.Add, "wasm"), add);
});

Deno.test("zeros where the function does not depend on a tensor, or only linearly", () => {
  tf.tidy(() => {
    const [a, b] = [tf.tensor1d([1, 2]), tf.tensor2d([[3]])];
    const f = ([a]: tf.Tensor[]) => tf.sum(a) as tf.Scalar;
    const { value, gradients } = valueAndGradients(f, [a, b]);
    assertEquals(value.dataSync()[0], 3);
    assertEquals(gradients.map((g) => [...g.dataSync()]), [[1, 1], [0]]);
    assertEquals(gradients.map((g) => g.shape), [[2], [1, 1]]);
    const products = hessianProduct(f, [a, b], [a, b]);
    assertEquals(products.map((p) => [...p.dataSync()]), [[0, 0], [0]]);
    const constant = () => tf.scalar(4);
    assertEquals([...valueAndGradients(constant, [a]).gradients[0].dataSync()], [0, 0]);
    assertEquals([...hessianProduct(constant, [a], [a])[0].dataSync()], [0, 0]);
  });
});

Deno.test("a value that is one of the tensors may be disposed", () => {
  const x = tf.scalar(3);
  const { value, gradients } = valueAndGradients(([x]) => x as tf.Scalar, [x]);
  tf.dispose([value, ...gradients]);
  assertEquals(x.dataSync()[0], 3);
  x.dispose();
});

Deno.test("the Hessian of a product of two tensors has its cross terms", () => {
  tf.tidy(() => {
    const [a, b] = [tf.scalar(3), tf.scalar(5)];
    const f = ([a, b]: tf.Tensor[]) => tf.mul(tf.square(a), b) as tf.Scalar;
    const [ha, hb] = hessianProduct(f, [a, b], [tf.scalar(1), tf.scalar(2)]);
    assertEquals([ha.dataSync()[0], hb.dataSync()[0]], [2 * 5 + 2 * 3 * 2, 2 * 3]);
  });
});

Deno.test("ops without a verified second derivative are refused by name, with what to use instead", () => {
  const refused: [string, F, number[]][] = [
    ["LRN", (x) => tf.localResponseNormalization(x as tf.Tensor4D), [1, 1, 1, 2]],
    ["TopK", (x) => tf.topk(x, 1).values, [2]],
    ["Dilation2D", (x) => tf.dilation2d(x as tf.Tensor4D, tf.ones([1, 1, 1]), 1, "valid"), [
      1,
      1,
      2,
      1,
    ]],
  ];
  for (const [name, f, shape] of refused) {
    const error = assertThrows(
      () => curvature(f, [0.3, 0.7], [1, 1], shape),
      Error,
      `Cannot differentiate the loss`,
    );
    assertStringIncludes(error.message, name);
    assertStringIncludes(error.message, "use ");
  }
});

Deno.test("an op that is refused twice may be differentiated once, and used on data", () => {
  const lrn = (x: tf.Tensor) => tf.localResponseNormalization(x as tf.Tensor4D);
  assertAlmostEquals(gradient(lrn, [0.3, 0.7], [1, 1, 1, 2])[0], 0.4, 0.3);
  const data = tf.tensor4d([0.3, 0.7], [1, 1, 1, 2]);
  assertEquals(curvature((x) => tf.mul(tf.square(x), tf.squeeze(lrn(data))), [1, 1], [1, 0])[1], 0);
  data.dispose();
});

Deno.test("a user's custom gradient is used once, and refused twice, also inside tf.grad", () => {
  const cube = tf.customGrad((x, save) => {
    (save as (t: tf.Tensor[]) => void)([x as tf.Tensor]);
    const value = tf.pow(x as tf.Tensor, 3);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.mul(tf.square(saved[0]), 3)),
    };
  }) as unknown as F;
  assertAlmostEquals(gradient(cube, [2])[0], 12, 1e-5);
  assertThrows(() => curvature(cube, [2], [1]), Error, "tf.customGrad");
  assertThrows(() => gradient((x) => tf.grad(cube)(x), [2]), Error, "tf.customGrad");
  assertEquals(curvature((x) => tf.mul(x, tf.square(cube(tf.scalar(2)))), [2], [1]), [0]);
});

Deno.test("a kernel with a gradient of the user's own is refused twice", () => {
  const kernelName = "Doubled";
  tf.registerKernel({
    kernelName,
    backendName: "wasm",
    kernelFunc: ({ inputs }) => tf.mul(inputs.x as tf.Tensor, 2),
  });
  tf.registerGradient({ kernelName, gradFunc: (dy) => ({ x: () => tf.mul(dy as tf.Tensor, 2) }) });
  try {
    const doubled = (x: tf.Tensor) => tf.engine().runKernel(kernelName, { x }) as tf.Tensor;
    assertEquals(gradient(doubled, [1]), [2]);
    assertThrows(() => curvature(doubled, [1], [1]), Error, "Doubled");
  } finally {
    tf.unregisterGradient(kernelName);
    tf.unregisterKernel(kernelName, "wasm");
  }
});

Deno.test("what does not fit is said", () => {
  tf.tidy(() => {
    const x = tf.ones([2]);
    const sum = ([x]: tf.Tensor[]) => tf.sum(x) as tf.Scalar;
    assertThrows(
      () => hessianProduct(sum, [x], []),
      RangeError,
      "one direction for each of 1 tensors, got 0",
    );
    assertThrows(() => hessianProduct(sum, [x], [tf.ones([3])]), RangeError, "shape [2], got [3]");
    assertThrows(
      () => valueAndGradients(([x]) => x as tf.Scalar, [x]),
      RangeError,
      "must return a scalar, got [2]",
    );
    assertThrows(
      () => valueAndGradients(() => 3 as unknown as tf.Scalar, [x]),
      TypeError,
      "scalar tensor",
    );
  });
});

Deno.test("nothing is left behind, neither by a derivative nor by one that fails", () => {
  const x = tf.tensor2d([[0.1, 0.4], [-0.3, 0.6]]);
  const backend = tf.findBackend("wasm") as unknown as { numDataIds(): number };
  const f = ([x]: tf.Tensor[]) => {
    const picture: tf.Tensor4D = tf.reshape(tf.tanh(tf.matMul(x, x, true)), [1, 2, 2, 1]);
    const y = tf.maxPool(picture, 2, 1, "same");
    return tf.sum(tf.logSoftmax(tf.reshape(y, [2, 2]))) as tf.Scalar;
  };
  const fails = ([x]: tf.Tensor[]) => tf.sum(tf.topk(tf.square(x), 1).values) as tf.Scalar;
  const once = () => {
    const { value, gradients } = valueAndGradients(f, [x]);
    tf.dispose([value, gradients, hessianProduct(f, [x], [x])]);
    assertThrows(() => hessianProduct(fails, [x], [x]));
  };
  once();
  const before = [tf.memory().numTensors, tf.memory().numDataBuffers, backend.numDataIds()];
  for (let i = 0; i < 5; i++) once();
  assertEquals([tf.memory().numTensors, tf.memory().numDataBuffers, backend.numDataIds()], before);
  x.dispose();
});

Deno.test("the engine is as it was after a derivative, also after one that fails", () => {
  const own = () =>
    ["runKernelFunc", "runKernel", "addTapeNode"].filter((name) => Object.hasOwn(engine(), name));
  gradient((x) => tf.square(x), [1]);
  assertThrows(() => curvature((x) => tf.topk(x, 1).values, [1, 2], [1, 1]));
  assertEquals(own(), []);
  assertEquals([engine().state.gradientDepth, engine().state.kernelDepth], [0, 0]);
});

Deno.test("a backend that is not running is said so", () => {
  assertThrows(
    () => onBackend("quantum", () => 0),
    Error,
    "the quantum backend: it is not running",
  );
});

Deno.test("methods of tensors work, and are differentiated like the ops", () => {
  const f = (x: tf.Tensor) =>
    x.tanh().square().mul(2).sub(x).reshape([2, 1]).matMul(tf.ones([1, 2])).sum();
  const t = Math.tanh(0.4);
  const exact = 2 * (2 * (1 - t * t) ** 2 - 4 * t * t * (1 - t * t)) * 2;
  assertAlmostEquals(curvature(f, [0.4, 1], [1, 0])[0], exact, 1e-5);
});
