import { sizeOf } from "./vector.ts";

/** A stretch of an axis, in units of its direction. */
export interface Extent {
  /** The lower end. */
  from: number;
  /** The upper end. */
  to: number;
}

/** `count` points from end to end, both included. Ends of opposite sign and an odd count give an exact 0. */
export function axisOf({ from, to }: Extent, count: number): Float64Array {
  const last = count - 1;
  const axis = Float64Array.from(
    { length: count },
    (_, i) => (from * (last - i) + to * i) / last,
  );
  [axis[0], axis[last]] = [from, to];
  return axis;
}

/** The coordinates of the point with a row-major number. */
export function coordinatesAt(axes: readonly Float64Array[], index: number): number[] {
  const coordinates = new Array<number>(axes.length);
  for (let k = axes.length - 1; k >= 0; k--) {
    coordinates[k] = axes[k][index % axes[k].length];
    index = Math.floor(index / axes[k].length);
  }
  return coordinates;
}

/**
 * The points of a grid from coarse to fine: first every 2ᵏ-th along each axis, counted from the middle, then
 * what lies between, so that a surface that is stopped is a coarse surface and not a strip.
 */
export function coarseToFine(shape: readonly number[]): Int32Array {
  // the number of leading zeros of an offset's lowest bit: 31 for odd offsets, less for coarser ones
  const levels = shape.map((n) =>
    Uint8Array.from({ length: n }, (_, i) => {
      const offset = i - (n >> 1);
      return offset === 0 ? 0 : Math.clz32(offset & -offset);
    })
  );
  const buckets = Array.from({ length: 32 }, (): number[] => []);
  const size = sizeOf(shape);
  for (let index = 0; index < size; index++) {
    let rest = index, level = 0;
    for (let k = shape.length - 1; k >= 0; k--) {
      level = Math.max(level, levels[k][rest % shape[k]]);
      rest = Math.floor(rest / shape[k]);
    }
    buckets[level].push(index);
  }
  return Int32Array.from(buckets.flat());
}
