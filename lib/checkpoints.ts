import { clearState, type Layout } from "./layout.ts";
import { describe } from "./options.ts";
import type { Checkpoint, Run } from "./run.ts";
import { firstNotFinite, type Vector } from "./vector.ts";

/** The checkpoints of a run, or of a bare list of vectors, which are numbered. */
export function checkpointsOf(
  path: Run | readonly Vector[],
  doing: string,
): readonly Checkpoint[] {
  const list = Array.isArray(path)
    ? path.map((theta: Vector, i): Checkpoint => ({ epoch: i, step: i, theta }))
    : (path as Run)?.checkpoints;
  if (!Array.isArray(list)) {
    throw new TypeError(
      `Cannot ${doing}: it needs a run or a list of vectors, got ${describe(path)}`,
    );
  }
  if (list.length === 0) throw new RangeError(`Cannot ${doing}: there is no checkpoint`);
  const size = list[0]?.theta?.length;
  list.forEach((checkpoint: Checkpoint | undefined, i) => {
    const { theta, epoch } = checkpoint ?? {};
    const what = `checkpoint ${i + 1}${epoch === undefined ? "" : ` (epoch ${epoch})`}`;
    if (!(theta instanceof Float32Array || theta instanceof Float64Array)) {
      throw new TypeError(
        `Cannot ${doing}: ${what} must be a Float32Array or Float64Array, got ${describe(theta)}`,
      );
    }
    if (theta.length !== size) {
      throw new RangeError(
        `Cannot ${doing}: ${what} must have ${size} numbers like the first, got ${theta.length}`,
      );
    }
    const at = firstNotFinite(theta);
    if (at >= 0) {
      throw new RangeError(
        `Cannot ${doing}: ${what} holds ${
          theta[at]
        } at ${at}; leave out checkpoints of a diverged run`,
      );
    }
  });
  return list;
}

/** a − b on all that can move, 0 on `state`; on everything where there is no layout. */
export function movement(a: Vector, b: Vector, layout?: Layout): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] - b[i];
  if (layout) clearState(layout, out);
  return out;
}
