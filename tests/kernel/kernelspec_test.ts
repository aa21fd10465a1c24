import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { readConnection } from "../../lib/kernel/connection.ts";
import { checkVersion } from "../../lib/kernel/stable_deno.ts";

const root = new URL("../../", import.meta.url).pathname;

async function withFolder(test: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "kernelspec-" }));
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a task as a user does. */
async function task(name: string, args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name, ...args],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("the kernel is installed, looked at and removed where it is told to be", async () => {
  await withFolder(async (folder) => {
    const places: [string[], Record<string, string>, string][] = [
      [["--prefix", folder], {}, `${folder}/share/jupyter`],
      [["--user"], { JUPYTER_DATA_DIR: `${folder}/data` }, `${folder}/data`],
      [
        [],
        { JUPYTER_DATA_DIR: "", XDG_DATA_HOME: `${folder}/xdg`, HOME: folder },
        `${folder}/xdg/jupyter`,
      ],
    ];
    // npm packages stay where they are, wherever HOME is
    const cache = { DENO_DIR: await denoDir() };
    for (const [args, env, data] of places) {
      if (args.length === 0 && Deno.build.os !== "linux") continue;
      const spec = `${data}/kernels/losslandscape`;
      const installed = await task("kernel", args, { ...cache, ...env });
      assertEquals([installed.code, installed.err], [0, ""]);
      assertStringIncludes(installed.out, `installed "Loss Landscape (Deno)" in ${spec}\n`);
      assertMatch(installed.out, /it starts, computes and ends in \d+\.\d s/);
      const names = [...Deno.readDirSync(spec)].map(({ name }) => name).sort();
      assertEquals(names, ["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]);
      const { argv, ...said } = JSON.parse(await Deno.readTextFile(`${spec}/kernel.json`));
      assertEquals([said.display_name, said.language, said.interrupt_mode], [
        "Loss Landscape (Deno)",
        "typescript",
        "message",
      ]);
      assertEquals(argv.at(-1), "{connection_file}");
      assert(Deno.statSync(argv[0]).isFile && Deno.statSync(argv.at(-2)).isFile);
      const status = await task("kernel", ["status", ...args], { ...cache, ...env });
      assertStringIncludes(status.out, `${spec}: works, `);
      assertEquals(
        (await task("kernel", ["uninstall", ...args], { ...cache, ...env })).out,
        `removed ${spec}`,
      );
      assertEquals(await task("kernel", ["uninstall", ...args], { ...cache, ...env }), {
        code: 1,
        out: "",
        err: "kernel: no kernel losslandscape is installed there; see kernel status",
      });
    }
  });
});

async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

Deno.test("misuse of the commands is told in a line", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const cases: [string, string[], number, RegExp][] = [
      [
        "kernel",
        ["instal"],
        2,
        /^kernel: expected install, uninstall or status, got instal; see --help$/,
      ],
      ["kernel", ["--prefix"], 2, /^kernel: --prefix needs a folder$/],
      [
        "kernel",
        ["--user", "--prefix", "x"],
        2,
        /^kernel: --user and --prefix are two places; choose one$/,
      ],
      ["kernel", ["--sys"], 2, /^kernel: there is no option --sys; see --help$/],
      ["kernel", ["--prefix", `${folder}/file`], 1, /^kernel: Cannot write .*: Not a directory.*$/],
      ["cli", ["kern"], 2, /^losslandscape: there is no command kern; see losslandscape --help$/],
      ["cli", ["notebooks", "--jobs=0"], 2, /^notebooks: --jobs must be a whole number/],
    ];
    for (const [name, args, code, line] of cases) {
      const told = await task(name, args);
      assertEquals([told.code, told.out], [code, ""], args.join(" "));
      assertMatch(told.err, line);
    }
  });
});

Deno.test("a connection file that cannot be used is told in a line, and so is a port that is taken", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/connection.json`;
    const good = {
      ip: "127.0.0.1",
      transport: "tcp",
      key: "k",
      signature_scheme: "hmac-sha256",
      shell_port: 1,
      iopub_port: 2,
      stdin_port: 3,
      control_port: 4,
      hb_port: 5,
    };
    const cases: [string, string][] = [
      ["{", "it is not JSON"],
      ["null", "shell_port must be a port, 1 to 65535, got undefined"],
      [
        JSON.stringify({ ...good, hb_port: 70_000 }),
        "hb_port must be a port, 1 to 65535, got 70000",
      ],
      [JSON.stringify({ ...good, transport: "udp" }), `transport must be tcp or ipc, got "udp"`],
      [JSON.stringify({ ...good, key: 3 }), "ip and key must be texts"],
      [
        JSON.stringify({ ...good, signature_scheme: "rot13" }),
        "signature_scheme must be hmac-sha256",
      ],
    ];
    for (const [text, why] of cases) {
      await Deno.writeTextFile(file, text);
      assertThrows(
        () => readConnection(file),
        Error,
        `Cannot read the connection file ${file}: ${why}`,
      );
    }
    assertThrows(() => readConnection(`${folder}/none`), Error, "there is no such file");

    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    await Deno.writeTextFile(file, JSON.stringify({ ...good, shell_port: port }));
    const serve = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "-A",
        "--config",
        `${root}deno.json`,
        `${root}lib/kernel/serve.ts`,
        file,
      ],
      stdin: "null",
    });
    const { code, stderr } = await serve.output();
    assertEquals(code, 1);
    assertEquals(
      new TextDecoder().decode(stderr).trim(),
      `losslandscape kernel: Cannot listen on tcp://127.0.0.1:${port}: Address already in use`,
    );
  });
});

Deno.test("a Deno that is too old is told", () => {
  for (const version of ["2.9.0", "2.10.1", "3.0.0", "2.9.0-rc.1"]) checkVersion(version, "Deno");
  for (const version of ["2.8.4", "1.46.3"]) {
    assertThrows(
      () => checkVersion(version, "Deno"),
      Error,
      `Deno is ${version}, and 2.9 or later is needed: run deno upgrade`,
    );
  }
});
