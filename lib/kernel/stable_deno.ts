import { dirname, join } from "node:path";

/** The oldest Deno whose kernel can be stood in front of: older ones cannot be interrupted. */
const oldest = [2, 9];

/** @throws {Error} if a version of Deno is too old. */
export function checkVersion(version: string, whose: string): void {
  const [major, minor] = version.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  throw new Error(
    `${whose} is ${version}, and ${oldest.join(".")} or later is needed: run deno upgrade`,
  );
}

/** Caches that are cleaned, and folders that come and go. */
const fleeting = /[\\/](_npx|_cacache|\.npm|node_modules[\\/]\.bin|npm-cache)[\\/]|^\/tmp\//;

/**
 * The path of a Deno that will still be there tomorrow: the one on PATH, which upgrades replace in place;
 * the running one, if it was not put into a cache by npx; or a copy of it in `folder`.
 *
 * @throws {Error} if the copy cannot be made.
 */
export async function stableDeno(folder: string): Promise<string> {
  const name = Deno.build.os === "windows" ? "deno.exe" : "deno";
  const separator = Deno.build.os === "windows" ? ";" : ":";
  for (const entry of (Deno.env.get("PATH") ?? "").split(separator)) {
    const path = join(entry || ".", name);
    if (entry && !fleeting.test(path) && await isDeno(path)) return path;
  }
  const running = Deno.execPath();
  if (!fleeting.test(running)) return running;
  const copy = join(folder, `deno-${Deno.version.deno}`, name);
  if (await isDeno(copy)) return copy;
  await Deno.mkdir(dirname(copy), { recursive: true });
  await Deno.copyFile(running, `${copy}.tmp`);
  await Deno.rename(`${copy}.tmp`, copy);
  return copy;
}

/** Whether there is a Deno, itself and no script that finds one, that is new enough. */
async function isDeno(path: string): Promise<boolean> {
  try {
    if (fleeting.test(await Deno.realPath(path))) return false;
    using file = await Deno.open(path);
    const head = new Uint8Array(2);
    await file.read(head);
    if (head[0] === 0x23 && head[1] === 0x21) return false;
    checkVersion(await versionOf(path), path);
    return true;
  } catch {
    return false;
  }
}

/** The version of the Deno at a path. */
export async function versionOf(path: string): Promise<string> {
  const { stdout } = await new Deno.Command(path, { args: ["--version"], stderr: "null" }).output();
  const [, version] = /^deno (\d+\.\d+\.\S+)/.exec(new TextDecoder().decode(stdout)) ?? [];
  if (!version) throw new Error(`${path} is no Deno`);
  return version;
}
