import * as tf from "../../../lib/tensor/tf.ts";
import { type Arr, at, build, matMul, sum, transpose } from "./arrays.ts";
import { type Case, normal } from "./check.ts";

const swap = (x: Arr) => {
  const rank = x.shape.length;
  return transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
};

/** A row for each way of transposing. */
const rows = (name: string, a: number[], b: number[]): Case[] =>
  [[false, false], [true, false], [false, true], [true, true]].map(([ta, tb]): Case => {
    const turned = (shape: number[], turn: boolean) =>
      turn ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;
    return {
      name: `matMul ${name}${ta ? ", left transposed" : ""}${tb ? ", right transposed" : ""}`,
      inputs: [normal(...turned(a, ta)), normal(...turned(b, tb))],
      op: (x, y) => tf.matMul(x, y, ta, tb),
      reference: (x: Arr, y: Arr) => matMul(ta ? swap(x) : x, tb ? swap(y) : y),
    };
  });

const einsum = (equation: string, shapes: number[][], reference: (...xs: Arr[]) => Arr): Case => ({
  name: `einsum ${equation}`,
  inputs: shapes.map((shape) => normal(...shape)),
  op: (...xs) => tf.einsum(equation, ...xs),
  reference,
});
const range = (n: number) => [...Array(n).keys()];

/** Matrix products and Einstein sums. */
export const contraction: Case[] = [
  ...rows("of matrices", [2, 3], [3, 4]),
  ...rows("of batches", [2, 2, 3], [2, 3, 2]),
  ...rows("with one right matrix", [2, 2, 3], [1, 3, 2]),
  ...rows("with one left matrix", [1, 2, 3], [2, 3, 2]),
  ...rows("of two batch axes", [2, 1, 2, 3], [2, 1, 3, 2]),
  ...rows("of ranks 3 and 2", [2, 2, 3], [3, 2]),
  {
    name: "batches broadcast against each other",
    inputs: [normal(2, 1, 2, 2), normal(1, 2, 2, 2)],
    op: (a, b) => tf.matMul(a, b),
    reference: (a: Arr, b: Arr) =>
      build(
        [2, 2, 2, 2],
        ([p, q, i, j]) => sum(range(2).map((k) => at(a, p, 0, i, k) * at(b, 0, q, k, j))),
      ),
  },
  {
    name: "dot of vectors",
    inputs: [normal(4), normal(4)],
    op: (a, b) => tf.dot(a, b),
    reference: (a: Arr, b: Arr) => ({
      shape: [],
      data: Float64Array.of(sum([...a.data].map((x, i) => x * b.data[i]))),
    }),
  },
  {
    name: "outerProduct",
    inputs: [normal(3), normal(2)],
    op: (a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D),
    reference: (a: Arr, b: Arr) => build([3, 2], ([i, j]) => a.data[i] * b.data[j]),
  },
  einsum("ij,jk->ik", [[2, 3], [3, 2]], matMul),
  einsum("bij,bkj->bik", [[2, 2, 3], [2, 2, 3]], (a, b) => matMul(a, swap(b))),
  einsum("ij->ji", [[2, 3]], swap),
  einsum("ij->", [[2, 3]], (x) => ({ shape: [], data: Float64Array.of(sum([...x.data])) })),
  einsum(
    "ij,ik->k",
    [[2, 3], [2, 2]],
    (a, b) =>
      build(
        [2],
        ([k]) => sum(range(2).flatMap((i) => range(3).map((j) => at(a, i, j) * at(b, i, k)))),
      ),
  ),
  einsum("i,j->ij", [[2], [3]], (a, b) => build([2, 3], ([i, j]) => a.data[i] * b.data[j])),
];
