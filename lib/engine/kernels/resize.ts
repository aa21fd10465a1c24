import { arrayOf } from "../build.ts";
import type { Call, Translation } from "../translate.ts";

/** Where the rows (axis 1) or columns (axis 2) of the new picture lie on the old one. */
function places({ b, inputs: { images }, attributes }: Call, axis: 1 | 2): number[] {
  const { size, alignCorners, halfPixelCenters } = attributes;
  const from = b.value(images).shape[axis], to = size[axis - 1];
  const step = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  return Array.from({ length: to }, (_, i) => halfPixelCenters ? (i + 0.5) * step : i * step);
}

const lengthOf = ({ b, inputs: { images } }: Call, axis: number) => b.value(images).shape[axis];

/** The rows or columns of these numbers; those beyond an edge are the edge's. */
function taken({ b }: Call, x: string, axis: number, numbers: number[], length: number): string {
  const inside = numbers.map((i) => Math.min(Math.max(i, 0), length - 1));
  return b.op("Gather", [x, b.constant(arrayOf("int64", inside), [inside.length], "int64")], {
    axis,
  });
}

/** By the runtime's own operator, on pictures in its order. */
function resized(call: Call, mode: "nearest" | "linear"): string {
  const { b, inputs, attributes: { size, alignCorners, halfPixelCenters } } = call;
  const y = b.op("Resize", [b.transpose(inputs.images, [0, 3, 1, 2])], {
    sizes: size,
    mode,
    coordinate_transformation_mode: alignCorners
      ? "align_corners"
      : halfPixelCenters
      ? "half_pixel"
      : "asymmetric",
    ...(mode === "nearest" && { nearest_mode: alignCorners ? "round_prefer_ceil" : "floor" }),
  });
  return b.transpose(y, [0, 2, 3, 1]);
}

/**
 * The runtime has no doubles here, and takes the nearest pixel from its corner where tfjs takes the one that a
 * centre falls into: then rows and columns are picked.
 */
export const nearest: Translation = (call) => {
  const { inputs: { images }, attributes: { alignCorners, halfPixelCenters }, float } = call;
  if (float === "float32" && !halfPixelCenters) return resized(call, "nearest");
  const round = alignCorners ? Math.round : Math.floor;
  return ([1, 2] as const).reduce(
    (x, axis) => taken(call, x, axis, places(call, axis).map(round), lengthOf(call, axis)),
    images,
  );
};

/** In double precision between the rows, then the columns, on both sides of a place. */
export const bilinear: Translation = (call) => {
  if (call.float === "float32") return resized(call, "linear");
  const { b, inputs: { images }, attributes: { halfPixelCenters }, float } = call;
  return ([1, 2] as const).reduce((x, axis) => {
    const length = lengthOf(call, axis);
    const at = places(call, axis).map((p) =>
      Math.min(Math.max(halfPixelCenters ? p - 0.5 : p, 0), length - 1)
    );
    const shape = axis === 1 ? [at.length, 1, 1] : [at.length, 1];
    const share = (f: (p: number) => number) => b.constant(arrayOf(float, at.map(f)), shape, float);
    const below = taken(call, x, axis, at.map(Math.floor), length);
    const above = taken(call, x, axis, at.map((p) => Math.floor(p) + 1), length);
    return b.op("Add", [
      b.op("Mul", [below, share((p) => 1 - p + Math.floor(p))]),
      b.op("Mul", [above, share((p) => p - Math.floor(p))]),
    ]);
  }, images);
};
