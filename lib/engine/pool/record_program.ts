import type { Program } from "../program.ts";
import { emptyHeader } from "./job.ts";
import type { RecordTask } from "./messages.ts";
import { unpackedProgram } from "./pack.ts";
import type { Pool } from "./pool.ts";

/**
 * Makes a program of a loss in a worker, from the passes of it that were written down: what takes seconds for a
 * large network would hold this thread as long.
 *
 * @throws {Error} that says why there is none.
 */
export async function recordProgram(
  pool: Pool,
  task: Omit<RecordTask, "kind">,
): Promise<Program> {
  let program: Program | undefined, refused: string | undefined, waiting = true;
  await pool.run({
    doing: "record the loss",
    header: emptyHeader(),
    // always the same worker: another one would have to load tfjs, too
    next(lane) {
      if (!waiting || lane !== 0) return undefined;
      waiting = false;
      return { key: "program", task: () => ({ task: { kind: "record", ...task }, transfer: [] }) };
    },
    answer({ kind }) {
      throw new Error(`nothing answers a need of ${kind}`);
    },
    receive(_, result) {
      refused = result.refused;
      if (result.program) program = unpackedProgram(result.program);
    },
    lost: () => void (waiting = true),
    finished: () => program !== undefined || refused !== undefined,
  });
  if (program) return program;
  throw new Error(refused);
}
