import type { NumberArray } from "../data/dataset.ts";
import { disagreement } from "../engine/check.ts";
import { nativeAvailable } from "../engine/pool/available.ts";
import { defaultPool } from "../engine/pool/pool.ts";
import { recordProgram } from "../engine/pool/record_program.ts";
import { runCheck } from "../engine/pool/run_check.ts";
import { NativeUnavailable } from "../engine/pool/unavailable.ts";
import type { Precision, Program } from "../engine/program.ts";
import { type Compiled, type RecordedLoss, recordLoss } from "../engine/record_loss.ts";
import { somewhere } from "../engine/somewhere.ts";
import { passTraces, type Traces, valueTraces } from "../engine/traces.ts";
import type { Loss } from "../loss.ts";
import { turn } from "../progress.ts";
import { ready } from "../tensor/backend.ts";
import { rowsOf, type TensorLossParts } from "./tensor_loss.ts";

/** What decides where a loss is computed. */
export interface EngineOptions {
  /** `"auto"` takes what pays; `"native"` insists. */
  engine: "auto" | "native";
  /** In double precision everything runs natively: tfjs has none. */
  precision: Precision;
}

/** The programs of a loss, each made when it is first asked for. */
export interface NativePrograms {
  /** A program that reproduces what wasm computes; undefined where the loss stays on wasm. */
  program(
    what: keyof RecordedLoss,
    argument?: number | string,
  ): Promise<Program | undefined>;
  /** Why the loss stays on wasm, once that is known. */
  readonly refused: string | undefined;
}

/** A value of so few operations is made a program here in some ms; a worker would have to load tfjs first. */
const FEW = 100;

/**
 * The programs of a loss. What is short is made here, with turns for the event loop in between; what is not, in a
 * worker. What cannot be recorded stays on wasm, and says so once.
 */
export function nativePrograms(
  wasm: Loss,
  { layout, fields, count, forward, seed }: TensorLossParts,
  { engine, precision }: EngineOptions,
): NativePrograms {
  const single = precision === "float32", perSample = count !== undefined;
  const recordable = { layout, fields: few(fields, count), perSample, forward, seed };
  const programs = new Map<string, Promise<Program | undefined>>();
  let refused: string | undefined, recorded: RecordedLoss | undefined;

  /** Why this cannot run natively, if so. */
  const obstacle = () => refused ?? (nativeAvailable() as { reason?: string }).reason;

  /** Goes on with wasm, which has no double precision, and says why. */
  const refuse = (reason: string) => {
    if (!single || (engine === "native" && refused === undefined && !nativeAvailable().ok)) {
      throw new NativeUnavailable(
        `Cannot compute natively: ${reason}; ` +
          (single
            ? 'give it, or use engine: "auto"'
            : 'double precision needs it, or use "float32"'),
      );
    }
    // where it is merely not allowed, "auto" has nothing to say
    if (refused === undefined && nativeAvailable().ok) {
      console.error(`Computing on wasm: ${reason}`);
    }
    refused ??= reason;
    return undefined;
  };

  /** A first pass on wasm sees what only values tell, which nobody can look at while it is recorded. */
  const tried = lazily(async () => {
    const theta = somewhere(layout);
    await turn();
    await wasm.evaluate(theta, perSample ? { indices: Int32Array.of(0) } : {});
    await turn();
    return theta;
  });
  const values = lazily(async () => await valueTraces(recordable, await tried()));
  const passes = lazily(async () => await passTraces(recordable, await tried()));

  async function checkedProgram(what: keyof RecordedLoss, argument?: number | string) {
    const reason = obstacle();
    if (reason) return refuse(reason);
    await ready();
    try {
      const isValue = what === "value" || what === "slice";
      const traces = await (isValue ? values() : passes());
      if (traces && !(isValue && nodesIn(traces) <= FEW)) {
        const task = { traces, what, argument, precision, samples: count };
        return await recordProgram(defaultPool(), task);
      }
      recorded ??= recordLoss(recordable, { ...await values(), precision, samples: count });
      await turn();
      const { program, checks } = (recorded[what] as (argument?: unknown) => Compiled)(argument);
      await turn();
      for (const { inputs, expected } of checks) {
        const wrong = disagreement(await runCheck(defaultPool(), program, inputs), expected);
        if (wrong) throw new Error(`the recorded loss is not the loss (${wrong})`);
      }
      return program;
    } catch (error) {
      return refuse((error as Error).message);
    }
  }

  return {
    program(what, argument) {
      const name = `${what} ${argument}`;
      if (!programs.has(name)) programs.set(name, checkedProgram(what, argument));
      return programs.get(name)!;
    },
    get refused() {
      return refused;
    },
  };
}

/** Some samples of each field, from which a record is made. */
function few(fields: Record<string, NumberArray>, count: number | undefined) {
  const some = count === undefined
    ? fields
    : mapValues(fields, (f) =>
      rowsOf(f, Int32Array.from({ length: Math.min(count, 6) }, (_, i) => i)));
  return mapValues(some, ({ data, shape }) => ({
    data: data instanceof Int32Array ? data : Float32Array.from(data),
    shape,
  }));
}

/** f with its promise kept. */
function lazily<T>(f: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= f();
}

/** Operations of a value. */
const nodesIn = ({ values = {} }: Traces) => Object.values(values)[0].recorded.nodes.length;

function mapValues<A, B>(record: Record<string, A>, f: (value: A) => B) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}
