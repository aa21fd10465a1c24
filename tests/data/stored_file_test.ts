import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { digits } from "../../lib/data/digits.ts";
import { storedFile } from "../../lib/data/stored_file.ts";

const datasets = new URL("../../datasets/", import.meta.url);

/** The package as a stranger's server has it. */
function serve(): { folder: URL; [Symbol.asyncDispose](): Promise<void> } {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const file = new URL(new URL(request.url).pathname.slice(1), datasets);
    try {
      return new Response(await Deno.readFile(file));
    } catch {
      return new Response(null, { status: 404 });
    }
  });
  return {
    folder: new URL(`http://127.0.0.1:${server.addr.port}/`),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("the files are the ones whose checksums stand beside them", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", datasets));
  for (const name of ["digits.csv.gz", "penguins.csv"]) {
    const digest = await crypto.subtle.digest(
      "SHA-256",
      await Deno.readFile(new URL(name, datasets)),
    );
    const text = new Uint8Array(digest).toHex();
    assertStringIncludes(readme, text);
  }
});

Deno.test("a package that was imported over the network fetches its files", async () => {
  await using server = serve();
  for (const name of ["digits.csv.gz", "penguins.csv"]) {
    const fetched = await storedFile(name, "load it", server.folder);
    assertEquals(fetched, await storedFile(name, "load it"));
  }
  await assertRejects(
    () => storedFile("absent.csv", "load it", server.folder),
    Error,
    `Cannot load it: ${server.folder}absent.csv answered 404`,
  );
});

Deno.test("a missing file is named, with what to do", async () => {
  const folder = new URL("no such folder/", datasets);
  const error = await assertRejects(() => storedFile("digits.csv.gz", "load the digits", folder));
  assertMatch(
    (error as Error).message,
    /^Cannot load the digits: .*\/datasets\/no such folder\/digits\.csv\.gz is missing; restore it/,
  );
});

Deno.test("a damaged file is named", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/digits.csv.gz`, "not packed");
  await assertRejects(
    () => storedFile("digits.csv.gz", "load the digits", new URL(`file://${folder}/`)),
    Error,
    `Cannot load the digits: ${folder}/digits.csv.gz is damaged; restore it`,
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "without permission to read, the error names the flag",
  permissions: { read: false },
  fn: async () => {
    await assertRejects(
      () => digits(),
      Error,
      "datasets/digits.csv.gz is not permitted; allow it with --allow-read",
    );
  },
});

Deno.test({
  name: "without permission to fetch, the error names the flag",
  permissions: { net: false },
  fn: async () => {
    await assertRejects(
      () => storedFile("digits.csv.gz", "load the digits", new URL("https://example.com/a/")),
      Error,
      "https://example.com/a/digits.csv.gz is not permitted; allow it with --allow-net=example.com",
    );
  },
});
