import type { Attributes } from "../engine.ts";
import * as tf from "../tf.ts";

type Info = tf.TensorInfo;
type Run = (name: string, inputs: Record<string, Info> | Info[], attributes: Attributes) => Info;

/** Below this many multiplications the backend's scalar loop costs less than slicing. */
const worthSlicing = 30_000;

/**
 * The wasm backend multiplies two plain matrices fast, and falls into a scalar loop where one of them is
 * transposed or there are several: so transpose first, and multiply one by one. Made of the backend's own
 * kernels, not of ops, so that another backend can hand it bare data.
 */
export function matMulKernel(native: (name: string) => tf.KernelConfig): tf.KernelConfig {
  const own = native(tf.BatchMatMul);
  return {
    ...own,
    kernelFunc({ inputs, attrs, backend }) {
      const free = (x: Info) => (backend as tf.KernelBackend).disposeData(x.dataId);
      const run: Run = (name, inputs, attrs) =>
        native(name).kernelFunc({ inputs: inputs as Record<string, Info>, attrs, backend }) as Info;
      const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
      const [a, b] = [inputs.a as Info, inputs.b as Info];
      const outer = outerShape(a, b);
      if (!outer) return own.kernelFunc({ inputs, attrs, backend });

      const owned: Info[] = [];
      const keep = (x: Info) => (owned.push(x), x);
      const plain = (x: Info, transpose: boolean) => {
        const flat = reshaped(x, [batchOf(x), ...x.shape.slice(-2)]);
        return transpose ? keep(run(tf.Transpose, { x: flat }, { perm: [0, 2, 1] })) : flat;
      };
      const A = plain(a, transposeA);
      const B = plain(b, transposeB);
      const [[batchA, m, k], [batchB, , n]] = [A.shape, B.shape];
      const shape = [...outer, m, n];
      const times = (x: Info, y: Info) =>
        run(tf.BatchMatMul, { a: x, b: y }, { transposeA: false, transposeB: false });
      try {
        if (batchB === 1) return reshaped(times(reshaped(A, [1, batchA * m, k]), B), shape);
        if (m * k * n < worthSlicing) return reshaped(times(A, B), shape);
        const matrix = (x: Info, i: number) =>
          x.shape[0] === 1
            ? x
            : keep(run(tf.Slice, { x }, { begin: [i, 0, 0], size: [1, ...x.shape.slice(1)] }));
        const products = Array.from(
          { length: batchB },
          (_, i) => keep(times(matrix(A, i), matrix(B, i))),
        );
        return reshaped(run(tf.Concat, products, { axis: 0 }), shape);
      } finally {
        owned.forEach(free);
      }
    },
  };
}

const batchOf = (x: Info) => x.shape.slice(0, -2).reduce((n, m) => n * m, 1);
const reshaped = ({ dataId, dtype }: Info, shape: number[]): Info => ({ dataId, dtype, shape });

/** The batch dimensions of the product, or undefined where both operands are broadcast against each other. */
function outerShape(a: Info, b: Info): number[] | undefined {
  const [left, right] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const longer = left.length >= right.length ? left : right;
  if (batchOf(b) === 1) return longer === left ? left : [...right.slice(left.length), ...left];
  if (batchOf(a) === 1) return longer === right ? right : [...left.slice(right.length), ...right];
  return left.join() === right.join() ? left : undefined;
}
