import { initialize, type Layout, part } from "../layout.ts";
import { hessianProduct, valueAndGradients } from "../tensor/derivatives.ts";
import { record, type Recorded, type RecordInput } from "../tensor/record.ts";
import * as tf from "../tensor/tf.ts";
import { sizeOf, type Vector } from "../vector.ts";
import { arrayOf, type Builder, builder } from "./build.ts";
import type { Check } from "./check.ts";
import { compile } from "./compile.ts";
import type { Graph } from "./graph.ts";
import type { HostTensor, Level, NumberType, Precision, Program } from "./program.ts";
import { translate } from "./translate.ts";
import { unify } from "./unify.ts";

/** What one pass of a loss gives. */
export interface Pass {
  /** The losses of the samples [n], or one loss for all. */
  losses: tf.Tensor;
  /** 1 where a sample is classified correctly, [n]. */
  correct?: tf.Tensor;
  /** What is added once, whatever the samples. */
  penalty?: tf.Scalar;
  /** New moving statistics, by the number of the tensor in the layout; disposed here. */
  state?: Map<number, tf.Tensor>;
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

/** How a loss is recorded and written out. */
export interface RecordLossOptions {
  /** What the programs compute with. Default `"float32"`. */
  precision?: Precision;
  /** How many samples a θ will be evaluated on, for estimates of cost. Default 1000. */
  samples?: number;
  /** Where it is recorded and checked; by default random weights. */
  theta?: Vector;
}

/** A program, and what it must give for some inputs. */
export interface Compiled {
  /** The program. */
  program: Program;
  /** Inputs, and what wasm computed from them while it was recorded. */
  checks: Check[];
}

/** A loss as programs, each recorded and compiled when it is first asked for. */
export interface RecordedLoss {
  /**
   * Inputs: the fields (level 0), `theta` (1). Outputs: `losses` [batch] (or a scalar), and where the loss
   * has them `correct` [batch] (0 or 1) and `penalty` (a scalar).
   */
  value(): Compiled;
  /**
   * Inputs: the fields and `weight` (level 0), `theta` (1). Outputs: `loss`, the weight times the sum of
   * losses (with the batch's share of the penalty), and its `gradient` [size of θ]. With the weight 1/N, the
   * sum over the batches of N samples is the loss. A loss of no samples has no weight.
   */
  gradient(): Compiled;
  /** Inputs: as `gradient`, and `v` (level 2). Output: `product`, the Hessian times v. */
  product(): Compiled;
  /**
   * `value` at a point of a slice. Inputs: the fields (level 0), `frame` [1 + directions, size of θ]: the
   * origin and the directions as rows (level 1), `coordinates` [directions] (level 2). Outputs: as `value`.
   */
  slice(directions: number): Compiled;
}

/** The numbers of samples on which a loss is recorded; what differs between the two is the batch. */
const SAMPLES: readonly [number, number] = [4, 6];

/**
 * Records a loss and its derivatives as programs for the native runtime. Nothing is computed before a
 * program is asked for; each is then made once. Recording runs the loss on wasm, on 4 and on 6 samples.
 *
 * Needs a running backend (`await ready()`).
 *
 * @throws {Error} by the programs' functions, if the loss cannot be recorded: what stands in the way is said.
 */
export function recordLoss(
  loss: RecordableLoss,
  { precision = "float32", samples: many, theta = initialize(loss.layout) }: RecordLossOptions = {},
): RecordedLoss {
  const { layout } = loss;
  const moving = layout.tensors.flatMap((t, i) => t.role === "state" ? [] : [i]);
  const names = layout.tensors.map((_, i) => `θ${i}`);
  const parametersOf = (values: Vector, prefix = "θ") =>
    Object.fromEntries(
      layout.tensors.map((t, i) => [`${prefix}${i}`, { data: part(values, t), shape: t.shape }]),
    );
  const v = theta.map((_, i) => Math.sin(i + 1)) as Vector;
  const weight = 1 / 8;

  /** Records f for one number of samples. */
  const recordAt = (
    samples: number,
    f: (
      x: Record<string, tf.Tensor>,
      pass: (moved?: tf.Tensor[]) => Pass,
    ) => Record<string, tf.Tensor>,
    extra: Record<string, RecordInput> = {},
  ): { recorded: Recorded; fields: Record<string, RecordInput> } => {
    const fields = mapValues(
      loss.fields,
      (field) => loss.perSample ? repeated(field, samples) : field,
    );
    const recorded = record({ ...fieldNames(fields), ...parametersOf(theta), ...extra }, (x) => {
      const batch = mapValues(fields, (_, name) => x[`data/${name}`]);
      const pass = (moved?: tf.Tensor[]) => {
        const parameters = names.map((name) => x[name]);
        moved?.forEach((tensor, i) => parameters[moving[i]] = tensor);
        const result = loss.forward(parameters, batch, loss.seed ?? 42);
        result.state?.forEach((tensor) => tensor.dispose());
        return checked(result, loss.perSample ? samples : undefined);
      };
      return f(x, pass);
    });
    return { recorded, fields };
  };

  /** The loss of a pass as derivatives take it: a scalar. */
  const total = ({ losses, penalty }: Pass, x: Record<string, tf.Tensor>, samples: number) => {
    if (!loss.perSample) return penalty ? tf.add(losses, penalty) : losses;
    const sum = tf.mul(tf.sum(losses), x.weight);
    return penalty ? tf.add(sum, tf.mul(penalty, tf.mul(x.weight, samples))) : sum;
  };

  const weighted: Record<string, RecordInput> = loss.perSample
    ? { weight: { data: Float32Array.of(weight), shape: [] } }
    : {};

  /** One graph from the records for both numbers of samples, and what must come out of it. */
  const compiled = (
    at: (samples: number) => { recorded: Recorded; fields: Record<string, RecordInput> },
    bindings: (b: Builder) => Record<string, string>,
    finish: (b: Builder, results: Record<string, string>) => Record<string, string>,
    given: Record<string, HostTensor>,
    expected: (values: Recorded["values"]) => Check["expected"],
  ): Compiled => {
    const sizes = loss.perSample ? SAMPLES : SAMPLES.slice(0, 1);
    const checks: Check[] = [];
    const sized = sizes.map((samples) => {
      const { recorded, fields } = at(samples);
      const b = builder(), bind: Record<string, string> = {};
      for (const [name, field] of Object.entries(fieldNames(fields))) {
        bind[name] = b.input(name, typeOf(field, precision), 0);
      }
      Object.assign(bind, bindings(b));
      const results = finish(b, translate(b, recorded, bind, precision));
      b.graph.outputs = Object.entries(results).map(([name, value]) => ({ name, value }));
      checks.push({
        inputs: {
          ...mapValues(fieldNames(fields), (field) => hostTensor(field, precision)),
          ...given,
        },
        expected: expected(recorded.values),
      });
      return { graph: b.graph, samples };
    });
    const like = Object.keys(fieldNames(loss.fields))[0];
    const graph: Graph = sized.length === 2 ? unify(sized[0], sized[1], like) : sized[0].graph;
    return { program: compile(graph, { precision, samples: many }), checks };
  };

  /** The tensors of θ from a vector inside the graph. */
  const split = (b: Builder, vector: string, prefix: string) => {
    const pieces = layout.tensors.length === 1
      ? [vector]
      : b.ops("Split", [vector], { axis: 0, sizes: layout.tensors.map((t) => sizeOf(t.shape)) });
    return Object.fromEntries(
      layout.tensors.map((t, i) => [`${prefix}${i}`, b.reshape(pieces[i], [...t.shape])]),
    );
  };
  /** A vector from tensors that move; zeros elsewhere. */
  const joined = (b: Builder, results: Record<string, string>, prefix: string) => {
    const pieces = layout.tensors.map((t, i) => {
      const size = sizeOf(t.shape), name = results[`${prefix}${i}`];
      if (name) return b.reshape(name, [size]);
      return b.constant(arrayOf(precision, new Float64Array(size)), [size], precision);
    });
    return pieces.length === 1 ? pieces[0] : b.op("Concat", pieces, { axis: 0 });
  };
  const joinedValues = (values: Recorded["values"], prefix: string) => {
    const out = new Float64Array(layout.size);
    for (const i of moving) part(out, layout.tensors[i]).set(values[`${prefix}${i}`]);
    return { data: out, shape: [layout.size] };
  };
  const vector = (b: Builder, name: string, level: Level) =>
    b.input(name, { dtype: precision, shape: [layout.size] }, level);
  const scalarInput = (b: Builder, name: string) =>
    name in weighted ? { [name]: b.input(name, { dtype: precision, shape: [] }, 0) } : {};
  const host = (values: ArrayLike<number>, shape: number[]): HostTensor => ({
    data: arrayOf(precision, values),
    shape,
  });
  const vectors = { theta: host(theta, [layout.size]) };
  const givenWeight: Record<string, HostTensor> = loss.perSample
    ? { weight: host([weight], []) }
    : {};

  const valueAt = once((samples: number) =>
    recordAt(samples, (_, pass) => {
      const { losses, correct, penalty } = pass();
      return {
        losses,
        ...(correct && { correct: tf.cast(correct, "float32") }),
        ...(penalty && { penalty }),
      };
    })
  );
  const valueOutputs = (values: Recorded["values"]) =>
    Object.fromEntries(
      Object.entries(values).map(([name, data]) => [name, {
        data: Float64Array.from(data as Float32Array),
        shape: name === "penalty" || !loss.perSample ? [] : [data.length],
      }]),
    );

  return {
    value: once(() =>
      compiled(
        valueAt,
        (b) => split(b, vector(b, "theta", 1), "θ"),
        (_, results) => results,
        vectors,
        valueOutputs,
      )
    ),
    gradient: once(() =>
      compiled(
        (samples) =>
          recordAt(samples, (x, pass) => {
            const { value, gradients } = valueAndGradients(
              (moved) => total(pass(moved), x, samples) as tf.Scalar,
              moving.map((i) => x[names[i]]),
              { backend: "record" },
            );
            return {
              loss: value,
              ...Object.fromEntries(gradients.map((g, i) => [`g${moving[i]}`, g])),
            };
          }, weighted),
        (b) => ({ ...scalarInput(b, "weight"), ...split(b, vector(b, "theta", 1), "θ") }),
        (b, results) => ({ loss: results.loss, gradient: joined(b, results, "g") }),
        { ...vectors, ...givenWeight },
        (values) => ({
          loss: { data: Float64Array.from(values.loss), shape: [] },
          gradient: joinedValues(values, "g"),
        }),
      )
    ),
    product: once(() =>
      compiled(
        (samples) =>
          recordAt(samples, (x, pass) => {
            const products = hessianProduct(
              (moved) => total(pass(moved), x, samples) as tf.Scalar,
              moving.map((i) => x[names[i]]),
              moving.map((i) => x[`v${i}`]),
              { backend: "record" },
            );
            return Object.fromEntries(products.map((p, i) => [`h${moving[i]}`, p]));
          }, { ...weighted, ...parametersOf(v, "v") }),
        (b) => ({
          ...scalarInput(b, "weight"),
          ...split(b, vector(b, "theta", 1), "θ"),
          ...split(b, vector(b, "v", 2), "v"),
        }),
        (b, results) => ({ product: joined(b, results, "h") }),
        { ...vectors, v: host(v, [layout.size]), ...givenWeight },
        (values) => ({ product: joinedValues(values, "h") }),
      )
    ),
    slice: once((directions: number) => {
      // A frame in which the recorded θ is a point.
      const coordinates = Array.from({ length: directions }, (_, k) => 0.5 / (k + 1));
      const rows = new Float64Array((1 + directions) * layout.size);
      for (let i = 0; i < layout.size; i++) {
        rows[i] = theta[i];
        coordinates.forEach((c, k) => {
          const step = Math.fround(0.01 * Math.sin(i + k));
          rows[(k + 1) * layout.size + i] = step;
          rows[i] -= c * step;
        });
      }
      return compiled(
        valueAt,
        (b) => {
          const frame = b.input("frame", {
            dtype: precision,
            shape: [1 + directions, layout.size],
          }, 1);
          const steps = b.input("coordinates", { dtype: precision, shape: [directions] }, 2);
          const one = b.constant(arrayOf(precision, [1]), [1], precision);
          const factors = b.reshape(b.op("Concat", [one, steps], { axis: 0 }), [
            1,
            1 + directions,
          ]);
          const point = b.op("Gemm", [factors, frame], { transA: 0, transB: 0 });
          return split(b, b.reshape(point, [layout.size]), "θ");
        },
        (_, results) => results,
        {
          frame: host(rows, [1 + directions, layout.size]),
          coordinates: host(coordinates, [directions]),
        },
        valueOutputs,
      );
    }),
  };
}

/** f with its results kept, by its argument. */
function once<A extends [number?], R>(f: (...args: A) => R): (...args: A) => R {
  const results = new Map<number | undefined, R>();
  return (...args) => {
    if (!results.has(args[0])) results.set(args[0], f(...args));
    return results.get(args[0])!;
  };
}

const fieldNames = <V>(fields: Record<string, V>): Record<string, V> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [`data/${name}`, field]));

function mapValues<A, B>(record: Record<string, A>, f: (value: A, name: string) => B) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}

/** The first n samples of a field, over again where there are fewer. */
function repeated({ data, shape }: RecordInput, n: number): RecordInput {
  const width = sizeOf(shape.slice(1));
  const out = new (data.constructor as new (n: number) => Float32Array)(n * width);
  for (let i = 0; i < n; i++) {
    const row = i % shape[0];
    out.set((data as Float32Array).subarray(row * width, (row + 1) * width), i * width);
  }
  return { data: out, shape: [n, ...shape.slice(1)] };
}

function typeOf({ data, shape }: RecordInput, float: Precision) {
  const dtype: NumberType = data instanceof Int32Array
    ? "int32"
    : data instanceof Uint8Array
    ? "bool"
    : float;
  return { dtype, shape: [...shape] };
}

/** Data as a program takes it: whole numbers as they are, others in its precision. */
function hostTensor(field: RecordInput, float: Precision): HostTensor {
  return { data: arrayOf(typeOf(field, float).dtype, field.data), shape: [...field.shape] };
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
