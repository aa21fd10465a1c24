import type { Dimension, HostTensor, NumberType, Port, Program } from "../program.ts";
import type { Packed, PackedProgram } from "./messages.ts";

/** Memory of a number type. */
export type Values = HostTensor["data"];

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

/** The number of elements of a shape for n samples. */
export function sizeAt(shape: readonly Dimension[], samples: number): number {
  return shapeAt(shape, samples).reduce((size, n) => size * n, 1);
}

/** A shape for n samples. */
export function shapeAt(shape: readonly Dimension[], samples: number): number[] {
  return shape.map((n) => typeof n === "number" ? n : (parseInt(n) || 1) * samples);
}

/** Whether a shape depends on the number of samples. */
export const varies = (shape: readonly Dimension[]): boolean =>
  shape.some((n) => typeof n !== "number");

/** n zeros of a type. */
export const zeros = (dtype: NumberType, n: number): Values => new arrays[dtype](n);

/** Bytes of a number. */
export const bytesPer = (dtype: NumberType): number => arrays[dtype].BYTES_PER_ELEMENT;

/** A copy of numbers in the type that a port wants. */
export function copyAs(dtype: NumberType, data: Values): Values {
  const wanted = arrays[dtype];
  if (data.constructor === wanted) return data.slice();
  if (dtype === "int64") return BigInt64Array.from(data as Int32Array, (x) => BigInt(x));
  if (data instanceof BigInt64Array) return (wanted as typeof Int32Array).from(data, Number);
  return new (wanted as typeof Float32Array)(data);
}

/** Numbers as part of a message: memory that moves with it. */
export const packed = (dtype: NumberType, shape: number[], data: Values): Packed => ({
  dtype,
  shape,
  buffer: data.buffer as ArrayBuffer,
});

/** Numbers out of a message. */
export const unpacked = ({ dtype, buffer }: Packed): Values => new arrays[dtype](buffer);

/** Rows from … to of an array, or all of it, in the type of a port. */
export function packedRows(
  { dtype, name }: Port,
  { data, shape }: HostTensor,
  rows?: { from: number; to: number },
): Packed {
  if (!rows) return packed(dtype, shape, copyAs(dtype, data));
  const width = data.length / shape[0];
  if (!Number.isInteger(width)) {
    throw new RangeError(
      `Cannot split the data: ${name} has ${data.length} numbers for shape [${shape.join(", ")}]`,
    );
  }
  const part = data.subarray(rows.from * width, rows.to * width);
  return packed(dtype, [rows.to - rows.from, ...shape.slice(1)], copyAs(dtype, part));
}

/** A copy of a program as part of a message. */
export const packedProgram = (program: Program): PackedProgram => ({
  ...program,
  stages: program.stages.map((stage) => ({ ...stage, model: stage.model.slice().buffer })),
});

/** A program out of a message. */
export const unpackedProgram = (program: PackedProgram): Program => ({
  ...program,
  stages: program.stages.map((stage) => ({ ...stage, model: new Uint8Array(stage.model) })),
});

/** Rows of an array by number, in the type of a port. */
export function packedSome({ dtype }: Port, { data, shape }: HostTensor, rows: Int32Array): Packed {
  const width = data.length / shape[0];
  const some = new (data.constructor as new (n: number) => Values)(rows.length * width);
  rows.forEach((row, i) =>
    some.set(data.subarray(row * width, (row + 1) * width) as never, i * width)
  );
  return packed(
    dtype,
    [rows.length, ...shape.slice(1)],
    some.constructor === arrays[dtype] ? some : copyAs(dtype, some),
  );
}

/** The memory that moves with packed arrays. */
export const buffersOf = (all: Record<string, Packed>): ArrayBuffer[] =>
  Object.values(all).map(({ buffer }) => buffer);
