import * as tf from "../tf.ts";
import { type Rule, rule } from "./rule.ts";

type Weights = (position: number, size: number) => [index: number, weight: number][];

const linear: Weights = (position, size) => {
  const at = Math.max(0, position);
  const low = Math.min(Math.floor(at), size - 1);
  const fraction = at - low;
  return [[low, 1 - fraction], [Math.min(low + 1, size - 1), fraction]];
};

/**
 * A resize along one axis as the matrix [from, to] whose columns are the weights of each output, so that
 * its adjoint is a product, exact to any order.
 */
function resizeMatrix(
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: { alignCorners?: boolean; halfPixelCenters?: boolean },
  nearest: boolean,
): tf.Tensor2D {
  const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  const matrix = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    const position = halfPixelCenters ? (i + 0.5) * scale - (nearest ? 0 : 0.5) : i * scale;
    const rounded = alignCorners ? Math.floor(position + 0.5) : Math.floor(position);
    const weights: [number, number][] = nearest
      ? [[Math.min(Math.max(0, rounded), from - 1), 1]]
      : linear(position, from);
    for (const [index, weight] of weights) matrix[index * to + i] += weight;
  }
  return tf.tensor2d(matrix, [from, to]);
}

const resize = (kernelName: string, nearest: boolean): Rule =>
  rule(kernelName, ["images"], (dy, [images], attributes) => ({
    images: () => {
      const [n, height, width, c] = images.shape;
      const [, toHeight, toWidth] = dy.shape;
      const rows = tf.matMul(
        tf.reshape(resizeMatrix(height, toHeight, attributes, nearest), [1, height, toHeight]),
        tf.reshape(dy, [n, toHeight, toWidth * c]),
      );
      const columns = tf.matMul(
        tf.reshape(resizeMatrix(width, toWidth, attributes, nearest), [1, width, toWidth]),
        tf.reshape(rows, [n * height, toWidth, c]),
      );
      return tf.reshape(columns, images.shape);
    },
  }));

export const resizes: Rule[] = [
  resize(tf.ResizeBilinear, false),
  resize(tf.ResizeNearestNeighbor, true),
];
