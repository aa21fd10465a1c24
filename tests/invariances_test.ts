import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  audit,
  flatten,
  functionLoss,
  hessian,
  invariances,
  landscape,
  layout,
  mlp,
  modelLoss,
  moons,
  permute,
  quadratic,
  randomDirections,
  rescale,
  resnet20,
  spectrum,
  tf,
  type Vector,
} from "../mod.ts";
import type { Loss } from "../mod.ts";
import { random } from "../lib/math/random.ts";

const quiet = { progress: false } as const;
const { train } = moons({ train: 50, test: 2 });
const model = mlp({ inputs: 2, hidden: [7, 5], outputs: 2, seed: 5 });
const theta = flatten(model);

Deno.test("a rescaled network computes what it did, and its weights and curvature are others", async () => {
  await using loss = modelLoss(model, train);
  const { scalings } = loss.symmetries!();
  assertEquals(scalings.length, 2);
  const before = theta.slice();
  const other = rescale(loss.layout, theta, scalings, { factor: 10 });
  assertEquals(theta, before);
  assert(other.some((x, i) => Math.abs(x - theta[i]) > 0.1));
  const a = await loss.evaluate(theta, { perSample: true });
  const b = await loss.evaluate(other, { perSample: true });
  a.perSample!.forEach((x, i) => assertAlmostEquals(b.perSample![i], x, 1e-5));
  const top = async (at: Vector) =>
    (await spectrum(hessian(loss, at), { top: 1, bottom: 0, probes: 0, ...quiet })).eigenvalues[0];
  assert(await top(other) / await top(theta) > 1.5);
});

Deno.test("given factors come in and go out where they belong, and 1/c takes c back", () => {
  const loss = modelLoss(model, train);
  const [first] = loss.symmetries!().scalings;
  const factors = [1, 2, 3, 4, 5, 6, 7];
  const there = rescale(loss.layout, theta, first, { factors });
  const [w1, b1] = loss.layout.tensors;
  for (let u = 0; u < 7; u++) {
    assertAlmostEquals(there[w1.offset + u], theta[w1.offset + u] * factors[u], 1e-6);
    assertAlmostEquals(there[b1.offset + u], theta[b1.offset + u] * factors[u], 1e-6);
  }
  const back = rescale(loss.layout, there, first, { factors: factors.map((c) => 1 / c) });
  back.forEach((x, i) => assertAlmostEquals(x, theta[i], 1e-6));
});

Deno.test("permuted units of a deep MLP and of ResNet-20 leave the loss alone", async () => {
  const check = async (loss: Loss, at: Vector) => {
    const { permutations } = loss.symmetries!();
    const other = permute(loss.layout, at, permutations, { signs: true, seed: 3 });
    assert(other.some((x, i) => x !== at[i]));
    assertAlmostEquals(await loss.value(other), await loss.value(at), 1e-5);
  };
  const odd = mlp({ inputs: 2, hidden: [6, 6, 6], outputs: 2, activation: "tanh" });
  await using small = modelLoss(odd, train);
  await check(small, flatten(odd));
  const net = resnet20({ shape: [8, 8, 1], classes: 3 });
  const { normal } = random(1, "pictures");
  await using pictures = modelLoss(net, {
    inputs: { data: Float32Array.from({ length: 4 * 64 }, normal), shape: [4, 8, 8, 1] },
    targets: { data: Int32Array.of(0, 1, 2, 0), shape: [4] },
  });
  await check(pictures, flatten(net).map((x, i) => x + 0.01 * Math.sin(i)));
});

Deno.test("the table: the function stays, rescaling moves what is measured in θ, a permutation nothing", async () => {
  await using loss = modelLoss(model, train);
  const result = await invariances(loss, theta, { samples: 12, factor: 4, ...quiet });
  const named = (name: string) => result.measures.find((m) => m.name === name)!;
  const ratio = (name: string, way: "rescaled" | "permuted") =>
    named(name)[way]!.value / named(name).original.value;
  assertAlmostEquals(ratio("loss", "rescaled"), 1, 1e-5);
  assert(Math.abs(Math.log(ratio("λ₁ of the Hessian", "rescaled"))) > 0.2);
  assertAlmostEquals(ratio("worst rise, adaptive", "rescaled"), 1, 1e-3);
  for (const name of ["loss", "|gradient|", "λ₁ of the Hessian", "worst rise, adaptive"]) {
    assertAlmostEquals(ratio(name, "permuted"), 1, 1e-3, name);
  }
  assert(result.svg().includes("the function does not"));
  assertEquals(result.partial, false);
});

Deno.test("an audit passes for sound losses on every engine, and tells a wrong Hessian and a wrong gradient", async () => {
  for (const options of [{}, { engine: "native" }, { precision: "float64" }] as const) {
    await using loss = modelLoss(model, train, options);
    const directions = randomDirections(loss.layout, theta);
    const around = await landscape(loss, { origin: theta, directions }, {
      resolution: 3,
      ...quiet,
    });
    const { passed, checks } = await audit(loss, theta, { landscape: around, ...quiet });
    assertEquals(checks.filter((check) => !check.passed), []);
    assertEquals([passed, checks.length], [true, 6]);
  }
  const sound = quadratic([4, 2, 1], { rotation: 1 });
  const failures = async (loss: Loss) =>
    (await audit(loss, Float64Array.of(1, 2, 3), { smooth: true, ...quiet })).checks
      .filter(({ passed }) => !passed).map(({ name }) => name);
  assertEquals(await failures(sound), []);
  const lopsided: Loss = {
    ...sound,
    async product(theta, v) {
      const out = await sound.product(theta, v);
      out[0] += v[1];
      return out;
    },
  };
  assert((await failures(lopsided)).includes("u·Hv = v·Hu"));
  const steep: Loss = {
    ...sound,
    gradient: async (theta) => (await sound.gradient(theta)).map((x) => 1.1 * x) as Vector,
  };
  assertEquals(await failures(steep), ["slope along the gradient"]);
  const bent: Loss = {
    ...sound,
    product: async (theta, v) => (await sound.product(theta, v)).map((x) => 0.9 * x) as Vector,
  };
  assertEquals((await failures(bent)).every((name) => name.startsWith("second difference")), true);
  assertEquals((await failures(bent)).length, 3);
});

Deno.test("an audit passes for a loss with kinks beside θ, and tells a wrong Hessian there too", async () => {
  // on each side a kink that nearly doubles the second difference of the loss, 0.003 away
  await using kinked = functionLoss(layout({ w: [2] }), ({ w }) => {
    const away = tf.relu(tf.sub(tf.abs(w), 0.003));
    return tf.add(
      tf.sum(tf.mul(tf.tensor([0.5, 0.05]), tf.square(w))),
      tf.mul(0.005, tf.sum(away)),
    );
  }, { engine: "wasm" });
  const at = new Float32Array(2);
  const { passed, checks } = await audit(kinked, at, quiet);
  assertEquals(checks.filter((check) => !check.passed), []);
  assert(passed && checks.some(({ name }) => name.endsWith("top eigenvector, of gradients")));
  const bent: Loss = {
    ...kinked,
    linearize: undefined,
    product: async (theta, v) => (await kinked.product(theta, v)).map((x) => 0.9 * x) as Vector,
  };
  const wrong = (await audit(bent, at, quiet)).checks.filter((check) => !check.passed);
  assertEquals(wrong.map(({ name }) => name), [
    "second difference along the top eigenvector, of gradients",
  ]);
});

Deno.test("misuse is refused in words", async () => {
  const loss = modelLoss(model, train);
  const { scalings, permutations } = loss.symmetries!();
  const act = (f: () => unknown, text: string) => assertThrows(f, Error, text);
  act(() => rescale(loss.layout, theta, []), "no such symmetry");
  act(() => rescale(loss.layout, theta, scalings, { factor: -1 }), "factor must be");
  act(() => rescale(loss.layout, theta, scalings[0], { factors: [1, 2] }), "one a unit, got 2");
  act(() => rescale(loss.layout, theta, scalings, { factors: [1] }), "a single group");
  act(() => permute(loss.layout, theta, permutations[1], { order: [0, 1, 2, 3, 3] }), "got 3");
  act(() => permute(loss.layout, theta.slice(1), permutations), "must have");
  await assertRejects(
    () => invariances(quadratic([1]), Float64Array.of(1)),
    TypeError,
    "no symmetry of the network is known",
  );
  await assertRejects(() => audit(loss, theta, { step: 0 }), RangeError, "step must be");
});
