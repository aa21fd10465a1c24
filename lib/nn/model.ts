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
      const values = tf.tensor(
        Float32Array.from(part(theta, layout.tensors[i])),
        weight.shape as number[],
      );
      // not write(), which would project θ on the layer's constraint without a word
      (weight as unknown as { val: tf.Variable }).val.assign(values);
    })
  );
}

/** The weights of a model, each once, or an error that says why there are none. */
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
  // a layer that stands in the model twice, alone and inside another model, is one layer all the same
  const weights = [...new Set(model.weights)];
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
  cells?: tf.layers.Layer[];
}

/** The layers inside of a layer. */
function innerLayers(layer: tf.layers.Layer): tf.layers.Layer[] {
  const { layers, layer: wrapped, forwardLayer, backwardLayer, cell, cells } = layer as Nest;
  const inner = [...layers ?? [], wrapped, forwardLayer, backwardLayer, cell, ...cells ?? []];
  return inner.filter((l) => !!l) as tf.layers.Layer[];
}

/** A layer and all layers inside of it, each once, in the order of the model. */
export function allLayers(layer: tf.layers.Layer): tf.layers.Layer[] {
  return [...new Set([layer, ...innerLayers(layer).flatMap(allLayers)])];
}

/** The layers that hold no others. */
export function leafLayers(layer: tf.layers.Layer): tf.layers.Layer[] {
  return allLayers(layer).filter((inner) => innerLayers(inner).length === 0);
}

/** The layer whose output is the model's, also where it is inside a nested model; undefined for several. */
export function outputLayer(model: LayersModel): tf.layers.Layer | undefined {
  let layer: tf.layers.Layer = model;
  for (let inner: tf.layers.Layer[] | undefined; (inner = (layer as Nest).layers)?.length;) {
    const outputs = (layer as LayersModel).outputLayers as tf.layers.Layer[] | undefined;
    if (outputs && outputs.length > 1) return undefined;
    layer = outputs?.[0] ?? inner.at(-1)!;
  }
  return layer;
}
