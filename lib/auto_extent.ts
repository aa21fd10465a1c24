import type { Extent } from "./grid.ts";

/**
 * How far the loss must rise for `range: "auto"`: by so many times its size at the origin, which takes a
 * positive loss to ten times its value, and by 0.1 at least.
 */
const autoRise = { times: 9, least: 0.1 };

/** An automatic extent, and what the loss does within it. */
export interface AutoExtent extends Extent {
  /** The rise that was looked for; NaN where the loss at the origin is not finite. */
  target: number;
  /** How far it rises at the higher end; ∞ where it is not finite there. */
  rise: number;
}

/**
 * The symmetric extent along one direction at whose end the loss has risen by {@link autoRise}: doubled or
 * halved from 1 until the higher of both ends passes, then narrowed to a tenth. A loss that stops being
 * finite has risen. Where it never rises so far, the extent shows nine tenths of the rise there is; where it
 * does not rise at all, or is not finite at the origin, it is ±1. Undefined values mean that the search was
 * stopped.
 *
 * Cost: two values a trial, some ten trials.
 */
export async function autoExtent(
  center: number,
  valueAt: (coordinate: number) => Promise<number | undefined>,
): Promise<AutoExtent | undefined> {
  const target = Math.max(autoRise.times * Math.abs(center), autoRise.least);
  if (!Number.isFinite(target)) return { from: -1, to: 1, target: NaN, rise: NaN };
  const rises = new Map<number, number>();
  const extent = (r: number) => ({ from: -r, to: r, target, rise: rises.get(r) ?? 0 });
  const risen = async (r: number) => {
    const ends = [await valueAt(-r), await valueAt(r)];
    if (ends.includes(undefined)) return undefined;
    const rise = Math.max(...ends.map((end) => end! - center).map((x) => isNaN(x) ? Infinity : x));
    rises.set(r, rise);
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
    const most = Math.max(...rises.values());
    if (!(most > 0)) return { ...extent(1), rise: Math.max(0, most) };
    return extent([...rises].find(([, rise]) => rise >= 0.9 * most)![0]);
  }
  while (low > 0 && high / low > 1.1) {
    const middle = Math.sqrt(low * high);
    const up = await risen(middle);
    if (up === undefined) return undefined;
    if (up) high = middle;
    else low = middle;
  }
  return extent(high);
}

/** What came out, in words. */
export function autoCaption(center: number, extents: readonly AutoExtent[]): string {
  const number = (x: number) => String(Number(x.toPrecision(2)));
  if (extents.some(({ target }) => isNaN(target))) {
    return `range ±1: the loss at the origin is ${center}, so none could be chosen`;
  }
  const { times, least } = autoRise, [{ target }] = extents;
  const notes = extents.map(({ to, rise }) => {
    const end = `±${number(to)}`;
    if (rise === Infinity) return `${end}, where it is no longer finite`;
    if (rise >= target) return end;
    return rise > 0 ? `${end}, as it rises by ${number(rise)} only` : `${end}, as it does not rise`;
  });
  const wanted = !(target > least)
    ? `by ${least}`
    : center > 0
    ? `to ${times + 1} times its value at the origin`
    : `by ${number(target)}, ${times} times its size at the origin`;
  return `range chosen so that the loss rises ${wanted}: ${notes.join(" and ")}`;
}
