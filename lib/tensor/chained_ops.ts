type Op = (...args: unknown[]) => unknown;
type TensorLike = { throwIfDisposed(): void; shape: number[] };

/** Methods that pass their tensor as the first argument of the op of the same name. */
const plain =
  `abs acos acosh add all any argMax argMin asin asinh atan atan2 atanh avgPool batchNorm batchToSpaceND
  broadcastTo cast ceil clipByValue conv1d conv2d conv2dTranspose cos cosh cumprod cumsum depthToSpace
  depthwiseConv2d dilation2d div divNoNan dot elu equal erf euclideanNorm exp expandDims expm1 floor
  floorDiv gather greater greaterEqual isFinite isInf isNaN leakyRelu less lessEqual
  localResponseNormalization log log1p logSigmoid logSoftmax logSumExp logicalAnd logicalNot logicalOr
  logicalXor matMul max maxPool maximum mean min minimum mirrorPad mod mul neg norm notEqual oneHot
  onesLike pad pool pow prelu prod reciprocal relu relu6 reshape reverse round rsqrt selu separableConv2d
  sigmoid sign sin sinh slice softmax softplus spaceToBatchND split sqrt square squaredDifference squeeze
  step stridedSlice sub sum tan tanh tile topk transpose unique unsortedSegmentSum unstack zerosLike`
    .split(/\s+/);

/**
 * Gives tensors their methods (`x.square()`), which the slim packages leave out. The package's own
 * registration cannot be imported under Deno (its imports have no file endings). Methods that are there
 * already stay as they are.
 */
export function chainOps(core: object): void {
  const ops = core as Record<string, Op> & {
    image: Record<string, Op>;
    spectral: Record<string, Op>;
  };
  // Where two copies of tfjs are loaded they share one Tensor class, kept here.
  const shared = (globalThis as { _tfGlobals?: Map<string, { prototype: object }> })._tfGlobals;
  const prototype = shared?.get("Tensor")?.prototype as Record<string, Op> | undefined;
  if (!prototype) return;
  const list = (x: unknown) => Array.isArray(x) ? x : [x];
  const chained: Record<string, (x: TensorLike, ...args: unknown[]) => unknown> = {
    ...Object.fromEntries(plain.map((name) => [name, ops[name]])),
    as1D: (x) => ops.reshape(x, [x.shape.reduce((a, b) => a * b, 1)]),
    flatten: (x) => ops.reshape(x, [x.shape.reduce((a, b) => a * b, 1)]),
    asScalar: (x) => ops.reshape(x, []),
    as2D: (x, ...shape) => ops.reshape(x, shape),
    as3D: (x, ...shape) => ops.reshape(x, shape),
    as4D: (x, ...shape) => ops.reshape(x, shape),
    as5D: (x, ...shape) => ops.reshape(x, shape),
    reshapeAs: (x, like) => ops.reshape(x, (like as TensorLike).shape),
    asType: (x, dtype) => ops.cast(x, dtype),
    toFloat: (x) => ops.cast(x, "float32"),
    toInt: (x) => ops.cast(x, "int32"),
    toBool: (x) => ops.cast(x, "bool"),
    concat: (x, others, axis) => ops.concat([x, ...list(others)], axis),
    stack: (x, others, axis) => ops.stack([x, ...list(others)], axis),
    where: (x, condition, otherwise) => ops.where(condition, x, otherwise),
    resizeBilinear: (x, ...args) => ops.image.resizeBilinear(x, ...args),
    resizeNearestNeighbor: (x, ...args) => ops.image.resizeNearestNeighbor(x, ...args),
    fft: (x) => ops.spectral.fft(x),
    ifft: (x) => ops.spectral.ifft(x),
    rfft: (x) => ops.spectral.rfft(x),
    irfft: (x) => ops.spectral.irfft(x),
  };
  for (const [name, op] of Object.entries(chained)) {
    prototype[name] ??= function (this: TensorLike, ...args: unknown[]) {
      this.throwIfDisposed();
      return op(this, ...args);
    };
  }
}
