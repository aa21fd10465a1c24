import type { BackendWasm } from "npm:@tensorflow/tfjs-backend-wasm@4.22.0";
import type { Attributes } from "../engine.ts";
import * as tf from "../tf.ts";

/** From this length on, copying a run at once is faster than element by element. */
const worthCopying = 24;

type Info = tf.TensorInfo;
type Cutter = (x: Info, attributes: Attributes, backend: BackendWasm) => Info | Info[];

/**
 * Slice, StridedSlice, Unpack and SplitV for the wasm backend, whose own copy the whole tensor first, for
 * each part anew, or go element by element.
 */
export function sliceKernels(native: (name: string) => tf.KernelConfig): tf.KernelConfig[] {
  return Object.entries(cutters).map(([name, cutter]) => ({
    ...native(name),
    kernelFunc({ inputs, attrs, backend }) {
      const x = Object.values(inputs)[0] as Info;
      if (x.dtype === "string") return native(name).kernelFunc({ inputs, attrs, backend });
      return cutter(x, attrs as Attributes, backend as BackendWasm);
    },
  }));
}

const cutters: Record<string, Cutter> = {
  [tf.Slice](x, { begin, size }, backend) {
    const [from, count] = tf.slice_util.parseSliceParams(x, begin, size);
    tf.slice_util.assertParamsValid(x, from, count);
    return cut(backend, x, from, count, count.map(() => 1), count);
  },
  [tf.StridedSlice](x, a, backend) {
    const { begin, end, strides, finalShape } = tf.slice_util.sliceInfo(
      x.shape,
      a.begin,
      a.end,
      a.strides,
      a.beginMask,
      a.endMask,
      a.ellipsisMask,
      a.newAxisMask,
      a.shrinkAxisMask,
    );
    const count = x.shape.map((_, i) => Math.max(0, Math.ceil((end[i] - begin[i]) / strides[i])));
    return cut(backend, x, begin, count, strides, finalShape);
  },
  [tf.Unpack](x, { axis }, backend) {
    const [along] = tf.util.parseAxisParam(axis, x.shape);
    const shape = x.shape.toSpliced(along, 1);
    return parts(backend, x, along, Array(x.shape[along]).fill(1), () => shape);
  },
  [tf.SplitV](x, { numOrSizeSplits, axis }, backend) {
    const [along] = tf.util.parseAxisParam(axis, x.shape);
    const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, along);
    return parts(backend, x, along, sizes, (size) => x.shape.with(along, size));
  },
};

/** Consecutive parts of x along an axis. */
function parts(
  backend: BackendWasm,
  x: Info,
  axis: number,
  sizes: number[],
  shape: (size: number) => number[],
): Info[] {
  const steps = x.shape.map(() => 1);
  let at = 0;
  return sizes.map((size) => {
    const begin = x.shape.map((_, i) => i === axis ? at : 0);
    at += size;
    return cut(backend, x, begin, x.shape.with(axis, size), steps, shape(size));
  });
}

/** The elements begin + k·steps of x for each k below count. */
function cut(
  backend: BackendWasm,
  x: Info,
  begin: number[],
  count: number[],
  steps: number[],
  shape: number[],
): Info {
  const out = backend.makeOutput(shape, x.dtype);
  // After the allocation, which may move the heap.
  const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(out)];
  const widths = x.shape.map((_, i) => x.shape.slice(i + 1).reduce((n, m) => n * m, 1));
  // Whole trailing axes make one run with the axis before them.
  let axis = x.shape.length - 1;
  while (axis > 0 && count[axis] === x.shape[axis] && steps[axis] === 1) axis--;
  const isRun = axis >= 0 && steps[axis] === 1;
  const run = axis < 0 ? 1 : isRun ? count[axis] * widths[axis] : widths[axis];
  const outer = isRun ? axis : axis + 1;
  let at = 0;
  const copy = (depth: number, offset: number) => {
    if (depth === outer) {
      const start = offset + (isRun ? begin[axis] * widths[axis] : 0);
      if (run < worthCopying) { for (let i = 0; i < run; i++) to[at + i] = from[start + i]; }
      else to.set(from.subarray(start, start + run), at);
      at += run;
      return;
    }
    for (let k = 0; k < count[depth]; k++) {
      copy(depth + 1, offset + (begin[depth] + k * steps[depth]) * widths[depth]);
    }
  };
  if (to.length > 0) copy(0, 0);
  return out;
}
