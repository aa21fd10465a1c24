import type { LossScale } from "./loss_scale.ts";
import { formatNumber, relativeNumbers } from "./text.ts";

/** What stands beside a scale of the loss. */
export interface LossNames {
  /** What is measured, in parts that may stand below each other: "loss", "− 1e9", "(log)". */
  readonly title: readonly string[];
  /** Losses with their names, rising. */
  readonly names: readonly { loss: number; text: string }[];
}

/**
 * The losses that a scale names, in texts no wider than `room` px: where they differ in their last digits only,
 * what they are above a round loss, which the title then has. What is cut off below has the lowest name.
 *
 * @param spacing how far apart at least, as a share of the domain
 */
export function lossNames(
  scale: LossScale,
  { spacing, room }: { spacing: number; room: number },
): LossNames {
  const { type, domain: [floor], clipped } = scale;
  const log = type === "log" ? ["(log)"] : [];
  const named = scale.named(spacing)
    .filter((loss) => !clipped || scale.position(loss) > spacing);
  const { base, texts } = relativeNumbers(named, room);
  const names = named.map((loss, k) => ({ loss, text: texts[k] }));
  return {
    title: ["loss", ...relativeTo(base), ...log],
    names: clipped
      ? [{ loss: floor, text: `≤ ${formatNumber(floor - (base ?? 0), 2)}` }, ...names]
      : names,
  };
}

/** What an axis with numbers above a base adds to its name: "− 1e9"; nothing without a base. */
export function relativeTo(base?: number): string[] {
  if (base === undefined) return [];
  return [`${base < 0 ? "+" : "−"} ${formatNumber(Math.abs(base), 15)}`];
}
