import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { combinations, orthogonalize, removeComponents } from "../../lib/math/basis.ts";
import { eigenpairs } from "../../lib/math/eigenpairs.ts";
import { lanczos } from "../../lib/math/lanczos.ts";
import { random } from "../../lib/math/random.ts";
import { symmetricEigen } from "../../lib/math/symmetric.ts";
import { tridiagonalEigen } from "../../lib/math/tridiagonal.ts";
import { accumulate, dot, norm, unit, type Vector } from "../../lib/vector.ts";

const breathe = () => Promise.resolve();
const normals = (n: number, seed: number) => {
  const { normal } = random(seed, "lanczos test");
  return Float64Array.from({ length: n }, normal);
};
const diagonal = (lambda: number[]) => (v: Vector) =>
  Promise.resolve(Float64Array.from(v, (x, i) => lambda[i] * x));

Deno.test("QL finds the eigenvalues of a tridiagonal matrix, and the rows of its eigenvectors", () => {
  for (const n of [1, 2, 3, 17, 60]) {
    for (const scale of [1, 1e-200, 1e200]) {
      const d = normals(n, n).map((x) => scale * x), e = normals(n, n + 1).map((x) => scale * x);
      if (n > 5) e[3] = 0;
      const dense = symmetricEigen(Array.from({ length: n }, (_, i) => {
        const row = new Float64Array(n);
        row[i] = d[i];
        if (i > 0) row[i - 1] = e[i - 1];
        if (i + 1 < n) row[i + 1] = e[i];
        return row;
      }));
      const { values, rows } = tridiagonalEigen(d, e, [0, n - 1]);
      for (let k = 0; k < n; k++) {
        assertAlmostEquals(values[k] / scale, dense.values[k] / scale, 1e-12);
        assertAlmostEquals(Math.abs(rows[0][k]), Math.abs(dense.vectors[k][0]), 1e-10);
        assertAlmostEquals(Math.abs(rows[1][k]), Math.abs(dense.vectors[k][n - 1]), 1e-10);
      }
    }
  }
  assertEquals(tridiagonalEigen([0, 0], [0], [0]).values, Float64Array.of(0, 0));
  assert(tridiagonalEigen([NaN, 1], [1], [0]).values.some(Number.isNaN));
});

Deno.test("what a basis explains is taken away, and combinations put it back", async () => {
  for (const [n, m] of [[5, 1], [300, 7], [9001, 6]]) {
    const basis: Float64Array[] = [];
    for (let k = 0; k < m && k < n; k++) {
      const next = normals(n, k);
      for (let pass = 0; pass < 2; pass++) await removeComponents(next, basis, breathe);
      basis.push(unit(next));
    }
    const w = normals(n, 99), before = w.slice();
    const inner = await removeComponents(w, basis, breathe);
    basis.forEach((v, k) => {
      assertAlmostEquals(inner[k], dot(v, before), 1e-11);
      assertAlmostEquals(dot(v, w), 0, 1e-11);
    });
    const [back] = await combinations(basis, [inner], breathe);
    assertAlmostEquals(norm(back.map((x, i) => x + w[i] - before[i])), 0, 1e-11);
  }
});

Deno.test("a vector is made orthogonal to the last digits, also where little of it is left", async () => {
  const n = 5001, basis: Float64Array[] = [];
  for (let k = 0; k < 7; k++) {
    const next = normals(n, k);
    await orthogonalize(next, basis, breathe);
    basis.push(unit(next));
  }
  for (const share of [1, 1e-3, 1e-8]) {
    const w = normals(n, 50).map((x) => share * x);
    basis.forEach((v, k) => accumulate(w, v, 10 + k));
    const last = dot(w, basis[6]), length = norm(w);
    const { along, left, before } = await orthogonalize(w, basis, breathe);
    assertAlmostEquals(along, last, 1e-10);
    assertAlmostEquals(before, length, 1e-10);
    assertAlmostEquals(left / norm(w), 1, 1e-14);
    basis.forEach((v) => assertLess(Math.abs(dot(v, w)), 1e-13 * left));
  }
});

Deno.test("the basis is orthonormal to the last digits, and A is tridiagonal in it", async () => {
  const lambda = [1e3, 999, 500, ...normals(400, 5)], product = diagonal(lambda);
  for (const precision of ["float64", "float32"] as const) {
    const { basis } = await lanczos(product, {
      dimension: lambda.length,
      draw: () => normals(lambda.length, 1),
      steps: 60,
      most: 100,
      precision,
      satisfied: () => false,
      keep: () => [],
      breathe,
    });
    const eps = precision === "float64" ? 1e-12 : 1e-5;
    const images = await Promise.all(basis.map(product));
    for (let i = 0; i < 60; i++) {
      for (let j = 0; j <= i; j++) {
        assertAlmostEquals(dot(basis[i], basis[j]), +(i === j), eps);
        if (j < i - 1) assertAlmostEquals(dot(basis[i], images[j]), 0, 1e4 * eps);
      }
    }
  }
});

Deno.test("with little room it goes on from the best Ritz vectors, to the same eigenvalues", async () => {
  const lambda = [50, 30, 20, -5, -4, ...Array.from({ length: 600 }, (_, i) => Math.cos(i))];
  let products = 0;
  const product = diagonal(lambda);
  const search = (most: number) => {
    products = 0;
    return lanczos((v) => (products++, product(v)), {
      dimension: lambda.length,
      draw: () => normals(lambda.length, 2),
      steps: 500,
      most,
      precision: "float64",
      satisfied: (values) =>
        values.length > 6 && [...values.slice(-3), ...values.slice(0, 2)]
          .every(({ residual }) => residual < 1e-7),
      keep: (values) => values.map((_, k) => k).filter((k) => k < 5 || k >= values.length - 7),
      breathe,
    });
  };
  const free = await search(1000), long = products;
  const tight = await search(24);
  assert(tight.basis.length <= 24 && products < 4 * long, `${products} and ${long} products`);
  const ends = ({ pairs }: typeof free) =>
    [...pairs.slice(0, 2), ...pairs.slice(-3)].map(({ value }) => value);
  ends(tight).forEach((value, k) => assertAlmostEquals(value, ends(free)[k], 1e-10));
  [-5, -4, 20, 30, 50].forEach((value, k) => assertAlmostEquals(ends(tight)[k], value, 1e-9));
  // the vectors are eigenvectors
  const [vector] = await combinations(tight.basis, [tight.pairs.at(-1)!.weights], breathe);
  assertAlmostEquals(Math.abs(vector[0]), 1, 1e-9);
});

Deno.test("a start near the eigenvectors takes fewer products", async () => {
  const lambda = [9, 8, 7, ...normals(500, 3)];
  const search = async (start: Vector[]) => {
    let products = 0;
    const product = diagonal(lambda);
    const ends = await eigenpairs((v) => (products++, product(v)), {
      size: lambda.length,
      dimension: lambda.length,
      top: 3,
      bottom: 0,
      tolerance: 1e-6,
      steps: 1000,
      budget: 1000,
      repeated: false,
      precision: "float64",
      draw: () => normals(lambda.length, 4),
      start,
      breathe,
    });
    [9, 8, 7].forEach((value, k) => assertAlmostEquals(ends.top[k].value, value, 1e-9));
    return { products, vectors: ends.top.map(({ vector }) => vector) };
  };
  const cold = await search([]);
  const nearby = cold.vectors.map((v, k) => {
    const noise = normals(v.length, 10 + k);
    return v.map((x, i) => x + 1e-4 * noise[i]);
  });
  const warm = await search(nearby);
  assert(warm.products < 0.8 * cold.products, `${warm.products} and ${cold.products} products`);
});
