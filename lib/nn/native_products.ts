import { evaluate } from "../engine/pool/evaluate.ts";
import type { Job } from "../engine/pool/job.ts";
import type { Pool } from "../engine/pool/pool.ts";
import { clearState, type Layout } from "../layout.ts";
import type { Linearized } from "../loss.ts";
import type { Vector } from "../vector.ts";

/**
 * A matrix at one θ, which the job has as what is fixed: what depends on θ alone is computed for the first
 * product and kept where there is room. A single product runs on all cores; of several, each runs on one core,
 * or, where the samples are many, all of them on every chunk of samples.
 */
export function nativeProducts(
  pool: Pool,
  layout: Layout,
  job: Job & { fixed: object },
): Linearized {
  const { precision } = job.program, { size } = layout;
  const outputs = { product: "sum" } as const;
  const likeV = (v: Vector, values: ArrayLike<number>): Vector =>
    v instanceof Float32Array ? Float32Array.from(values) : Float64Array.from(values);
  /** The v from … to, one after the other. */
  const joined = (vs: readonly Vector[]) => {
    const all = new (precision === "float32" ? Float32Array : Float64Array)(vs.length * size);
    vs.forEach((v, i) => {
      const own = all.subarray(i * size, (i + 1) * size);
      own.set(v);
      clearState(layout, own);
    });
    return { v: all };
  };
  return {
    engine: "native",
    async product(v, { signal } = {}) {
      const one = { count: 1, at: () => joined([v]) };
      const [result] = await evaluate(pool, { ...job, alone: true }, one, { outputs, signal });
      signal?.throwIfAborted();
      return likeV(v, result!.arrays.product as Float32Array);
    },
    async products(vs, { signal, visit } = {}) {
      const images: Vector[] = new Array(vs.length);
      const items = {
        count: vs.length,
        at: (from: number, to: number) => joined(vs.slice(from, to)),
      };
      await evaluate(pool, job, items, {
        outputs,
        signal,
        visit(i, { arrays }) {
          images[i] = likeV(vs[i], arrays.product as Float32Array);
          visit?.(i, images[i]);
        },
      });
      signal?.throwIfAborted();
      return images;
    },
    release: () => pool.forget(job.fixed),
  };
}
