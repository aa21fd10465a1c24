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
  const size = sizeOf(shape), level = new Uint8Array(size), next = new Int32Array(33);
  for (let index = 0; index < size; index++) {
    let rest = index;
    for (let k = shape.length - 1; k >= 0; k--) {
      level[index] = Math.max(level[index], levels[k][rest % shape[k]]);
      rest = Math.floor(rest / shape[k]);
    }
    next[level[index] + 1]++;
  }
  for (let l = 1; l < 33; l++) next[l] += next[l - 1];
  const order = new Int32Array(size);
  for (let index = 0; index < size; index++) order[next[level[index]]++] = index;
  return order;
}
