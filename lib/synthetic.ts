import { checkVector, type Layout, layout } from "./layout.ts";
import type { Loss } from "./loss.ts";
import { random } from "./math/random.ts";
import { checkInteger, describe, largestVector, optionsOf } from "./options.ts";
import { norm, scaled, type Vector } from "./vector.ts";

/** A function of x with its derivatives, in double precision. */
interface ClosedForm {
  value(x: Float64Array): number;
  gradient(x: Float64Array): Float64Array;
  product(x: Float64Array, v: Float64Array): Float64Array;
}

/**
 * ½ Σ λᵢ yᵢ² with y = Q(x − center): the Hessian QᵀΛQ has exactly the eigenvalues that are given. Q is the
 * identity, or for a `rotation` the random orthogonal matrix of that seed, uniform over all rotations and
 * reflections (a product of Householder reflections; Stewart, 1980).
 *
 * Cost: O(n) a call, O(n²) with a rotation.
 *
 * @param options.center the point with gradient 0, default 0
 * @param options.rotation a seed; default none
 * @throws {RangeError} if there is no eigenvalue, one is not finite, or center has another length.
 *
 * ```ts
 * import { hessian, quadratic, spectrum } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const loss = quadratic([10, 2, -1], { rotation: 7 });
 * const { eigenvalues, bottom } = await spectrum(hessian(loss, new Float64Array(3)), { top: 2 });
 * assertAlmostEquals(eigenvalues[0], 10, 1e-10);
 * assertAlmostEquals(bottom[0], -1, 1e-10);
 * ```
 */
export function quadratic(
  eigenvalues: ArrayLike<number>,
  options: { center?: ArrayLike<number>; rotation?: number } = {},
): Loss {
  const doing = "make a quadratic loss", { center, rotation } = optionsOf(options, doing);
  const lambda = finiteNumbers(eigenvalues, "eigenvalues", doing), n = lambda.length;
  if (n < 1) {
    throw new RangeError(`Cannot ${doing}: eigenvalues must be finite numbers, got []`);
  }
  if (center !== undefined && finiteNumbers(center, "center", doing).length !== n) {
    throw new RangeError(
      `Cannot ${doing}: center must have ${n} numbers like eigenvalues, got ${center.length}`,
    );
  }
  if (rotation !== undefined) checkInteger(rotation, "rotation", doing);
  const turn = rotation === undefined ? undefined : orthogonal(n, rotation);
  const local = (x: Float64Array) => {
    const y = center ? x.map((xi, i) => xi - center[i]) : x.slice();
    turn?.forward(y);
    return y;
  };
  const hessianTimes = (y: Float64Array) => {
    y.forEach((yi, i) => y[i] = lambda[i] * yi);
    turn?.back(y);
    return y;
  };
  return closedForm({ x: [n] }, {
    value: (x) => 0.5 * local(x).reduce((sum, y, i) => sum + lambda[i] * y * y, 0),
    gradient: (x) => hessianTimes(local(x)),
    product(_, v) {
      const y = v.slice();
      turn?.forward(y);
      return hessianTimes(y);
    },
  });
}

function finiteNumbers(list: ArrayLike<number>, name: string, doing: string): Float64Array {
  if (typeof list !== "object" || list === null || !Number.isInteger(list.length)) {
    throw new TypeError(
      `Cannot ${doing}: ${name} must be a list of numbers, got ${describe(list)}`,
    );
  }
  const odd = Array.from(list).findIndex((x) => !Number.isFinite(x));
  if (odd < 0) return Float64Array.from(list);
  throw new RangeError(
    `Cannot ${doing}: ${name} must be finite numbers, got ${
      typeof list[odd] === "number" ? list[odd] : describe(list[odd])
    } at ${odd}`,
  );
}

/** y ← Qy and y ← Qᵀy, in place, for a random orthogonal Q. */
function orthogonal(n: number, seed: number) {
  const { normal, sign } = random(seed, "rotation");
  // the k-th reflection leaves the first k coordinates alone; together with signs they make Q uniform
  const mirrors = Array.from({ length: n - 1 }, (_, k) => {
    const u = Float64Array.from({ length: n - k }, normal);
    u[0] += Math.sign(u[0] || 1) * norm(u);
    return scaled(u, 1 / norm(u));
  });
  const signs = Float64Array.from({ length: n }, sign);
  const reflect = (y: Float64Array, k: number) => {
    const u = mirrors[k];
    let along = 0;
    for (let i = 0; i < u.length; i++) along += u[i] * y[k + i];
    for (let i = 0; i < u.length; i++) y[k + i] -= 2 * along * u[i];
  };
  return {
    forward(y: Float64Array) {
      for (let i = 0; i < n; i++) y[i] *= signs[i];
      for (let k = mirrors.length - 1; k >= 0; k--) reflect(y, k);
    },
    back(y: Float64Array) {
      for (let k = 0; k < mirrors.length; k++) reflect(y, k);
      for (let i = 0; i < n; i++) y[i] *= signs[i];
    },
  };
}

/**
 * ½(∏w − 1)²: the loss of a deep linear network with one unit a layer on one sample. At depth 2 it is
 * ½(ab − 1)²: a saddle at the origin with eigenvalues ±1, and a valley ab = 1 of minima whose curvature
 * a² + b² grows without bound although all of them are the same function.
 *
 * @param depth the number of weights, at least 1, default 2
 * @throws {RangeError} if depth is not a positive integer.
 *
 * ```ts
 * import { factorization } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await factorization().value(Float64Array.of(0, 0)), 0.5);
 * ```
 */
export function factorization(depth = 2): Loss {
  checkInteger(depth, "depth", "make a factorization loss", { least: 1, most: largestVector });
  // by multiplication, not division, so that zeros are no special case
  const others = (w: Float64Array, ...left: number[]) =>
    w.reduce((product, x, i) => left.includes(i) ? product : product * x, 1);
  return closedForm({ w: [depth] }, {
    value: (w) => 0.5 * (others(w) - 1) ** 2,
    gradient: (w) => w.map((_, i) => (others(w) - 1) * others(w, i)),
    product(w, v) {
      const error = others(w) - 1;
      return w.map((_, i) =>
        v.reduce((sum, vj, j) => {
          const outer = others(w, i) * others(w, j);
          return sum + vj * (i === j ? outer : outer + error * others(w, i, j));
        }, 0)
      );
    },
  });
}

/**
 * Σ 100(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²: a narrow curved valley that leads to the minimum 0 at (1, …, 1)
 * (Rosenbrock, 1960).
 *
 * @param size the number of coordinates, at least 2
 * @throws {RangeError} if size is not an integer of 2 or more.
 *
 * ```ts
 * import { rosenbrock } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await rosenbrock(3).value(Float64Array.of(1, 1, 1)), 0);
 * ```
 */
export function rosenbrock(size: number): Loss {
  checkInteger(size, "size", "make a Rosenbrock loss", { least: 2, most: largestVector });
  return closedForm({ x: [size] }, {
    value(x) {
      let sum = 0;
      for (let i = 0; i + 1 < size; i++) sum += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2;
      return sum;
    },
    gradient(x) {
      const g = new Float64Array(size);
      for (let i = 0; i + 1 < size; i++) {
        const bend = x[i + 1] - x[i] ** 2;
        g[i] -= 400 * x[i] * bend + 2 * (1 - x[i]);
        g[i + 1] += 200 * bend;
      }
      return g;
    },
    product(x, v) {
      const out = new Float64Array(size);
      for (let i = 0; i + 1 < size; i++) {
        out[i] += (1200 * x[i] ** 2 - 400 * x[i + 1] + 2) * v[i] - 400 * x[i] * v[i + 1];
        out[i + 1] += 200 * v[i + 1] - 400 * x[i] * v[i];
      }
      return out;
    },
  });
}

/**
 * A shallow bowl with Gaussian wells in it: a smooth loss whose number of minima is known. The first and
 * deepest well (value 0) lies at the origin, the others at seeded places in the cube [−1, 1]ⁿ; a quarter of
 * the smallest distance between two wells is their width, so each is one minimum and the bowl adds none.
 *
 *     L(x) = |x|²/(20 n) + 1 − Σ aₖ exp(−|x − cₖ|²/(2w²)),   a₀ = 1, the other aₖ from 0.5 to 0.9
 *
 * The wells overlap by exp(−8) at most, which moves the minima, and the 0, by as little.
 *
 * @param options.size the number of coordinates, default 2
 * @param options.extrema the number of minima, default 9
 * @param options.seed default 42
 * @throws {RangeError} if size or extrema is not a positive integer.
 *
 * ```ts
 * import { rugged } from "../mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(await rugged({ size: 5, extrema: 4 }).value(new Float64Array(5)), 0, 1e-2);
 * ```
 */
export function rugged(
  options: { size?: number; extrema?: number; seed?: number } = {},
): Loss {
  const doing = "make a rugged loss",
    { size = 2, extrema = 9, seed = 42 } = optionsOf(options, doing);
  checkInteger(size, "size", doing, { least: 1, most: largestVector });
  checkInteger(extrema, "extrema", doing, { least: 1, most: 1e4 });
  const wells = ruggedWells(size, extrema, seed);
  const bowl = 0.1 / size;
  const eachWell = (x: Float64Array, visit: (pull: number, center: Float64Array) => void) => {
    for (const { center, depth } of wells.list) {
      visit(depth * Math.exp(-0.5 * (distance(x, center) / wells.width) ** 2), center);
    }
  };
  const inverse = 1 / wells.width ** 2;
  return closedForm({ x: [size] }, {
    value(x) {
      let sum = 1 + 0.5 * bowl * x.reduce((s, xi) => s + xi * xi, 0);
      eachWell(x, (pull) => sum -= pull);
      return sum;
    },
    gradient(x) {
      const g = x.map((xi) => bowl * xi);
      eachWell(x, (pull, c) => {
        for (let i = 0; i < size; i++) g[i] += pull * inverse * (x[i] - c[i]);
      });
      return g;
    },
    product(x, v) {
      const out = v.map((vi) => bowl * vi);
      eachWell(x, (pull, c) => {
        const along = v.reduce((s, vi, i) => s + vi * (x[i] - c[i]), 0) * inverse;
        for (let i = 0; i < size; i++) out[i] += pull * inverse * (v[i] - along * (x[i] - c[i]));
      });
      return out;
    },
  });
}

/** Where the wells of {@link rugged} are: each the best of 20 draws, so that none are close by chance. */
function ruggedWells(size: number, extrema: number, seed: number) {
  const { uniform } = random(seed, "rugged");
  const list = [{ center: new Float64Array(size), depth: 1 }];
  const nearest = (x: Float64Array) => Math.min(...list.map((w) => distance(x, w.center)));
  let width = 0.5;
  while (list.length < extrema) {
    const draws = Array.from(
      { length: 20 },
      () => Float64Array.from({ length: size }, () => 2 * uniform() - 1),
    );
    const center = draws.reduce((best, x) => nearest(x) > nearest(best) ? x : best);
    width = Math.min(width, nearest(center) / 4);
    list.push({ center, depth: 0.5 + 0.4 * uniform() });
  }
  return { list, width };
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

function closedForm(tensors: Record<string, number[]>, form: ClosedForm): Loss {
  const shape: Layout = layout(tensors);
  const double = (x: Vector, doing: string, what?: string) => {
    checkVector(shape, x, doing, what);
    return Float64Array.from(x);
  };
  const at = (theta: Vector) => double(theta, "evaluate the loss");
  return {
    layout: shape,
    samples: undefined,
    engine: "closed form",
    precision: "float64",
    value: async (theta) => await form.value(at(theta)),
    evaluate: async (theta) => await { loss: form.value(at(theta)) },
    gradient: async (theta) => await form.gradient(at(theta)),
    product: async (theta, v) => await form.product(at(theta), double(v, "multiply", "v")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
