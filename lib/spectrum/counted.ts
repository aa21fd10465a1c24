import type { Operator } from "../loss.ts";
import type { Draw } from "../math/random.ts";
import { checkInteger, describe, largestVector } from "../options.ts";
import { products as productsOf } from "../products.ts";
import type { Job } from "../progress.ts";
import type { Source } from "../provenance.ts";
import type { Vector } from "../vector.ts";

/** What {@link spectrum} takes: any operator; one of a loss also says which part of θ it acts on. */
export type SpectrumOperator = Operator & Source & {
  /** How many numbers it acts on; default its size. */
  readonly dimension?: number;
  /** Sets what it does not act on to zero, in place. */
  restrict?(v: Vector): void;
};

/** Products in double precision that are counted, and stop with their job. */
export interface Counted {
  /** How many were computed. */
  readonly count: number;
  /** How many to ask for at once. */
  readonly batch: number;
  /** A·v, or undefined once it is stopped. */
  product(v: Vector): Promise<Float64Array | undefined>;
  /** A·v for several v; the first of them once it is stopped. */
  products(vs: readonly Vector[]): Promise<Float64Array[]>;
}

/** The most products at once, and the memory that they may take: 256 MiB. */
const AT_ONCE = 32, MEMORY = 2 ** 28;

/** The products of an operator, for an analysis that is `doing` something. */
export function counted(operator: SpectrumOperator, job: Job, doing: string): Counted {
  let count = 0;
  // where products are in single precision v is rounded once, and comes back as it went
  const sent = (v: Vector): Vector =>
    operator.precision === "float32" && v instanceof Float64Array ? new Float32Array(v) : v;
  const take = (image: Vector) => {
    checkImage(image, operator.size, doing);
    count++;
    job.advance();
    return new Float64Array(image);
  };
  return {
    get count() {
      return count;
    },
    batch: Math.max(1, Math.min(AT_ONCE, Math.floor(MEMORY / (16 * operator.size)))),
    async product(v) {
      if (job.stopped) return undefined;
      try {
        const image = take(await operator.product(sent(v), { signal: job.signal }));
        await job.breathe();
        return image;
      } catch (error) {
        if (job.stopped) return undefined;
        throw error;
      }
    },
    async products(vs) {
      const images: Float64Array[] = [];
      const visit = (i: number, image: Vector) => void (images[i] ??= take(image));
      if (job.stopped || vs.length === 0) return [];
      try {
        const all = await productsOf(operator, vs.map(sent), { signal: job.signal, visit });
        all.forEach((image, i) => visit(i, image));
        await job.breathe();
      } catch (error) {
        if (!job.stopped) throw error;
      }
      const missing = vs.findIndex((_, i) => !images[i]);
      return missing < 0 ? images : images.slice(0, missing);
    },
  };
}

/** Checks that an operator is one. @throws {TypeError | RangeError} that says how to make one. */
export function checkOperator(operator: SpectrumOperator, doing: string): void {
  const got = describe(operator);
  if (typeof operator?.product !== "function" || got === "a loss") {
    throw new TypeError(
      `Cannot ${doing}: it needs an operator, got ${got}: make one with hessian(loss, θ)`,
    );
  }
  checkInteger(operator.size, "the operator's size", doing, { least: 1, most: largestVector });
  if (operator.dimension !== undefined) {
    const bounds = { least: 1, most: operator.size };
    checkInteger(operator.dimension, "the operator's dimension", doing, bounds);
  }
}

function checkImage(image: Vector, size: number, doing: string): void {
  const isVector = image instanceof Float32Array || image instanceof Float64Array;
  if (isVector && image.length === size) return;
  const must =
    `Cannot ${doing}: a product of the operator must be a Float32Array or Float64Array of ${size} numbers`;
  if (isVector) throw new RangeError(`${must}, got ${image.length}`);
  throw new TypeError(`${must}, got ${describe(image)}`);
}

/** How many numbers are drawn before others get their turn. */
const PIECE = 2 ** 16;

/** A function that draws a vector of the space that an operator acts on. */
export function drawer(operator: SpectrumOperator, number: () => number, { breathe }: Job): Draw {
  const { size } = operator;
  return async () => {
    const vector = new Float64Array(size);
    for (let from = 0; from < size; from += PIECE) {
      for (let i = from; i < Math.min(size, from + PIECE); i++) vector[i] = number();
      await breathe();
    }
    operator.restrict?.(vector);
    return vector;
  };
}
