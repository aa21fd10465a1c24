import { ready } from "../../tensor/backend.ts";
import * as tf from "../../tensor/tf.ts";
import { disagreement } from "../check.ts";
import { execute } from "../execute.ts";
import { type Compiled, recordLoss } from "../record_loss.ts";
import { faithful, replayed } from "../traces.ts";
import type { RecordTask, TaskResult } from "./messages.ts";
import { packedProgram } from "./pack.ts";
import { loaded } from "./session.ts";

/** How many tensors tfjs holds in this thread. */
export const tensorCount = (): number => tf.memory().numTensors;

/**
 * Makes a program of a loss whose passes were written down, and runs it once: it must reproduce what wasm
 * computed while it was recorded. A worker loads tfjs for its first one.
 */
export async function recordTask(
  { traces, what, argument, precision, samples }: RecordTask,
): Promise<TaskResult> {
  const began = performance.now();
  const result = (rest: Partial<TaskResult>): TaskResult => ({
    values: {},
    milliseconds: performance.now() - began,
    ...rest,
  });
  await Promise.all([loaded(), ready()]);
  try {
    const wrong = faithful(traces);
    if (wrong) return result({ refused: `the recorded loss is not the loss (${wrong})` });
    const of = recordLoss(replayed(traces), { ...traces, precision, samples });
    const { program, checks } = (of[what] as (argument?: unknown) => Compiled)(argument);
    const execution = await execute(program);
    try {
      for (const { inputs, expected } of checks) {
        const wrong = disagreement(await execution.run(inputs), expected);
        if (wrong) return result({ refused: `the recorded loss is not the loss (${wrong})` });
      }
    } finally {
      await execution.release();
    }
    return result({ program: packedProgram(program) });
  } catch (error) {
    return result({ refused: (error as Error).message });
  }
}
