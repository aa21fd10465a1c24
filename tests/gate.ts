/**
 * The gate: everything that must hold before a change lands, one step after the other. Its last line is
 * plain: `N passed, N failed`.
 */
const TEST = [
  "test",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-ffi",
  "--allow-run",
  "--allow-net=127.0.0.1",
];

const steps: Record<string, string[]> = {
  "format": ["fmt", "--check"],
  "lint": ["lint"],
  "type check": ["check", "mod.ts", "lib", "tests", "offline"],
  "documentation of every public name": ["doc", "--lint", "mod.ts"],
  "publishable": ["publish", "--dry-run", "--allow-dirty"],
  "unit tests": [...TEST, "tests"],
  "examples in the documentation": [...TEST, "--doc", "mod.ts", "lib", "README.md"],
  "notebooks": ["task", "notebooks", "--check"],
};

let passed = 0, failed = 0;
const broken: string[] = [];

for (const [title, args] of Object.entries(steps)) {
  console.log(`\n── ${title}: deno ${args.join(" ")}`);
  const { code, text } = await run(args);
  // `deno test` counts its tests; every other step counts as one
  const counts = /(\d+) passed.*?\| (\d+) failed/.exec(text);
  const red = counts ? Number(counts[2]) : 0;
  passed += counts ? Number(counts[1]) : code === 0 ? 1 : 0;
  if (code === 0) continue;
  failed += Math.max(1, red);
  broken.push(title);
}

if (broken.length) console.log(`\nfailed: ${broken.join(", ")}`);
console.log(`\n${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);

/** Runs deno, shows what it prints while it prints it, and gives it back. */
async function run(args: string[]): Promise<{ code: number; text: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    await Deno.stdout.write(new TextEncoder().encode(part));
  }
  return { code: (await child.status).code, text };
}
