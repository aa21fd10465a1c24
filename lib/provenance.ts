import config from "../deno.json" with { type: "json" };
import type { Engine, Loss } from "./loss.ts";

/** Where the numbers of a result come from. */
export interface Provenance {
  /** What computed the loss; undefined where no loss was needed. */
  engine?: Loss["engine"];
  /** The precision that the loss was computed in. */
  precision?: Loss["precision"];
  /** The seed of what was drawn; undefined where nothing was. */
  seed?: number;
  /** How many samples the loss is a mean over. */
  samples?: number;
  /** How many samples there were to choose from. */
  samplesAvailable?: number;
  /** Versions of this package and of Deno. */
  versions: { losslandscape: string; deno: string };
  /** Wall-clock seconds. */
  seconds: number;
  /** How often the loss, or a product of an operator, was computed. */
  evaluations: number;
}

/** What is known of the source of the numbers: a loss, or an operator that tells where it comes from. */
export type Source = Partial<
  Pick<Loss, "engine" | "precision" | "samples" | "samplesAvailable">
>;

/** A function that gives the provenance of a result that is begun now. */
export function provenance(
  source: Source = {},
): (state: { evaluations: number; seed?: number; engine?: Engine }) => Provenance {
  const began = performance.now();
  return ({ evaluations, seed, engine = source.engine }) => ({
    ...known({ ...pick(source), engine }),
    ...(seed === undefined ? {} : { seed }),
    versions: { losslandscape: config.version, deno: Deno.version.deno },
    seconds: (performance.now() - began) / 1000,
    evaluations,
  });
}

const pick = ({ precision, samples, samplesAvailable }: Source) => ({
  precision,
  samples,
  samplesAvailable,
});

const known = (record: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
