import { type Layout, part } from "../layout.ts";
import type { CurvatureMatrix } from "../loss.ts";
import { curvatureProduct, type Head } from "../tensor/curvature.ts";
import { valueAndGradients } from "../tensor/derivatives.ts";
import { record, type Recorded, type RecordInput } from "../tensor/record.ts";
import * as tf from "../tensor/tf.ts";
import { sizeOf, type Vector } from "../vector.ts";

/** What one pass of a loss gives. */
export interface Pass {
  /** The losses of the samples [n], or one loss for all. */
  losses: tf.Tensor;
  /** 1 where a sample is classified correctly, [n]. */
  correct?: tf.Tensor;
  /** What is added once, whatever the samples. */
  penalty?: tf.Scalar;
  /** New moving statistics, by the number of the tensor in the layout; disposed of here. */
  state?: Map<number, tf.Tensor>;
  /** Where the losses come from, if that is known. */
  head?: Head;
}

/** A loss as the engine takes it. */
export interface RecordableLoss {
  /** What θ consists of. */
  layout: Layout;
  /** The data by name: a sample or more of each field, of the types and shapes of all. */
  fields: Record<string, RecordInput>;
  /** Whether it is a mean over samples; otherwise all data goes into every pass. */
  perSample: boolean;
  /** The pass, in tfjs ops. */
  forward(parameters: tf.Tensor[], batch: Record<string, tf.Tensor>, seed: number): Pass;
  /** Decides what dropout drops. Default 42. */
  seed?: number;
}

/** A record for a number of samples, and the samples that it was made on. */
export interface RecordOn {
  recorded: Recorded;
  fields: Record<string, RecordInput>;
}

/** The records of a loss, by what is computed. Tensors of θ are called θ0, θ1 … in them, those of v v0, v1 … */
export interface Recordings {
  /** `losses`, `correct`, `penalty`. */
  value(samples: number): RecordOn;
  /** `loss` and g0, g1 …: of the sum of losses times `weight`. */
  gradient(samples: number): RecordOn;
  /** h0, h1 …: products of the Hessian of the same, or of another of its matrices. */
  product(samples: number, matrix?: CurvatureMatrix): RecordOn;
  /**
   * `loss`, the mean; g0, g1 …: its derivatives times `factor`, an input, which is cheapest where they begin; and
   * s0, s1 …: new moving statistics.
   */
  step(samples: number, factor: number): RecordOn;
}

/** The numbers of samples on which a loss is recorded; what differs between the two is the batch. */
export const SAMPLES: readonly number[] = [4, 6];

/** The name of a field among the inputs of records and programs. */
export const fieldName = (name: string): string => `data/${name}`;

/** Records a loss and its derivatives at θ, with the direction v and the weight of a sample. */
export function recordings(
  loss: RecordableLoss,
  { theta, v, weight }: { theta: Vector; v: Vector; weight: number },
): Recordings {
  const { layout, perSample, forward, seed = 42 } = loss;
  const moving = layout.tensors.flatMap((t, i) => t.role === "state" ? [] : [i]);
  const tensors = (values: Vector, prefix: string): Record<string, RecordInput> =>
    Object.fromEntries(
      layout.tensors.map((t, i) => [`${prefix}${i}`, { data: part(values, t), shape: t.shape }]),
    );
  const weighted: Record<string, RecordInput> = perSample
    ? { weight: { data: Float32Array.of(weight), shape: [] } }
    : {};

  type Inputs = Record<string, tf.Tensor>;
  const on = (
    samples: number,
    extra: Record<string, RecordInput>,
    f: (x: Inputs, pass: (moved?: tf.Tensor[]) => Pass) => Inputs,
  ): RecordOn => {
    const fields = Object.fromEntries(
      Object.entries(loss.fields).map(([name, field]) => [
        fieldName(name),
        perSample ? repeated(field, samples) : field,
      ]),
    );
    const recorded = record({ ...fields, ...tensors(theta, "θ"), ...extra }, (x) => {
      const batch = Object.fromEntries(
        Object.keys(loss.fields).map((name) => [name, x[fieldName(name)]]),
      );
      return f(x, (moved) => {
        const parameters = layout.tensors.map((_, i) => x[`θ${i}`]);
        moved?.forEach((tensor, i) => parameters[moving[i]] = tensor);
        return checked(forward(parameters, batch, seed), perSample ? samples : undefined);
      });
    });
    return { recorded, fields };
  };
  const moved = (x: Inputs, prefix: string) => moving.map((i) => x[`${prefix}${i}`]);
  const numbered = (tensors: tf.Tensor[], prefix: string): Inputs =>
    Object.fromEntries(tensors.map((t, i) => [`${prefix}${moving[i]}`, t]));
  const plus = (value?: tf.Tensor, penalty?: tf.Tensor) =>
    (value && penalty ? tf.add(value, penalty) : value ?? penalty) as tf.Scalar;

  /** The loss of a pass as derivatives take it, with the batch's share of the penalty. */
  const weightedSum = ({ losses, penalty }: Partial<Pass>, x: Inputs, samples: number) => {
    if (!perSample) return plus(losses && tf.reshape(losses, []), penalty);
    const sum = losses && tf.mul(tf.sum(losses), x.weight);
    return plus(sum, penalty && tf.mul(penalty, tf.mul(x.weight, samples)));
  };
  const stateless = (pass: Pass) => {
    pass.state?.forEach((t) => t.dispose());
    return pass;
  };

  return {
    value: (samples) =>
      on(samples, {}, (_, pass) => {
        const { losses, correct, penalty, state } = pass();
        state?.forEach((t) => t.dispose());
        return {
          losses,
          ...(correct && { correct: tf.cast(correct, "float32") }),
          ...(penalty && { penalty }),
        };
      }),
    gradient: (samples) =>
      on(samples, weighted, (x, pass) => {
        const f = (tensors: tf.Tensor[]) => weightedSum(stateless(pass(tensors)), x, samples);
        const { value, gradients } = valueAndGradients(f, moved(x, "θ"), { backend: "record" });
        return { loss: value, ...numbered(gradients, "g") };
      }),
    product: (samples, matrix = "hessian") =>
      on(samples, { ...weighted, ...tensors(v, "v") }, (x, pass) => {
        const parts = {
          pass: (tensors: tf.Tensor[]) => stateless(pass(tensors)),
          total: (parts: Partial<Pass>) => weightedSum(parts, x, samples),
        };
        const on = { backend: "record" };
        return numbered(curvatureProduct(matrix, parts, moved(x, "θ"), moved(x, "v"), on), "h");
      }),
    step: (samples, factor) =>
      on(samples, { factor: { data: Float32Array.of(factor), shape: [] } }, (x, pass) => {
        const kept: Inputs = {};
        const { value, gradients } = valueAndGradients(
          (tensors) => {
            const { losses, penalty, state } = pass(tensors);
            state?.forEach((t, i) => kept[`s${i}`] = t);
            const loss = plus(perSample ? tf.mean(losses) : losses, penalty);
            kept.loss = tf.keep(tf.clone(loss));
            return tf.mul(loss, x.factor);
          },
          moved(x, "θ"),
          { backend: "record" },
        );
        value.dispose();
        const copies = Object.fromEntries(
          Object.entries(kept).map(([name, t]) => [name, tf.clone(t)]),
        );
        Object.values(kept).forEach((t) => t.dispose());
        return { ...numbered(gradients, "g"), ...copies };
      }),
  };
}

/** The first n samples of a field, over again where there are fewer. */
export function repeated({ data, shape }: RecordInput, n: number): RecordInput {
  const width = sizeOf(shape.slice(1));
  const out = new (data.constructor as new (n: number) => Float32Array)(n * width);
  for (let i = 0; i < n; i++) {
    const row = i % shape[0];
    out.set((data as Float32Array).subarray(row * width, (row + 1) * width), i * width);
  }
  return { data: out, shape: [n, ...shape.slice(1)] };
}

/** Losses as [n], or as a scalar where there are no samples. */
function checked(pass: Pass, samples: number | undefined): Pass {
  const { losses } = pass;
  if (sizeOf(losses.shape) !== (samples ?? 1)) {
    throw new RangeError(
      `Cannot record: the loss must give ${samples === undefined ? "a scalar" : `[${samples}]`}, ` +
        `got shape [${losses.shape.join(", ")}]`,
    );
  }
  return { ...pass, losses: tf.reshape(losses, samples === undefined ? [] : [samples]) };
}
