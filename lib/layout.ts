import { hash, random } from "./math/random.ts";
import { describe, largestVector, optionsOf } from "./options.ts";
import { firstNotFinite, sizeOf, type Vector } from "./vector.ts";

/**
 * What a tensor does. `state` (moving mean and variance of batch norm, weights of frozen layers) is part
 * of θ, but nothing moves it: directions, gradients, penalties and operators are zero there.
 */
export type Role = "weight" | "bias" | "norm" | "state";

/** All that a {@link Role} can be. */
export const roles: readonly Role[] = ["weight", "bias", "norm", "state"];

/** One tensor inside a {@link Vector}. */
export interface LayoutTensor {
  /** The tensor's name, unique within its layout. */
  readonly name: string;
  /** Its shape. */
  readonly shape: readonly number[];
  /** Where its first element stands in the vector. */
  readonly offset: number;
  /** What it does. */
  readonly role: Role;
  /** The axis of output units (filters): last in tfjs's layouts, first in PyTorch's. */
  readonly unitAxis?: number;
}

/** Names, shapes, offsets and roles of the tensors inside a {@link Vector}. */
export interface Layout {
  /** How many numbers the vector holds. */
  readonly size: number;
  /** A digest of shapes, roles and unit axes, not of names: equal digests, interchangeable vectors. */
  readonly digest: string;
  /** The tensors, in the order of the vector. */
  readonly tensors: readonly LayoutTensor[];
}

/** A tensor as {@link layout} takes it: a shape, or a shape with its role and unit axis. */
export type TensorSpec =
  | readonly number[]
  | { shape: readonly number[]; role?: Role; unitAxis?: number };

/**
 * The layout of named tensors, in the order given. A shape alone is a `weight`; tensors with two or more
 * axes have their units on the last one unless `unitAxis` says otherwise.
 *
 * @throws {TypeError} if a tensor is neither a shape nor an object with one.
 * @throws {RangeError} if there is no tensor, a dimension is not a positive integer, a role is unknown,
 * `unitAxis` is not an axis, or there are more than 2³⁰ numbers.
 *
 * ```ts
 * import { layout } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const net = layout({ w1: [2, 100], b1: { shape: [100], role: "bias" } });
 * assertEquals(net.size, 300);
 * assertEquals(net.tensors[1].offset, 200);
 * ```
 */
export function layout(tensors: Record<string, TensorSpec>): Layout {
  if (typeof tensors !== "object" || tensors === null || Array.isArray(tensors)) {
    throw new TypeError(
      `Cannot make a layout: it needs an object of named shapes, got ${describe(tensors)}`,
    );
  }
  return layoutFrom(
    Object.entries(tensors).map(([name, spec]) => ({ name, ...unpack(name, spec) })),
  );
}

function unpack(name: string, spec: TensorSpec) {
  if (Array.isArray(spec)) return { shape: spec as readonly number[] };
  const { shape, role, unitAxis } = (spec ?? {}) as Exclude<TensorSpec, readonly number[]>;
  if (Array.isArray(shape)) return { shape: shape as readonly number[], role, unitAxis };
  throw new TypeError(
    `Cannot make a layout: "${name}" must be a shape such as [2, 100], or { shape, role, unitAxis }, got ${
      describe(spec)
    }`,
  );
}

/** {@link layout} from a list. */
export function layoutFrom(
  specs: { name: string; shape: readonly number[]; role?: Role; unitAxis?: number }[],
): Layout {
  if (specs.length === 0) {
    throw new RangeError("Cannot make a layout: it needs at least one tensor, got none");
  }
  const seen = new Set<string>();
  let size = 0;
  const tensors = specs.map(({ name, shape, role = "weight", unitAxis }): LayoutTensor => {
    const wrong = shape.find((n) => !Number.isInteger(n) || n < 1);
    if (wrong !== undefined) {
      throw new RangeError(
        `Cannot make a layout: the dimensions of "${name}" must be positive integers, got [${shape}]`,
      );
    }
    if (!roles.includes(role)) {
      throw new RangeError(
        `Cannot make a layout: the role of "${name}" must be ${roles.join(", ")}, got ${role}`,
      );
    }
    if (seen.has(name)) {
      throw new RangeError(`Cannot make a layout: two tensors are called "${name}"`);
    }
    seen.add(name);
    const axis = unitAxis ?? (shape.length > 1 ? shape.length - 1 : undefined);
    if (axis !== undefined && !(Number.isInteger(axis) && axis >= 0 && axis < shape.length)) {
      throw new RangeError(
        `Cannot make a layout: unitAxis of "${name}" must be one of its ${shape.length} axes, got ${axis}`,
      );
    }
    const offset = size;
    size += sizeOf(shape);
    if (size > largestVector) {
      throw new RangeError(
        `Cannot make a layout: it may have at most ${
          largestVector.toLocaleString("en")
        } numbers, ` +
          `got ${size.toLocaleString("en")} up to "${name}" of shape [${shape}]`,
      );
    }
    return {
      name,
      shape: [...shape],
      offset,
      role,
      ...(axis === undefined ? {} : { unitAxis: axis }),
    };
  });
  return { size, digest: digestOf(tensors), tensors };
}

function digestOf(tensors: LayoutTensor[]): string {
  const text = JSON.stringify(tensors.map((t) => [t.shape, t.role, t.unitAxis ?? null]));
  return [text, `${text}/2`].map((s) => (hash(s) >>> 0).toString(16).padStart(8, "0")).join("");
}

/** The part of `vector` that holds a tensor: a view, not a copy. */
export function part<V extends Vector>(vector: V, tensor: LayoutTensor): V {
  return vector.subarray(tensor.offset, tensor.offset + sizeOf(tensor.shape)) as V;
}

/** Sets `vector` to zero, in place, on the tensors that nothing may move. */
export function clearState(layout: Layout, vector: Vector): void {
  for (const tensor of layout.tensors) if (tensor.role === "state") part(vector, tensor).fill(0);
}

/** How many numbers of θ can move: all but `state`. */
export function movable(layout: Layout): number {
  return layout.tensors.reduce((n, t) => t.role === "state" ? n : n + sizeOf(t.shape), 0);
}

/**
 * Checks that a vector belongs to a layout, and names what does not fit.
 *
 * @throws {TypeError} if it is not a float array; {RangeError} if its length differs or it holds NaN or ±∞.
 */
export function checkVector(layout: Layout, vector: Vector, doing: string, what = "θ"): void {
  if (!(vector instanceof Float32Array || vector instanceof Float64Array)) {
    throw new TypeError(
      `Cannot ${doing}: ${what} must be a Float32Array or Float64Array, got ${describe(vector)}`,
    );
  }
  if (vector.length !== layout.size) {
    throw new RangeError(
      `Cannot ${doing}: ${what} must have the ${layout.size} numbers of the layout, got ${vector.length}`,
    );
  }
  const i = firstNotFinite(vector);
  if (i >= 0) {
    throw new RangeError(
      `Cannot ${doing}: ${what} holds ${vector[i]} at ${i} (in "${tensorAt(layout, i).name}"); ` +
        "look at the checkpoint it came from",
    );
  }
}

/** Checks that a layout is one. @throws {TypeError} that says what came instead. */
export function checkLayout(layout: Layout, doing: string): void {
  if (Number.isInteger(layout?.size) && Array.isArray(layout.tensors)) return;
  const got = describe(layout);
  throw new TypeError(
    `Cannot ${doing}: expected a layout, got ${got}: ` +
      (got === "a tf.LayersModel"
        ? "take layoutOf(model)"
        : "make one with layout({ w: [2, 100] })"),
  );
}

export { describe } from "./options.ts";

function tensorAt(layout: Layout, index: number): LayoutTensor {
  return layout.tensors.findLast((t) => t.offset <= index)!;
}

/** How weights are drawn: He for ReLU and GELU, Xavier for tanh and linear units. */
export type Initializer = "heNormal" | "heUniform" | "xavierNormal" | "xavierUniform";

/**
 * Draws a θ for a layout: weights by `initializer`, biases 0, norm scales 1 (names that end in `beta` 0),
 * state 0 (names that hold `variance` 1).
 *
 * Fans follow Glorot and Bengio (2010) and He et al. (2015): the fan in of a tensor is the number of its
 * elements per output unit.
 *
 * @param options.initializer default `"xavierUniform"`
 * @param options.seed default 42
 *
 * ```ts
 * import { initialize, layout } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const net = layout({ w: [2, 50], b: { shape: [50], role: "bias" } });
 * assertEquals(initialize(net, { seed: 1 }), initialize(net, { seed: 1 }));
 * ```
 */
export function initialize(
  layout: Layout,
  options: { initializer?: Initializer; seed?: number } = {},
): Float32Array {
  checkLayout(layout, "initialize");
  const { initializer = "xavierUniform", seed = 42 } = optionsOf(options, "initialize");
  const scheme = /^(he|xavier)(Normal|Uniform)$/.exec(initializer);
  if (!scheme) {
    throw new RangeError(
      `Cannot initialize: initializer must be heNormal, heUniform, xavierNormal or xavierUniform, got ${initializer}`,
    );
  }
  const source = random(seed, "initialize");
  const theta = new Float32Array(layout.size);
  for (const tensor of layout.tensors) {
    const values = part(theta, tensor);
    if (tensor.role === "weight") {
      const { fanIn, fanOut } = fans(tensor);
      const variance = scheme[1] === "he" ? 2 / fanIn : 2 / (fanIn + fanOut);
      const draw = scheme[2] === "Normal"
        ? source.normal
        : () => Math.sqrt(3) * (2 * source.uniform() - 1);
      for (let i = 0; i < values.length; i++) values[i] = Math.sqrt(variance) * draw();
    } else if (tensor.role === "norm" ? !/beta$/.test(tensor.name) : /variance/.test(tensor.name)) {
      values.fill(1);
    }
  }
  return theta;
}

/** Elements per output unit, and per input unit: receptive field × inputs, receptive field × outputs. */
function fans({ shape, unitAxis }: LayoutTensor): { fanIn: number; fanOut: number } {
  if (unitAxis === undefined) return { fanIn: sizeOf(shape), fanOut: sizeOf(shape) };
  const inputAxis = unitAxis === shape.length - 1 ? shape.length - 2 : unitAxis + 1;
  return {
    fanIn: sizeOf(shape) / shape[unitAxis],
    fanOut: sizeOf(shape) / (shape[inputAxis] ?? 1),
  };
}
