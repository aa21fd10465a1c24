import type * as tf from "../tensor/tf.ts";
import type { Forest } from "./forest.ts";

/** A channel of a tensor: which unit it is, and what it is scaled with; undefined where it is zero. */
export type Channels = ({ unit: number; scale: number } | undefined)[];

/** Where channels are written down. */
export interface Places {
  readonly units: Forest;
  readonly scales: Forest;
  /** A new channel. */
  channel(fixed?: boolean): { unit: number; scale: number };
  /** Says that channels stand on an axis of a weight, and what a flip and a scaling of them do to it. */
  place(
    variable: tf.LayerVariable,
    axis: number,
    channels: Channels,
    powers: { flips: -1 | 0 | 1; scales: -1 | 0 | 1 },
  ): void;
}

/** Shapes of a layer's inputs and output. */
interface Shapes {
  inputs: tf.Shape[];
  output: tf.Shape;
}

/** Follows channels through a layer; undefined where it cannot. */
type Rule = (
  layer: tf.layers.Layer,
  inputs: Channels[],
  shapes: Shapes,
  places: Places,
) => Channels | undefined;

/** What comes in, what goes out, what stays. */
const incoming = { flips: 1, scales: 1 } as const, outgoing = { flips: -1, scales: -1 } as const;
/** Before a norm a sign goes through, and a scale does not. */
const still = { flips: 0, scales: 0 } as const;

const weight = (layer: tf.layers.Layer, kind: string) =>
  layer.weights.find(({ originalName }) => originalName.split("/").at(-1) === kind);

const pass: Rule = (_, [channels]) => channels;

/** Activations by what they keep. */
const odd = /^(linear|tanh|softsign)$/, homogeneous = /^(linear|relu)$/;

function activated(name: string, channels: Channels, places: Places): Channels {
  const keeps = odd.test(name) || homogeneous.test(name);
  return channels.map((channel) => {
    if (!channel) return keeps ? undefined : places.channel(true);
    if (!odd.test(name)) places.units.keepSign(channel.unit);
    if (!homogeneous.test(name)) places.scales.fix(channel.scale);
    return channel;
  });
}

const activationOf = (layer: tf.layers.Layer) =>
  (layer as { activation?: { getClassName(): string } | null }).activation?.getClassName() ??
    "linear";

/** Dense layers and convolutions: new units from old ones. */
function linear(inputAxis: number, outputAxis: number): Rule {
  return (layer, [channels], { output }, places) => {
    const kernel = weight(layer, "kernel"), bias = weight(layer, "bias");
    if (!kernel) return undefined;
    const made = Array.from({ length: output.at(-1)! }, () => places.channel());
    places.place(kernel, inputAxis, channels, outgoing);
    places.place(kernel, outputAxis, made, incoming);
    if (bias) places.place(bias, 0, made, incoming);
    return activated(activationOf(layer), made, places);
  };
}

/** One filter a channel: the channels stay what they are. */
const depthwise: Rule = (layer, [channels], { output }, places) => {
  const kernel = weight(layer, "depthwise_kernel"), bias = weight(layer, "bias");
  if (!kernel || output.at(-1) !== channels.length) return undefined;
  const own = channels.map((channel) => channel ?? places.channel(true));
  places.place(kernel, -2, own, still);
  if (bias) places.place(bias, 0, own, incoming);
  return activated(activationOf(layer), own, places);
};

const separable: Rule = (layer, [channels], { output }, places) => {
  const filters = weight(layer, "depthwise_kernel"), mix = weight(layer, "pointwise_kernel");
  if (!filters || !mix || mix.shape.at(-2) !== channels.length) return undefined;
  const made = Array.from({ length: output.at(-1)! }, () => places.channel());
  const bias = weight(layer, "bias");
  places.place(filters, -2, channels, still);
  places.place(mix, -2, channels, outgoing);
  places.place(mix, -1, made, incoming);
  if (bias) places.place(bias, 0, made, incoming);
  return activated(activationOf(layer), made, places);
};

/** A norm of each channel by itself: the unit stays the same, its scale begins anew. */
const batchNorm: Rule = (layer, [channels], { output }, places) => {
  if (!isLast((layer as { axis?: number }).axis, output)) return undefined;
  const own = channels.map((channel) => channel ?? places.channel(true));
  // ε keeps the scale before a norm from being quite free
  for (const { scale } of own) places.scales.fix(scale);
  const [gamma, beta] = [weight(layer, "gamma"), weight(layer, "beta")];
  const mean = weight(layer, "moving_mean"), variance = weight(layer, "moving_variance");
  if (mean) places.place(mean, 0, own, { flips: 1, scales: 0 });
  if (variance) places.place(variance, 0, own, still);
  const scaled = own.map(({ unit }) => ({ unit, scale: places.scales.make(!gamma) }));
  if (gamma) places.place(gamma, 0, scaled, { flips: 0, scales: 1 });
  if (beta) places.place(beta, 0, scaled, incoming);
  return scaled;
};

/** A norm over all channels of a place: they may change places among each other, but not their signs. */
const layerNorm: Rule = (layer, [channels], { output }, places) => {
  const { axis } = layer as { axis?: number | number[] };
  const [only, ...more] = Array.isArray(axis) ? axis : [axis];
  if (more.length || !isLast(only, output)) return undefined;
  const own = channels.map((channel) => channel ?? places.channel(true));
  for (const { unit, scale } of own) {
    places.units.keepSign(unit);
    places.scales.fix(scale);
  }
  const [gamma, beta] = [weight(layer, "gamma"), weight(layer, "beta")];
  const scaled = own.map(({ unit }) => ({ unit, scale: places.scales.make(!gamma) }));
  if (gamma) places.place(gamma, 0, scaled, { flips: 0, scales: 1 });
  if (beta) places.place(beta, 0, scaled, incoming);
  return scaled;
};

const isLast = (axis: number | undefined, shape: tf.Shape) =>
  axis === undefined || axis === -1 || axis === shape.length - 1;

/** Element by element: what stands at one place is one unit in all inputs. */
function merged(spoils: { sign: boolean; scale: boolean; zeros?: boolean }): Rule {
  return (_, inputs, { inputs: shapes, output }, places) => {
    if (shapes.some((shape) => shape.at(-1) !== output.at(-1))) return undefined;
    return inputs[0].map((_, k) => {
      const here = inputs.map((channels) => channels[k]).filter((channel) => channel !== undefined);
      const [first, ...rest] = here;
      if (spoils.zeros && here.length < inputs.length) return undefined;
      for (const other of rest) {
        places.units.join(first.unit, other.unit);
        places.scales.join(first.scale, other.scale);
      }
      if (first && spoils.sign) places.units.keepSign(first.unit);
      if (first && spoils.scale) places.scales.fix(first.scale);
      return first;
    });
  };
}

/** Row-major numbers in another shape: channels stay where the last axis is theirs, or a multiple of it. */
const reshaped: Rule = (_, [channels], { output }) => {
  const length = output.at(-1);
  if (!length || length % channels.length) return undefined;
  return Array.from({ length }, (_, p) => channels[p % channels.length]);
};

const largest: Rule = (_, [channels], __, places) => {
  for (const channel of channels) if (channel) places.units.keepSign(channel.unit);
  return channels;
};

const convolution = linear(-2, -1), transposed = linear(-1, -2);
const sum = merged({ sign: false, scale: false }), extreme = merged({ sign: true, scale: false });

/** What becomes of channels, by the class of a layer; `other` for all that have no rule. */
export const rules: Readonly<Record<string, Rule>> = {
  Dense: convolution,
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  Conv2DTranspose: transposed,
  Conv3DTranspose: transposed,
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  Embedding(layer, _, { output }, places) {
    const table = weight(layer, "embeddings");
    const made = Array.from({ length: output.at(-1)! }, () => places.channel());
    if (table) places.place(table, -1, made, incoming);
    return made;
  },
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  Activation: (layer, [channels], _, places) => activated(activationOf(layer), channels, places),
  ReLU(layer, [channels], _, places) {
    const { maxValue } = layer as { maxValue?: number };
    return activated(
      maxValue === undefined || maxValue === null ? "relu" : "relu6",
      channels,
      places,
    );
  },
  LeakyReLU: (_, [channels], __, places) => activated("relu", channels, places),
  PReLU(layer, [channels], _, places) {
    const alpha = weight(layer, "alpha");
    if (alpha && alpha.shape.at(-1) === channels.length) places.place(alpha, -1, channels, still);
    else if (alpha && alpha.shape.at(-1) !== 1) return undefined;
    return activated("relu", channels, places);
  },
  ELU: (_, [channels], __, places) => activated("elu", channels, places),
  ThresholdedReLU: (_, [channels], __, places) => activated("thresholdedRelu", channels, places),
  Softmax: (layer, [channels], { output }, places) =>
    isLast((layer as { axis?: number }).axis, output)
      ? activated("softmax", channels, places)
      : undefined,
  Add: sum,
  Average: sum,
  Maximum: extreme,
  Minimum: extreme,
  Multiply: merged({ sign: true, scale: true, zeros: true }),
  Concatenate(layer, inputs, { output }, places) {
    const { axis } = layer as { axis?: number };
    if (isLast(axis, output)) return inputs.flat();
    return sum(layer, inputs, { inputs: inputs.map(() => output), output }, places);
  },
  Flatten: reshaped,
  Reshape: reshaped,
  InputLayer: pass,
  Dropout: pass,
  SpatialDropout1D: pass,
  GaussianNoise: pass,
  GaussianDropout: pass,
  AlphaDropout: pass,
  Masking: pass,
  RepeatVector: pass,
  ZeroPadding2D: pass,
  Cropping2D: pass,
  UpSampling2D: pass,
  AveragePooling1D: pass,
  AveragePooling2D: pass,
  AveragePooling3D: pass,
  GlobalAveragePooling1D: pass,
  GlobalAveragePooling2D: pass,
  MaxPooling1D: largest,
  MaxPooling2D: largest,
  MaxPooling3D: largest,
  GlobalMaxPooling1D: largest,
  GlobalMaxPooling2D: largest,
  other(layer, [channels], { output }) {
    const { channelMap } = layer as { channelMap?(channels: number): number[] };
    const map = layer.weights.length === 0 && channelMap?.call(layer, channels.length);
    if (!map || map.length !== output.at(-1)) return undefined;
    return map.map((from) => channels[from]);
  },
};
