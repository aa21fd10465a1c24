/**
 * `deno task kernel:measure`: Deno's own kernel and ours, side by side, by Jupyter's clients: nbclient,
 * jupyter_client and a JupyterLab that a browser drives. Installs these into a virtual environment of its own
 * when they are not there, and prints a table in Markdown.
 */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "node:path";
import { cellOfKind } from "../cells.ts";
import { startSession } from "../front_client.ts";
import { sendHostile, talkNonsense } from "../fuzz.ts";
import { type Lab, openLab } from "./lab.ts";

const help = `Measures the kernel against Deno's own.

Usage: deno task kernel:measure [options]

  --cells N      cells of each round (default 1000)
  --rounds N     rounds (default 5)
  --stops N      Stops of each kind (default 50)
  --only WORD    only the rows that have the word in them
  --venv FOLDER  where Jupyter is, or is installed to (default: in the folder for temporary files)`;

const args = parseArgs(Deno.args, {
  boolean: ["help"],
  string: ["cells", "rounds", "stops", "venv", "only"],
  default: { cells: "1000", rounds: "5", stops: "50", only: "" },
});
if (args.help) {
  console.log(help);
  Deno.exit(0);
}
const [count, rounds, stops] = [args.cells, args.rounds, args.stops].map(Number);
const root = new URL("../../../", import.meta.url).pathname;
const venv = args.venv ?? join(Deno.env.get("TMPDIR") ?? "/tmp", "losslandscape-jupyter");
const python = join(venv, "bin", "python");
const kernels = ["deno", "losslandscape"];

const installed = await install();
const browser = await firstOf(["chromium", "chromium-browser", "google-chrome"]);
const folder = await Deno.makeTempDir({ prefix: "kernel-measure-" });
const rows: [string, string, string][] = [];

/** Cells whose outputs may come in any size; in a browser few of them are of megabytes. */
function cells(mayBeLarge: boolean, first = 0): [string, string[]][] {
  return Array.from({ length: count }, (_, i) => {
    const kind = (i + first) % 8;
    return cellOfKind(kind === 4 && !mayBeLarge && (i + first) % 40 !== 4 ? 0 : kind, i);
  });
}

await row(
  "nbclient, one cell after the other: lost, misplaced of",
  (kernel) => losses(kernel, "nbclient"),
);
await row("all cells queued at once: lost, misplaced of", (kernel) => losses(kernel, "cells"));
if (browser && installed) {
  await using lab = await openLab(python, browser, folder);
  await row("JupyterLab, Run All: lost, misplaced of", (kernel) => labLosses(lab, kernel));
  for (const [name, code] of Object.entries(stoppable())) {
    await row(`JupyterLab, Stop in ${name}: kept of ${Math.ceil(stops / 5)}`, async (kernel) => {
      const { kept, median } = await lab.stops(kernel, code, Math.ceil(stops / 5));
      return median ? `${kept}, ${median.toFixed(0)} ms` : `${kept}`;
    });
    await lab.screenshot(join(folder, `${name.replaceAll(" ", "-")}.png`));
  }
} else console.log("JupyterLab in a browser is skipped: there is no Chromium, or no Python");
const mod = new URL("../../../mod.ts", import.meta.url).href;
const setup =
  `import { digits, flatten, landscape, mlp, modelLoss, randomDirections, train } from "${mod}";
const data = await digits(), model = mlp({ inputs: 64, hidden: [20], outputs: 10 });
const loss = modelLoss(model, data.train), origin = flatten(model);
const directions = randomDirections(loss.layout, origin);`;
for (
  const [name, code] of Object.entries({
    "training": "await train(model, data, { epochs: 1e5 })",
    "sampling": "await landscape(loss, { origin, directions }, { resolution: 500 })",
    ...stoppable(),
  })
) {
  await row(`Stop in ${name}: kept of ${stops}`, async (kernel) => {
    const { kept, median, worst } = await measure(kernel, "stops", `${stops}`, setup, code);
    return median === null ? `${kept}` : `${kept}, ${median} ms (worst ${worst})`;
  });
}
await row("a cell that does nothing, ms (95%)", async (kernel) => {
  const { median, p95 } = await measure(kernel, "overhead", "200");
  return `${median} (${p95})`;
});
await row("memory of the process over 10,000 cells, MB", async (kernel) => {
  const { megabytes } = await measure(kernel, "memory", "10000");
  return megabytes.join(" ");
});
await row("10,000 hostile messages", async (kernel) => kernel === "deno" ? "–" : await hostile());

console.log(`\n| | Deno's own kernel | ours |\n|---|---|---|`);
for (const cells of rows) console.log(`| ${cells.join(" | ")} |`);
await Deno.remove(folder, { recursive: true });
Deno.exit(0);

/** Measures both kernels; what is not to be had is said. */
async function row(name: string, measured: (kernel: string) => Promise<string>): Promise<void> {
  if (!name.includes(args.only)) return;
  if (!installed && !name.includes("hostile")) {
    return console.log(`${name}: skipped, there is no Python`);
  }
  const found: string[] = [];
  for (const kernel of kernels) {
    found.push(
      await measured(kernel).catch((error) => `failed: ${error.message.split("\n").at(-1)}`),
    );
    console.log(`${name}: ${kernel}: ${found.at(-1)}`);
  }
  rows.push([name, found[0], found[1]]);
}

// deno-lint-ignore no-explicit-any
async function measure(kernel: string, what: string, ...rest: string[]): Promise<any> {
  const script = new URL("./measure.py", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(python, {
    args: [script, kernel, what, ...rest],
    cwd: folder,
    env: { JUPYTER_PREFER_ENV_PATH: "1", JUPYTER_DATA_DIR: join(folder, "data") },
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr).trim());
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function losses(kernel: string, what: string): Promise<string> {
  const found: string[] = [];
  for (let i = 0; i < rounds; i++) {
    const file = join(folder, "cells.json");
    await Deno.writeTextFile(file, JSON.stringify(cells(true, i)));
    const { lost, misplaced } = await measure(kernel, what, file);
    found.push(`${lost}, ${misplaced}`);
  }
  return `${found.join("; ")} of ${count}`;
}

async function labLosses(lab: Lab, kernel: string): Promise<string> {
  const found: string[] = [];
  for (let i = 0; i < rounds; i++) {
    const expected = cells(false, i), got = await lab.runAll(kernel, expected);
    let lost = 0, misplaced = 0;
    for (const [j, [, ends]] of expected.entries()) {
      const has = (end: string) => got[j].some((text) => text.endsWith(end));
      const known = (text: string) => ends.some((end) => text.endsWith(end));
      if (!ends.every(has)) lost++;
      if (!got[j].every(known)) misplaced++;
    }
    found.push(`${lost}, ${misplaced}`);
  }
  return `${found.join("; ")} of ${count}`;
}

/** Cells that run until they are stopped. */
function stoppable(): Record<string, string> {
  const sleep = "await new Promise((resolve) => setTimeout(resolve, 5))";
  return {
    "a loop": "for (;;) {}",
    "a loop behind an await": `${sleep}; for (;;) {}`,
    "a loop that awaits": `while (true) ${sleep};`,
    // Deno's own has no signal for Stop: there it is a loop that awaits
    "a loop that awaits and listens": `while (!globalThis.stopSignal?.aborted) ${sleep};`,
  };
}

async function hostile(): Promise<string> {
  await using kernel = await startSession();
  await kernel.execute("let kept = 42;");
  await sendHostile(kernel, 10_000);
  await talkNonsense(kernel);
  const { outputs } = await kernel.execute("`${kept} ${globalThis.hacked}`");
  return outputs[0] === `"42 undefined"` ? "alive, none obeyed" : `FAILED: ${outputs[0]}`;
}

/** Jupyter and both kernels, in a virtual environment; false without Python. */
async function install(): Promise<boolean> {
  const run = async (program: string, args: string[], env = {}) => {
    const { code } = await new Deno.Command(program, { args, cwd: root, env, stdout: "null" })
      .output();
    if (code !== 0) throw new Error(`${program} ${args.join(" ")} failed`);
  };
  const exists = await Deno.stat(python).then(() => true, () => false);
  if (!exists) {
    const system = await firstOf(["python3", "python"]);
    if (!system) return false;
    console.log(`installing JupyterLab into ${venv}`);
    await run(system, ["-m", "venv", venv]);
    await run(python, ["-m", "pip", "install", "--quiet", "jupyterlab", "nbclient", "pyzmq"]);
  }
  await run(Deno.execPath(), ["task", "--quiet", "kernel", "install", "--prefix", venv]);
  const stock = join(venv, "share", "jupyter", "kernels", "deno");
  await Deno.mkdir(stock, { recursive: true });
  const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  const spec = { argv, display_name: "Deno", language: "typescript" };
  await Deno.writeTextFile(join(stock, "kernel.json"), JSON.stringify(spec));
  return true;
}

/** The path of the first of some programs that is on PATH. */
async function firstOf(programs: string[]): Promise<string | undefined> {
  for (const program of programs) {
    for (const entry of (Deno.env.get("PATH") ?? "").split(":")) {
      if (await Deno.stat(join(entry, program)).then(() => true, () => false)) {
        return join(entry, program);
      }
    }
  }
}
