import type { Extent } from "./grid.ts";
import type { Slice } from "./slice.ts";

/** What {@link Range} can include: a trajectory in the slice, or any points of it. */
export interface Path {
  /** Points, in units of the directions. */
  readonly coordinates: readonly ArrayLike<number>[];
}

/**
 * Which part of a slice is looked at, in units of its directions: `r` for −r to r along each of them, one
 * extent for all, one for each, the box around some paths with a margin (a share of the box's sides,
 * default 0.15), or `"auto"`: along each direction as far as the loss must be followed to rise by
 * {@link autoRise}.
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
  if (typeof range !== "object" || range === null) {
    throw new TypeError(
      `Cannot ${doing}: range must be a number, { from, to }, { axes }, { include } or "auto", got ${range}`,
    );
  }
  if ("include" in range) return around([range.include].flat(), range.margin ?? 0.15, directions);
  const extents = "axes" in range ? range.axes : directions.map(() => range);
  if (extents.length !== directions.length) {
    throw new RangeError(
      `Cannot ${doing}: range.axes must have one extent for each of the ${directions.length} directions, ` +
        `got ${extents.length}`,
    );
  }
  return extents.map(({ from, to }) => {
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
  if (!(margin >= 0 && margin < Infinity)) {
    throw new RangeError(`Cannot ${doing}: range.margin must be 0 or more, got ${margin}`);
  }
  const points = paths.flatMap((path) => path.coordinates);
  if (points.length === 0) {
    throw new RangeError(`Cannot ${doing}: range.include holds no checkpoint`);
  }
  const odd = points.find((point) => point.length !== directions.length);
  if (odd) {
    throw new RangeError(
      `Cannot ${doing}: range.include must hold paths in this slice of ${directions.length} directions, ` +
        `got one with ${odd.length}`,
    );
  }
  const boxes = directions.map((_, k) => {
    const along = points.map((point) => point[k]);
    return { from: Math.min(...along), to: Math.max(...along) };
  });
  const widest = Math.max(...boxes.map(({ from, to }) => to - from)) || 2;
  return boxes.map(({ from, to }) => {
    // a path that does not move along a direction still gets some width
    const pad = to > from ? margin * (to - from) : widest / 2;
    return { from: from - pad, to: to + pad };
  });
}

/** How far the loss must rise for `range: "auto"`: to ten times its value, and by 0.1 at least. */
export const autoRise = { factor: 10, least: 0.1 };

/** An automatic extent, and whether the loss rose as far as it should within it. */
export interface AutoExtent extends Extent {
  /** False where the loss never rose so far: then the extent shows nearly all of the rise there is. */
  reached: boolean;
}

/**
 * The symmetric extent along one direction at whose end the loss has risen by {@link autoRise}: doubled or
 * halved from 1 until the higher of both ends passes, then narrowed to a tenth. A loss that stops being
 * finite has risen. Undefined values mean that the search was stopped.
 *
 * Cost: two values a trial, some ten trials.
 */
export async function autoExtent(
  center: number,
  valueAt: (coordinate: number) => Promise<number | undefined>,
): Promise<AutoExtent | undefined> {
  const target = Math.max((autoRise.factor - 1) * Math.abs(center), autoRise.least);
  const seen: { r: number; rise: number }[] = [];
  const risen = async (r: number) => {
    const ends = [await valueAt(-r), await valueAt(r)];
    if (ends.includes(undefined)) return undefined;
    const rise = Math.max(...ends.map((end) => end! - center).map((x) => isNaN(x) ? Infinity : x));
    seen.push({ r, rise });
    return rise >= target;
  };
  let low = 0, high = 0;
  for (let r = 1; low === 0 || high === 0; r = high ? r / 2 : r * 2) {
    const up = await risen(r);
    if (up === undefined) return undefined;
    if (up) high = r;
    else low = r;
    if (r > 1e6 || r < 1e-9) break;
  }
  if (high === 0) {
    const most = Math.max(...seen.map(({ rise }) => rise));
    const r = most > 0 ? seen.find(({ rise }) => rise >= 0.9 * most)!.r : 1;
    return { from: -r, to: r, reached: false };
  }
  while (low > 0 && high / low > 1.1) {
    const middle = Math.sqrt(low * high);
    const up = await risen(middle);
    if (up === undefined) return undefined;
    if (up) high = middle;
    else low = middle;
  }
  return { from: -high, to: high, reached: true };
}
