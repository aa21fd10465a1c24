import type { Message } from "./message.ts";

/** A MIME bundle: a representation for each type. */
export type Bundle = Record<string, unknown>;

/** An output of a cell, as a notebook keeps it (nbformat 4.5). */
export type Output =
  | { output_type: "stream"; name: string; text: string }
  | { output_type: "display_data"; data: Bundle; metadata: Bundle }
  | {
    output_type: "execute_result";
    data: Bundle;
    metadata: Bundle;
    execution_count: number | null;
  }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

/** Collects the outputs of the cells of one kernel. */
export interface Outputs {
  /** Begins a cell; what is received from now on belongs to it. */
  begin(): Output[];
  /** Takes a published message; false if it is no output. */
  receive(message: Message): boolean;
}

/**
 * Turns published messages into outputs: neighbouring texts of a stream are joined, a display that is
 * updated changes in place (in earlier cells too), `clear_output` clears, now or before the next output.
 */
export function outputs(): Outputs {
  const displays = new Map<string, { data: Bundle; metadata: Bundle }[]>();
  let cell: Output[] = [];
  let clearNext = false;

  function add(output: Output): void {
    if (clearNext) cell.length = 0;
    clearNext = false;
    const last = cell.at(-1);
    if (
      output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name
    ) {
      last.text += output.text;
    } else cell.push(output);
  }

  return {
    begin() {
      clearNext = false;
      return cell = [];
    },
    receive({ header: { msg_type }, content }) {
      const { data = {}, metadata = {}, transient } = content as {
        data?: Bundle;
        metadata?: Bundle;
        transient?: { display_id?: string };
      };
      const id = transient?.display_id;
      if (msg_type === "stream") {
        add({ output_type: "stream", name: String(content.name), text: String(content.text) });
      } else if (msg_type === "display_data" || msg_type === "execute_result") {
        const output = { data, metadata };
        if (id) displays.set(id, [...displays.get(id) ?? [], output]);
        const count = content.execution_count as number ?? null;
        add(
          msg_type === "display_data"
            ? Object.assign(output, { output_type: msg_type } as const)
            : Object.assign(output, { output_type: msg_type, execution_count: count } as const),
        );
      } else if (msg_type === "update_display_data") {
        for (const output of displays.get(id ?? "") ?? []) {
          Object.assign(output, { data, metadata });
        }
      } else if (msg_type === "clear_output") {
        if (content.wait) clearNext = true;
        else cell.length = 0;
      } else if (msg_type === "error") {
        const { ename, evalue, traceback } = content as {
          ename: string;
          evalue: string;
          traceback: string[];
        };
        add({ output_type: "error", ename, evalue, traceback });
      } else return false;
      return true;
    },
  };
}
