import { registerPeak } from "./peak.ts";

/** A measurement, and what a core could do around it, in GFLOP/s with all cores at it. */
export interface Watched<T> {
  value: T;
  peak?: number;
}

/** A core that reached less of its best than this shared the machine with something else. */
export const QUIET = 0.85;

/** Milliseconds after which a contestant is at rest. */
const REST = 300;

let best = 0;

/** What a core could do at best, so far or in earlier rounds. */
export const bestPeak = (seen = 0): number => best = Math.max(best, seen);

/** Measures again, so many times at most, until the machine did nothing else before and after. */
export async function undisturbed<T>(
  measure: () => Promise<T>,
  { cores, tries }: { cores: number; tries: number },
): Promise<Watched<T>> {
  for (let k = 1;; k++) {
    const before = await registerPeak(cores);
    if (before && before < QUIET * bestPeak(before) && k < tries) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      continue;
    }
    const value = await measure();
    // threads of a runtime go on looking for work for a while
    await new Promise((resolve) => setTimeout(resolve, REST));
    const after = await registerPeak(cores);
    if (!before || !after) return { value };
    const peak = Math.min(before, after);
    if (peak >= QUIET * bestPeak(after) || k >= tries) return { value, peak };
  }
}
