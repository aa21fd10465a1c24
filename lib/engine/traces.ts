import { type Layout, part } from "../layout.ts";
import { turn } from "../progress.ts";
import { usesCustomGradient } from "../tensor/guard.ts";
import { onBackend } from "../tensor/backend.ts";
import { inputTensor, record, type Recorded, type RecordInput } from "../tensor/record.ts";
import { after, onTape, pruned, replay } from "../tensor/replay.ts";
import * as tf from "../tensor/tf.ts";
import type { Vector } from "../vector.ts";
import { deviation } from "./check.ts";
import {
  fieldName,
  type Pass,
  type RecordableLoss,
  recordings,
  type RecordOn,
  repeated,
  SAMPLES,
} from "./recordings.ts";

/** A loss as data, which travels to a worker where a closure cannot. */
export interface Traces {
  /** As in {@link RecordableLoss}. */
  layout: Layout;
  /** As in {@link RecordableLoss}. */
  fields: Record<string, RecordInput>;
  /** As in {@link RecordableLoss}. */
  perSample: boolean;
  /** Where it was recorded. */
  theta: Vector;
  /** For programs of values: their records, by the number of samples. */
  values?: Record<number, RecordOn>;
  /** For derivatives: the pass as it runs under one, by the number of samples. */
  passes?: Record<number, Recorded>;
}

const sizesOf = ({ perSample }: Pick<Traces, "perSample">) =>
  perSample ? SAMPLES : SAMPLES.slice(0, 1);

/**
 * Writes down what the values of a loss are made of, at θ, with turns for the event loop in between.
 *
 * @throws {Error} if the loss cannot be recorded.
 */
export async function valueTraces(loss: RecordableLoss, theta: Vector): Promise<Traces> {
  const { layout, fields, perSample } = loss;
  const at = recordings(loss, { theta, v: theta, weight: 1 });
  const values: Traces["values"] = {};
  for (const samples of sizesOf(loss)) {
    values[samples] = at.value(samples);
    await turn();
  }
  return { layout, fields, perSample, theta, values };
}

/**
 * Writes down the passes of a loss at θ as its derivatives see them, with turns for the event loop in between.
 * Undefined where kernels do not tell all: a custom gradient stays in its closure.
 *
 * @throws {Error} if the loss cannot be recorded.
 */
export async function passTraces(
  loss: RecordableLoss,
  theta: Vector,
): Promise<Traces | undefined> {
  const { layout, perSample, seed = 42 } = loss;
  const passes: Traces["passes"] = {};
  for (const samples of sizesOf(loss)) {
    const inputs = inputsFor(loss, samples, theta);
    const pass = (x: Record<string, tf.Tensor>) => {
      const parameters = layout.tensors.map((_, i) => x[`θ${i}`]);
      return named(
        loss.forward(parameters, mapValues(loss.fields, (_, n) => x[fieldName(n)]), seed),
      );
    };
    const custom = usesCustomGradient(() => {
      passes[samples] = pruned(record(inputs, (x) => onTape(() => pass(x))));
    });
    if (custom) return undefined;
    await turn();
  }
  return { layout, fields: loss.fields, perSample, theta, passes };
}

/** What goes into a pass: θ, some samples. */
function inputsFor(
  { layout, perSample, fields }: Pick<Traces, "layout" | "perSample" | "fields">,
  samples: number,
  theta: Vector,
): Record<string, RecordInput> {
  const inputs: Record<string, RecordInput> = {};
  for (const [name, field] of Object.entries(fields)) {
    inputs[fieldName(name)] = perSample ? repeated(field, samples) : field;
  }
  layout.tensors.forEach((t, i) => inputs[`θ${i}`] = { data: part(theta, t), shape: t.shape });
  return inputs;
}

/** The loss whose passes were written down. */
export function replayed({ layout, fields, perSample, passes }: Traces): RecordableLoss {
  const [first] = Object.keys(fields);
  return {
    layout,
    fields,
    perSample,
    forward(parameters, batch) {
      const recorded = passes![perSample ? batch[first].shape[0] : SAMPLES[0]];
      const inputs: Record<string, tf.Tensor> = {};
      for (const name in batch) inputs[fieldName(name)] = batch[name];
      parameters.forEach((tensor, i) => inputs[`θ${i}`] = tensor);
      return passFrom(recorded, inputs);
    },
  };
}

/** How far apart the same kernels may be on the same numbers. */
const SAME = 1e-5;

/** Says what is wrong where a replay does not give what the loss gave itself. */
export function faithful(traces: Traces): string | undefined {
  for (const [samples, recorded] of Object.entries(traces.passes ?? {})) {
    const losses = onBackend("wasm", () =>
      tf.tidy(() => {
        const inputs = mapValues(inputsFor(traces, Number(samples), traces.theta), inputTensor);
        return replay(recorded, inputs).losses.dataSync() as Float32Array;
      }));
    const distance = deviation(losses, Float64Array.from(recorded.values.losses));
    if (!(distance <= SAME)) return `a replay is off by ${distance.toExponential(1)}`;
  }
}

/** The tensors of a pass by name. */
function named({ losses, correct, penalty, state, head }: Pass): Record<string, tf.Tensor> {
  const states = [...state ?? []].map(([i, t]) => [`state${i}`, tf.clone(t)]);
  state?.forEach((t) => t.dispose());
  return {
    losses,
    ...(correct && { correct }),
    ...(penalty && { penalty }),
    ...(head && { outputs: head.outputs }),
    ...Object.fromEntries(states),
  };
}

function passFrom(recorded: Recorded, inputs: Record<string, tf.Tensor>): Pass {
  const { losses, correct, penalty, outputs, ...states } = replay(recorded, inputs);
  const state = new Map(
    Object.entries(states).map((
      [name, t],
    ) => [Number(name.slice("state".length)), tf.keep(tf.clone(t))]),
  );
  return {
    losses,
    correct,
    penalty: penalty as tf.Scalar | undefined,
    ...(state.size && { state }),
    ...(outputs && {
      head: {
        outputs,
        losses: (z) => replay(lossesAfter(recorded), { ...inputs, outputs: z }).losses,
      },
    }),
  };
}

/** The part of a pass that makes losses of outputs. */
function lossesAfter(recorded: Recorded): Recorded {
  const { losses, outputs } = recorded.outputs;
  return after({ ...recorded, outputs: { losses, outputs } }, "outputs");
}

const mapValues = <A, B>(record: Record<string, A>, f: (value: A, name: string) => B) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
