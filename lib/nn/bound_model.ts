import { onBackend } from "../tensor/backend.ts";
import type { LayersModel } from "../tensor/tensor.ts";
import * as tf from "../tensor/tf.ts";
import { sizeOf } from "../vector.ts";
import { allLayers, leafLayers, outputLayer, weightsOf } from "./model.ts";

/** How a bound model is evaluated. */
export interface CallOptions {
  /** Batch norm by the batch's statistics, dropout on. */
  training: boolean;
  /** What dropout layers drop. */
  seed: number;
  /** Leave out the activation at the end. */
  logits: boolean;
  /** Properties of layers that are something else during the call. */
  instead?: readonly (readonly [layer: object, key: string, value: unknown])[];
}

/** What a bound model gives. */
export interface Called {
  /** The outputs of the model. */
  outputs: tf.Tensor | tf.Tensor[];
  /** New moving statistics, by the number of the weight, for the caller to dispose. */
  state: Map<number, tf.Tensor>;
  /** The sum of the layers' regularizers. */
  penalty?: tf.Scalar;
}

/** A model as a function of its weights. */
export interface BoundModel {
  /** Multiplications per sample, roughly. */
  readonly work: number;
  /** The softmax or sigmoid at its end, where leaving it out is safe. */
  readonly end: "softmax" | "sigmoid" | undefined;
  /** Whether the end is a plain product: then what comes out are logits, whatever their values. */
  readonly linearEnd: boolean;
  /** Evaluates it. */
  call(weights: tf.Tensor[], inputs: tf.Tensor[], options: CallOptions): Called;
}

/**
 * A model as a function of its weights: each layer variable reads the tensor that is bound to it for the
 * duration of a call. Differentiable to any order. The model is the same before and after, also where batch
 * norm writes moving statistics and recurrent cells keep masks. What the model consists of is looked up once:
 * a layer that is frozen later does not change the order of weights.
 *
 * @throws {RangeError} if a layer remembers what it saw before (`stateful`): then there is no function.
 */
export function boundModel(model: LayersModel): BoundModel {
  const variables = weightsOf(model), layers = leafLayers(model);
  const stateful = allLayers(model).findLast((layer) => layer.stateful);
  if (stateful) {
    throw new RangeError(
      `Cannot make the loss: layer "${stateful.name}" is stateful, so the loss would depend on what was ` +
        "evaluated before; build it with stateful: false",
    );
  }
  const end = endOf(model);
  return {
    work: layers.reduce((work, layer) => work + workOf(layer), 0),
    end: end?.kind,
    linearEnd: hasLinearEnd(model),
    call(weights, inputs, { training, seed, logits, instead = [] }) {
      const state = new Map<number, tf.Tensor>();
      const { lend, restore } = loans();
      try {
        variables.forEach((variable, i) => {
          lend(variable, "read", () => weights[i]);
          lend(variable, "write", (value: tf.Tensor) => {
            state.set(i, tf.keep(tf.clone(value)));
            return variable;
          });
        });
        layers.forEach((layer, i) => {
          if (training && "rate" in layer) lend(layer, "seed", seed + i);
          for (const mask of ["dropoutMask", "recurrentDropoutMask"] as const) {
            if (mask in layer) lend(layer, mask, null, disposeMask);
          }
        });
        if (logits && end) lend(end.layer, end.key, end.linear);
        for (const [layer, key, value] of instead) lend(layer, key, value);
        const result = model.call(inputs, { training });
        const penalties = model.calculateLosses();
        return {
          outputs: Array.isArray(result) && result.length === 1 ? result[0] : result,
          state,
          ...(penalties.length &&
            { penalty: penalties.reduce((a, b) => tf.add(a, b)) as tf.Scalar }),
        };
      } finally {
        restore();
      }
    },
  };
}

/** Properties that are replaced for a while. */
function loans() {
  const undo: (() => void)[] = [];
  return {
    lend(target: object, key: string, value: unknown, release?: (value: unknown) => void) {
      const own = Object.getOwnPropertyDescriptor(target, key);
      const record = target as Record<string, unknown>;
      const attributes = { configurable: true, writable: true, enumerable: true };
      Object.defineProperty(target, key, { value, ...attributes });
      undo.push(() => {
        release?.(record[key]);
        if (own) Object.defineProperty(target, key, own);
        else delete record[key];
      });
    },
    restore() {
      for (const back of undo.reverse()) back();
    },
  };
}

/** Masks of recurrent cells are made in a call, and kept beyond it. */
function disposeMask(mask: unknown): void {
  if (mask) tf.dispose(mask as tf.Tensor | tf.Tensor[]);
}

/** Layers that apply their activation to their result, and to nothing else. */
const applied =
  /^(Dense|Activation|Conv[123]D|Conv[23]DTranspose|DepthwiseConv2D|SeparableConv2D)$/;

/** What to lend the last layer so that it gives logits. */
function endOf(model: LayersModel) {
  const layer = outputLayer(model);
  // its activation is wanted where the layer is used for the second time
  if (!layer || layer.inboundNodes.length > 1) return;
  if (layer.getClassName() === "Softmax") {
    const identity = (x: tf.Tensor | tf.Tensor[]) => Array.isArray(x) ? x[0] : x;
    return { kind: "softmax" as const, layer, key: "call", linear: identity };
  }
  const kind = activationOf(layer);
  if (!applied.test(layer.getClassName()) || (kind !== "softmax" && kind !== "sigmoid")) return;
  const linear = { apply: (x: tf.Tensor) => x, getClassName: () => "linear" };
  return { kind: kind as "softmax" | "sigmoid", layer, key: "activation", linear };
}

function hasLinearEnd(model: LayersModel): boolean {
  const layer = outputLayer(model);
  return !!layer && /^(Dense|Conv)/.test(layer.getClassName()) &&
    (activationOf(layer) ?? "linear") === "linear";
}

const activationOf = (layer: tf.layers.Layer) =>
  (layer as { activation?: { getClassName?(): string } | null }).activation?.getClassName?.();

/** Multiplications per sample: a kernel is used once per position of its output. */
function workOf(layer: tf.layers.Layer): number {
  const positions = onBackend("wasm", () => positionsOf(layer));
  return layer.weights.reduce(
    (work, { originalName, shape }) =>
      /kernel/.test(originalName) ? work + sizeOf(shape as number[]) * positions : work,
    0,
  );
}

function positionsOf(layer: tf.layers.Layer): number {
  try {
    const output = layer.outputShape as (number | null)[] | (number | null)[][];
    const shape = (Array.isArray(output[0]) ? output[0] : output) as (number | null)[];
    return shape.slice(1, -1).reduce<number>((n, d) => n * (d ?? 1), 1);
  } catch {
    // a layer that is used twice, or inside of another, has no single shape; this is an estimate
    return 1;
  }
}
