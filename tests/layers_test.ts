import { assertEquals } from "@std/assert";

/**
 * What each part of lib/ may import, beside itself: lower layers only. The top files of lib/ are the nouns
 * and the analyses; no analysis may reach tfjs or the models that are built with it.
 */
const NOUNS = [
  "options",
  "vector",
  "layout",
  "symmetry",
  "loss",
  "penalty",
  "slice",
  "run",
  "progress",
  "provenance",
];
const MAY_IMPORT: Record<string, (target: string) => boolean> = {
  math: (t) => t === "math" || NOUNS.includes(t),
  figure: (t) => ["math", "figure", ...NOUNS].includes(t),
  noun: (t) => t === "math" || NOUNS.includes(t),
  analysis: (t) => !["tensor", "nn", "data", "kernel", "cli", "engine"].includes(t),
  data: (t) => ["math", "data", ...NOUNS].includes(t),
  engine: (t) => ["math", "tensor", "engine", ...NOUNS].includes(t),
  tensor: (t) => ["math", "tensor", ...NOUNS].includes(t),
  nn: (t) => !["kernel", "cli"].includes(t),
  kernel: (t) => ["math", "kernel", ...NOUNS].includes(t),
  cli: () => true,
};

/** The one address of a library. */
const HOME: [RegExp, RegExp][] = [
  [/^npm:@tensorflow\//, /^tensor\//],
  [/^npm:onnxruntime-node@/, /^engine\//],
  [/^npm:linkedom@/, /^figure\//],
  [/^npm:@resvg\//, /^figure\//],
  [/^npm:zeromq@/, /^kernel\//],
  [/^npm:ml-matrix@/, /^math\//],
  [/^npm:pure-rand@/, /^math\//],
];

const lib = new URL("../lib/", import.meta.url);

function* sources(folder: URL, path = ""): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isDirectory) {
      yield* sources(new URL(`${entry.name}/`, folder), `${path}${entry.name}/`);
    } else if (entry.name.endsWith(".ts")) yield path + entry.name;
  }
}

const imports = (text: string) =>
  [...text.matchAll(/^(?:import|export)\b[^;]*?from\s+"([^"]+)"/gms)].map((m) => m[1]);

const partOf = (path: string) =>
  path.includes("/") ? path.split("/")[0] : path.replace(/\.ts$/, "");

/** A top file of lib/ is a noun or an analysis; a folder of its name holds its drawings. */
function layerOf(path: string): string {
  const part = partOf(path);
  if (part in MAY_IMPORT) return part;
  return NOUNS.includes(part) && !path.includes("/") ? "noun" : "analysis";
}

Deno.test("imports point downwards only", () => {
  const wrong: string[] = [];
  for (const path of sources(lib)) {
    const text = Deno.readTextFileSync(new URL(path, lib));
    for (const specifier of imports(text)) {
      if (!specifier.startsWith(".")) continue;
      const to = new URL(specifier, new URL(path, lib)).pathname;
      if (!to.startsWith(lib.pathname)) continue;
      const target = to.slice(lib.pathname.length);
      if (partOf(target) === partOf(path)) continue;
      if (!MAY_IMPORT[layerOf(path)](partOf(target))) wrong.push(`${path} → ${target}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("a library is imported in one place", () => {
  const wrong: string[] = [];
  for (const path of sources(lib)) {
    for (const specifier of imports(Deno.readTextFileSync(new URL(path, lib)))) {
      for (const [library, home] of HOME) {
        if (library.test(specifier) && !home.test(path)) wrong.push(`${path} → ${specifier}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("libraries are imported with their version, the same everywhere", () => {
  // in full, and not by an import map: a map is not there for those who import us from their own folder
  const versions = new Map<string, Set<string>>(), bare: string[] = [];
  for (const path of sources(lib)) {
    for (const specifier of imports(Deno.readTextFileSync(new URL(path, lib)))) {
      const [, name, version] = /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)/.exec(specifier) ?? [];
      if (name) versions.set(name, (versions.get(name) ?? new Set()).add(version));
      else if (!/^\.|^node:|^@std\//.test(specifier)) bare.push(`${path} → ${specifier}`);
    }
  }
  assertEquals(bare, []);
  assertEquals([...versions].filter(([, some]) => some.size > 1), []);
});
