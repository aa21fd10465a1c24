/** A layer as `references.py` describes it: `kind` is the name of the function in `tf.layers`. */
export interface Layer {
  kind: string;
  activation?: string;
  units?: number;
  filters?: number;
  kernelSize?: number;
  strides?: number;
  padding?: "same" | "valid";
  depthMultiplier?: number;
  poolSize?: number;
  rate?: number;
  useBias?: boolean;
  /** `add`: the number of the layer whose output is added to the previous one's. */
  to?: number;
}

/** What is known of every case, network or not. */
export interface Known {
  name: string;
  theta: number[];
  v: number[];
  value: number;
  gradient: number[];
  product: number[];
  hessian: { top: number[]; bottom: number[]; trace: number; squares: number };
}

/** A matrix that is known by its product with v, its largest eigenvalues and its trace. */
export interface Matrix {
  product: number[];
  top: number[];
  trace: number;
}

/** A network, its data and what PyTorch says of its loss. */
export interface NetworkCase extends Known {
  inputShape: number[];
  layers: Layer[];
  criterion: "crossEntropy" | "binaryCrossEntropy" | "meanSquaredError";
  mode: "eval" | "train";
  trainable: number;
  inputs: { shape: number[]; data: number[] };
  targets: { shape: number[]; data: number[]; integers?: true };
  outputs: number[];
  perSample: number[];
  standardError: number;
  accuracy?: number;
  gaussNewton?: Matrix;
  empiricalFisher?: Matrix;
}

/** The physics-informed loss. */
export interface PhysicsCase extends Known {
  tensors: Record<string, number[]>;
  points: number[];
  u: number[];
  secondDerivative: number[];
}

const read = (name: string) =>
  JSON.parse(Deno.readTextFileSync(new URL(name, import.meta.url))).cases;

export const mlps: NetworkCase[] = read("mlp.json");
export const convs: NetworkCase[] = read("conv.json");
export const physics: PhysicsCase = read("physics.json")[0];

/** ‖a − b‖ / ‖b‖ */
export function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  let difference = 0, size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(difference / size);
}
