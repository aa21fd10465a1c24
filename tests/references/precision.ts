/** The networks of precision.py: the same numbers, by the same hash. */
import type { Layout } from "../../lib/layout.ts";
import { type LayersModel, layoutOf, mlp, resnet20, type Samples } from "../../mod.ts";

/** A Euclidean norm, and products with seeded vectors. */
interface Summary {
  norm: number;
  projections: number[];
}

/** What is known of a network's loss, in float64. */
export interface PrecisionCase {
  name: string;
  widths: number[] | null;
  samples: number;
  /** The stream of the inputs. */
  data: number;
  value: number;
  gradient: Summary;
  product: Summary;
  /** How far PyTorch is from it in float32. */
  pytorchErrors: { value: number; gradient: number; product: number };
}

export const precisionCases: PrecisionCase[] =
  JSON.parse(Deno.readTextFileSync(new URL("precision.json", import.meta.url))).cases;

/** The finalizer of MurmurHash3. */
function scrambled(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** n numbers of mean 0 and variance 1, multiples of 1/4096. */
export function noise(stream: number, n: number): Float64Array {
  const offset = Math.imul(stream, 0x9e3779b1);
  return Float64Array.from({ length: n }, (_, i) => {
    let total = 0;
    for (let k = 0; k < 3; k++) total += scrambled((i * 3 + k + offset) | 0) >>> 16;
    return ((total - 3 * 32768) >> 3) / 4096;
  });
}

/** The network, its data, its θ and a direction that is zero on moving statistics. */
export function precisionNetwork({ widths, samples: n, data }: PrecisionCase) {
  const model: LayersModel = widths
    ? mlp({ inputs: widths[0], hidden: widths.slice(1, -1), outputs: widths.at(-1)! })
    : resnet20();
  const shape = widths ? [n, widths[0]] : [n, 32, 32, 3], classes = widths?.at(-1) ?? 10;
  const samples: Samples = {
    inputs: { data: noise(data, shape.reduce((a, b) => a * b)), shape },
    targets: {
      data: Int32Array.from({ length: n }, (_, i) => scrambled(i + 7) % classes),
      shape: [n],
    },
  };
  const layout = layoutOf(model);
  const theta = weightsOf(layout), v = new Float64Array(layout.size);
  v.set(noise(2, movable(layout)));
  return { model, samples, theta, v };
}

/** How many numbers of θ can move: they come first. */
export const movable = ({ tensors, size }: Layout): number =>
  tensors.find(({ role }) => role === "state")?.offset ?? size;

function weightsOf({ tensors, size }: Layout): Float64Array {
  const theta = new Float64Array(size);
  tensors.forEach(({ name, shape, offset, role }, i) => {
    const z = noise(100 + i, shape.reduce((a, b) => a * b, 1));
    const scale = Math.sqrt(2 / shape.slice(0, -1).reduce((a, b) => a * b, 1));
    const number = (z: number) => {
      if (role === "weight") return z * scale;
      if (name.endsWith("variance")) return 1 + 0.25 * Math.abs(z);
      return name.endsWith("gamma") ? 1 + 0.125 * z : 0.125 * z;
    };
    theta.set(z.map((z) => Math.fround(number(z))), offset);
  });
  return theta;
}
