/** Gauss–Newton and Fisher matrices against PyTorch in float64, and against what they are by definition. */
import { assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import {
  fisher,
  flatten,
  functionLoss,
  gaussNewton,
  l2,
  layout,
  mlp,
  modelLoss,
  moons,
  spectrum,
  tf,
  withPenalty,
} from "../../mod.ts";
import { dot } from "../../lib/vector.ts";
import { convs, mlps, relativeDistance } from "../references/cases.ts";
import { lossOf } from "../references/network.ts";

const networks = [...mlps, ...convs].filter(({ gaussNewton }) => gaussNewton);

for (const engine of ["wasm", "native"] as const) {
  for (const network of networks) {
    Deno.test(`Gauss–Newton and empirical Fisher on ${engine} agree with PyTorch: ${network.name}`, async () => {
      await using loss = lossOf(network, { engine });
      const theta = Float32Array.from(network.theta), v = Float32Array.from(network.v);
      for (const matrix of ["gaussNewton", "empiricalFisher"] as const) {
        const product = await loss.product(theta, v, { matrix });
        assertLess(relativeDistance(product, network[matrix]!.product), 3e-6, matrix);
      }
      assertEquals(loss.engine, engine);
    });
  }
}

Deno.test("the empirical Fisher is the mean of the outer products of the samples' gradients", async () => {
  const model = mlp({ inputs: 2, hidden: [5], outputs: 2, activation: "tanh" });
  await using loss = modelLoss(model, moons({ train: 12, test: 2 }).train, { batchSize: 5 });
  const theta = flatten(model), v = theta.map((_, i) => Math.cos(i));
  const expected = new Float64Array(theta.length);
  for (let i = 0; i < 12; i++) {
    const g = await loss.gradient(theta, { indices: Int32Array.of(i) });
    const along = dot(g, v);
    g.forEach((x, k) => expected[k] += x * along / 12);
  }
  const product = await loss.product(theta, v, { matrix: "empiricalFisher" });
  assertLess(relativeDistance(product, expected), 1e-6);
});

Deno.test("the model's Fisher is the mean over the targets that the model would draw", async () => {
  const model = mlp({ inputs: 2, hidden: [4], outputs: 3, activation: "tanh", seed: 3 });
  const theta = flatten(model), v = theta.map((_, i) => Math.sin(2 * i));
  const inputs = { data: Float32Array.of(0.3, -1, 0.8, 0.5), shape: [2, 2] };
  const samples = (y: number[]) => ({ inputs, targets: { data: Int32Array.from(y), shape: [2] } });
  await using any = modelLoss(model, samples([0, 1]));
  const expected = new Float64Array(theta.length);
  for (let sample = 0; sample < 2; sample++) {
    for (let target = 0; target < 3; target++) {
      await using loss = modelLoss(model, samples([target, target]));
      const at = { indices: Int32Array.of(sample) };
      const g = await loss.gradient(theta, at), share = Math.exp(-await loss.value(theta, at)) / 2;
      const along = dot(g, v);
      g.forEach((x, k) => expected[k] += share * x * along);
    }
  }
  const product = await any.product(theta, v, { matrix: "modelFisher" });
  assertLess(relativeDistance(product, expected), 1e-5);
});

Deno.test("of a network that is linear in θ, Gauss–Newton is the Hessian, on residuals too", async () => {
  const x = { data: Float32Array.from({ length: 30 }, (_, i) => Math.sin(i * i)), shape: [10, 3] };
  const y = { data: Float32Array.from({ length: 10 }, (_, i) => Math.cos(i)), shape: [10] };
  await using loss = functionLoss(
    layout({ w: [3, 1] }),
    ({ w }, { inputs }) => tf.reshape(tf.matMul(inputs as tf.Tensor2D, w as tf.Tensor2D), [-1]),
    { samples: { inputs: x, targets: y }, criterion: "meanSquaredError" },
  );
  const theta = Float32Array.of(1, -2, 3), v = Float32Array.of(0.5, 1, -1);
  const hessian = await loss.product(theta, v);
  assertLess(
    relativeDistance(await loss.product(theta, v, { matrix: "gaussNewton" }), hessian),
    1e-6,
  );
});

Deno.test("a penalty bends Gauss–Newton, and no Fisher matrix", async () => {
  const [network] = networks;
  await using plain = lossOf(network);
  const loss = withPenalty(plain, l2(0.5));
  const theta = Float32Array.from(network.theta), v = Float32Array.from(network.v);
  const more = async (matrix: "gaussNewton" | "empiricalFisher" | "modelFisher") => {
    const [a, b] = await Promise.all([loss, plain].map((l) => l.product(theta, v, { matrix })));
    return a.map((x, i) => x - b[i]);
  };
  assertLess(relativeDistance(await more("gaussNewton"), v), 1e-6);
  assertEquals((await more("empiricalFisher")).every((x) => x === 0), true);
  assertEquals((await more("modelFisher")).every((x) => x === 0), true);
});

Deno.test("as operators: eigenvalues and traces of PyTorch, blocks of layers, products in any number", async () => {
  for (const network of networks.slice(0, 3)) {
    await using loss = lossOf(network);
    const theta = Float32Array.from(network.theta);
    const operators = {
      gaussNewton: gaussNewton(loss, theta),
      empiricalFisher: fisher(loss, theta, { kind: "empirical" }),
    };
    for (const [name, operator] of Object.entries(operators)) {
      const expected = network[name as keyof typeof operators]!;
      const { eigenvalues } = await spectrum(operator, {
        top: 3,
        bottom: 0,
        probes: 0,
        progress: false,
      });
      assertLess(relativeDistance(eigenvalues, expected.top.slice(0, 3)), 1e-4, name);
      let trace = 0;
      const unit = (i: number) => theta.map((_, k) => Number(k === i));
      const columns = await operator.products(Array.from(theta, (_, i) => unit(i)));
      columns.forEach((column, i) => trace += column[i]);
      assertLess(Math.abs(trace / expected.trace - 1), 1e-4, name);
    }
  }
});

Deno.test("the Fisher matrix of a block of tensors is zero elsewhere", async () => {
  const [network] = networks;
  await using loss = lossOf(network);
  const theta = Float32Array.from(network.theta), v = theta.map((_, i) => Math.sin(i));
  const [first] = loss.layout.tensors;
  const block = fisher(loss, theta, { parameters: [first.name] });
  const inside = v.slice();
  assertEquals(block.dimension, first.shape.reduce((a, b) => a * b));
  const product = await block.product(v);
  assertEquals(product.subarray(block.dimension).every((x) => x === 0), true);
  inside.fill(0, block.dimension);
  const whole = await fisher(loss, theta).product(inside);
  assertEquals(product.subarray(0, block.dimension), whole.subarray(0, block.dimension));
});

Deno.test("a loss of its own outputs has no Gauss–Newton matrix, and says so", async () => {
  await using loss = functionLoss(layout({ x: [2] }), ({ x }) => tf.sum(tf.square(x)));
  const x = new Float32Array(2);
  await assertRejects(
    () => loss.product(x, x, { matrix: "gaussNewton" }),
    Error,
    "does not know its outputs",
  );
  assertThrows(() => gaussNewton(loss, x), TypeError, "use modelLoss, or functionLoss with");
  assertThrows(() => fisher(loss, x, { kind: "empirical" }), TypeError, "no mean over samples");
  assertThrows(() => fisher(loss, x, { kind: "true" as "model" }), RangeError, "got string true");
  assertThrows(
    () => functionLoss(layout({ x: [2] }), ({ x }) => x, { criterion: "meanSquaredError" }),
    RangeError,
    "the samples have none",
  );
});
