import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stableDeno } from "./stable_deno.ts";

/** The name that Jupyter knows our kernel by. */
export const kernelName = "losslandscape";

/** Where Jupyter looks for kernels. */
export interface Place {
  /** The folder of a `pip install` or a virtual environment; its share/jupyter is meant. */
  prefix?: string;
}

/** A kernelspec that was found. */
export interface Kernelspec {
  /** Its folder. */
  folder: string;
  /** The program, its arguments, and `{connection_file}`. */
  argv: string[];
}

/** What Deno's kernel, and what stands in front of it, may do: notebooks may do anything. */
const permissions = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-net",
  "--allow-run",
  "--allow-ffi",
];

const env = (name: string) => Deno.env.get(name) || undefined;
const home = () => env("HOME") ?? env("USERPROFILE") ?? ".";

/** The folder of a user's own Jupyter data, as Jupyter chooses it. */
function userData(): string {
  const given = env("JUPYTER_DATA_DIR");
  if (given) return given;
  if (Deno.build.os === "windows") return join(env("APPDATA") ?? home(), "jupyter");
  if (Deno.build.os === "darwin") return join(home(), "Library", "Jupyter");
  return join(env("XDG_DATA_HOME") ?? join(home(), ".local", "share"), "jupyter");
}

/** The folder of our kernelspec at a place; without a prefix, that of the user's own data. */
export function kernelspecFolder({ prefix }: Place): string {
  const data = prefix === undefined ? userData() : join(prefix, "share", "jupyter");
  return join(data, "kernels", kernelName);
}

/**
 * Writes the kernelspec, whole or not at all, over one that is there; gives back its folder. What it starts is
 * this file's neighbour, by a Deno that stays.
 *
 * @throws {Error} if the folder may not be written.
 */
export async function writeKernelspec(place: Place): Promise<Kernelspec> {
  const folder = kernelspecFolder(place);
  const argv = [
    await stableDeno(join(userData(), "..", kernelName)),
    "run",
    "--quiet",
    // What passes through lives for a moment: without this its space grows to twice what is needed.
    "--v8-flags=--max-semi-space-size=4",
    ...permissions,
    ...program(),
    "{connection_file}",
  ];
  const spec = {
    argv,
    display_name: "Loss Landscape (Deno)",
    language: "typescript",
    interrupt_mode: "message",
    kernel_protocol_version: "5.4",
    metadata: { debugger: false },
  };
  const temporary = `${folder}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await Deno.mkdir(temporary, { recursive: true });
    await Deno.writeTextFile(join(temporary, "kernel.json"), JSON.stringify(spec, null, 2) + "\n");
    for (const logo of ["logo-svg.svg", "logo-32x32.png", "logo-64x64.png"]) {
      const picture = await fetch(new URL(`./logo/${logo}`, import.meta.url));
      await Deno.writeFile(join(temporary, logo), await picture.bytes());
    }
    await Deno.remove(folder, { recursive: true }).catch(ignoreMissing);
    await Deno.rename(temporary, folder);
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw new Error(`Cannot write ${folder}: ${why(error)}`);
  }
  return { folder, argv };
}

/** What runs, and by which configuration: the project's own where it lies in a folder. */
function program(): string[] {
  const serve = new URL("./serve.ts", import.meta.url);
  if (serve.protocol !== "file:") return ["--no-config", serve.href];
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  return ["--config", config, fileURLToPath(serve)];
}

/**
 * Removes the kernelspec; gives back its folder, or undefined if there was none.
 *
 * @throws {Error} if it may not be removed.
 */
export async function removeKernelspec(place: Place): Promise<string | undefined> {
  const folder = kernelspecFolder(place);
  try {
    await Deno.remove(folder, { recursive: true });
    return folder;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new Error(`Cannot remove ${folder}: ${why(error)}`);
  }
}

/** Our kernelspecs in all places where Jupyter looks, the first of which it takes. */
export async function findKernelspecs({ prefix }: Place = {}): Promise<Kernelspec[]> {
  const paths = (env("JUPYTER_PATH") ?? "").split(Deno.build.os === "windows" ? ";" : ":");
  const prefixes = [prefix, env("VIRTUAL_ENV"), env("CONDA_PREFIX"), "/usr/local", "/usr"];
  const folders = [
    ...paths.filter((path) => path !== "").map((path) => join(path, "kernels", kernelName)),
    kernelspecFolder({}),
    ...prefixes.flatMap((prefix) => prefix === undefined ? [] : [kernelspecFolder({ prefix })]),
  ];
  const found: Kernelspec[] = [];
  for (const folder of new Set(folders)) {
    try {
      const { argv } = JSON.parse(await Deno.readTextFile(join(folder, "kernel.json")));
      found.push({ folder, argv });
    } catch (error) {
      if (!isMissing(error)) {
        throw new Error(`Cannot read ${join(folder, "kernel.json")}: ${why(error)}`);
      }
    }
  }
  return found;
}

const isMissing = (error: unknown) =>
  error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

function why(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied; choose another place with --user or --prefix FOLDER";
  }
  return (error as Error).message.split("\n")[0];
}
