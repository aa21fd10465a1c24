import { evaluate } from "../engine/pool/evaluate.ts";
import type { Job } from "../engine/pool/job.ts";
import type { Pool } from "../engine/pool/pool.ts";
import { clearState, type Layout } from "../layout.ts";
import type { Linearized } from "../loss.ts";
import type { Vector } from "../vector.ts";

/**
 * A matrix at one θ, which the job has as what is fixed: what depends on θ alone is computed for the first
 * product and kept where there is room. The samples are cut into parts, so that every core has its own in a
 * single product too.
 */
export function nativeProducts(
  pool: Pool,
  layout: Layout,
  job: Job & { fixed: object },
): Linearized {
  // the same parts, whether products come one by one or several at once: then they agree bit for bit
  const single: Job = { ...job, single: true };
  const { precision } = job.program, { size } = layout;
  const hasState = layout.tensors.some(({ role }) => role === "state");
  const outputs = { product: "sum" } as const;
  const likeV = (v: Vector, values: Vector): Vector =>
    values.constructor === v.constructor
      ? values
      : v instanceof Float32Array
      ? new Float32Array(values)
      : new Float64Array(values);
  /** The v from … to, one after the other. */
  const joined = (vs: readonly Vector[]) => {
    if (vs.length === 1 && !hasState) return { v: vs[0] };
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
      const [result] = await evaluate(pool, single, one, { outputs, signal });
      signal?.throwIfAborted();
      return likeV(v, result!.arrays.product as Vector);
    },
    async products(vs, { signal, visit } = {}) {
      const images: Vector[] = new Array(vs.length);
      const items = {
        count: vs.length,
        at: (from: number, to: number) => joined(vs.slice(from, to)),
      };
      await evaluate(pool, single, items, {
        outputs,
        signal,
        visit(i, { arrays }) {
          images[i] = likeV(vs[i], arrays.product as Vector);
          visit?.(i, images[i]);
        },
      });
      signal?.throwIfAborted();
      return images;
    },
    release: () => pool.forget(job.fixed),
  };
}
