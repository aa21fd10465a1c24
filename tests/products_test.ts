import { assertEquals, assertRejects } from "@std/assert";
import { hessian } from "../lib/hessian.ts";
import type { Linearized, Loss, Operator } from "../lib/loss.ts";
import { l2, withPenalty } from "../lib/penalty.ts";
import { products } from "../lib/products.ts";
import { quadratic } from "../lib/synthetic.ts";
import type { Vector } from "../lib/vector.ts";

const unitVectors = (n: number) =>
  Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (_, j) => Number(i === j)));

/** A diagonal Hessian that can make several products at once, and notes how many it was asked for. */
function batched(eigenvalues: number[]) {
  const asked: number[] = [], loss = quadratic(eigenvalues);
  const multiply = (v: Vector) => v.map((x, i) => x * eigenvalues[i]) as Vector;
  const linearized: Linearized = {
    engine: "closed form",
    product: (v) => Promise.resolve(multiply(v)),
    products(vs, { visit } = {}) {
      asked.push(vs.length);
      const images = vs.map(multiply);
      // in another order: nobody may rely on it
      for (let i = vs.length - 1; i >= 0; i--) visit?.(i, images[i]);
      return Promise.resolve(images);
    },
    release() {},
  };
  const own: Loss = { ...loss, linearize: () => Promise.resolve(linearized) };
  return { loss: own, asked };
}

Deno.test("several products at once are the products one by one, with a fallback where an operator has none", async () => {
  const vs = unitVectors(3), { loss, asked } = batched([5, 3, 1]);
  const expected = [Float64Array.of(5, 0, 0), Float64Array.of(0, 3, 0), Float64Array.of(0, 0, 1)];
  const plain = hessian(quadratic([5, 3, 1]), new Float64Array(3));
  const quick = hessian(loss, new Float64Array(3));
  const bare: Operator = {
    size: 3,
    product: (v) => plain.product(v),
    release() {},
  };
  for (const operator of [plain, quick, bare]) {
    const seen: [number, Vector][] = [];
    const images = await products(operator, vs, { visit: (...told) => seen.push(told) });
    assertEquals(images, expected);
    assertEquals(seen.sort(([i], [j]) => i - j).map(([, image]) => image), expected);
  }
  assertEquals(asked, [3], "asked for at once");
});

Deno.test("a penalty and a block of tensors hold for several products too", async () => {
  const { loss, asked } = batched([5, 3]), penalized = withPenalty(loss, l2(1));
  const operator = hessian(penalized, new Float64Array(2));
  assertEquals(await products(operator, unitVectors(2)), [
    Float64Array.of(7, 0),
    Float64Array.of(0, 5),
  ]);
  const tensors = ["a", "b"].map((name, i) => ({
    ...loss.layout.tensors[0],
    name,
    shape: [1],
    offset: i,
  }));
  const split = { ...penalized, layout: { ...loss.layout, tensors } };
  const block = hessian(split, new Float64Array(2), { parameters: ["b"] });
  assertEquals(await products(block, [Float64Array.of(1, 1)]), [Float64Array.of(0, 5)]);
  assertEquals(asked, [2, 1]);
});

Deno.test("a Stop between products rejects, and what was visited stays", async () => {
  const operator = hessian(quadratic([2, 1]), new Float64Array(2)), stop = new AbortController();
  const seen: Vector[] = [];
  await assertRejects(
    () =>
      products(operator, unitVectors(2), {
        signal: stop.signal,
        visit(_, image) {
          seen.push(image);
          stop.abort(new Error("enough"));
        },
      }),
    Error,
    "enough",
  );
  assertEquals(seen, [Float64Array.of(2, 0)]);
});
