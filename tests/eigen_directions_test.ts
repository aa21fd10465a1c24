import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { eigenDirections } from "../lib/eigen_directions.ts";
import { hessian } from "../lib/hessian.ts";
import { axisLabels } from "../lib/slice.ts";
import { quadratic } from "../lib/synthetic.ts";
import { dot, norm } from "../lib/vector.ts";

const lambda = [40, 22, 15, -3, -1.5, ...Array.from({ length: 200 }, (_, i) => i / 400)];
const at = (eigenvalues: number[], rotation?: number) =>
  hessian(quadratic(eigenvalues, { rotation }), new Float64Array(eigenvalues.length));
const quiet = { progress: false };

Deno.test("they are unit eigenvectors of both ends, the largest first, then the smallest", async () => {
  const operator = at(lambda, 3);
  const options = { which: "both", count: 4, tolerance: 1e-6, ...quiet } as const;
  const directions = await eigenDirections(operator, options);
  for (const [k, value] of [40, 22, -3, -1.5].entries()) {
    const v = directions[k], image = await operator.product(v);
    assertAlmostEquals(norm(v), 1, 1e-12);
    assertAlmostEquals(norm(image.map((x, i) => x - value * v[i])), 0, 1e-4);
    directions.slice(0, k).forEach((other) => assertAlmostEquals(dot(v, other), 0, 1e-6));
  }
  const values = async (which: "top" | "bottom") =>
    await Promise.all(
      (await eigenDirections(operator, { which, ...quiet })).map(async (v) =>
        Math.round(dot(v, await operator.product(v)) * 100) / 100
      ),
    );
  assertEquals(await values("top"), [40, 22]);
  assertEquals(await values("bottom"), [-3, -1.5]);
});

Deno.test("as many of each end; signs are fixed; axes are named after their eigenvalues", async () => {
  const operator = at([3, -1, 0.5]), origin = new Float64Array(3);
  assertEquals((await eigenDirections(operator, { count: 1, ...quiet })).length, 2);
  for (const seed of [1, 2, 3]) {
    const directions = await eigenDirections(operator, { seed, ...quiet });
    assert(directions[0][0] > 0.99 && directions[1][1] > 0.99);
    assertEquals(axisLabels({ origin, directions }), [
      "largest eigenvalue, λ = 3, as a distance in θ",
      "smallest eigenvalue, λ = −1, as a distance in θ",
    ]);
  }
});

Deno.test("what has not converged, was stopped or makes no sense is refused", async () => {
  const bulk = at(Array.from({ length: 300 }, (_, i) => 1 + i / 3e3), 1);
  await assertRejects(
    () => eigenDirections(bulk, { steps: 6, tolerance: 1e-6, ...quiet }),
    Error,
    "has not converged after",
  );
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => eigenDirections(bulk, { signal, ...quiet }), Error, "enough");
  const fails = (options: object, message: string) =>
    assertRejects(() => eigenDirections(at([1, 2]), { ...quiet, ...options }), RangeError, message);
  await fails({ which: "left" }, 'which must be "top", "bottom" or "both", got "left"');
  await fails({ count: 0 }, "count must be an integer of 1 or more, got 0");
  await fails({ count: 4 }, "count must be at most the 2 dimensions there are, got 4");
});
