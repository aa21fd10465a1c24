/** A float64 array with a shape: the plain arithmetic that ops are checked against. */
export interface Arr {
  shape: number[];
  data: Float64Array;
}

const strides = (shape: number[]) =>
  shape.map((_, i) => shape.slice(i + 1).reduce((n, m) => n * m, 1));

/** The array whose element at each index is f(index). */
export function build(shape: number[], f: (index: number[]) => number): Arr {
  const steps = strides(shape);
  const data = new Float64Array(shape.reduce((n, m) => n * m, 1));
  for (let k = 0; k < data.length; k++) {
    data[k] = f(shape.map((n, i) => Math.floor(k / steps[i]) % n));
  }
  return { shape, data };
}

/** The element at an index. */
export function at(x: Arr, ...index: number[]): number {
  const steps = strides(x.shape);
  return x.data[index.reduce((sum, n, i) => sum + n * steps[i], 0)];
}

export const map = (x: Arr, f: (x: number) => number): Arr => ({
  shape: x.shape,
  data: x.data.map(f),
});

/** f of two arrays, broadcast. */
export function zip(a: Arr, b: Arr, f: (a: number, b: number) => number): Arr {
  const rank = Math.max(a.shape.length, b.shape.length);
  const size = (x: Arr, i: number) => x.shape[i - rank + x.shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, i) => Math.max(size(a, i), size(b, i)));
  const pick = (x: Arr, index: number[]) =>
    at(x, ...x.shape.map((n, i) => n === 1 ? 0 : index[i + rank - x.shape.length]));
  return build(shape, (index) => f(pick(a, index), pick(b, index)));
}

/** f of all the elements along some axes. */
export function reduce(x: Arr, axes: number[], f: (values: number[]) => number, keep = false): Arr {
  const kept = x.shape.map((n, i) => axes.includes(i) ? 1 : n);
  const inner = x.shape.map((n, i) => axes.includes(i) ? n : 1);
  const result = build(kept, (index) => {
    const values = build(inner, (j) => at(x, ...index.map((n, i) => n + j[i])));
    return f([...values.data]);
  });
  return keep ? result : reshape(result, x.shape.filter((_, i) => !axes.includes(i)));
}

export const reshape = (x: Arr, shape: number[]): Arr => ({ shape, data: x.data });

export const transpose = (x: Arr, order: number[]): Arr =>
  build(
    order.map((i) => x.shape[i]),
    (index) => at(x, ...order.map((_, i) => index[order.indexOf(i)])),
  );

export const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
export const mean = (values: number[]): number => sum(values) / values.length;

/** a·b of the last two axes, for each index of the others; either may have one matrix only. */
export function matMul(a: Arr, b: Arr): Arr {
  const [ra, rb] = [a.shape.length, b.shape.length];
  const inner = a.shape[ra - 1];
  const outer = ra >= rb ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
  const of = (x: Arr, batch: number[], i: number, j: number) => {
    const own = x.shape.slice(0, -2);
    const index = batch.slice(batch.length - own.length).map((n, k) => own[k] === 1 ? 0 : n);
    return at(x, ...index, i, j);
  };
  const shape = [
    ...outer.map((n, i) => Math.max(n, (ra >= rb ? b : a).shape.slice(0, -2)[i] ?? 1)),
    a.shape[ra - 2],
    b.shape[rb - 1],
  ];
  return build(shape, (index) => {
    const batch = index.slice(0, -2);
    const [i, j] = index.slice(-2);
    let total = 0;
    for (let k = 0; k < inner; k++) total += of(a, batch, i, k) * of(b, batch, k, j);
    return total;
  });
}

/** Where windows lie along one axis: how many, and where the first begins. */
function windows(size: number, reach: number, stride: number, pad: "same" | "valid" | number) {
  if (pad === "same") {
    const count = Math.ceil(size / stride);
    return { count, begin: -Math.floor(Math.max(0, (count - 1) * stride + reach - size) / 2) };
  }
  const margin = pad === "valid" ? 0 : pad;
  return { count: Math.floor((size + 2 * margin - reach) / stride) + 1, begin: -margin };
}

/** How a filter moves over a picture. */
export interface Sweep {
  size: number[];
  stride?: number;
  pad?: "same" | "valid" | number;
  dilation?: number;
}

/** For each window of a picture [n, h, w, c]: f of where its taps are, those inside the picture only. */
export function sweep(
  x: Arr,
  { size, stride = 1, pad = "valid", dilation = 1 }: Sweep,
  outputs: number,
  f: (n: number, channel: number, taps: { i: number; j: number; y: number; x: number }[]) => number,
): Arr {
  const [n, h, w] = x.shape;
  const rows = windows(h, (size[0] - 1) * dilation + 1, stride, pad);
  const columns = windows(w, (size[1] - 1) * dilation + 1, stride, pad);
  return build([n, rows.count, columns.count, outputs], ([b, r, c, channel]) => {
    const taps = [];
    for (let i = 0; i < size[0]; i++) {
      for (let j = 0; j < size[1]; j++) {
        const y = rows.begin + r * stride + i * dilation;
        const x = columns.begin + c * stride + j * dilation;
        if (y >= 0 && y < h && x >= 0 && x < w) taps.push({ i, j, y, x });
      }
    }
    return f(b, channel, taps);
  });
}

export function conv2d(x: Arr, filter: Arr, how: Omit<Sweep, "size"> = {}): Arr {
  const [kh, kw, cin, cout] = filter.shape;
  return sweep(x, { ...how, size: [kh, kw] }, cout, (n, o, taps) => {
    let total = 0;
    for (const t of taps) {
      for (let c = 0; c < cin; c++) total += at(x, n, t.y, t.x, c) * at(filter, t.i, t.j, c, o);
    }
    return total;
  });
}

export function depthwise(x: Arr, filter: Arr, how: Omit<Sweep, "size"> = {}): Arr {
  const [kh, kw, cin, m] = filter.shape;
  return sweep(x, { ...how, size: [kh, kw] }, cin * m, (n, o, taps) => {
    const c = Math.floor(o / m);
    return sum(taps.map((t) => at(x, n, t.y, t.x, c) * at(filter, t.i, t.j, c, o % m)));
  });
}

export function pool(x: Arr, how: Sweep, f: (values: number[]) => number): Arr {
  return sweep(x, how, x.shape[3], (n, c, taps) => f(taps.map((t) => at(x, n, t.y, t.x, c))));
}

/** erf by its Taylor series: exact to 1e-15 for |x| < 3. */
export function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 60; n++) {
    term *= -x * x / n;
    total += term / (2 * n + 1);
  }
  return 2 / Math.sqrt(Math.PI) * total;
}
