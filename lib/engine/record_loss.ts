import type { CurvatureMatrix } from "../loss.ts";
import type { Recorded } from "../tensor/record.ts";
import type { Vector } from "../vector.ts";
import { assemble, type Compiled, type Frame } from "./assemble.ts";
import { arrayOf, type Builder } from "./build.ts";
import type { Check } from "./check.ts";
import { cut, joined, joinedValues } from "./flat.ts";
import type { HostTensor, Level, Precision } from "./program.ts";
import {
  type Pass,
  type RecordableLoss,
  recordings,
  type RecordOn,
  SAMPLES,
} from "./recordings.ts";
import { somewhere } from "./somewhere.ts";
import { stepFrame } from "./step.ts";
import type { Rule } from "./update.ts";

export type { Compiled, Pass, RecordableLoss, Rule };

/** How a loss is recorded and written out. */
export interface RecordLossOptions {
  /** What the programs compute with. Default `"float32"`. */
  precision?: Precision;
  /** How many samples a θ will be evaluated on, for estimates of cost. Default 1000. */
  samples?: number;
  /** Where it is recorded and checked; by default random weights. */
  theta?: Vector;
  /** The records of its values at that θ, where there are some already: by the number of samples. */
  values?: Record<number, RecordOn>;
}

/** A loss as programs, each recorded and compiled when it is first asked for. */
export interface RecordedLoss {
  /**
   * Inputs: the fields as `data/name` (level 0), `theta` (1). Outputs: `losses` [batch] (or a scalar), and
   * where the loss has them `correct` [batch] (0 or 1) and `penalty` (a scalar).
   */
  value(): Compiled;
  /**
   * Inputs: the fields and `weight` (level 0), `theta` (1). Outputs: `loss`, the weight times the sum of
   * losses (with the batch's share of the penalty), and its `gradient` [size of θ]. With the weight 1/N, the
   * sum over the batches of N samples is the loss. A loss of no samples has no weight.
   */
  gradient(): Compiled;
  /** Inputs: as `gradient`, and `v` (level 2). Output: `product`, the Hessian or another matrix times v. */
  product(matrix?: CurvatureMatrix): Compiled;
  /**
   * `value` at a point of a slice. Inputs: the fields (level 0), `frame` [1 + directions, size of θ]: the
   * origin and the directions as rows (level 1), `coordinates` [directions] (level 2). Outputs: as `value`.
   */
  slice(directions: number): Compiled;
  /**
   * A step of training, on the mean of a batch. Inputs, all of level 0: the fields, `theta`, what the rule
   * carries (`velocity`, the last movement; `first` and `second`), and its numbers (`learningRate`; `momentum`,
   * β·ηₜ/ηₜ₋₁; for Adam `correction1` and `correction2`, 1 − β₁ᵗ and 1 − β₂ᵗ; `l1` and `l2`). Outputs: `loss`, before the step, and the new
   * vectors as `next/theta`, `next/velocity` … Moving statistics of batch norm are moved on in θ.
   */
  step(rule: Rule): Compiled;
}

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
  { precision = "float32", samples, theta = somewhere(loss.layout), values }: RecordLossOptions =
    {},
): RecordedLoss {
  const { layout, perSample } = loss, { size } = layout;
  const v = theta.map((_, i) => Math.sin(i + 1)) as Vector, weight = 1 / 8;
  const at = recordings(loss, { theta, v, weight });
  const program = (
    record: (samples: number) => RecordOn,
    frame: Frame,
    carry?: Record<string, string>,
  ) => {
    const sizes = perSample ? SAMPLES : SAMPLES.slice(0, 1);
    const records = sizes.map((samples) => ({ on: record(samples), samples }));
    return assemble(records, frame, { precision, samples, carry });
  };

  const host = (values: ArrayLike<number>, shape: number[] = [values.length]): HostTensor => ({
    data: arrayOf(precision, values),
    shape,
  });
  const input = (b: Builder, name: string, shape: number[], level: Level) =>
    b.input(name, { dtype: precision, shape }, level);
  const bindTheta = (b: Builder) => cut(b, layout, input(b, "theta", [size], 1), "θ");
  const bindWeight = (b: Builder) => perSample ? { weight: input(b, "weight", [], 0) } : undefined;
  const given = { theta: host(theta), ...(perSample && { weight: host([weight], []) }) };
  const join = (b: Builder, results: Record<string, string>, prefix: string) =>
    joined(b, layout, results, prefix, precision);
  const scalar = (values: ArrayLike<number>) => ({ data: Float64Array.from(values), shape: [] });

  const valueOn = once((samples: number) => values?.[samples] ?? at.value(samples));
  const valueOf = {
    finish: (_: Builder, results: Record<string, string>) => results,
    expected: (values: Recorded["values"]): Check["expected"] =>
      Object.fromEntries(
        Object.entries(values).map(([name, data]) => [name, {
          data: Float64Array.from(data as Float32Array),
          shape: name === "penalty" || !perSample ? [] : [data.length],
        }]),
      ),
  };

  return {
    value: once(() =>
      program(valueOn, { ...valueOf, bind: bindTheta, given: { theta: given.theta } })
    ),
    gradient: once(() =>
      program(at.gradient, {
        bind: (b) => ({ ...bindWeight(b), ...bindTheta(b) }),
        finish: (b, results) => ({ loss: results.loss, gradient: join(b, results, "g") }),
        given,
        expected: (values) => ({
          loss: scalar(values.loss),
          gradient: joinedValues(layout, values, "g"),
        }),
      })
    ),
    product: once((matrix?: CurvatureMatrix) =>
      program((samples) => at.product(samples, matrix), {
        bind: (b) => ({
          ...bindWeight(b),
          ...bindTheta(b),
          ...cut(b, layout, input(b, "v", [size], 2), "v"),
        }),
        finish: (b, results) => ({ product: join(b, results, "h") }),
        given: { ...given, v: host(v) },
        expected: (values) => ({ product: joinedValues(layout, values, "h") }),
      })
    ),
    slice: once((directions: number) => {
      const { rows, coordinates } = frameAround(theta, directions);
      return program(valueOn, {
        ...valueOf,
        bind(b) {
          const frame = input(b, "frame", [1 + directions, size], 1);
          const steps = input(b, "coordinates", [directions], 2);
          const one = b.constant(arrayOf(precision, [1]), [1], precision);
          const factors = b.reshape(b.op("Concat", [one, steps], { axis: 0 }), [1, 1 + directions]);
          const point = b.op("Gemm", [factors, frame], { transA: 0, transB: 0 });
          return cut(b, layout, b.reshape(point, [size]), "θ");
        },
        given: { frame: host(rows, [1 + directions, size]), coordinates: host(coordinates) },
      });
    }),
    step: once((rule: Rule) => {
      const { carry, factor, ...frame } = stepFrame(loss, { theta, rule, precision });
      return program((samples) => at.step(samples, factor), frame, carry);
    }),
  };
}

/** A frame in which θ is a point: its origin, its directions, and the coordinates of θ. */
function frameAround(theta: Vector, directions: number) {
  const coordinates = Array.from({ length: directions }, (_, k) => 0.5 / (k + 1));
  const rows = new Float64Array((1 + directions) * theta.length);
  for (let i = 0; i < theta.length; i++) {
    rows[i] = theta[i];
    coordinates.forEach((c, k) => {
      const step = Math.fround(0.01 * Math.sin(i + k));
      rows[(k + 1) * theta.length + i] = step;
      rows[i] -= c * step;
    });
  }
  return { rows, coordinates };
}

/** f with its results kept, by its argument. */
function once<A extends [(number | string)?], R>(f: (...args: A) => R): (...args: A) => R {
  const results = new Map<number | string | undefined, R>();
  return (...args) => {
    if (!results.has(args[0])) results.set(args[0], f(...args));
    return results.get(args[0])!;
  };
}
