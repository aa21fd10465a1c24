import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const root = new URL("../../", import.meta.url).pathname;

/** Runs `deno task notebooks` with the permissions that the task gives it. */
async function command(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "notebooks", ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("the command says how it is used, and misuse in a line", async () => {
  const { code, out } = await command("--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "--timeout");
  const misuse: [string[], string][] = [
    [["--chek"], "notebooks: there is no option --chek; see --help"],
    [["--jobs", "0"], `notebooks: --jobs must be a whole number of 1 or more, got "0"`],
    [["--jobs=1.5"], `notebooks: --jobs must be a whole number of 1 or more, got "1.5"`],
    [["--timeout", "soon"], `notebooks: --timeout must be a number above 0, got "soon"`],
    [["--timeout"], `notebooks: --timeout must be a number above 0, got ""`],
  ];
  for (const [args, line] of misuse) {
    assertEquals(await command(...args), { code: 2, out: "", err: line });
  }
});

Deno.test("the command runs and checks notebooks, two at a time, with no more permissions than its task has", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "command-" }));
  const notebook = async (name: string, source: string) => {
    const cells = [{
      cell_type: "code",
      id: "a",
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    }];
    await Deno.writeTextFile(
      `${folder}/${name}`,
      JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }),
    );
    return `${folder}/${name}`;
  };
  try {
    const a = await notebook("a.ipynb", "1 + 1");
    const b = await notebook("b.ipynb", `console.log("b")`);
    const bad = await notebook("bad.ipynb", `const x = 1;\n\nthrow new Error("no");`);
    const first = await command("--jobs", "2", a, b);
    assertEquals([first.code, first.err], [0, ""]);
    assertMatch(first.out, /a\.ipynb: 1 cells?, written, [\d.]+ s/);
    assertEquals((await command("--check", a, b)).code, 0);
    await Deno.writeTextFile(a, (await Deno.readTextFile(a)).replace(`"2"`, `"3"`));
    const checked = await command("--check", a, bad, `${folder}/none.ipynb`);
    assertEquals(checked.code, 1);
    assertEquals(checked.err.split("\n"), [
      `${a}: cell 1, output 1, line 1: text/plain: 3 became 2 in "3"`,
      `${bad}: cell 1, line 3: Error: no`,
      `Cannot read ${folder}/none.ipynb: there is no such file`,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
