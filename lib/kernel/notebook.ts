import { dirname, resolve } from "node:path";
import { type Execution, type Kernel, startKernel } from "./client.ts";
import { type Difference, differences } from "./compare.ts";
import { type Cell, formatNotebook, type Notebook, parseNotebook } from "./format.ts";
import { errorLine } from "./position.ts";
import { tidied } from "./tidy.ts";

export type { Difference } from "./compare.ts";

/** How a notebook is run. */
export interface NotebookOptions {
  /** Compares the outputs with the committed ones and leaves the file alone. Default: false. */
  check?: boolean;
  /** Seconds that a cell may take. Default: 600. */
  timeout?: number;
  /** How far a number may be from the committed one, relative to the larger. Default: 1e-3. */
  tolerance?: number;
  /** Stops the run; the file is left alone. */
  signal?: AbortSignal;
  /** Called before each code cell with its number among them and how many there are. */
  onCell?: (number: number, total: number) => void;
}

/** What came of running a notebook. */
export interface NotebookResult {
  /** The file. */
  path: string;
  /** How many code cells were executed. */
  executed: number;
  /** Seconds. */
  seconds: number;
  /** The cell that failed, counted from 1 among all cells, with the line in it; later cells were not run. */
  failure?: { cell: number; line?: number; message: string };
  /** How the outputs differ from the committed ones; with `check` only. */
  differences: ({ cell: number } & Difference)[];
  /** Whether the file was written: not if it failed, was only checked, or is the same as before. */
  written: boolean;
}

/**
 * Runs a notebook with the kernel of the running Deno, in the notebook's folder, and writes its outputs back:
 * through a temporary file, so that a notebook is never half written, and free of what changes from run to
 * run. A cell that fails ends the run, and the file is left alone; not so a cell with the tag
 * `raises-exception`. A cell with the tag `skip-execution` keeps its outputs.
 *
 * @throws {TypeError | Error} if the file cannot be read or is no notebook, or the kernel does not start.
 */
export async function runNotebook(
  path: string,
  { check = false, timeout = 600, tolerance = 1e-3, signal, onCell }: NotebookOptions = {},
): Promise<NotebookResult> {
  const began = performance.now();
  if (!(timeout > 0)) {
    throw new RangeError(`Cannot run ${path}: timeout must be more than 0 seconds, got ${timeout}`);
  }
  if (!(tolerance >= 0)) {
    throw new RangeError(`Cannot run ${path}: tolerance must be 0 or more, got ${tolerance}`);
  }
  const text = await readFile(path);
  const notebook = parseNotebook(text, path);
  const folder = dirname(resolve(path));
  const result: NotebookResult = { path, executed: 0, seconds: 0, differences: [], written: false };
  const total = notebook.cells.filter(isRun).length;

  await using kernel = await startKernel({ cwd: folder });
  const cells: Cell[] = [];
  const executions = new Map<Cell, Execution>();
  for (const [i, cell] of notebook.cells.entries()) {
    cells.push(cell);
    if (!isRun(cell)) continue;
    result.executed++;
    onCell?.(result.executed, total);
    const execution = await kernel.execute(cell.source, { timeout, signal });
    executions.set(cell, execution);
    const expected = execution.status === "error" && has(cell, "raises-exception");
    if (execution.status === "ok" || expected) continue;
    result.failure = await failure(kernel, cell, i + 1, execution);
    break;
  }

  // Only now: a cell may have updated a display of an earlier one.
  let number = 0;
  const done = cells.map((cell) => {
    const execution = executions.get(cell);
    if (!execution) {
      return isCode(cell) && !isRun(cell) && !has(cell, "skip-execution") ? emptied(cell) : cell;
    }
    number++;
    const outputs = tidied(execution.outputs, cell.outputs ?? [], folder).map((output) =>
      output.output_type === "execute_result" ? { ...output, execution_count: number } : output
    );
    return { ...cell, execution_count: number, outputs };
  });
  if (check && !result.failure) {
    result.differences = notebook.cells.flatMap((cell, i) =>
      differences(cell.outputs ?? [], done[i].outputs ?? [], { tolerance })
        .map((difference) => ({ cell: i + 1, ...difference }))
    );
  }
  if (!check && !result.failure) {
    result.written = await writeNotebook(path, { ...notebook, cells: done }, text);
  }
  result.seconds = (performance.now() - began) / 1000;
  return result;
}

const isCode = (cell: Cell) => cell.cell_type === "code";
const has = (cell: Cell, tag: string) => cell.metadata.tags?.includes(tag) ?? false;
const isRun = (cell: Cell) =>
  isCode(cell) && cell.source.trim() !== "" && !has(cell, "skip-execution");
const emptied = (cell: Cell): Cell => ({ ...cell, execution_count: null, outputs: [] });

async function failure(kernel: Kernel, cell: Cell, number: number, execution: Execution) {
  const { name, message, traceback } = execution.error!;
  const line = execution.status === "error"
    ? await errorLine(kernel, cell.source, { name, traceback })
    : undefined;
  const plain = execution.status === "error" ? `${name}: ${message}` : message;
  return { cell: number, ...(line !== undefined && { line }), message: plain };
}

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.IsADirectory
      ? "it is a folder"
      : (error as Error).message;
    throw new Error(`Cannot read ${path}: ${why}`);
  }
}

/** Writes a notebook whole or not at all, and not if nothing changed; says whether it did. */
async function writeNotebook(path: string, notebook: Notebook, before: string): Promise<boolean> {
  const text = formatNotebook(notebook);
  if (text === before) return false;
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await Deno.writeTextFile(temporary, text, { createNew: true });
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw new Error(`Cannot write ${path}: ${(error as Error).message}`);
  }
  return true;
}
