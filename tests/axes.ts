/** The first `count` coordinate axes of a space of n dimensions. */
export const axes = (n: number, count = n) =>
  Array.from({ length: count }, (_, k) => Float64Array.from({ length: n }, (_, i) => +(i === k)));
