/**
 * Networks in plain float64 loops, one scalar after the other: slow, short, and without a line in common
 * with either tfjs or PyTorch. Written from the definitions of the layers.
 */
import type { Layer, NetworkCase } from "./cases.ts";

/** Values of one batch, row-major. */
interface Values {
  shape: number[];
  data: Float64Array;
}

/**
 * Which side of each kink was taken. The first pass writes it down and the later ones follow it: that is
 * the smooth piece that θ lies on, so that a step of a difference quotient never crosses to another one.
 */
export class Branches {
  #taken: number[] = [];
  #next = 0;
  #written = false;

  choose(decide: () => number): number {
    if (this.#written) return this.#taken[this.#next++];
    return this.#taken[this.#taken.push(decide()) - 1];
  }

  rewind(): void {
    this.#written = true;
    this.#next = 0;
  }
}

const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const smooth: Record<string, (x: number) => number> = {
  linear: (x) => x,
  tanh: Math.tanh,
  sigmoid,
  softplus,
  swish: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  gelu: (x) => x * (1 + erf(x / Math.SQRT2)) / 2,
};

/** Left and right of 0. */
const pieces: Record<string, [(x: number) => number, (x: number) => number]> = {
  relu: [() => 0, (x) => x],
  elu: [Math.expm1, (x) => x],
  selu: [
    (x) => 1.0507009873554804934193349852946 * 1.6732632423543772848170429916717 * Math.expm1(x),
    (x) => 1.0507009873554804934193349852946 * x,
  ],
  softsign: [(x) => x / (1 - x), (x) => x / (1 + x)],
};

/**
 * The error function by its Maclaurin series, and from 2 on, where that loses digits to cancellation, by the continued
 * fraction of its complement (Abramowitz and Stegun, 7.1.14): 1e-15 everywhere.
 */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 2) {
    let fraction = z;
    for (let k = 100; k > 0; k--) fraction = z + k / 2 / fraction;
    return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * fraction));
  }
  let term = x, sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= -x * x / k;
    sum += term / (2 * k + 1);
  }
  return 2 / Math.sqrt(Math.PI) * sum;
}

/** The losses of all samples at θ. */
export function sampleLosses(
  network: NetworkCase,
  theta: Float64Array,
  branches = new Branches(),
): Float64Array {
  const { layers, inputs, targets, criterion, mode } = network;
  let moving = 0, fixed = network.trainable;
  const take = (n: number) => theta.subarray(moving, moving += n);
  const takeState = (n: number) => theta.subarray(fixed, fixed += n);
  const behind: Values[] = [];
  let x: Values = { shape: inputs.shape, data: Float64Array.from(inputs.data) };
  for (const [index, layer] of layers.entries()) {
    if (layer.kind === "dense") x = dense(layer, x, take);
    if (layer.kind === "conv2d" || layer.kind === "depthwiseConv2d") {
      x = convolution(layer, x, take);
    }
    if (layer.kind === "batchNormalization") x = batchNorm(x, take, takeState, mode === "train");
    if (layer.kind === "layerNormalization") x = layerNorm(x, take);
    if (layer.kind === "averagePooling2d") x = pool(x, layer.poolSize!, mean);
    if (layer.kind === "maxPooling2d") {
      x = pool(
        x,
        layer.poolSize!,
        (all) => all[branches.choose(() => all.indexOf(Math.max(...all)))],
      );
    }
    if (layer.kind === "globalAveragePooling2d") x = globalAverage(x);
    if (layer.kind === "flatten") x = { ...x, shape: [x.shape[0], x.data.length / x.shape[0]] };
    if (layer.kind === "add") {
      const other = behind[layer.to!].data;
      x = { ...x, data: x.data.map((a, i) => a + other[i]) };
    }
    const probabilities = /softmax|sigmoid/.test(layer.activation ?? "") &&
      index === layers.length - 1;
    if (!probabilities) x = activated(layer.activation ?? "linear", x, branches);
    behind.push(x);
  }
  const width = x.data.length / x.shape[0];
  return Float64Array.from({ length: x.shape[0] }, (_, i) => {
    const z = x.data.subarray(i * width, (i + 1) * width);
    if (criterion === "crossEntropy") {
      const top = Math.max(...z);
      return top + Math.log(z.reduce((sum, a) => sum + Math.exp(a - top), 0)) - z[targets.data[i]];
    }
    if (criterion === "binaryCrossEntropy") return softplus(z[0]) - targets.data[i] * z[0];
    return mean([...z].map((a, j) => (a - targets.data[i * width + j]) ** 2));
  });
}

const mean = (all: number[]) => all.reduce((a, b) => a + b, 0) / all.length;

function activated(name: string, { shape, data }: Values, branches: Branches): Values {
  const plain = smooth[name];
  if (plain) return { shape, data: data.map(plain) };
  const sides = pieces[name];
  return { shape, data: data.map((x) => sides[branches.choose(() => x > 0 ? 1 : 0)](x)) };
}

type Take = (n: number) => Float64Array;

function dense({ units }: Layer, { shape: [n, width], data }: Values, take: Take): Values {
  const kernel = take(width * units!), bias = take(units!);
  const out = new Float64Array(n * units!);
  for (let i = 0; i < n; i++) {
    for (let u = 0; u < units!; u++) {
      let sum = bias[u];
      for (let k = 0; k < width; k++) sum += data[i * width + k] * kernel[k * units! + u];
      out[i * units! + u] = sum;
    }
  }
  return { shape: [n, units!], data: out };
}

/** conv2d: kernel [k, k, c, filters]. Depthwise: kernel [k, k, c, m], output channel c·m + j. */
function convolution(layer: Layer, { shape, data }: Values, take: Take): Values {
  const [n, height, width, c] = shape;
  const { kind, kernelSize: k = 1, strides = 1, padding, useBias = true } = layer;
  const each = layer.depthMultiplier ?? 1;
  const depthwise = kind === "depthwiseConv2d";
  const filters = depthwise ? c * each : layer.filters!;
  const last = depthwise ? each : filters;
  const kernel = take(k * k * c * last), bias = useBias ? take(filters) : new Float64Array(filters);
  const size = (a: number) => Math.ceil((padding === "same" ? a : a - k + 1) / strides);
  const before = (a: number) =>
    padding === "same" ? Math.floor(Math.max((size(a) - 1) * strides + k - a, 0) / 2) : 0;
  const [rows, columns, top, left] = [size(height), size(width), before(height), before(width)];
  const out = new Float64Array(n * rows * columns * filters);
  for (let at = 0; at < out.length; at++) {
    const f = at % filters;
    const column = Math.floor(at / filters) % columns;
    const row = Math.floor(at / filters / columns) % rows;
    const i = Math.floor(at / filters / columns / rows);
    let sum = bias[f];
    for (let a = 0; a < k; a++) {
      for (let b = 0; b < k; b++) {
        const y = row * strides + a - top, x = column * strides + b - left;
        if (y < 0 || x < 0 || y >= height || x >= width) continue;
        const pixel = ((i * height + y) * width + x) * c;
        const tap = (a * k + b) * c;
        if (depthwise) {
          const channel = Math.floor(f / each);
          sum += data[pixel + channel] * kernel[(tap + channel) * each + f % each];
        } else {
          for (let ch = 0; ch < c; ch++) sum += data[pixel + ch] * kernel[(tap + ch) * filters + f];
        }
      }
    }
    out[at] = sum;
  }
  return { shape: [n, rows, columns, filters], data: out };
}

const epsilon = 1e-3;

function batchNorm({ shape, data }: Values, take: Take, takeState: Take, train: boolean): Values {
  const c = shape.at(-1)!;
  const gamma = take(c), beta = take(c), center = takeState(c), variance = takeState(c);
  const channel = (j: number) => [...data].filter((_, i) => i % c === j);
  const moments = Array.from({ length: c }, (_, j) => {
    if (!train) return [center[j], variance[j]];
    const m = mean(channel(j));
    return [m, mean(channel(j).map((x) => (x - m) ** 2))];
  });
  const one = (x: number, j: number) =>
    gamma[j] * (x - moments[j][0]) / Math.sqrt(moments[j][1] + epsilon) + beta[j];
  return { shape, data: data.map((x, i) => one(x, i % c)) };
}

function layerNorm({ shape, data }: Values, take: Take): Values {
  const c = shape.at(-1)!;
  const gamma = take(c), beta = take(c);
  const out = data.map((_, i) => {
    const start = i - i % c;
    const all = [...data.subarray(start, start + c)];
    const m = mean(all), s = Math.sqrt(mean(all.map((x) => (x - m) ** 2)) + epsilon);
    return gamma[i % c] * (data[i] - m) / s + beta[i % c];
  });
  return { shape, data: out };
}

function pool({ shape, data }: Values, k: number, reduce: (all: number[]) => number): Values {
  const [n, height, width, c] = shape;
  const rows = height / k, columns = width / k;
  const out = new Float64Array(n * rows * columns * c);
  for (let at = 0; at < out.length; at++) {
    const ch = at % c;
    const x = Math.floor(at / c) % columns;
    const y = Math.floor(at / c / columns) % rows;
    const i = Math.floor(at / c / columns / rows);
    const all: number[] = [];
    for (let a = 0; a < k; a++) {
      for (let b = 0; b < k; b++) {
        all.push(data[((i * height + y * k + a) * width + x * k + b) * c + ch]);
      }
    }
    out[at] = reduce(all);
  }
  return { shape: [n, rows, columns, c], data: out };
}

function globalAverage({ shape: [n, height, width, c], data }: Values): Values {
  const out = new Float64Array(n * c);
  for (let i = 0; i < data.length; i++) {
    out[Math.floor(i / (height * width * c)) * c + i % c] += data[i] / (height * width);
  }
  return { shape: [n, c], data: out };
}
