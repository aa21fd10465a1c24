import type { NumberArray } from "../data/dataset.ts";
import { checkVector, type Layout, part } from "../layout.ts";
import type { Loss, UnitStatistics, UnitValues } from "../loss.ts";
import { random } from "../math/random.ts";
import { breather } from "../progress.ts";
import { onBackend, ready } from "../tensor/backend.ts";
import type { LayersModel } from "../tensor/tensor.ts";
import * as tf from "../tensor/tf.ts";
import { alongAxis } from "../symmetry.ts";
import type { Vector } from "../vector.ts";
import type { BoundModel, CallOptions } from "./bound_model.ts";
import { weightsOf } from "./model.ts";
import { type Structure, structureOf, type Visited } from "./symmetries.ts";
import { rowsOf, tensorOf, tensorsOf } from "./tensor_loss.ts";

/** The samples of a loss, and how a model takes them. */
interface UnitSamples {
  layout: Layout;
  fields: Record<string, NumberArray>;
  count: number;
  seed: number;
  inputsOf(batch: Record<string, tf.Tensor>): tf.Tensor[];
}

/** Enough for the statistics of a unit to a few percent. */
const mostSamples = 2048;

/** Multiplications in a pass, about ten milliseconds; the statistics of a batch want some samples all the same. */
const passWork = 4e7, leastBatch = 128;

/** What a loss knows of the units of its model. */
export function unitsOf(
  model: LayersModel,
  bound: BoundModel,
  { layout, fields, count, seed, inputsOf }: UnitSamples,
): Required<Pick<Loss, "symmetries" | "activations" | "unitStatistics" | "repaired">> {
  let structure: Structure | undefined;
  const known = () => structure ??= structureOf(model);
  const chosen = () =>
    count <= mostSamples
      ? Int32Array.from({ length: count }, (_, i) => i)
      : random(seed, "units").permutation(count).slice(0, mostSamples).sort();

  /** Runs the model at θ on every batch with layers changed, inside a tidy. */
  async function eachBatch(
    signal: AbortSignal | undefined,
    pass: (call: (theta: Vector, instead: CallOptions["instead"]) => void, size: number) => void,
    { after, least = 8 }: { after?: () => void | Promise<void>; least?: number } = {},
  ): Promise<void> {
    await ready();
    const indices = chosen(), breathe = breather();
    const most = Math.max(least, Math.round(passWork / Math.max(bound.work, 1)));
    const size = Math.ceil(indices.length / Math.ceil(indices.length / most));
    for (let from = 0; from < indices.length; from += size) {
      await breathe();
      signal?.throwIfAborted();
      const rows = indices.subarray(from, from + size);
      onBackend("wasm", () =>
        tf.tidy(() => {
          const batch = Object.fromEntries(
            Object.entries(fields).map(([name, field]) => [name, tensorOf(rowsOf(field, rows))]),
          );
          const inputs = inputsOf(batch);
          const call = (theta: Vector, instead: CallOptions["instead"]) =>
            void bound.call(tensorsOf(layout, theta), inputs, {
              training: false,
              seed,
              logits: true,
              instead,
            });
          pass(call, rows.length);
        }));
      await after?.();
    }
  }

  return {
    symmetries: () => known().symmetries,
    async activations(thetas, visit, { signal } = {}) {
      for (const theta of thetas) checkVector(layout, theta, "look at the units");
      const probes = probesOf(known());
      let values: UnitValues[][] = [];
      await eachBatch(signal, (call) => {
        values = thetas.map((theta) => {
          const seen = new Map<Visited, UnitValues[]>();
          call(theta, probes.map((probe) => watched(probe, seen)));
          return probes.flatMap((probe) => seen.get(probe)!);
        });
      }, { after: () => visit(values) });
    },
    async unitStatistics(theta, { signal } = {}) {
      checkVector(layout, theta, "look at the units");
      const biased = biasedLayers(known(), model, layout).map(({ layer }) => layer);
      const moments = biased.map(() => pooled());
      await eachBatch(signal, (call, size) =>
        call(
          theta,
          biased.map((layer, k) =>
            before(layer, (z) => {
              moments[k].add(momentsOf(z), size);
              return z;
            })
          ),
        ));
      return {
        means: Float64Array.from(moments.flatMap((m) => [...m.means()])),
        deviations: Float64Array.from(moments.flatMap((m) => [...m.variances()].map(Math.sqrt))),
      };
    },
    async repaired(theta, wanted, { signal } = {}) {
      checkVector(layout, theta, "repair the statistics");
      const biased = biasedLayers(known(), model, layout), norms = normsOf(known(), model, layout);
      const targets = split(wanted, biased.map(({ bias }) => bias.shape[0]));
      const moments = biased.map(() => pooled()), normMoments = norms.map(() => pooled());
      await eachBatch(signal, (call, size) =>
        call(theta, [
          ...biased.map(({ layer }, k) =>
            before(layer, (z) => {
              const own = momentsOf(z);
              moments[k].add(own, size);
              const { factors, shifts } = correction(own.means, own.variances, targets[k]);
              return tf.add(tf.mul(z, tf.tensor1d(factors)), tf.tensor1d(shifts));
            })
          ),
          ...norms.map(({ layer }, k) => byBatch(layer, (own) => normMoments[k].add(own, size))),
        ]), { least: leastBatch });
      const out = theta.slice() as Vector;
      biased.forEach(({ kernel, bias }, k) => {
        const { factors, shifts } = correction(
          moments[k].means(),
          moments[k].variances(),
          targets[k],
        );
        const to = part(out, bias);
        factors.forEach((factor, u) => to[u] = to[u] * factor + shifts[u]);
        const axis = { tensor: kernel.name, axis: kernel.unitAxis!, power: 1 } as const;
        const { outer, length, inner } = alongAxis(layout, factors.length, axis);
        const weights = part(out, kernel);
        for (let i = 0; i < outer * length * inner; i++) {
          weights[i] *= factors[Math.floor(i / inner) % length];
        }
      });
      norms.forEach(({ mean, variance }, k) => {
        part(out, mean).set(normMoments[k].means());
        part(out, variance).set(normMoments[k].variances());
      });
      return out;
    },
  };
}

type Moments = { means: ArrayLike<number>; variances: ArrayLike<number> };

/** Mean and variance of each channel over all else. */
function momentsOf(x: tf.Tensor): Moments & { mean: tf.Tensor; variance: tf.Tensor } {
  const axes = x.shape.map((_, axis) => axis).slice(0, -1);
  const { mean, variance } = tf.moments(x, axes);
  return { mean, variance, means: mean.dataSync(), variances: variance.dataSync() };
}

/** Moments of several batches as those of all samples. */
function pooled() {
  let count = 0;
  let sums = new Float64Array(0), squares = new Float64Array(0);
  const means = () => sums.map((sum) => sum / count);
  return {
    add({ means, variances }: Moments, size: number) {
      if (count === 0) [sums, squares] = [0, 0].map(() => new Float64Array(means.length));
      count += size;
      for (let u = 0; u < sums.length; u++) {
        sums[u] += size * means[u];
        squares[u] += size * (variances[u] + means[u] ** 2);
      }
    },
    means,
    variances: () =>
      squares.map((square, u) => Math.max(0, square / count - (sums[u] / count) ** 2)),
  };
}

/** What brings numbers to the statistics that are wanted: x·factor + shift. A constant unit is only shifted. */
function correction(
  means: ArrayLike<number>,
  variances: ArrayLike<number>,
  wanted: UnitStatistics,
) {
  const factors = Float32Array.from(means, (mean, u) => {
    const deviation = Math.sqrt(variances[u]);
    return deviation > 1e-6 * Math.abs(mean) ? wanted.deviations[u] / deviation : 1;
  });
  const shifts = factors.map((factor, u) => wanted.means[u] - factor * means[u]);
  return { factors, shifts };
}

function split({ means, deviations }: UnitStatistics, sizes: number[]): UnitStatistics[] {
  let from = 0;
  return sizes.map((size) => {
    const to = from + size;
    const own = { means: means.slice(from, to), deviations: deviations.slice(from, to) };
    from = to;
    return own;
  });
}

type Changed = NonNullable<CallOptions["instead"]>[number];

const first = (x: tf.Tensor | tf.Tensor[]) => Array.isArray(x) ? x[0] : x;

/** A layer whose output is noted; a model frees it as soon as it can. */
function watched(probe: Visited, seen: Map<Visited, UnitValues[]>): Changed {
  const { layer } = probe, call = layer.call;
  return [layer, "call", (...given: Parameters<typeof call>) => {
    const output = call.apply(layer, given);
    seen.set(probe, unitValues(probe, first(output)));
    return output;
  }];
}

/** A layer with something done before its activation. */
function before(layer: tf.layers.Layer, change: (z: tf.Tensor) => tf.Tensor): Changed {
  const { activation } = layer as { activation?: { apply(x: tf.Tensor): tf.Tensor } | null };
  return [layer, "activation", {
    apply: (z: tf.Tensor) => activation ? activation.apply(change(z)) : change(z),
    // a name that no fused kernel has
    getClassName: () => "changed",
  }];
}

/** A batch norm that takes the statistics of the batch. */
function byBatch(layer: tf.layers.Layer, note: (moments: Moments) => void): Changed {
  const { gamma, beta, epsilon } = layer as unknown as {
    gamma?: tf.LayerVariable;
    beta?: tf.LayerVariable;
    epsilon: number;
  };
  return [layer, "call", (inputs: tf.Tensor | tf.Tensor[]) => {
    const x = first(inputs), own = momentsOf(x);
    note(own);
    return tf.batchNorm(
      x as tf.Tensor4D,
      own.mean as tf.Tensor1D,
      own.variance as tf.Tensor1D,
      beta?.read() as tf.Tensor1D | undefined,
      gamma?.read() as tf.Tensor1D | undefined,
      epsilon,
    );
  }];
}

const activating = /^(Activation|ReLU|LeakyReLU|PReLU|ELU|ThresholdedReLU)$/;

const isLinear = (layer: tf.layers.Layer) =>
  ((layer as { activation?: { getClassName(): string } }).activation?.getClassName() ??
    "linear") === "linear";

/** Where units are seen best: after an activation; where a group is not seen there, at the last layer that has it. */
function probesOf({ symmetries, visited }: Structure): Visited[] {
  const seen = visited.filter(({ layer, groups }) =>
    groups.size > 0 && (activating.test(layer.getClassName()) || !isLinear(layer))
  );
  const missing = symmetries.permutations.keys().filter((group) =>
    !seen.some(({ groups }) => groups.has(group))
  );
  for (const group of missing) {
    const last = visited.findLast(({ groups }) => groups.has(group));
    if (last && !seen.includes(last)) seen.push(last);
  }
  return seen;
}

function unitValues({ groups }: Visited, output: tf.Tensor): UnitValues[] {
  const data = output.dataSync(), channels = output.shape.at(-1)!, rows = data.length / channels;
  return [...groups].map(([group, positions]) => {
    const size = positions.length, values = new Float32Array(rows * size);
    for (let row = 0; row < rows; row++) {
      for (let u = 0; u < size; u++) values[row * size + u] = data[row * channels + positions[u]];
    }
    return { group, values };
  });
}

/** The tensors of a layer's weights, by the ends of their names. */
function weightTensors(layer: tf.layers.Layer, model: LayersModel, layout: Layout) {
  const all = weightsOf(model);
  return (kind: RegExp) => {
    const variable = layer.weights.find(({ originalName }) => kind.test(originalName));
    return variable && layout.tensors[all.indexOf(variable)];
  };
}

/** The layers whose units can be scaled and shifted before their activation. */
function biasedLayers({ visited }: Structure, model: LayersModel, layout: Layout) {
  return visited.flatMap(({ layer, free }) => {
    if (!free || !/^(Dense|Conv|DepthwiseConv2D|SeparableConv)/.test(layer.getClassName())) {
      return [];
    }
    const tensor = weightTensors(layer, model, layout);
    const bias = tensor(/bias$/), kernel = tensor(/pointwise_kernel$/) ?? tensor(/kernel$/);
    if (bias?.role !== "bias" || kernel?.role !== "weight") return [];
    return [{ layer, bias, kernel }];
  });
}

/** The batch norms with the channels last. */
function normsOf({ visited }: Structure, model: LayersModel, layout: Layout) {
  return visited.flatMap(({ layer }) => {
    const { axis = -1 } = layer as { axis?: number };
    if (layer.getClassName() !== "BatchNormalization") return [];
    const tensor = weightTensors(layer, model, layout);
    const mean = tensor(/moving_mean$/), variance = tensor(/moving_variance$/);
    const last = axis === -1 || axis === (layer.outputShape as number[]).length - 1;
    return mean && variance && last ? [{ layer, mean, variance }] : [];
  });
}
