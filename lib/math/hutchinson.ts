import { dot, unit, type Vector } from "../vector.ts";
import { removeComponents } from "./basis.ts";
import { type Draw, drawn } from "./random.ts";
import { mean, standardError } from "./statistics.ts";
import { tQuantile } from "./student.ts";

/** A trace, estimated. */
export interface Trace {
  /** The mean over probes, and what is known exactly. */
  value: number;
  /** s/√probes; NaN for a single probe. The 95% interval is ± t(0.975, probes − 1) of it. */
  standardError: number;
  /** How many probes were made. */
  probes: number;
  /** How many directions were taken out and counted exactly (Hutch++). */
  exact?: number;
}

/** A·v for several v, as far as they were computed before it was stopped. */
export type Products = (vs: readonly Vector[]) => Promise<Float64Array[]>;

/** How {@link hutchinson} is to go about it. */
export interface HutchinsonOptions {
  /** So many probes at least. */
  least: number;
  /** So many at most. */
  most: number;
  /** Goes on from there until half of the 95% interval is not more than this. */
  target?: (value: number) => number;
  /** How many products are asked for at once. */
  batch: number;
  /** Draws a vector of signs. */
  draw: Draw;
  /** Values vᵀAv of earlier probes. */
  samples?: readonly number[];
}

/**
 * tr A by Hutchinson (1989): the mean of vᵀAv over vectors of random signs. One probe has the variance
 * 2(‖A‖²_F − Σ Aᵢᵢ²), so a diagonal matrix needs only one. With m probes the 95% interval is
 * ± t(0.975, m − 1) standard errors; probes go on until that is within the target.
 *
 * Cost: one product a probe.
 */
export async function hutchinson(products: Products, options: HutchinsonOptions): Promise<Trace> {
  const { least, most, target, batch, draw, samples: earlier = [] } = options;
  const samples = [...earlier];
  while (samples.length < most) {
    if (samples.length >= least && target && within(samples, 0, target)) break;
    const goal = samples.length < least ? least : most;
    const vs = await drawn(Math.min(batch, goal - samples.length), draw);
    const images = await products(vs);
    images.forEach((image, i) => samples.push(dot(vs[i], image)));
    if (images.length < vs.length) break;
  }
  return traceOf(samples);
}

/** What {@link hutchPlusPlus} takes. */
export interface HutchPlusPlusOptions extends Omit<HutchinsonOptions, "samples"> {
  /** Called between pieces of work that take some milliseconds. */
  breathe: () => Promise<void>;
}

/**
 * tr A by Hutch++ (Meyer, Musco, Musco and Woodruff, 2021): a third of the products finds the directions Q in
 * which A is large, a third gives tr QᵀAQ exactly, and the rest are probes of what is left, (I − QQᵀ)A(I − QQᵀ).
 * The estimate has no bias for any Q, and the standard error is that of these probes alone, which do not depend
 * on Q: for k eigenvalues that stand out it needs far fewer products than Hutchinson's.
 *
 * With a target, probes go on until half of the 95% interval is within it.
 *
 * @param options.least products in all; `most` likewise
 */
export async function hutchPlusPlus(
  products: Products,
  { least, most, target, batch, draw, breathe }: HutchPlusPlusOptions,
): Promise<Trace> {
  const third = Math.floor(least / 3);
  const sketch = await inBatches(products, await drawn(third, draw), batch);
  const directions: Float64Array[] = [];
  for (const image of sketch) {
    const size = Math.sqrt(dot(image, image));
    for (let pass = 0; pass < 2; pass++) await removeComponents(image, directions, breathe);
    // what the others explain adds nothing
    if (dot(image, image) > 1e-20 * size * size) directions.push(unit(image));
  }
  const images = await inBatches(products, directions, batch);
  const exact = images.reduce((sum, image, i) => sum + dot(directions[i], image), 0);
  if (sketch.length < third || images.length < directions.length) {
    return { value: NaN, standardError: NaN, probes: 0, exact: 0 };
  }
  const rest = async () => {
    const v = await draw();
    await removeComponents(v, directions, breathe);
    return v;
  };
  const samples: number[] = [], used = third + directions.length;
  while (samples.length + used < most) {
    if (samples.length + used >= least && target && within(samples, exact, target)) break;
    const goal = (samples.length + used < least ? least : most) - used;
    const vs: Float64Array[] = [];
    while (vs.length < Math.min(batch, goal - samples.length)) vs.push(await rest());
    const found = await products(vs);
    found.forEach((image, i) => samples.push(dot(vs[i], image)));
    if (found.length < vs.length) break;
  }
  const left = traceOf(samples);
  return { ...left, value: exact + left.value, exact: directions.length };
}

const traceOf = (samples: readonly number[]): Trace => ({
  value: mean(samples),
  standardError: standardError(samples),
  probes: samples.length,
});

/** Whether half of the 95% interval is within what is asked for. */
function within(samples: readonly number[], exact: number, target: (value: number) => number) {
  if (samples.length < 2) return false;
  const half = tQuantile(0.975, samples.length - 1) * standardError(samples);
  return half <= target(exact + mean(samples));
}

async function inBatches(products: Products, vs: readonly Vector[], batch: number) {
  const images: Float64Array[] = [];
  for (let from = 0; from < vs.length; from += batch) {
    const some = vs.slice(from, from + batch), found = await products(some);
    images.push(...found);
    if (found.length < some.length) break;
  }
  return images;
}
