import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Output } from "./output.ts";

/** Times as people write them: "3.2 s", "85 ms", "2 min". */
const times = /\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|sec|seconds?|min|minutes?|h)\b/g;

/** A text with its times blotted out, so that two runs can be compared. */
export function timeless(text: string): string {
  return text.replace(times, "0 s");
}

/**
 * Outputs without what changes from run to run or from machine to machine: bars of progress go, of lines that
 * were written over only the last is left, paths become relative to the project, and a text that differs from
 * the one of the run before in nothing but times stays as it was.
 */
export function tidied(outputs: Output[], before: Output[], folder: string): Output[] {
  const relative = relativeTo(folder);
  const kept = outputs.filter((output) =>
    !("metadata" in output && output.metadata.losslandscape === "progress")
  );
  return kept.map((output, i) => {
    const old = before[i]?.output_type === output.output_type ? before[i] : undefined;
    const tidy = (text: string, oldText: unknown) => {
      const now = relative(text);
      return typeof oldText === "string" && timeless(now) === timeless(oldText) ? oldText : now;
    };
    if (output.output_type === "stream") {
      const text = output.text.replace(/^.*\r(?!\n)/gm, "");
      return { ...output, text: tidy(text, old?.output_type === "stream" ? old.text : undefined) };
    }
    if (output.output_type === "error") {
      const frames = output.traceback.filter((line) =>
        !/\(?(?:ext|node):\S*:\d+:\d+\)?$/.test(line)
      );
      return { ...output, evalue: relative(output.evalue), traceback: frames.map(relative) };
    }
    const oldData = old && "data" in old ? old.data : {};
    const data = Object.entries(output.data).map(([type, value]) =>
      typeof value === "string" && !/^image\/(?!svg)/.test(type)
        ? [type, tidy(value, oldData[type])]
        : [type, value]
    );
    return { ...output, data: Object.fromEntries(data), metadata: sized(output) };
  });
}

/**
 * The metadata of an output, with the size of a PNG that stands for an SVG or HTML of fewer pixels: front ends
 * that show the PNG would otherwise show it at twice its size.
 */
function sized({ data, metadata }: Extract<Output, { metadata: unknown }>) {
  const vector = data["image/svg+xml"] ?? data["text/html"];
  if (!data["image/png"] || typeof vector !== "string") return metadata;
  const [, width] = /^[^>]*\bwidth="(\d+)"/.exec(vector) ??
    /<img [^>]*?\bwidth="(\d+)"/.exec(vector) ?? [];
  return width ? { ...metadata, "image/png": { width: Number(width) } } : metadata;
}

/** Replaces the paths of the project that a folder belongs to, and of the home folder. */
function relativeTo(folder: string): (text: string) => string {
  const root = projectOf(folder);
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
  const shorter: [string, string][] = [];
  for (const [path, short] of [[root, ""], [home, "~/"]] as const) {
    if (!path || path.length < 2) continue;
    shorter.push([pathToFileURL(path).href + "/", short], [path + "/", short], [
      path,
      short || ".",
    ]);
  }
  return (text) => shorter.reduce((now, [long, short]) => now.replaceAll(long, short), text);
}

/** The nearest folder above that has a deno.json; without one the folder itself. */
function projectOf(folder: string): string {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      try {
        if (Deno.statSync(`${at}/${name}`).isFile) return at;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) return folder;
      }
    }
  }
  return folder;
}
