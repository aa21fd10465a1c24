import { describe } from "../options.ts";
import { firstNotFinite, sizeOf } from "../vector.ts";

/** The arrays that samples may be given in. */
export type NumericArray = Float32Array | Float64Array | Int32Array;

/** Numbers with a shape, row-major. */
export interface NumberArray<A extends NumericArray = NumericArray> {
  /** The numbers, the last axis moving fastest. */
  data: A;
  /** The lengths of the axes; the first axis counts samples. */
  shape: number[];
}

/** What a tfjs tensor looks like to those who only read it. */
export interface TensorLike {
  /** The lengths of the axes; the first axis counts samples. */
  readonly shape: number[];
  /** `"float32"`, `"int32"` or `"bool"`. */
  readonly dtype: string;
  /** The numbers, row-major. */
  dataSync(): ArrayLike<number>;
}

/** Numbers with a shape: a tfjs tensor, or a typed array beside its shape. */
export type Numbers = TensorLike | NumberArray;

/**
 * Inputs and, where there are any, targets; the first axis counts samples. Inputs of a model with several
 * inputs are a record. Class targets are integers of shape [n], or one-hot of shape [n, C].
 */
export interface Samples {
  /** What goes into the model. */
  inputs: Numbers | Record<string, Numbers>;
  /** What should come out. */
  targets?: Numbers;
}

/** Samples as our own data sets hold them. */
export interface ArraySamples<T extends NumericArray = NumericArray> extends Samples {
  /** What goes into the model. */
  inputs: NumberArray<Float32Array>;
  /** What should come out. */
  targets: NumberArray<T>;
}

/** How a column was standardised: (x − mean) / sd, both from the training set. */
export interface Scale {
  /** The mean over the training set. */
  readonly mean: number;
  /** The standard deviation over the training set, or 1 for a column that is constant there. */
  readonly sd: number;
  /** The unit of both, where the column has one. */
  readonly unit?: string;
}

/** A training set and a test set. */
export interface Dataset<S extends Samples = Samples> {
  /** What it is called in figures and reports. */
  readonly name: string;
  /** The samples to train with. */
  readonly train: S;
  /** The samples to test with; no statistic of theirs has been used. */
  readonly test: S;
  /** How many classes there are, where the targets are classes. */
  readonly classes?: number;
  /** The names of the input columns. */
  readonly columns?: readonly string[];
  /** How the input columns were standardised. */
  readonly inputScales?: readonly Scale[];
  /** How the targets were standardised: a root-mean-square error × `sd` is in `unit`. */
  readonly targetScale?: Scale;
}

/** True for a tensor or an array with its shape, false for a record of them. */
export function isNumbers(value: Numbers | Record<string, Numbers>): value is Numbers {
  return Array.isArray(value?.shape);
}

/** The inputs by name; a single input is called `inputs`. */
export function namedInputs({ inputs }: Samples): Record<string, Numbers> {
  return isNumbers(inputs) ? { inputs } : inputs;
}

/** Numbers as an array with its shape. An array is given back as it is, a tensor is read. */
export function arrayOf(numbers: Numbers): NumberArray {
  if ("data" in numbers && !("dataSync" in numbers)) return numbers;
  const { dtype, shape } = numbers as TensorLike;
  const data = (numbers as TensorLike).dataSync();
  return { data: dtype === "float32" ? Float32Array.from(data) : Int32Array.from(data), shape };
}

/** How many samples there are: the length of the first axis. */
export function samplesCount({ inputs }: Samples): number {
  return isNumbers(inputs) ? inputs.shape[0] : Object.values(inputs)[0].shape[0];
}

/**
 * The samples with the given numbers, in the order given, as new arrays.
 *
 * @throws {TypeError} if the samples are none.
 * @throws {RangeError} if an index is not the number of a sample.
 *
 * ```ts
 * import { moons, takeSamples } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { inputs } = takeSamples(moons().train, [3, 0]);
 * assertEquals(inputs.shape, [2, 2]);
 * ```
 */
export function takeSamples(samples: Samples, indices: ArrayLike<number>): Samples {
  if (typeof samples?.inputs !== "object" || samples.inputs === null) {
    throw new TypeError(
      `Cannot take samples: samples are { inputs, targets }, got ${describe(samples)}`,
    );
  }
  const count = samplesCount(samples);
  const wrong = Array.from(indices).find((i) => !(Number.isInteger(i) && i >= 0 && i < count));
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot take samples: indices must be integers from 0 to ${count - 1}, got ${wrong}`,
    );
  }
  const { inputs, targets } = samples;
  return {
    inputs: isNumbers(inputs) ? rows(inputs, indices) : Object.fromEntries(
      Object.entries(inputs).map(([name, numbers]) => [name, rows(numbers, indices)]),
    ),
    ...(targets === undefined ? {} : { targets: rows(targets, indices) }),
  };
}

function rows(numbers: Numbers, indices: ArrayLike<number>): NumberArray {
  const { data, shape } = arrayOf(numbers);
  const width = sizeOf(shape.slice(1));
  const out = new (data.constructor as new (n: number) => NumericArray)(indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    out.set(data.subarray(indices[i] * width, (indices[i] + 1) * width), i * width);
  }
  return { data: out, shape: [indices.length, ...shape.slice(1)] };
}

/**
 * Checks that samples are samples: shapes that fit their data, the same number of samples everywhere, at
 * least one, and no NaN or ±∞. Reads every number once.
 *
 * @param doing what is being done, for the message: `"train"` gives `Cannot train: …`
 * @throws {TypeError} if a part is not a tensor or a typed array with a shape.
 * @throws {RangeError} that names the part that does not fit, and where.
 */
export function checkSamples(samples: Samples, doing: string): void {
  const given = samples?.inputs;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `Cannot ${doing}: samples are { inputs, targets }, got ${
        given === undefined ? describe(samples) : `inputs: ${describe(given)}`
      }`,
    );
  }
  const inputs = isPart(given) ? [["the inputs", given]] : Object.entries(given).map(
    ([name, numbers]) => [`the input "${name}"`, numbers],
  );
  if (inputs.length === 0) {
    throw new RangeError(`Cannot ${doing}: the samples must have at least one input, got none`);
  }
  const parts = inputs as [string, Numbers][];
  if (samples.targets !== undefined) parts.push(["the targets", samples.targets]);
  for (const [name, numbers] of parts) checkNumbers(numbers, doing, name);
  const [[first, { shape: [count] }]] = parts;
  for (const [name, { shape }] of parts) {
    if (shape[0] !== count) {
      throw new RangeError(
        `Cannot ${doing}: ${name} must have as many samples as ${first}, ${count}, got ${shape[0]}`,
      );
    }
  }
}

/** Broken numbers too: whatever has a shape or data of its own is not a record of inputs. */
function isPart(value: object): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value) ||
    "shape" in value && Array.isArray(value.shape) ||
    "data" in value && (Array.isArray(value.data) || ArrayBuffer.isView(value.data));
}

function checkNumbers(numbers: Numbers, doing: string, name: string): void {
  const { shape, data, dtype, dataSync } = (numbers ?? {}) as NumberArray & TensorLike;
  const isTensor = typeof dataSync === "function";
  if (!Array.isArray(shape) || !isTensor && data === undefined) {
    throw new TypeError(
      `Cannot ${doing}: ${name} must be a tensor or { data, shape }, got ${describe(numbers)}`,
    );
  }
  if (isTensor ? !/^(float32|int32|bool)$/.test(dtype) : !isNumericArray(data)) {
    throw new TypeError(
      `Cannot ${doing}: the data of ${name} must be a Float32Array, Float64Array or Int32Array, got ${
        isTensor ? `a tensor of dtype ${dtype}` : describe(data)
      }`,
    );
  }
  if (shape.length === 0 || shape.some((n, axis) => !Number.isInteger(n) || n < Math.sign(axis))) {
    throw new RangeError(
      `Cannot ${doing}: the shape of ${name} must be positive integers, samples first, got [${
        shape.join(", ")
      }]`,
    );
  }
  if (shape[0] === 0) {
    throw new RangeError(`Cannot ${doing}: there must be at least one sample, got none in ${name}`);
  }
  const values = isTensor ? numbers as TensorLike : data;
  checkValues("dataSync" in values ? values.dataSync() : values, shape, doing, name);
}

function checkValues(data: ArrayLike<number>, shape: number[], doing: string, name: string): void {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(
      `Cannot ${doing}: ${name} of shape [${shape.join(", ")}] must have ${
        sizeOf(shape)
      } numbers, got ${data.length}`,
    );
  }
  const at = firstNotFinite(data);
  if (at >= 0) {
    const width = sizeOf(shape.slice(1));
    throw new RangeError(
      `Cannot ${doing}: ${name} must be finite, got ${data[at]} in sample ${
        Math.floor(at / width)
      }, at ${at % width}; drop the sample or repair it`,
    );
  }
}

function isNumericArray(data: unknown): data is NumericArray {
  return data instanceof Float32Array || data instanceof Float64Array || data instanceof Int32Array;
}
