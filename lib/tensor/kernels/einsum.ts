import * as tf from "../tf.ts";
import type { ComposedKernel } from "./composed.ts";

/** A tensor and one letter for each of its axes. */
type Indexed = { t: tf.Tensor; axes: string };

/** Sums over the axes that are not in `keep`. */
function summed({ t, axes }: Indexed, keep: string): Indexed {
  const over = [...axes].flatMap((c, i) => keep.includes(c) ? [] : [i]);
  if (over.length === 0) return { t, axes };
  return { t: tf.sum(t, over), axes: [...axes].filter((c) => keep.includes(c)).join("") };
}

const ordered = ({ t, axes }: Indexed, order: string) =>
  axes === order ? t : tf.transpose(t, [...order].map((c) => axes.indexOf(c)));

/** The product of two, summed over the axes that are not in `keep`: one batched matrix product. */
function contracted(left: Indexed, right: Indexed, keep: string): Indexed {
  const a = summed(left, right.axes + keep);
  const b = summed(right, left.axes + keep);
  const both = [...a.axes].filter((c) => b.axes.includes(c));
  const batch = both.filter((c) => keep.includes(c)).join("");
  const inner = both.filter((c) => !keep.includes(c)).join("");
  const rows = [...a.axes].filter((c) => !b.axes.includes(c)).join("");
  const columns = [...b.axes].filter((c) => !a.axes.includes(c)).join("");
  const size = (of: Indexed, axes: string) =>
    [...axes].reduce((n, c) => n * of.t.shape[of.axes.indexOf(c)], 1);
  const [B, K] = [size(a, batch), size(a, inner)];
  const product = tf.matMul(
    tf.reshape(ordered(a, batch + rows + inner), [B, size(a, rows), K]),
    tf.reshape(ordered(b, batch + inner + columns), [B, K, size(b, columns)]),
  );
  const shapeOf = (of: Indexed, axes: string) =>
    [...axes].map((c) => of.t.shape[of.axes.indexOf(c)]);
  return {
    t: tf.reshape(product, [
      ...shapeOf(a, batch + rows),
      ...shapeOf(b, columns),
    ]),
    axes: batch + rows + columns,
  };
}

/** Einstein sums of one or two operands. No letter twice in one operand, no ellipsis. */
export const einsum: ComposedKernel = {
  name: tf.Einsum,
  compute(inputs, { equation }) {
    const operands = Object.values(inputs);
    // Checks the equation, and refuses more operands.
    tf.backend_util.decodeEinsumEquation(equation, operands.length);
    const [left, output] = equation.replaceAll(" ", "").split("->");
    const axes: string[] = left.split(",");
    const [a, b] = operands.map((t, i): Indexed => ({ t, axes: axes[i] }));
    const product = b ? contracted(a, b, output) : summed(a, output);
    return tf.clone(ordered(product, output));
  },
};
