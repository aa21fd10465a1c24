import { sizeOf } from "../vector.ts";

/** Which points of a grid are neighbours: those beside each other along an axis, or also along a diagonal. */
export type Neighbours = "axes" | "diagonals";

/** A basin of a function on a grid: a connected part of its sublevel sets, from its minimum to where it ends. */
export interface SublevelBasin {
  /** The number of the grid point where it begins, its lowest. */
  minimum: number;
  /** The grid point where it joins a deeper basin; −1 for the deepest of its part of the grid. */
  saddle: number;
  /** The basin that it joins there: the deepest of all on the other side; −1 for none. */
  elder: number;
  /** The basin right behind the saddle, where what fills this one flows over to; −1 for none. */
  spill: number;
}

/** All basins of a function on a grid. */
export interface Sublevel {
  /** The basins, the deepest first; of equally deep ones that with the lowest point number. */
  basins: SublevelBasin[];
  /** The basin of each grid point, down its lowest neighbours; −1 in holes. */
  region: Int32Array;
  /** The highest point of each part of the grid that holes cut off, by the number of its deepest basin. */
  tops: Map<number, number>;
}

/**
 * The connected parts of the sets {x: f(x) ≤ h} as h rises, by union-find over points in rising order: at a
 * local minimum one begins, at a saddle the one with the higher minimum ends (the elder rule; Edelsbrunner,
 * Letscher and Zomorodian, 2002). The height from beginning to end is its persistence. NaN and ±∞ are holes.
 *
 * Points of equal height come in the order of their numbers. A flat piece is one basin: what begins and ends
 * at one height is none.
 *
 * Cost: O(n log n) for n points.
 */
export async function sublevel(
  values: ArrayLike<number>,
  shape: readonly number[],
  { neighbours = "diagonals", breathe = () => Promise.resolve() }: {
    neighbours?: Neighbours;
    breathe?: () => Promise<void>;
  } = {},
): Promise<Sublevel> {
  const order = await rising(values, breathe);
  const eachNeighbour = neighbourhood(shape, neighbours);
  const region = new Int32Array(values.length).fill(-1), rank = region.slice();
  const basins: SublevelBasin[] = [], up: number[] = [];
  const tops = new Map<number, number>();
  const eldest = (basin: number) => {
    while (up[basin] !== basin) basin = up[basin] = up[up[basin]];
    return basin;
  };
  for (const [r, point] of order.entries()) {
    if (r % 256 === 0) await breathe();
    rank[point] = r;
    let lowest = -1;
    const below: number[] = [];
    eachNeighbour(point, (other) => {
      if (region[other] < 0) return;
      below.push(other);
      if (lowest < 0 || rank[other] < rank[lowest]) lowest = other;
    });
    if (lowest < 0) {
      region[point] = basins.length;
      up.push(basins.length);
      basins.push({ minimum: point, saddle: -1, elder: -1, spill: -1 });
    } else region[point] = region[lowest];
    for (const other of below) {
      const here = eldest(region[point]), there = eldest(region[other]);
      if (here === there) continue;
      // basins are numbered as they begin: the elder has the lower number
      const elder = Math.min(here, there), younger = Math.max(here, there);
      const spill = younger === there ? region[point] : region[other];
      Object.assign(basins[younger], { saddle: point, elder, spill });
      up[younger] = elder;
    }
    tops.set(eldest(region[point]), point);
  }
  const lasting = basins.map(({ saddle, minimum }) =>
    saddle < 0 || values[saddle] > values[minimum]
  );
  const roots = new Set(basins.keys().filter((k) => basins[k].saddle < 0));
  return selected({ basins, region, tops }, (k) => lasting[k], (k) => roots.has(k));
}

/**
 * The basins that are selected, numbered anew; the regions of the others go to where they flow over to. An
 * elder that is not selected is replaced by its own.
 */
export function selected(
  { basins, region, tops }: Sublevel,
  wanted: (basin: number) => boolean,
  isRoot = (basin: number) => basins[basin].saddle < 0,
): Sublevel {
  const kept = [...basins.keys()].filter((k) => wanted(k) || isRoot(k));
  const renamed = new Map(kept.map((old, now) => [old, now]));
  const follow = (k: number, next: "elder" | "spill") => {
    while (k >= 0 && !renamed.has(k)) k = basins[k][next];
    return renamed.get(k) ?? -1;
  };
  const homes = basins.map((_, k) => follow(k, "spill"));
  return {
    basins: kept.map((k) => ({
      ...basins[k],
      elder: follow(basins[k].elder, "elder"),
      spill: follow(basins[k].spill, "spill"),
    })),
    region: region.map((k) => k < 0 ? -1 : homes[k]),
    tops: new Map([...tops].flatMap(([k, top]) => isRoot(k) ? [[renamed.get(k)!, top]] : [])),
  };
}

/** The numbers of the finite values in rising order; equal ones in the order of their numbers. */
async function rising(
  values: ArrayLike<number>,
  breathe: () => Promise<void>,
): Promise<Int32Array> {
  const finite = await sorted(values, breathe);
  const order = new Int32Array(finite.length), taken = new Int32Array(finite.length);
  for (let i = 0; i < values.length; i++) {
    if (i % 4096 === 0) await breathe();
    if (!Number.isFinite(values[i])) continue;
    let low = 0, high = finite.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (finite[middle] < values[i]) low = middle + 1;
      else high = middle;
    }
    order[low + taken[low]++] = i;
  }
  return order;
}

/** The finite values in rising order: pieces that are sorted in some milliseconds, then merged two by two. */
async function sorted(
  values: ArrayLike<number>,
  breathe: () => Promise<void>,
): Promise<Float64Array> {
  const piece = 2 ** 15;
  let pieces: Float64Array[] = [];
  for (let from = 0; from < values.length; from += piece) {
    const count = Math.min(piece, values.length - from);
    const part = Float64Array.from({ length: count }, (_, i) => values[from + i]);
    pieces.push(part.filter(Number.isFinite).sort());
    await breathe();
  }
  while (pieces.length > 1) {
    const merged: Float64Array[] = [];
    for (let k = 0; k < pieces.length; k += 2) {
      const [a, b = new Float64Array(0)] = pieces.slice(k, k + 2);
      const both = new Float64Array(a.length + b.length);
      for (let i = 0, j = 0; i + j < both.length;) {
        if ((i + j) % piece === 0) await breathe();
        const at = i + j;
        both[at] = j === b.length || a[i] <= b[j] ? a[i++] : b[j++];
      }
      merged.push(both);
    }
    pieces = merged;
  }
  return pieces[0] ?? new Float64Array(0);
}

/** A function that visits the neighbours of a point of a row-major grid, in the order of their numbers. */
function neighbourhood(shape: readonly number[], neighbours: Neighbours) {
  const strides = shape.map((_, k) => sizeOf(shape.slice(k + 1)));
  const offsets = Array.from(
    { length: 3 ** shape.length },
    (_, code) => shape.map((_, k) => Math.floor(code / 3 ** (shape.length - 1 - k)) % 3 - 1),
  )
    .filter((offset) => {
      const moved = offset.filter((step) => step !== 0).length;
      return neighbours === "axes" ? moved === 1 : moved > 0;
    })
    .map((offset) => ({ offset, by: offset.reduce((sum, step, k) => sum + step * strides[k], 0) }));
  const at = new Int32Array(shape.length);
  return (point: number, visit: (other: number) => void) => {
    strides.forEach((stride, k) => at[k] = Math.floor(point / stride) % shape[k]);
    for (const { offset, by } of offsets) {
      if (offset.every((step, k) => at[k] + step >= 0 && at[k] + step < shape[k])) {
        visit(point + by);
      }
    }
  };
}
