import { assertEquals, assertStringIncludes } from "@std/assert";
import { runNotebook } from "../lib/kernel/notebook.ts";

// What the README tells people who have never seen this folder to do in their own.
const mod = import.meta.resolve("../mod.ts");
const lines = [
  `import { landscape, mlp, modelLoss, moons, pca, train, trajectory } from "${mod}";`,
  "const data = moons({ train: 100, test: 20 });",
  "const model = mlp({ inputs: 2, hidden: [10], outputs: 2 });",
  "const run = await train(model, data, { epochs: 4, progress: false });",
  "const loss = modelLoss(model, data.train);",
  "const slice = pca(run);",
  "const path = await trajectory(run, slice, { loss });",
  "const surface = await landscape(loss, slice, { range: { include: path }, resolution: 5 });",
];

async function inTheirFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function deno(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals(code, 0, text);
  return text;
}

Deno.test("a script in a folder of its own is type checked, and runs with the permissions of the README", async () => {
  await inTheirFolder(async (folder) => {
    const save = 'Deno.writeTextFileSync("landscape.svg", surface.svg({ overlay: [path] }));';
    await Deno.writeTextFile(`${folder}/mine.ts`, [...lines, save].join("\n"));
    await deno(folder, "check", "mine.ts");
    await deno(folder, "run", "--no-prompt", "--allow-read", "--allow-write=.", "mine.ts");
    assertStringIncludes(await Deno.readTextFile(`${folder}/landscape.svg`), "<svg");
  });
});

Deno.test("a notebook in a folder of its own shows the figure", async () => {
  await inTheirFolder(async (folder) => {
    const code = (id: string, source: string) => ({
      cell_type: "code",
      id,
      metadata: {},
      execution_count: null,
      outputs: [],
      source,
    });
    const notebook = {
      cells: [code("all", lines.join("\n")), code("show", "surface.plot({ overlay: [path] })")],
      metadata: { kernelspec: { display_name: "Deno", language: "typescript", name: "deno" } },
      nbformat: 4,
      nbformat_minor: 5,
    };
    const file = `${folder}/mine.ipynb`;
    await Deno.writeTextFile(file, JSON.stringify(notebook));
    const { failure } = await runNotebook(file);
    assertEquals(failure, undefined);
    const { cells } = JSON.parse(await Deno.readTextFile(file));
    assertEquals(Object.keys(cells[1].outputs[0].data).sort(), [
      "image/png",
      "image/svg+xml",
      "text/plain",
    ]);
  });
});
