import { builder } from "../../../lib/engine/build.ts";
import { compile } from "../../../lib/engine/compile.ts";
import type { Feeds } from "../../../lib/engine/pool/messages.ts";
import type { Precision, Program } from "../../../lib/engine/program.ts";
import { random } from "../../../lib/math/random.ts";

/**
 * Least squares, ℓᵢ = ½ (xᵢ·w − yᵢ)², in the forms in which the engine asks for a loss: everything about it is
 * known, and every part can be computed again in a line.
 */
interface Sizes {
  width: number;
  precision?: Precision;
}

const start = ({ width, precision = "float32" }: Sizes) => {
  const b = builder(), dtype = precision;
  const x = b.input("x", { dtype, shape: [-1, width] }, 0);
  const column = (name: string) => b.reshape(name, [width, 1]);
  const residual = (w: string) => {
    const y = b.input("y", { dtype, shape: [-1] }, 0);
    return b.op("Sub", [b.reshape(b.op("MatMul", [x, column(w)]), [-1]), y]);
  };
  const meanOf = (weights: string) =>
    b.op("ReduceMean", [b.op("Mul", [x, b.reshape(weights, [-1, 1])])], { axes: [0], keepdims: 0 });
  const halfSquares = (r: string) => b.op("Mul", [b.op("Mul", [r, r]), b.scalar(0.5, dtype)]);
  const end = (
    outputs: Record<string, string>,
    { bake = false, carry }: { bake?: boolean; carry?: Record<string, string> } = {},
  ): Program => {
    b.graph.outputs = Object.entries(outputs).map(([name, value]) => ({ name, value }));
    return compile(b.graph, { precision, samples: bake ? 1e9 : 0, carry });
  };
  return { b, dtype, x, column, residual, meanOf, halfSquares, end };
};

/** Per-sample losses at points of a slice. */
export function valueOnSlice({ width, precision }: Sizes): Program {
  const { b, dtype, residual, halfSquares, end } = start({ width, precision });
  const origin = b.input("origin", { dtype, shape: [width] }, 1);
  const directions = b.input("directions", { dtype, shape: [2, width] }, 1);
  const point = b.input("coordinates", { dtype, shape: [2] }, 2);
  const step = b.op("MatMul", [b.reshape(point, [1, 2]), directions]);
  return end({ losses: halfSquares(residual(b.op("Add", [origin, b.reshape(step, [width])]))) });
}

/** Per-sample losses, their residuals, and the gradient, at θ. */
export function gradientAt(sizes: Sizes): Program {
  const { b, dtype, residual, halfSquares, meanOf, end } = start(sizes);
  const r = residual(b.input("theta", { dtype, shape: [sizes.width] }, 1));
  return end({ losses: halfSquares(r), residuals: r, gradient: meanOf(r) });
}

/** The Hessian of Σ (xᵢ·w)⁴/12, mean (xᵢ·w)² (xᵢ·v) xᵢ, whose middle is known with θ. */
export function productAt({ width, precision }: Sizes): Program {
  const { b, dtype, x, column, meanOf, end } = start({ width, precision });
  const theta = b.input("theta", { dtype, shape: [width] }, 1);
  const v = b.input("v", { dtype, shape: [width] }, 2);
  const along = (w: string) => b.reshape(b.op("MatMul", [x, column(w)]), [-1]);
  const s = along(theta);
  return end({ product: meanOf(b.op("Mul", [b.op("Mul", [s, s]), along(v)])) });
}

/** A step of gradient descent with momentum. */
export function step(sizes: Sizes): Program {
  const { b, dtype, residual, halfSquares, meanOf, end } = start(sizes);
  const theta = b.input("theta", { dtype, shape: [sizes.width] }, 1);
  const momentum = b.input("momentum", { dtype, shape: [sizes.width] }, 1);
  const rate = b.input("rate", { dtype, shape: [] }, 1);
  const r = residual(theta);
  const next = b.op("Add", [b.op("Mul", [momentum, b.scalar(0.9, dtype)]), meanOf(r)]);
  return end({
    losses: halfSquares(r),
    momentumAfter: next,
    thetaAfter: b.op("Sub", [theta, b.op("Mul", [next, rate])]),
  }, { carry: { thetaAfter: "theta", momentumAfter: "momentum" } });
}

/** A convolution whose filter is the item: a session of its own for every item. */
export function convolution(size: number): Program {
  const { b, end } = start({ width: 1 });
  b.graph.inputs.pop();
  const dtype = "float32";
  const x = b.input("pictures", { dtype, shape: [-1, 1, size, size] }, 0);
  const filter = b.input("theta", { dtype, shape: [9] }, 1);
  const y = b.op("Conv", [x, b.reshape(filter, [1, 1, 3, 3])], {
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
    strides: [1, 1],
  });
  return end({ sums: b.op("ReduceSum", [y], { axes: [1, 2, 3], keepdims: 0 }) }, { bake: true });
}

/** Seeded samples for these. */
export function samples(n: number, width: number): Feeds {
  const draw = random(1, "pool test");
  return {
    x: { data: Float32Array.from({ length: n * width }, () => draw.normal()), shape: [n, width] },
    y: { data: Float32Array.from({ length: n }, () => draw.normal()), shape: [n] },
  };
}

/** A seeded vector. */
export function vector(n: number, seed = 2): Float32Array {
  const draw = random(seed, "pool test");
  return Float32Array.from({ length: n }, () => draw.normal());
}

/** xᵢ·w for all samples, in double precision. */
export function alongRows({ x }: Feeds, w: ArrayLike<number>): number[] {
  const width = x.shape[1];
  return Array.from(
    { length: x.shape[0] },
    (_, i) => Array.from(w).reduce((sum, wj, j) => sum + Number(x.data[i * width + j]) * wj, 0),
  );
}
