import type { Operator, ProductsOptions } from "./loss.ts";
import type { Vector } from "./vector.ts";

/**
 * A·v for several v: at once where the operator knows how (a Hessian on the native engine spreads them over
 * all cores), and one after the other where it does not. The products are those of `operator.product`, up to
 * rounding, in the order of the v.
 *
 * Cost: as many products; with k cores as quick as 1/k of them.
 *
 * @throws the signal's reason if it is stopped; what `visit` was told of stays.
 *
 * ```ts
 * import { hessian, products, quadratic } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bowl = hessian(quadratic([3, 1]), new Float64Array(2));
 * const images = await products(bowl, [Float64Array.of(1, 0), Float64Array.of(0, 1)]);
 * assertEquals(images, [Float64Array.of(3, 0), Float64Array.of(0, 1)]);
 * ```
 */
export async function products(
  operator: Pick<Operator, "product" | "products">,
  vs: readonly Vector[],
  options: ProductsOptions = {},
): Promise<Vector[]> {
  if (operator.products) return await operator.products(vs, options);
  const images: Vector[] = [], { signal, visit } = options;
  for (const [i, v] of vs.entries()) {
    signal?.throwIfAborted();
    images.push(await operator.product(v, { signal }));
    visit?.(i, images[i]);
  }
  return images;
}
