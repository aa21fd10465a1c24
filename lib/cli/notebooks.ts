import { parseArgs } from "@std/cli/parse-args";
import { basename } from "node:path";
import { type NotebookResult, runNotebook } from "../kernel/notebook.ts";

const help = `Runs notebooks with Deno's own kernel and writes their outputs back.

Usage: notebooks [options] [FILE…]        without files: notebooks/*.ipynb

  --check          compare the outputs with the committed ones, and write nothing
  --tolerance R    how far a number may be off, relative to the larger (default 1e-3)
  --timeout S      seconds that a cell may take (default 600)
  --jobs N         notebooks at a time (default 1)
  -h, --help       this text

A cell with the tag skip-execution keeps its outputs; one with the tag raises-exception may fail.
Exits with 1 if a cell failed or an output differs, and with 2 if it was not called in this way.`;

/** What the command line asks for that cannot be. */
class Misuse extends Error {}

/** The command `notebooks`: runs or checks notebooks; gives back the exit code. */
export async function notebooks(args: string[]): Promise<number> {
  try {
    const { files, jobs, ...options } = readArguments(args);
    if (options.help) {
      console.log(help);
      return 0;
    }
    return await runAll(files, jobs, options);
  } catch (error) {
    console.error(`notebooks: ${(error as Error).message}`);
    return error instanceof Misuse ? 2 : 1;
  }
}

function readArguments(args: string[]) {
  const { _: given, help, check, ...values } = parseArgs(args, {
    boolean: ["help", "check"],
    string: ["timeout", "jobs", "tolerance", "_"],
    alias: { help: "h" },
    default: { timeout: "600", jobs: "1", tolerance: "1e-3" },
    unknown(argument, option) {
      if (option === undefined) return true;
      throw new Misuse(`there is no option ${argument.split("=")[0]}; see --help`);
    },
  });
  const positive = (name: "timeout" | "jobs" | "tolerance") => {
    const value = values[name] === "" ? NaN : Number(values[name]);
    if (value > 0 && value < Infinity && (name !== "jobs" || Number.isInteger(value))) return value;
    const kind = name === "jobs" ? "a whole number of 1 or more" : "a number above 0";
    throw new Misuse(`--${name} must be ${kind}, got ${JSON.stringify(values[name])}`);
  };
  const [timeout, jobs, tolerance] = [positive("timeout"), positive("jobs"), positive("tolerance")];
  const files = help ? [] : given.length > 0 ? given.map(String) : allNotebooks();
  return { files, jobs, help, check, timeout, tolerance };
}

function allNotebooks(): string[] {
  try {
    const files = [...Deno.readDirSync("notebooks")].map(({ name }) => name)
      .filter((name) => name.endsWith(".ipynb")).sort();
    if (files.length > 0) return files.map((name) => `notebooks/${name}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new Misuse("there are no notebooks/*.ipynb here; name the files to run");
}

/** Runs notebooks, some at a time, and reports each as it is done. */
async function runAll(
  files: string[],
  jobs: number,
  { check, timeout, tolerance }: { check: boolean; timeout: number; tolerance: number },
): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => {
    stop.abort();
    release(); // a second Ctrl-C ends at once
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const name of signals) Deno.addSignalListener(name, onSignal);
  const release = () => signals.forEach((name) => Deno.removeSignalListener(name, onSignal));

  const status = statusLine();
  const waiting = [...files];
  let failed = 0;
  async function work(): Promise<void> {
    for (let path = waiting.shift(); path && !stop.signal.aborted; path = waiting.shift()) {
      const file = path;
      try {
        const onCell = (cell: number, total: number) =>
          status.set(file, `cell ${cell} of ${total}`);
        const options = { check, timeout, tolerance, signal: stop.signal, onCell };
        const result = await runNotebook(file, options);
        status.set(file);
        if (!report(result, check)) failed++;
      } catch (error) {
        status.set(file);
        console.error((error as Error).message);
        failed++;
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, files.length) }, work));
  if (stop.signal.aborted) return 130;
  release();
  return failed > 0 ? 1 : 0;
}

/** Says how a notebook went; false if it went wrong. */
function report(
  { path, executed, seconds, failure, differences, written }: NotebookResult,
  check: boolean,
) {
  const place = (cell: number, line?: number) =>
    `${path}: cell ${cell}${line ? `, line ${line}` : ""}`;
  if (failure) {
    console.error(`${place(failure.cell, failure.line)}: ${failure.message}`);
    return false;
  }
  for (const { cell, output, line, message } of differences) {
    const where = [output && `output ${output}`, line && `line ${line}`].filter(Boolean).join(", ");
    console.error(`${place(cell)}${where && `, ${where}`}: ${message}`);
  }
  if (differences.length > 0) return false;
  const what = check ? "as committed" : written ? "written" : "unchanged";
  console.log(
    `${path}: ${executed} cell${executed === 1 ? "" : "s"}, ${what}, ${seconds.toFixed(1)} s`,
  );
  return true;
}

/** One line on a terminal with what is running; nothing elsewhere. */
function statusLine() {
  const running = new Map<string, string>();
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  const shown = Deno.stderr.isTerminal();
  return {
    set(path: string, text?: string) {
      if (text) running.set(path, text);
      else running.delete(path);
      const parts = [...running].map(([path, text]) => `${basename(path)}: ${text}`);
      if (shown) write(`\r\x1b[K${parts.join(" · ").slice(0, 100)}`);
    },
  };
}

if (import.meta.main) Deno.exit(await notebooks(Deno.args));
