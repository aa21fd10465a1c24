import * as tf from "../tf.ts";
import { reduceTo, type Rule, rule, ruleOfList } from "./rule.ts";

type Tensor = tf.Tensor;

/** The factors of the gradient of a product, for each way of transposing its two operands. */
function productGradient(
  dy: Tensor,
  a: Tensor,
  b: Tensor,
  transposeA: boolean,
  transposeB: boolean,
) {
  const [ofA, ofB] = [
    transposeA
      ? () => tf.matMul(b, dy, transposeB, true)
      : () => tf.matMul(dy, b, false, !transposeB),
    transposeB
      ? () => tf.matMul(dy, a, true, transposeA)
      : () => tf.matMul(a, dy, !transposeA, false),
  ];
  return { a: () => reduceTo(ofA(), a.shape), b: () => reduceTo(ofB(), b.shape) };
}

/** The gradient of an einsum by one operand: an einsum of dy and the others. */
function einsumGradient(dy: Tensor, i: number, operands: Tensor[], equation: string): Tensor {
  const [left, output] = equation.replaceAll(" ", "").split("->");
  const subscripts = left.split(",");
  const target = subscripts[i];
  const others = operands.filter((_, j) => j !== i);
  const known = [output, ...subscripts.filter((_, j) => j !== i)];
  // Indices that only this operand has were summed out: the gradient is constant along them.
  const shared = [...target].filter((c) => known.some((s) => s.includes(c))).join("");
  const gradient = tf.einsum(`${known.join(",")}->${shared}`, dy, ...others);
  const { shape } = operands[i];
  const kept = shape.map((n, axis) => shared.includes(target[axis]) ? n : 1);
  return tf.mul(tf.reshape(gradient, kept), tf.ones(shape));
}

export const contractions: Rule[] = [
  rule(
    tf.BatchMatMul,
    ["a", "b"],
    (dy, [a, b], { transposeA, transposeB }) => productGradient(dy, a, b, transposeA, transposeB),
  ),
  ruleOfList(
    tf.Einsum,
    (dy, i, operands, { equation }) => einsumGradient(dy, i, operands, equation),
  ),
];
