import type { Output } from "./output.ts";

/** A cell of a notebook (nbformat 4.5), its source and texts joined. */
export interface Cell {
  /** What it holds. */
  cell_type: "code" | "markdown" | "raw";
  /** Unique in the notebook, and the same from run to run. */
  id: string;
  /** Tags and notes. */
  metadata: { tags?: string[] } & Record<string, unknown>;
  /** The text of the cell. */
  source: string;
  /** What came of executing it; code cells only. */
  outputs?: Output[];
  /** Its number in the order of execution; code cells only. */
  execution_count?: number | null;
  /** Pictures that the text shows; not code cells. */
  attachments?: Record<string, unknown>;
}

/** A notebook (nbformat 4.5). */
export interface Notebook {
  /** The cells, in order. */
  cells: Cell[];
  /** Kernel and language among others. */
  metadata: Record<string, unknown> & { kernelspec?: { name: string; display_name?: string } };
}

/** The kernels whose notebooks Deno's kernel runs, by name. */
const kernels = ["deno", "losslandscape"];

/**
 * Reads the text of an .ipynb file. Cells without an id get one that depends on their place only.
 *
 * @throws {TypeError} a line that says why it is not a notebook of ours; it begins with `name`.
 */
export function parseNotebook(text: string, name: string): Notebook {
  const wrong = (why: string) => new TypeError(`Cannot read ${name}: ${why}`);
  let json;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    // The message quotes the file, which may be anything.
    const why = (error as Error).message.replace(/[^\x20-\x7e]+/g, " ");
    throw wrong(`it is not JSON (${why})`);
  }
  if (typeof json?.nbformat !== "number" || !Array.isArray(json.cells)) {
    throw wrong("it is not a notebook, which has nbformat and cells");
  }
  if (json.nbformat !== 4) {
    throw wrong(
      `it has nbformat ${json.nbformat}, and must have 4: open it in Jupyter and save it`,
    );
  }
  if (json.cells.length === 0) throw wrong("it has no cells");
  const metadata = json.metadata ?? {};
  const kernel = metadata.kernelspec?.name ?? "deno";
  if (!kernels.includes(kernel)) {
    throw wrong(`it asks for the kernel "${kernel}", and only ${kernels.join(" and ")} can be run`);
  }
  const ids = new Set<string>();
  const cells = json.cells.map((cell: Cell, i: number) => {
    if (!["code", "markdown", "raw"].includes(cell?.cell_type)) {
      throw wrong(
        `cell ${i + 1} is of type ${JSON.stringify(cell?.cell_type)}, not code, markdown or raw`,
      );
    }
    const source = joined(cell.source);
    if (typeof source !== "string") throw wrong(`cell ${i + 1} has no source`);
    const fresh = typeof cell.id !== "string" || ids.has(cell.id);
    const id = fresh ? `cell-${i + 1}` : cell.id;
    ids.add(id);
    const metadata = isRecord(cell.metadata) ? cell.metadata : {};
    const { tags = [] } = metadata;
    if (!Array.isArray(tags)) throw wrong(`the tags of cell ${i + 1} are not a list`);
    if (cell.cell_type !== "code") return { ...cell, id, source, metadata };
    const outputs = cell.outputs ?? [];
    if (!Array.isArray(outputs)) throw wrong(`the outputs of cell ${i + 1} are not a list`);
    const odd = outputs.findIndex((output) => !isOutput(output));
    if (odd >= 0) throw wrong(`output ${odd + 1} of cell ${i + 1} is none of nbformat 4`);
    return { ...cell, id, source, metadata, outputs: outputs.map(joinedOutput) };
  });
  return { cells, metadata };
}

/** The text of an .ipynb file, as Jupyter would write it: keys sorted, one line a line. */
export function formatNotebook({ cells, metadata }: Notebook): string {
  const notebook = {
    cells: cells.map((cell) => ({
      ...cell,
      source: split(cell.source),
      metadata: withoutTimes(cell.metadata),
      ...(cell.outputs && {
        execution_count: cell.execution_count ?? null,
        outputs: cell.outputs.map(splitOutput),
      }),
    })),
    metadata: {
      ...metadata,
      kernelspec: {
        display_name: "Deno",
        language: "typescript",
        name: "deno",
        ...metadata.kernelspec,
      },
      // Jupyter adds the kernel's versions, which change with every update
      language_info: {
        file_extension: ".ts",
        mimetype: "text/x.typescript",
        name: "typescript",
      },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
  return JSON.stringify(sorted(notebook), null, 1) + "\n";
}

/** What front ends note about when and how a cell was last run. */
function withoutTimes({ execution: _e, ExecuteTime: _t, ...metadata }: Cell["metadata"]) {
  return metadata;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether something is an output as nbformat 4 knows them, texts whole or in lines. */
function isOutput(output: unknown): boolean {
  if (!isRecord(output)) return false;
  const { output_type, text, data, ename, evalue, traceback } = output;
  if (output_type === "stream") return typeof joined(text) === "string";
  if (output_type === "error") {
    return typeof ename === "string" && typeof evalue === "string" && Array.isArray(traceback);
  }
  return (output_type === "display_data" || output_type === "execute_result") && isRecord(data);
}

const joined = (text: unknown) => Array.isArray(text) ? text.join("") : text;
const isText = (type: string) => /^text\/|\+xml$|\/javascript$/.test(type);
const split = (text: string) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

function joinedOutput(output: Output): Output {
  if (output.output_type === "stream") return { ...output, text: joined(output.text) as string };
  if (output.output_type === "error") return output;
  const data = Object.entries(output.data ?? {})
    .map((
      [type, value],
    ) => [type, isText(type) || type.startsWith("image/") ? joined(value) : value]);
  return { ...output, metadata: output.metadata ?? {}, data: Object.fromEntries(data) };
}

function splitOutput(output: Output): unknown {
  if (output.output_type === "stream") return { ...output, text: split(output.text) };
  if (output.output_type === "error") return output;
  const data = Object.entries(output.data)
    .map((
      [type, value],
    ) => [type, isText(type) && typeof value === "string" ? split(value) : value]);
  return { ...output, data: Object.fromEntries(data) };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}
