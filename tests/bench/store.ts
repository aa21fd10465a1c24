import type { CostPoint } from "./cost.ts";
import type { ProfileRow } from "./profile.ts";
import type { Round } from "./rounds.ts";

/** All that was measured: pieces of a benchmark add to it, and the page is made of it. */
export interface Results {
  /** The machine. */
  machine: { processor: string; cores: number; deno: string; torch?: string };
  /** One a workload and round. */
  rounds: Round[];
  /** Whole landscapes against their size. */
  costs: CostPoint[];
  /** What the time is spent on. */
  profiles: ProfileRow[];
}

/** Where it is kept. */
export const resultsFile: URL = new URL("../../docs/benchmark.json", import.meta.url);

/** What there is, or nothing. */
export function readResults(machine: Results["machine"], fresh: boolean): Results {
  const empty: Results = { machine, rounds: [], costs: [], profiles: [] };
  if (fresh) return empty;
  try {
    const there: Results = JSON.parse(Deno.readTextFileSync(resultsFile));
    return { ...empty, ...there, machine: { torch: there.machine.torch, ...machine } };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return empty;
    throw error;
  }
}

/** Keeps it, a line a round. */
export function writeResults({ machine, ...lists }: Results): void {
  const lines = Object.entries(lists).map(([name, rows]) =>
    `${JSON.stringify(name)}: [\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]`
  );
  Deno.mkdirSync(new URL(".", resultsFile), { recursive: true });
  Deno.writeTextFileSync(
    resultsFile,
    `{\n"machine": ${JSON.stringify(machine)},\n${lines.join(",\n")}\n}\n`,
  );
}

/** What processor this is. */
export async function processor(): Promise<string> {
  try {
    const { stdout } = await new Deno.Command("lscpu", { env: { LC_ALL: "C" } }).output();
    const text = new TextDecoder().decode(stdout);
    return /Model name:\s*(.+)/.exec(text)?.[1] ?? Deno.build.arch;
  } catch {
    return `${Deno.build.os} ${Deno.build.arch}`;
  }
}
