import { arrayOf } from "../build.ts";
import type { Call, Translation } from "../translate.ts";
import { activated } from "./elementwise.ts";

/** a·b with either transposed: one Gemm where both are matrices. */
function product({ b, inputs, attributes: { transposeA, transposeB } }: Call): string {
  const shapes = [inputs.a, inputs.b].map((x) => b.value(x).shape);
  const matrix = (i: number) => shapes[i].slice(0, -2).every((n) => n === 1);
  if (matrix(0) && matrix(1)) {
    const [x, y] = [inputs.a, inputs.b].map((m, i) => b.reshape(m, shapes[i].slice(-2)));
    const rank = Math.max(shapes[0].length, shapes[1].length);
    const z = b.op("Gemm", [x, y], { transA: Number(transposeA), transB: Number(transposeB) });
    return b.reshape(z, [...Array(rank - 2).fill(1), ...b.value(z).shape]);
  }
  // All rows of a stack of matrices times one matrix are one product.
  if (matrix(1) && !transposeA) {
    const rows = b.reshape(inputs.a, [size(shapes[0].slice(0, -1)), shapes[0].at(-1)!]);
    const y = b.reshape(inputs.b, shapes[1].slice(-2));
    const z = b.op("Gemm", [rows, y], { transA: 0, transB: Number(transposeB) });
    const outer = shapes[0].slice(0, -1);
    return b.reshape(z, [...outer, b.value(z).shape[1]]);
  }
  const plain = (x: string, transposed: boolean) => {
    const rank = b.value(x).shape.length;
    const perm = Array.from({ length: rank }, (_, i) => i);
    return transposed ? b.transpose(x, [...perm.slice(0, -2), rank - 1, rank - 2]) : x;
  };
  return b.op("MatMul", [plain(inputs.a, transposeA), plain(inputs.b, transposeB)]);
}

const size = (shape: number[]) => shape.reduce((n, m) => n * m, 1);

export const products: Record<string, Translation> = {
  BatchMatMul: product,
  _FusedMatMul: (call) => {
    const z = product(call);
    return activated(call, call.inputs.bias ? call.b.op("Add", [z, call.inputs.bias]) : z);
  },
  GatherV2: ({ b, inputs: { x, indices }, attributes: { axis, batchDims = 0 } }) => {
    if (batchDims === 0) return b.op("Gather", [x, indices], { axis });
    // the axis that is gathered from comes right behind those of the batch, and goes back afterwards
    const rank = b.value(x).shape.length, chosen = b.value(indices).shape;
    const all = Array.from({ length: rank }, (_, i) => i);
    const first = all.toSpliced(axis, 1).toSpliced(batchDims, 0, axis);
    const picked = b.op(
      "GatherND",
      [b.transpose(x, first), b.op("Cast", [b.reshape(indices, [...chosen, 1])], { to: "int64" })],
      { batch_dims: batchDims },
    );
    const more = chosen.length - batchDims, between = axis - batchDims;
    const places = Array.from({ length: b.value(picked).shape.length }, (_, i) => i);
    const own = places.slice(batchDims, batchDims + more);
    const others = places.slice(batchDims + more);
    return b.transpose(picked, [
      ...places.slice(0, batchDims),
      ...others.slice(0, between),
      ...own,
      ...others.slice(between),
    ]);
  },
  GatherNd: ({ b, inputs: { params, indices } }) =>
    b.op("GatherND", [params, b.op("Cast", [indices], { to: "int64" })]),
  // Values for one place are added up.
  ScatterNd: ({ b, inputs: { indices, updates }, attributes: { shape } }) => {
    const { dtype } = b.value(updates);
    const table = b.constant(arrayOf(dtype, new Float64Array(size(shape))), shape, dtype);
    const places = b.op("Cast", [indices], { to: "int64" });
    return b.op("ScatterND", [table, places, updates], { reduction: "add" });
  },
  FusedBatchNorm: ({ b, inputs, attributes: { varianceEpsilon }, float }) => {
    const { x, mean, variance, scale, offset } = inputs;
    const deviation = b.op("Sqrt", [b.op("Add", [variance, b.scalar(varianceEpsilon, float)])]);
    const factor = scale ? b.op("Div", [scale, deviation]) : b.op("Reciprocal", [deviation]);
    const shift = b.op("Mul", [mean, factor]);
    const moved = offset ? b.op("Sub", [offset, shift]) : b.op("Neg", [shift]);
    return b.op("Add", [b.op("Mul", [x, factor]), moved]);
  },
};
