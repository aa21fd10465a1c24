import { parseArgs } from "@std/cli/parse-args";
import { join } from "node:path";
import {
  findKernelspecs,
  kernelName,
  type Place,
  removeKernelspec,
  writeKernelspec,
} from "../kernel/kernelspec.ts";
import { probeKernel } from "../kernel/probe.ts";
import { checkVersion } from "../kernel/stable_deno.ts";

const help = `Gives Jupyter the kernel "Loss Landscape (Deno)".

Usage: kernel [install | uninstall | status] [options]

  install          write the kernelspec, and try the kernel out (the default)
  uninstall        remove the kernelspec
  status           where it is installed, and whether it works

  --user           among your own Jupyter data, or in JUPYTER_DATA_DIR (the default)
  --prefix FOLDER  in FOLDER/share/jupyter, for instance of a virtual environment
  -h, --help       this text`;

/** What the command line asks for that cannot be. */
class Misuse extends Error {}

/** The command `kernel`: installs, removes or looks at the notebook kernel; gives back the exit code. */
export async function kernel(args: string[]): Promise<number> {
  try {
    const { action, place, help: asked } = readArguments(args);
    if (asked) {
      console.log(help);
      return 0;
    }
    if (action === "uninstall") return await uninstall(place);
    return action === "status" ? await status(place) : await install(place);
  } catch (error) {
    console.error(`kernel: ${(error as Error).message}`);
    return error instanceof Misuse ? 2 : 1;
  }
}

function readArguments(args: string[]) {
  const { _: [action = "install", ...rest], help, user, prefix } = parseArgs(args, {
    boolean: ["help", "user"],
    string: ["prefix", "_"],
    alias: { help: "h" },
    unknown(argument, option) {
      if (option === undefined) return true;
      throw new Misuse(`there is no option ${argument.split("=")[0]}; see --help`);
    },
  });
  if (!["install", "uninstall", "status"].includes(String(action)) || rest.length > 0) {
    const given = [action, ...rest].join(" ");
    throw new Misuse(`expected install, uninstall or status, got ${given}; see --help`);
  }
  if (prefix === "") throw new Misuse("--prefix needs a folder");
  if (user && prefix !== undefined) {
    throw new Misuse("--user and --prefix are two places; choose one");
  }
  return { action, place: { prefix }, help };
}

async function install(place: Place): Promise<number> {
  checkVersion(Deno.version.deno, "Deno");
  const { folder, argv } = await writeKernelspec(place);
  console.log(`installed "Loss Landscape (Deno)" in ${folder}`);
  const seconds = await probeKernel(argv);
  console.log(`it starts, computes and ends in ${seconds.toFixed(1)} s`);
  if (!await jupyterVersion(place)) {
    console.log("there is no jupyter on PATH: get one with pip install jupyterlab");
  }
  return 0;
}

async function uninstall(place: Place): Promise<number> {
  const folder = await removeKernelspec(place);
  if (!folder) throw new Error(`no kernel ${kernelName} is installed there; see kernel status`);
  console.log(`removed ${folder}`);
  return 0;
}

async function status(place: Place): Promise<number> {
  const found = await findKernelspecs(place);
  if (found.length === 0) throw new Error(`no kernel ${kernelName} is installed; see --help`);
  let failed = 0;
  for (const { folder, argv } of found) {
    try {
      const seconds = await probeKernel(argv);
      console.log(`${folder}: works, ${seconds.toFixed(1)} s`);
    } catch (error) {
      console.log(`${folder}: ${(error as Error).message}; install it again`);
      failed++;
    }
  }
  const jupyter = await jupyterVersion(place);
  console.log(jupyter ? `jupyter: ${jupyter}` : "jupyter: not on PATH; pip install jupyterlab");
  return failed > 0 ? 1 : 0;
}

/** What `jupyter --version` says of its parts, at the place or else on PATH; undefined without one. */
async function jupyterVersion({ prefix }: Place): Promise<string | undefined> {
  const folder = prefix && join(prefix, Deno.build.os === "windows" ? "Scripts" : "bin");
  const there = folder && await versionsOf(join(folder, "jupyter"));
  return there || await versionsOf("jupyter");
}

async function versionsOf(jupyter: string): Promise<string | undefined> {
  try {
    const command = new Deno.Command(jupyter, { args: ["--version"], stderr: "null" });
    const { code, stdout } = await command.output();
    if (code !== 0) return undefined;
    const parts = new TextDecoder().decode(stdout).matchAll(
      /^(jupyterlab|notebook|nbclient)\s*: (\d\S*)/gm,
    );
    return [...parts].map(([, name, version]) => `${name} ${version}`).join(", ") || "there";
  } catch {
    return undefined;
  }
}

if (import.meta.main) Deno.exit(await kernel(Deno.args));
