import type { Extent } from "./grid.ts";
import type { Loss } from "./loss.ts";
import { describe } from "./options.ts";
import type { Slice } from "./slice.ts";

/** What {@link Range} can include: a trajectory in the slice, or any points of it. */
export interface Path {
  /** Points, in units of the directions. */
  readonly coordinates: readonly ArrayLike<number>[];
}

/**
 * Which part of a slice is looked at, in units of its directions: `r` for −r to r along each of them, one
 * extent for all, one for each, the box around some paths with a margin (a share of the box's sides,
 * default 0.15), or `"auto"`: along each direction as far as the loss must be followed to rise
 * tenfold.
 */
export type Range =
  | number
  | Extent
  | { axes: readonly Extent[] }
  | { include: Path | readonly Path[]; margin?: number }
  | "auto";

const doing = "sample the landscape";

/** A range as one extent for each direction, or `"auto"`. @throws {RangeError} if it is empty or reversed. */
export function extentsOf(range: Range, { directions }: Slice): Extent[] | "auto" {
  if (range === "auto") return "auto";
  if (typeof range === "number") {
    if (!(range > 0 && range < Infinity)) {
      throw new RangeError(`Cannot ${doing}: range must be above 0 and finite, got ${range}`);
    }
    return directions.map(() => ({ from: -range, to: range }));
  }
  if (typeof range !== "object" || range === null || Array.isArray(range)) {
    throw new TypeError(
      `Cannot ${doing}: range must be a number, { from, to }, { axes }, { include } or "auto", got ${
        Array.isArray(range)
          ? `[${range}]; say { from, to } or { axes: [{ from, to }, …] }`
          : describe(range)
      }`,
    );
  }
  if ("include" in range) return around([range.include].flat(), range.margin ?? 0.15, directions);
  const extents = "axes" in range ? range.axes : directions.map(() => range);
  if (!Array.isArray(extents)) {
    throw new TypeError(
      `Cannot ${doing}: range.axes must be a list of { from, to }, got ${describe(extents)}`,
    );
  }
  if (extents.length !== directions.length) {
    throw new RangeError(
      `Cannot ${doing}: range.axes must have one extent for each of the ${directions.length} directions, ` +
        `got ${extents.length}`,
    );
  }
  return extents.map((extent: Extent | undefined) => {
    const { from, to } = extent ?? {};
    if (typeof from !== "number" || typeof to !== "number") {
      throw new TypeError(
        `Cannot ${doing}: range must go from a number to a number, got ${
          extent ? `from ${describe(from)} to ${describe(to)}` : describe(extent)
        }`,
      );
    }
    if (!(from < to && Number.isFinite(to - from))) {
      throw new RangeError(
        `Cannot ${doing}: range must go from a number to a larger one, got from ${from} to ${to}`,
      );
    }
    return { from, to };
  });
}

function around(
  paths: readonly Path[],
  margin: number,
  directions: Slice["directions"],
): Extent[] {
  if (!(Number.isFinite(margin) && margin >= 0)) {
    throw new RangeError(`Cannot ${doing}: range.margin must be 0 or more, got ${margin}`);
  }
  const other = paths.find((path) => !Array.isArray(path?.coordinates));
  if (paths.some((path) => !Array.isArray(path?.coordinates))) {
    throw new TypeError(
      `Cannot ${doing}: range.include must be a trajectory or { coordinates }, got ${
        describe(other)
      }`,
    );
  }
  const points = paths.flatMap((path) => path.coordinates);
  if (points.length === 0) {
    throw new RangeError(`Cannot ${doing}: range.include holds no checkpoint`);
  }
  const odd = points.find((point) => point?.length !== directions.length);
  if (points.some((point) => point?.length !== directions.length)) {
    throw new RangeError(
      `Cannot ${doing}: range.include must hold paths in this slice of ${directions.length} directions, ` +
        `got one with ${odd?.length ?? describe(odd)}`,
    );
  }
  const lost = points.findIndex((point) => !Array.from(point).every(Number.isFinite));
  if (lost >= 0) {
    throw new RangeError(
      `Cannot ${doing}: range.include must hold finite coordinates, got [${
        Array.from(points[lost])
      }] at point ${lost + 1}`,
    );
  }
  const boxes = directions.map((_, k) => {
    const box = { from: Infinity, to: -Infinity };
    for (const point of points) {
      box.from = Math.min(box.from, point[k]);
      box.to = Math.max(box.to, point[k]);
    }
    return box;
  });
  const widest = Math.max(...boxes.map(({ from, to }) => to - from)) || 2;
  return boxes.map(({ from, to }) => {
    // a path that does not move along a direction still gets some width
    const pad = to > from ? margin * (to - from) : widest / 2;
    return { from: from - pad, to: to + pad };
  });
}

/**
 * Checks that no corner of a range is a θ too large for the precision that it is computed in.
 *
 * Cost: a pass over the directions.
 *
 * @throws {RangeError} that says which number of θ it is.
 */
export function checkReach(
  extents: readonly Extent[],
  { origin, directions }: Slice,
  precision: Loss["precision"],
): void {
  const single = precision === "float32" || origin instanceof Float32Array;
  const most = single ? largestSingle : Number.MAX_VALUE;
  for (let i = 0; i < origin.length; i++) {
    let low = origin[i], high = low;
    extents.forEach(({ from, to }, k) => {
      const a = from * directions[k][i], b = to * directions[k][i];
      low += Math.min(a, b);
      high += Math.max(a, b);
    });
    const reach = Math.max(-low, high);
    if (reach <= most) continue;
    throw new RangeError(
      `Cannot ${doing}: range is too large for ${
        single ? "float32" : "float64"
      }: θ[${i}] gets as large as ${reach.toPrecision(2)}, and the largest number is ${
        most.toPrecision(2)
      }; take a smaller range`,
    );
  }
}

/** The largest number in single precision. */
export const largestSingle = (2 - 2 ** -23) * 2 ** 127;
