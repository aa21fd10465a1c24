import { hessian } from "../lib/hessian.ts";
import type { Loss } from "../lib/loss.ts";
import { quadratic } from "../lib/synthetic.ts";

/** The Hessian of a loss, at 0 where nothing is said. */
export const at = (loss: Loss, point?: number[]) =>
  hessian(loss, point ? Float64Array.from(point) : new Float64Array(loss.layout.size));

/** An operator with the given eigenvalues in a random rotation. */
export const matrix = (eigenvalues: number[], rotation = 1) =>
  at(quadratic(eigenvalues, { rotation }));
