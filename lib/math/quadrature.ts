import { accumulate, dot, norm } from "../vector.ts";
import type { Products } from "./hutchinson.ts";
import { tridiagonalEigen } from "./tridiagonal.ts";

/** A measure with as much at its nodes as the spectrum has near them, seen from one vector. */
export interface Quadrature {
  /** Ascending. */
  nodes: Float64Array;
  /** They sum to 1. */
  weights: Float64Array;
}

/**
 * Gauss quadrature of the spectral measure of a symmetric A from unit vectors v, by m Lanczos steps each
 * (Golub and Welsch, 1969; Ubaru, Chen and Saad, 2017): Σ w·f(node) = vᵀf(A)v for every polynomial f of a
 * degree below 2m. Without reorthogonalisation: copies of a node share its weight, and moments stay what they
 * are (Greenbaum, 1989; Chen, Trogdon and Ubaru, 2021), so that only three vectors are kept.
 *
 * All vectors go forward together, so that their products are computed at once. Cost: m products each.
 *
 * @param starts the vectors, of any length
 * @returns for each vector its quadrature and vᵀAv of the vector as it came; fewer if it is stopped
 */
export async function quadratures(
  products: Products,
  starts: readonly Float64Array[],
  { steps, breathe }: { steps: number; breathe: () => Promise<void> },
): Promise<{ quadrature: Quadrature; along: number }[]> {
  const chains = starts.map(chain);
  for (let step = 0; step < steps; step++) {
    const open = chains.filter(({ next }) => next);
    if (open.length === 0) break;
    const images = await products(open.map(({ next }) => next!));
    for (const [i, image] of images.entries()) {
      open[i].advance(image);
      await breathe();
    }
    if (images.length < open.length) break;
  }
  return chains.filter(({ steps }) => steps > 0).map(({ quadrature, along }) => ({
    quadrature: quadrature(),
    along: along(),
  }));
}

/** The Lanczos process from one vector, a product at a time. */
function chain(start: Float64Array) {
  const alpha: number[] = [], beta: number[] = [];
  let now = start, before: Float64Array | undefined, along = NaN, scale = 0;
  let next: Float64Array | undefined = start;
  return {
    get next() {
      return next;
    },
    get steps() {
      return alpha.length;
    },
    along: () => along,
    /** Takes A·next. */
    advance(image: Float64Array) {
      if (alpha.length === 0) {
        // the product is that of the vector as it came, so that signs stay exact
        const length = norm(start);
        along = dot(start, image);
        now = start.map((x) => x / length);
        for (let i = 0; i < image.length; i++) image[i] /= length;
      }
      scale = Math.max(scale, norm(image));
      if (before) accumulate(image, before, -beta[beta.length - 1]);
      const a = dot(now, image);
      accumulate(image, now, -a);
      const left = norm(image);
      alpha.push(a);
      beta.push(left);
      // NaN ends it too
      if (!(left > 1e-12 * scale)) {
        next = undefined;
        return;
      }
      for (let i = 0; i < image.length; i++) image[i] /= left;
      [before, now, next] = [now, image, image];
    },
    quadrature(): Quadrature {
      const { values, rows: [first] } = tridiagonalEigen(alpha, beta, [0]);
      return { nodes: values, weights: first.map((x) => x * x) };
    },
  };
}
