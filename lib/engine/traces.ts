import { initialize, type Layout, part } from "../layout.ts";
import { breather } from "../progress.ts";
import { usesCustomGradient } from "../tensor/guard.ts";
import { onBackend } from "../tensor/backend.ts";
import { inputTensor, record, type Recorded, type RecordInput } from "../tensor/record.ts";
import { isRecorded } from "../tensor/engine.ts";
import { after, onTape, pruned, replay } from "../tensor/replay.ts";
import * as tf from "../tensor/tf.ts";
import { deviation } from "./check.ts";
import { fieldName, type Pass, type RecordableLoss, repeated, SAMPLES } from "./recordings.ts";

/** The passes of a loss as data, which travel to a worker where a closure cannot. */
export interface Traces {
  /** As in {@link RecordableLoss}. */
  layout: Layout;
  /** As in {@link RecordableLoss}. */
  fields: Record<string, RecordInput>;
  /** As in {@link RecordableLoss}. */
  perSample: boolean;
  /** By the number of samples: a pass, as it runs by itself and as it runs under a derivative. */
  passes: Record<number, { plain: Recorded; differentiated: Recorded }>;
}

/**
 * Writes down the passes of a loss, with turns for the event loop in between. Undefined where kernels do not tell
 * all: a custom gradient stays in its closure.
 *
 * @throws {Error} if the loss cannot be recorded.
 */
export async function tracesOf(loss: RecordableLoss): Promise<Traces | undefined> {
  const { layout, perSample, seed = 42 } = loss;
  const passes: Traces["passes"] = {}, breathe = breather();
  for (const samples of perSample ? SAMPLES : SAMPLES.slice(0, 1)) {
    const inputs = inputsFor(loss, samples);
    const pass = (x: Record<string, tf.Tensor>) => {
      const parameters = layout.tensors.map((_, i) => x[`θ${i}`]);
      return named(
        loss.forward(parameters, mapValues(loss.fields, (_, n) => x[fieldName(n)]), seed),
      );
    };
    await breathe();
    const plain = pruned(record(inputs, pass));
    await breathe();
    let differentiated!: Recorded;
    const custom = usesCustomGradient(() => {
      differentiated = pruned(record(inputs, (x) => onTape(() => pass(x))));
    });
    if (custom) return undefined;
    passes[samples] = { plain, differentiated };
  }
  return { layout, fields: loss.fields, perSample, passes };
}

/** What goes into a pass: θ at random, some samples. */
function inputsFor(
  { layout, perSample, fields }: Pick<Traces, "layout" | "perSample" | "fields">,
  samples: number,
): Record<string, RecordInput> {
  const theta = initialize(layout), inputs: Record<string, RecordInput> = {};
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
      const { plain, differentiated } = passes[perSample ? batch[first].shape[0] : SAMPLES[0]];
      const recorded = isRecorded() ? differentiated : plain,
        inputs: Record<string, tf.Tensor> = {};
      for (const name in batch) inputs[fieldName(name)] = batch[name];
      parameters.forEach((tensor, i) => inputs[`θ${i}`] = tensor);
      return passFrom(recorded, inputs);
    },
  };
}

/** How far apart the same kernels may be; fused ones round otherwise. */
const SAME = 1e-5;

/** Says what is wrong where a replay does not give what the loss gave itself. */
export function faithful(traces: Traces): string | undefined {
  const [[samples, records]] = Object.entries(traces.passes);
  for (const recorded of Object.values(records)) {
    const losses = onBackend("wasm", () =>
      tf.tidy(() => {
        const inputs = mapValues(inputsFor(traces, Number(samples)), inputTensor);
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
