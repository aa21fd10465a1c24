import type { Initializer } from "../layout.ts";
import type { LayersModel } from "../tensor/tensor.ts";
import * as tf from "../tensor/tf.ts";
import { checkSizes, seededModel } from "./seeded_model.ts";

/** What the hidden units of an {@link mlp} compute. `gelu` is exact, x·Φ(x) by the error function. */
export type Activation = "relu" | "tanh" | "gelu" | "sigmoid" | "linear";

/** The names in {@link mlpVariants}. */
export type MlpVariant =
  | "shallow-small"
  | "shallow-wide"
  | "medium"
  | "deep-small"
  | "deep-large";

/** The hidden layers of architectures that are compared with one another, by name. */
export const mlpVariants: Readonly<Record<MlpVariant, readonly number[]>> = Object.freeze({
  "shallow-small": Object.freeze([50]),
  "shallow-wide": Object.freeze([500]),
  "medium": Object.freeze([100, 100]),
  "deep-small": Object.freeze([100, 100, 100, 100]),
  "deep-large": Object.freeze([250, 250, 250, 250]),
});

/** Options of {@link mlp}. */
export interface MlpOptions {
  /** The number of input columns. */
  inputs: number;
  /** Units of each hidden layer; `[]` is a linear model. */
  hidden?: readonly number[];
  /** The hidden layers by name, instead of `hidden`. */
  variant?: MlpVariant;
  /** The number of outputs: classes, or regression targets. */
  outputs: number;
  /** What hidden units compute, default `"relu"`. */
  activation?: Activation;
  /** How all weights are drawn; by default by the activation of their layer. */
  initializer?: Initializer;
  /** Default 42. */
  seed?: number;
}

/** He et al. (2015) derive theirs for rectifiers, Glorot and Bengio (2010) for units linear around 0. */
const INITIALIZERS: Record<Activation, Initializer> = {
  relu: "heNormal",
  gelu: "heNormal",
  tanh: "xavierUniform",
  sigmoid: "xavierUniform",
  linear: "xavierUniform",
};

/**
 * A fully connected network that ends in logits (or, for regression, in its predictions): no activation
 * follows the last layer. Layers are called `hidden1`, `hidden2`, …, `logits`, whatever models exist
 * already, so the layouts of two models of one architecture have the same digest.
 *
 * Weights are drawn by the activation of their layer: He (normal) for ReLU and GELU, Xavier (uniform) for
 * tanh, sigmoid and linear layers, the logits among them. Biases are 0. Each layer has a stream of its own.
 *
 * @param options.inputs input columns
 * @param options.hidden units of each hidden layer, `[]` for a linear model
 * @param options.variant a name in {@link mlpVariants}, instead of `hidden`
 * @param options.outputs outputs
 * @param options.activation of hidden units, default `"relu"`
 * @param options.initializer of all layers, instead of by activation
 * @param options.seed default 42
 * @throws {RangeError} for sizes that are not positive integers, unknown names, both or neither of
 * `hidden` and `variant`.
 *
 * ```ts
 * import { mlp } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const model = mlp({ inputs: 64, hidden: [100, 100], outputs: 10 });
 * assertEquals(model.countParams(), 64 * 100 + 100 + 100 * 100 + 100 + 100 * 10 + 10);
 * assertEquals(mlp({ inputs: 2, variant: "deep-small", outputs: 2 }).layers.length, 5);
 * ```
 */
export function mlp(options: MlpOptions): LayersModel {
  const { inputs, outputs, activation = "relu", initializer, seed = 42 } = options ?? {};
  const hidden = hiddenOf(options ?? {});
  checkSizes({ inputs, outputs }, "build an MLP");
  hidden.forEach((units, i) => checkSizes({ [`hidden[${i}]`]: units }, "build an MLP"));
  if (!Object.hasOwn(INITIALIZERS, activation)) {
    throw new RangeError(
      `Cannot build an MLP: activation must be one of ${names(INITIALIZERS)}, got ${activation}`,
    );
  }
  const layers = [...hidden, outputs].map((units, i) => ({
    name: i < hidden.length ? `hidden${i + 1}` : "logits",
    activation: i < hidden.length ? activation : "linear" as const,
    units,
    ...(i === 0 ? { inputShape: [inputs] } : {}),
  }));
  const build = () => {
    const model = tf.sequential({
      name: "mlp",
      layers: layers.map((layer) => tf.layers.dense({ ...layer, kernelInitializer: "zeros" })),
    });
    model.build();
    return model;
  };
  return seededModel(build, {
    seed,
    initializer: ({ name }) =>
      initializer ?? INITIALIZERS[name.startsWith("logits") ? "linear" : activation],
  });
}

function hiddenOf({ hidden, variant }: MlpOptions): readonly number[] {
  if ((hidden === undefined) === (variant === undefined)) {
    throw new RangeError(
      "Cannot build an MLP: give either hidden, for example [100, 100], or variant, " +
        `one of ${names(mlpVariants)}; got ${hidden === undefined ? "neither" : "both"}`,
    );
  }
  if (variant !== undefined && !Object.hasOwn(mlpVariants, variant)) {
    throw new RangeError(
      `Cannot build an MLP: variant must be one of ${names(mlpVariants)}, got ${variant}`,
    );
  }
  const units = hidden ?? mlpVariants[variant!];
  if (Array.isArray(units)) return units;
  throw new TypeError(
    `Cannot build an MLP: hidden must be an array of units, like [100, 100], got ${units}`,
  );
}

const names = (record: object) => Object.keys(record).join(", ");
