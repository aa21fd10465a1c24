import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { functionLoss, l1, layout, tf, withPenalty } from "../../mod.ts";
import type { Numbers } from "../../mod.ts";
import { random } from "../../lib/math/random.ts";

Deno.test("linear regression has the Hessian (2/N)·XᵀX", async () => {
  const n = 40, source = random(1, "regression");
  const x = Float32Array.from({ length: 3 * n }, source.normal);
  const y = Float32Array.from({ length: n }, source.normal);
  const loss = functionLoss(
    layout({ w: [3, 1] }),
    ({ w }, { x, y }) =>
      tf.square(tf.sub(tf.reshape(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), [-1]), y)),
    { samples: { x: { data: x, shape: [n, 3] }, y: { data: y, shape: [n] } } },
  );
  assertEquals(loss.samples, n);
  for (let j = 0; j < 3; j++) {
    const column = await loss.product(
      Float32Array.of(1, 2, 3),
      Float32Array.from([0, 1, 2], (i) => +(i === j)),
    );
    column.forEach((h, i) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += x[3 * k + i] * x[3 * k + j];
      assertAlmostEquals(h, 2 * sum / n, 1e-5);
    });
  }
});

Deno.test("a scalar function has no samples, no standard error, and takes several sets of points", async () => {
  const points = (n: number): Numbers => ({
    data: Float32Array.from({ length: n }, (_, i) => i / n),
    shape: [n, 1],
  });
  const loss = functionLoss(
    layout({ a: [1] }),
    ({ a }, { inside, border }) =>
      tf.add(tf.mean(tf.square(tf.mul(a, inside))), tf.sum(tf.square(tf.sub(border, a)))),
    { samples: { inside: points(7), border: points(2) } },
  );
  assertEquals(loss.samples, undefined);
  const { standardError, loss: value } = await loss.evaluate(Float32Array.of(2));
  assertEquals(standardError, undefined);
  const inside = [0, 1, 2, 3, 4, 5, 6].reduce((s, i) => s + (2 * i / 7) ** 2, 0) / 7;
  assertAlmostEquals(value, inside + 4 + 2.25, 1e-5);
});

Deno.test("a physics-informed loss that differentiates its network twice has exact derivatives", async () => {
  // u(x) = a·sin(bx): u″ = −ab² sin(bx), so the mean of (u″)² over the points is known in closed form
  const xs = Float32Array.from({ length: 9 }, (_, i) => 0.1 + i / 10);
  const loss = functionLoss(
    layout({ a: [1], b: [1] }),
    ({ a, b }, { x }) => {
      const u = (x: tf.Tensor) => tf.mul(a, tf.sin(tf.mul(b, x)));
      const second = tf.grad((x) => tf.sum(tf.grad((x) => tf.sum(u(x)))(x)))(x);
      return tf.square(second);
    },
    { samples: { x: { data: xs, shape: [9] } } },
  );
  const closed = (a: number, b: number) =>
    xs.reduce((s, x) => s + (a * b * b * Math.sin(b * x)) ** 2, 0) / 9;
  const theta = Float32Array.of(0.7, 1.3), h = 1e-3;
  assertAlmostEquals(await loss.value(theta), closed(theta[0], theta[1]), 1e-6);
  const hessian = [
    (closed(0.7 + h, 1.3) - 2 * closed(0.7, 1.3) + closed(0.7 - h, 1.3)) / h ** 2,
    (closed(0.7 + h, 1.3 + h) - closed(0.7 + h, 1.3 - h) - closed(0.7 - h, 1.3 + h) +
      closed(0.7 - h, 1.3 - h)) /
    (4 * h * h),
    (closed(0.7, 1.3 + h) - 2 * closed(0.7, 1.3) + closed(0.7, 1.3 - h)) / h ** 2,
  ];
  const [first, second] = [
    await loss.product(theta, Float32Array.of(1, 0)),
    await loss.product(theta, Float32Array.of(0, 1)),
  ];
  assertAlmostEquals(first[0], hessian[0], 1e-3 * Math.abs(hessian[0]));
  assertAlmostEquals(first[1], hessian[1], 1e-3 * Math.abs(hessian[1]));
  assertAlmostEquals(second[0], hessian[1], 1e-3 * Math.abs(hessian[1]));
  assertAlmostEquals(second[1], hessian[2], 1e-3 * Math.abs(hessian[2]));
});

Deno.test("parameters that the loss does not use have derivative zero", async () => {
  const loss = functionLoss(layout({ a: [2], b: [2] }), ({ a }) => tf.sum(tf.mul(tf.square(a), a)));
  assertEquals([...await loss.gradient(Float32Array.of(1, 2, 3, 4))], [3, 12, 0, 0]);
  assertEquals([...await loss.product(Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 1, 1, 1))], [
    6,
    12,
    0,
    0,
  ]);
});

Deno.test("state and penalties: state is never differentiated", async () => {
  const net = layout({ w: [2], running: { shape: [2], role: "state" } });
  const loss = functionLoss(net, ({ w, running }) => tf.sum(tf.mul(tf.square(w), running)));
  const theta = Float32Array.of(1, -2, 3, 4), v = Float32Array.of(1, 1, 1, 1);
  assertEquals([...await loss.gradient(theta)], [6, -16, 0, 0]);
  assertEquals([...await loss.product(theta, v)], [6, 8, 0, 0]);
  const sparse = withPenalty(loss, l1(0.5));
  assertEquals(await sparse.value(theta), 3 + 16 + 1.5);
  assertEquals([...await sparse.gradient(theta)], [6.5, -16.5, 0, 0]);
});

Deno.test("a θ in double precision gets its derivatives in double precision", async () => {
  const loss = functionLoss(layout({ x: [2] }), ({ x }) => tf.sum(tf.square(x)));
  assert(await loss.gradient(Float64Array.of(1, 2)) instanceof Float64Array);
  assert(await loss.gradient(Float32Array.of(1, 2)) instanceof Float32Array);
});

Deno.test("what a function gives is checked when the loss is made", () => {
  const net = layout({ w: [2] }), x: Numbers = { data: new Float32Array(6), shape: [6] };
  const make = (f: unknown, samples?: Record<string, Numbers>) => () =>
    functionLoss(net, f as () => tf.Tensor, { samples });
  assertThrows(make(3), TypeError, "f must be a function of tensors, got number");
  assertThrows(make(() => 3), TypeError, "f must give a tensor, got number 3");
  assertThrows(make(async () => await tf.scalar(1)), TypeError, "must not be async");
  assertThrows(
    make(({ w }: { w: tf.Tensor }) => w),
    RangeError,
    "must give a scalar, got shape [2]",
  );
  assertThrows(
    make(({ w }: { w: tf.Tensor }) => tf.concat([w, w]), { x }),
    RangeError,
    "per-sample losses [2] or a scalar, got shape [4]",
  );
  const bad = Float32Array.of(1, NaN);
  assertThrows(
    make(() => tf.scalar(1), { x: { data: bad, shape: [2] } }),
    RangeError,
    "NaN in sample 1",
  );
});

Deno.test("names that are not there are told, and random ops draw by the seed", async () => {
  const net = layout({ w: [2] });
  assertThrows(
    () => functionLoss(net, ({ v }) => tf.sum(v)),
    RangeError,
    'f asks for the parameter "v", there is "w"',
  );
  const noisy = functionLoss(net, ({ w }) => tf.sum(tf.mul(w, tf.randomNormal([2]))));
  const theta = Float32Array.of(1, 2);
  assertEquals(await noisy.value(theta), await noisy.value(theta));
  const text = functionLoss(net, () => tf.scalar("a", "string"));
  await assertRejects(() => text.value(theta), TypeError, "got string");
});
