import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { runNotebook } from "../../lib/kernel/notebook.ts";
import { type Cell, formatNotebook, parseNotebook } from "../../lib/kernel/format.ts";

type Source = string | { source: string; tags?: string[]; cell_type?: Cell["cell_type"] };

/** Writes a notebook with these cells into a new folder; the folder goes when the test ends. */
async function notebookOf(...sources: Source[]) {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "notebook-" }));
  const path = `${folder}/a.ipynb`;
  const cells = sources.map((each, i): Cell => {
    const { source, tags, cell_type = "code" } = typeof each === "string" ? { source: each } : each;
    const code = cell_type === "code" && { outputs: [], execution_count: null };
    return { cell_type, id: `cell-${i + 1}`, metadata: tags ? { tags } : {}, source, ...code };
  });
  await Deno.writeTextFile(path, formatNotebook({ cells, metadata: {} }));
  const read = async () => parseNotebook(await Deno.readTextFile(path), path).cells;
  return {
    path,
    folder,
    read,
    /** Changes the text of the file. */
    edit: async (from: string, to: string) => {
      const text = await Deno.readTextFile(path);
      assertStringIncludes(text, from);
      await Deno.writeTextFile(path, text.replace(from, to));
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("outputs are written back, numbered in order, and a second run leaves the file as it is", async () => {
  await using notebook = await notebookOf(
    { cell_type: "markdown", source: "# A title" },
    `console.log("hello"); console.error("careful");`,
    "   ",
    `await Deno.jupyter.display({ "text/html": "<b>bold</b>" }, { raw: true });\n6 * 7`,
    { source: "throw new Error('not run')", tags: ["skip-execution"] },
  );
  const result = await runNotebook(notebook.path);
  assertEquals([result.executed, result.written, result.failure], [2, true, undefined]);
  const cells = await notebook.read();
  assertEquals(cells.map((cell) => cell.execution_count), [undefined, 1, null, 2, null]);
  assertEquals(cells[1].outputs, [
    { output_type: "stream", name: "stdout", text: "hello\n" },
    { output_type: "stream", name: "stderr", text: "careful\n" },
  ]);
  assertEquals(cells[3].outputs, [
    { output_type: "display_data", data: { "text/html": "<b>bold</b>" }, metadata: {} },
    {
      output_type: "execute_result",
      data: { "text/plain": "42" },
      metadata: {},
      execution_count: 2,
    },
  ]);
  assertEquals((await runNotebook(notebook.path)).written, false);
  assertEquals([...Deno.readDirSync(notebook.folder)].map(({ name }) => name), ["a.ipynb"]);
});

Deno.test("a notebook has no noise: no bars, no times, no absolute paths", async () => {
  await using notebook = await notebookOf(
    `await Deno.jupyter.broadcast("display_data", {
      data: { "text/plain": "50%" }, metadata: { losslandscape: "progress" }, transient: { display_id: "p" },
    });
    console.log("10%\\r50%\\r100%");
    console.log(\`trained in \${(1 + Math.random()).toFixed(4)} s\`);
    console.log(Deno.cwd() + "/data.csv");`,
  );
  await runNotebook(notebook.path);
  const [{ outputs }] = await notebook.read();
  assertEquals(outputs!.length, 1);
  assert(outputs![0].output_type === "stream");
  const lines = outputs![0].text.split("\n");
  assertEquals([lines[0], lines[2]], ["100%", "data.csv"]);
  assertEquals((await runNotebook(notebook.path)).written, false);
});

Deno.test("a cell that fails is named with its line, and the file is left alone", async (t) => {
  const cases: [string, string, string, number][] = [
    [
      "thrown",
      "// a comment\n\ninterface Point {\n  x: number;\n}\n\nconst p: Point = { x: 1 };\n\nthrow new RangeError(`x is ${p.x}`);",
      "RangeError: x is 1",
      9,
    ],
    ["in a function", "function f(n: number) {\n\n  null!.x;\n}\n\n\nf(2);", "TypeError", 7],
    ["syntax", "const a = 1;\n\nconst b = a +* 2;", "SyntaxError: Expression expected", 3],
    [
      "import",
      `\nimport { join } from "node:path";\nimport { x } from "./none.ts";`,
      "TypeError: Module not found",
      3,
    ],
  ];
  for (const [name, source, message, line] of cases) {
    await t.step(name, async () => {
      await using notebook = await notebookOf(
        "1",
        { cell_type: "markdown", source: "-" },
        source,
        "2",
      );
      const before = await Deno.readTextFile(notebook.path);
      const { failure, executed, written } = await runNotebook(notebook.path);
      assertEquals([failure?.cell, failure?.line], [3, line]);
      assertStringIncludes(failure!.message, message);
      assertEquals([executed, written], [2, false]);
      assertEquals(await Deno.readTextFile(notebook.path), before);
    });
  }
});

Deno.test("a cell with the tag raises-exception keeps its error and the run goes on", async () => {
  await using notebook = await notebookOf(
    { source: `throw new RangeError("as expected");`, tags: ["raises-exception"] },
    "1 + 1",
  );
  assertEquals((await runNotebook(notebook.path)).failure, undefined);
  const [first, second] = await notebook.read();
  assert(first.outputs![0].output_type === "error");
  assertEquals(first.outputs![0].evalue, "as expected");
  assertEquals(second.outputs!.length, 1);
});

Deno.test("a cell that takes too long, and one that ends its kernel, are failures", async () => {
  await using slow = await notebookOf("for (;;) {}");
  const { failure } = await runNotebook(slow.path, { timeout: 0.3 });
  assertEquals(failure, { cell: 1, message: "did not end within 0.3 s" });
  await using waits = await notebookOf("1", "await new Promise(() => {})");
  const { failure: wait } = await runNotebook(waits.path, { timeout: 0.3 });
  assertEquals(wait?.cell, 2);
  assert(wait?.message.startsWith("did not end within 0.3 s"), wait?.message);
  await using killed = await notebookOf(`Deno.kill(Deno.pid, "SIGKILL")`);
  const { failure: kill } = await runNotebook(killed.path);
  assertEquals(kill, { cell: 1, message: "the kernel was ended by SIGKILL" });
  await using exits = await notebookOf("1", "Deno.exit(4)");
  const { failure: death } = await runNotebook(exits.path);
  assertEquals(death, { cell: 2, message: "the kernel ended with exit code 4" });
});

Deno.test("check finds a number that was changed, and takes noise within the tolerance", async () => {
  await using notebook = await notebookOf(
    `console.log("seed 42");\nconsole.log("loss", 0.25);`,
    `await Deno.jupyter.display({ "image/svg+xml": "<svg><path/><path/></svg>" }, { raw: true });`,
  );
  await runNotebook(notebook.path);
  const check = (tolerance?: number) => runNotebook(notebook.path, { check: true, tolerance });
  assertEquals((await check()).differences, []);

  await notebook.edit("loss 0.25\\n", "loss 0.2501\\n");
  const committed = await Deno.readTextFile(notebook.path);
  assertEquals((await check()).differences, []);
  assertEquals((await check(1e-6)).differences, [
    { cell: 1, output: 1, line: 2, message: `0.2501 became 0.25 in "loss 0.2501"` },
  ]);
  await notebook.edit("loss 0.2501\\n", "loss 0.31\\n");
  assertEquals((await check()).differences, [
    { cell: 1, output: 1, line: 2, message: `0.31 became 0.25 in "loss 0.31"` },
  ]);
  await notebook.edit("<path/><path/>", "<path/>");
  assertEquals((await check()).differences.map(({ cell, message }) => [cell, message]), [
    [1, `0.31 became 0.25 in "loss 0.31"`],
    [2, "image/svg+xml: 1 <path> became 2"],
  ]);
  assert(
    await Deno.readTextFile(notebook.path) !== committed,
    "the edits are still there: nothing was written",
  );
  assertStringIncludes(await Deno.readTextFile(notebook.path), "loss 0.31");
});

Deno.test("a notebook in somebody else's folder imports this project by its URL", async () => {
  const url = new URL("../../lib/vector.ts", import.meta.url).href;
  await using notebook = await notebookOf(
    `import { norm } from ${JSON.stringify(url)};\nnorm(new Float32Array([3, 4]))`,
    `import { twice } from "./mine.ts";\ntwice(4)`,
  );
  await Deno.writeTextFile(
    `${notebook.folder}/mine.ts`,
    "export const twice = (x: number) => 2 * x;\n",
  );
  assertEquals((await runNotebook(notebook.path)).failure, undefined);
  const texts = (await notebook.read()).map(({ outputs }) => {
    const output = outputs![0];
    return "data" in output ? output.data["text/plain"] : output;
  });
  assertEquals(texts, ["5", "8"]);
});

Deno.test("what is no notebook is refused in a line that says why", async () => {
  const cell = { cell_type: "code", id: "a", metadata: {}, source: "1", outputs: [] };
  const notebook = (changes: object) =>
    JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell], ...changes });
  const cases: [string, string][] = [
    ["{ not json", "it is not JSON"],
    ["[]", "it is not a notebook"],
    ["null", "it is not a notebook"],
    [notebook({ cells: [] }), "it has no cells"],
    [notebook({ cells: undefined }), "it is not a notebook"],
    [notebook({ nbformat: 3 }), "it has nbformat 3, and must have 4"],
    [notebook({ cells: [{ cell_type: "prose" }] }), `cell 1 is of type "prose"`],
    [notebook({ cells: [cell, { ...cell, source: undefined }] }), "cell 2 has no source"],
    [notebook({ metadata: { kernelspec: { name: "python3" } } }), `the kernel "python3"`],
    ["\0\x1b[31m\n\x07", "it is not JSON"],
    [notebook({ cells: [{ ...cell, outputs: "x" }] }), "the outputs of cell 1 are not a list"],
    [notebook({ cells: [cell, { ...cell, outputs: [null] }] }), "output 1 of cell 2 is none of"],
    [
      notebook({ cells: [{ ...cell, outputs: [{ output_type: "stream" }] }] }),
      "output 1 of cell 1",
    ],
    [
      notebook({ cells: [{ ...cell, metadata: { tags: 5 } }] }),
      "the tags of cell 1 are not a list",
    ],
  ];
  const folder = await Deno.makeTempDir();
  try {
    for (const [text, why] of cases) {
      await Deno.writeTextFile(`${folder}/bad.ipynb`, text);
      const { message } = await assertRejects(
        () => runNotebook(`${folder}/bad.ipynb`),
        TypeError,
        why,
      );
      assert(message.startsWith(`Cannot read ${folder}/bad.ipynb: `), message);
      assert(!/\p{Cc}/u.test(message), message);
    }
    await assertRejects(() => runNotebook(`${folder}/none.ipynb`), Error, "there is no such file");
    await assertRejects(() => runNotebook(folder), Error, "it is a folder");
    const timeout = () => runNotebook(`${folder}/bad.ipynb`, { timeout: 0 });
    await assertRejects(timeout, RangeError, "timeout must be more than 0 seconds, got 0");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
