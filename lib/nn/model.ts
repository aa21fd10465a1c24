import { checkVector, type Layout, layoutFrom, part, type Role } from "../layout.ts";
import type { LayersModel } from "../tensor/tensor.ts";
import * as tf from "../tensor/tf.ts";
import { sizeOf, type Vector } from "../vector.ts";

/**
 * The layout of a layers model: its weights in the order of `model.weights` (the trainable ones first), with
 * the role that each plays in its layer. Weights of frozen layers count as `state`: nothing moves them.
 *
 * @throws {TypeError} if it is not a layers model; {RangeError} if it has no weights.
 *
 * ```ts
 * import { layoutOf, mlp } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { tensors } = layoutOf(mlp({ inputs: 2, hidden: [10], outputs: 3 }));
 * assertEquals(tensors.map((t) => t.role), ["weight", "bias", "weight", "bias"]);
 * ```
 */
export function layoutOf(model: LayersModel): Layout {
  const weights = weightsOf(model);
  const trainable = new Set(model.trainableWeights);
  const owners = new Map<tf.LayerVariable, string>();
  for (const layer of leafLayers(model)) {
    for (const weight of layer.weights) owners.set(weight, layer.getClassName());
  }
  const used = new Map<string, number>();
  return layoutFrom(weights.map((weight) => {
    const shape = weight.shape as number[], path = weight.originalName.split("/");
    const kind = path.at(-1)!, name = weight.originalName;
    const repeats = used.get(name) ?? 0;
    used.set(name, repeats + 1);
    const role = trainable.has(weight) ? roleOf(kind, shape) : "state";
    const unitAxis = role === "weight" ? unitAxisOf(kind, owners.get(weight), shape) : undefined;
    return { name: repeats ? `${name}_${repeats}` : name, shape, role, unitAxis };
  }));
}

function roleOf(kind: string, shape: number[]): Role {
  if (/kernel|embeddings/.test(kind)) return "weight";
  if (/gamma|beta/.test(kind)) return "norm";
  return /bias/.test(kind) || shape.length < 2 ? "bias" : "weight";
}

/** Where tfjs keeps the output units of a kernel: last, but for these three. */
function unitAxisOf(kind: string, owner: string | undefined, shape: number[]): number | undefined {
  if (kind === "embeddings") return 0;
  if (kind === "depthwise_kernel" || /Transpose$/.test(owner ?? "")) return shape.length - 2;
  return shape.length > 1 ? shape.length - 1 : undefined;
}

/**
 * All weights of a model as one new vector, in the order of `model.weights`.
 *
 * @throws as {@link layoutOf}.
 */
export function flatten(model: LayersModel): Float32Array {
  const layout = layoutOf(model);
  const theta = new Float32Array(layout.size);
  weightsOf(model).forEach((weight, i) =>
    part(theta, layout.tensors[i]).set(weight.read().dataSync())
  );
  return theta;
}

/**
 * Writes θ into the weights of a model.
 *
 * @throws {RangeError} if θ does not have the model's size or holds NaN or ±∞; then nothing is written.
 */
export function assign(model: LayersModel, theta: Vector): void {
  const layout = layoutOf(model);
  checkVector(layout, theta, "assign the weights");
  tf.tidy(() =>
    weightsOf(model).forEach((weight, i) => {
      const { shape } = layout.tensors[i];
      weight.write(tf.tensor(Float32Array.from(part(theta, layout.tensors[i])), [...shape]));
    })
  );
}

/** The weights of a model, or an error that says why there are none. */
export function weightsOf(model: LayersModel): tf.LayerVariable[] {
  if (!Array.isArray(model?.layers) || typeof model.call !== "function") {
    throw new TypeError(
      "Cannot read the model: expected a tf.LayersModel (tf.sequential, tf.model, mlp …); " +
        "for any other function of θ use functionLoss",
    );
  }
  if (model.layers.length === 0) {
    throw new RangeError("Cannot read the model: it must have at least one layer, got none");
  }
  if (!model.built) model.build(model.inputs.map((input) => input.shape));
  const weights = model.weights;
  if (weights.length === 0 || weights.every((w) => sizeOf(w.shape as number[]) === 0)) {
    throw new RangeError("Cannot read the model: it must have at least one weight, got none");
  }
  return weights;
}

/** A layer that holds others: a nested model, a wrapper, a recurrent cell's owner. */
interface Nest {
  layers?: tf.layers.Layer[];
  layer?: tf.layers.Layer;
  forwardLayer?: tf.layers.Layer;
  backwardLayer?: tf.layers.Layer;
  cell?: tf.layers.Layer;
}

function leafLayers(layer: tf.layers.Layer): tf.layers.Layer[] {
  const { layers, layer: wrapped, forwardLayer, backwardLayer, cell } = layer as Nest;
  const inner = [...layers ?? [], wrapped, forwardLayer, backwardLayer, cell].filter((l) => !!l);
  return inner.length ? inner.flatMap((l) => leafLayers(l!)) : [layer];
}

/** How {@link callModel} evaluates a model. */
export interface CallOptions {
  /** Batch norm by the batch's statistics, dropout on. */
  training: boolean;
  /** What dropout drops. */
  seed: number;
  /** Leave out a softmax or sigmoid at the end. */
  logits: boolean;
}

/**
 * A model as a function of its weights: each layer variable reads the tensor that is bound to it for the
 * duration of the call. Differentiable to any order; the model is the same before and after, also where
 * batch norm writes its moving statistics: those come back as `state`, by the number of the weight, for the
 * caller to dispose.
 */
export function callModel(
  model: LayersModel,
  weights: tf.Tensor[],
  inputs: tf.Tensor[],
  { training, seed, logits }: CallOptions,
): { outputs: tf.Tensor | tf.Tensor[]; state: Map<number, tf.Tensor>; penalty?: tf.Scalar } {
  const state = new Map<number, tf.Tensor>();
  const undo: (() => void)[] = [];
  const lend = (target: object, key: string, value: unknown) => {
    const own = Object.getOwnPropertyDescriptor(target, key);
    Object.defineProperty(target, key, {
      value,
      configurable: true,
      writable: true,
      enumerable: true,
    });
    undo.push(() => {
      if (own) Object.defineProperty(target, key, own);
      else delete (target as Record<string, unknown>)[key];
    });
  };
  try {
    model.weights.forEach((variable, i) => {
      lend(variable, "read", () => weights[i]);
      lend(variable, "write", (value: tf.Tensor) => {
        state.set(i, tf.keep(tf.clone(value)));
        return variable;
      });
    });
    if (training) {
      // one mask per dropout layer and seed: the same at every θ, so that the loss is a function
      leafLayers(model).filter((layer) => "rate" in layer).forEach((layer, i) =>
        lend(layer, "seed", seed + i)
      );
    }
    const end = logits ? outputActivation(model) : undefined;
    if (end) lend(end.layer, end.key, end.linear);
    const result = model.call(inputs, { training });
    const penalties = model.calculateLosses();
    return {
      outputs: Array.isArray(result) && result.length === 1 ? result[0] : result,
      state,
      ...(penalties.length && { penalty: penalties.reduce((a, b) => tf.add(a, b)) as tf.Scalar }),
    };
  } finally {
    for (const restore of undo.reverse()) restore();
  }
}

/** What to lend the last layer so that it gives logits; undefined where it ends in neither softmax nor sigmoid. */
export function outputActivation(
  model: LayersModel,
):
  | { kind: "softmax" | "sigmoid"; layer: tf.layers.Layer; key: string; linear: unknown }
  | undefined {
  let layer: tf.layers.Layer = model;
  for (let inner: tf.layers.Layer[] | undefined; (inner = (layer as Nest).layers)?.length;) {
    const outputs = (layer as LayersModel).outputLayers as tf.layers.Layer[] | undefined;
    layer = outputs?.length === 1 ? outputs[0] : inner.at(-1)!;
  }
  if (layer.getClassName() === "Softmax") {
    const identity = (x: tf.Tensor | tf.Tensor[]) => Array.isArray(x) ? x[0] : x;
    return { kind: "softmax", layer, key: "call", linear: identity };
  }
  const { activation } = layer as { activation?: { getClassName(): string } };
  const kind = activation?.getClassName?.();
  if (kind !== "softmax" && kind !== "sigmoid") return;
  const linear = { apply: (x: tf.Tensor) => x, getClassName: () => "linear" };
  return { kind, layer, key: "activation", linear };
}
