import type { Attributes } from "../engine.ts";
import * as tf from "../tf.ts";

type Info = tf.TensorInfo;
type Run = (name: string, inputs: Record<string, Info> | Info[], attributes: Attributes) => Info;

/** Below this many multiplications the backend's scalar loop costs less than slicing. */
const worthSlicing = 20_000;

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
      const owned: Info[] = [];
      const keep = (x: Info) => (owned.push(x), x);
      const plain = (x: Info, transpose: boolean) => {
        const flat = reshaped(x, [batchOf(x), ...x.shape.slice(-2)]);
        return transpose ? keep(run(tf.Transpose, { x: flat }, { perm: [0, 2, 1] })) : flat;
      };
      const A = plain(a, transposeA);
      const B = plain(b, transposeB);
      const [[batchA, m, k], [batchB, , n]] = [A.shape, B.shape];
      const { outer, left, right } = pairs(a.shape.slice(0, -2), b.shape.slice(0, -2));
      const shape = [...outer, m, n];
      const times = (x: Info, y: Info) =>
        run(tf.BatchMatMul, { a: x, b: y }, { transposeA: false, transposeB: false });
      try {
        if (batchB === 1) return reshaped(times(reshaped(A, [1, batchA * m, k]), B), shape);
        // The loop broadcasts one matrix against several, and gets further broadcasting wrong.
        const isPlain = right.length === batchB && (batchA === batchB || batchA === 1);
        if (isPlain && m * k * n < worthSlicing) return reshaped(times(A, B), shape);
        const matrix = (x: Info, i: number) =>
          x.shape[0] === 1
            ? x
            : keep(run(tf.Slice, { x }, { begin: [i, 0, 0], size: [1, ...x.shape.slice(1)] }));
        const products = left.map((i, pair) => keep(times(matrix(A, i), matrix(B, right[pair]))));
        return reshaped(run(tf.Concat, products, { axis: 0 }), shape);
      } finally {
        owned.forEach(free);
      }
    },
  };
}

const batchOf = (x: Info) => x.shape.slice(0, -2).reduce((n, m) => n * m, 1);
const reshaped = ({ dataId, dtype }: Info, shape: number[]): Info => ({ dataId, dtype, shape });

/** The batch dimensions of a product, and which matrix of either side goes into each of its matrices. */
function pairs(a: number[], b: number[]): { outer: number[]; left: number[]; right: number[] } {
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(a, b);
  const index = (own: number[]) =>
    outer.reduce<number[]>((indices, n, axis) => {
      const size = own[axis - outer.length + own.length] ?? 1;
      return indices.flatMap((i) =>
        Array.from({ length: n }, (_, k) => i * size + (size === 1 ? 0 : k))
      );
    }, [0]);
  return { outer, left: index(a), right: index(b) };
}
