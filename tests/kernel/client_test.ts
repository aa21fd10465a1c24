import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { type Execution, startKernel } from "../../lib/kernel/client.ts";
import type { Output } from "../../lib/kernel/output.ts";
import { cellOfKind } from "./cells.ts";

/** The text of an output. */
const textOf = (output: Output) =>
  output.output_type === "stream"
    ? output.text
    : output.output_type === "error"
    ? `${output.ename}: ${output.evalue}`
    : String(output.data["text/plain"] ?? output.data["text/html"]);

const textsOf = ({ outputs }: Execution) => outputs.map(textOf);

Deno.test("sixty cells of all kinds, twice: no output is lost and none is in another cell", async () => {
  for (let round = 0; round < 2; round++) {
    await using kernel = await startKernel();
    for (let i = 0; i < 60; i++) {
      const [code, ends] = cellOfKind(i + round, i);
      const execution = await kernel.execute(code, { timeout: 200 });
      assertEquals(execution.executionCount, i + 1);
      assertEquals(
        textsOf(execution).map((text, j) => text.slice(-(ends[j]?.length ?? 20))),
        ends,
        code,
      );
    }
  }
});

Deno.test("requests that are made at once are executed in order and keep their outputs apart", async () => {
  await using kernel = await startKernel();
  const executions = await Promise.all(
    Array.from({ length: 20 }, (_, i) => kernel.execute(`console.log("first ${i}"); ${i}`)),
  );
  assertEquals(
    executions.map(textsOf),
    Array.from({ length: 20 }, (_, i) => [`first ${i}\n`, `${i}`]),
  );
});

Deno.test("errors, thrown, uncaught, of syntax and of imports, are told with what they say", async (t) => {
  await using kernel = await startKernel();
  const cases: [string, string, string][] = [
    [`console.log("before"); throw new RangeError("too big");`, "RangeError", "too big"],
    ["let a = 1;\nlet b = a +* 2;", "SyntaxError", "Expression expected"],
    ["const c: = 3;", "SyntaxError", "Unexpected token `=`"],
    [`import { x } from "./none.ts";`, "TypeError", "Module not found"],
    [
      `setTimeout(() => { throw new TypeError("late"); }, 5); await new Promise((r) => setTimeout(r, 50));`,
      "TypeError",
      "late",
    ],
    [
      `Promise.reject(new Error("nobody listens")); await new Promise((r) => setTimeout(r, 20));`,
      "Error",
      "nobody listens",
    ],
  ];
  for (const [code, name, message] of cases) {
    await t.step(code.split("\n").at(-1)!, async () => {
      const execution = await kernel.execute(code, { timeout: 20 });
      assertEquals(execution.status, "error");
      const last = execution.outputs.findLast(({ output_type }) => output_type === "error");
      assert(last, "an error is among the outputs");
      assertEquals(execution.error?.name, name);
      assertStringIncludes(execution.error!.message, message);
      assertStringIncludes(textOf(last), message);
      assertEquals(textsOf(await kernel.execute("1 + 1")), ["2"], "and the kernel lives");
    });
  }
});

Deno.test("a timeout stops a loop that never ends and one that awaits and listens; state is kept", async () => {
  await using kernel = await startKernel();
  await kernel.execute("const kept = 42;");
  const loop = await kernel.execute(`console.log("begun"); for (;;) {}`, { timeout: 0.3 });
  assertEquals(loop.status, "timeout");
  assertEquals(textsOf(loop), ["begun\n", "Timeout: did not end within 0.3 s"]);
  const listening = await kernel.execute(
    `const stop = new AbortController();
    Deno.addSignalListener("SIGINT", () => stop.abort());
    let rounds = 0;
    while (!stop.signal.aborted) { rounds++; await new Promise((r) => setTimeout(r, 1)); }
    rounds > 0`,
    { timeout: 0.3 },
  );
  assertEquals(listening.status, "timeout");
  assertEquals(textsOf(listening)[0], "true");
  assertEquals(textsOf(await kernel.execute("kept")), ["42"]);
});

Deno.test("a signal stops a cell, and one that is aborted already keeps it from running", async () => {
  await using kernel = await startKernel();
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  assertEquals((await kernel.execute("for (;;) {}", { signal: stop.signal })).status, "aborted");
  const never = await kernel.execute("globalThis.ran = true", { signal: stop.signal });
  assertEquals(never.status, "aborted");
  assertEquals(textsOf(await kernel.execute("String(globalThis.ran)")), [`"undefined"`]);
});

Deno.test("cells that await and do not listen are stopped too, in whatever they are, and the state is kept", async () => {
  await using kernel = await startKernel();
  await kernel.execute("let kept = 41;");
  const cells = [
    "await new Promise(() => {});",
    "while (true) await new Promise((resolve) => setTimeout(resolve, 1));",
    "await new Promise((resolve) => setTimeout(resolve, 1)); for (;;) {}",
    "async function f() { await 0; for (;;) {} }; await f()",
  ];
  for (const code of cells) {
    const stopped = await kernel.execute(`console.log("begun"); ${code}`, { timeout: 0.2 });
    assertEquals(stopped.status, "timeout");
    assertEquals(textsOf(stopped), ["begun\n", "Timeout: did not end within 0.2 s"], code);
    assertEquals(textsOf(await kernel.execute("kept++; kept")).length, 1);
  }
  assertEquals(textsOf(await kernel.execute("kept")), ["45"]);
});

Deno.test("a kernel whose timer never returns cannot be stopped, and is ended", async () => {
  await using kernel = await startKernel();
  const code =
    `console.log("begun"); setTimeout(() => { for (;;) {} }, 1); await new Promise(() => {});`;
  const wedged = await kernel.execute(code, { timeout: 0.2 });
  assertEquals(wedged.status, "timeout");
  assertEquals(textsOf(wedged), [
    "begun\n",
    "Timeout: did not end within 0.2 s, and had to be ended with its kernel",
  ]);
  assertEquals((await kernel.execute("1")).status, "died");
});

Deno.test("a kernel that dies is reported in the cell, with what it printed before", async () => {
  await using kernel = await startKernel();
  const code =
    `console.log("farewell"); await new Promise((r) => setTimeout(r, 100)); Deno.exit(3);`;
  const execution = await kernel.execute(code);
  assertEquals(execution.status, "died");
  assertEquals(textsOf(execution), [
    "farewell\n",
    "KernelDied: the kernel ended with exit code 3",
  ]);
});

Deno.test("prompt and confirm are answered by whoever runs the cell", async () => {
  await using kernel = await startKernel();
  const asked: string[] = [];
  const input = (prompt: string) => (asked.push(prompt.trim()), "y");
  const execution = await kernel.execute(`prompt("name?") + confirm("sure")`, { input });
  assertEquals(textsOf(execution), [`"ytrue"`]);
  assertEquals(asked, ["name?", "sure [y/N]"]);
  assertEquals(textsOf(await kernel.execute(`String(prompt("name?"))`)), [`"null"`]);
});

Deno.test("a kernel that cannot be started says why, with its last words", async () => {
  const deno = Deno.execPath();
  await assertRejects(
    () => startKernel({ command: ["/no/such/program"] }),
    Error,
    "Cannot start the kernel",
  );
  await assertRejects(
    () => startKernel({ cwd: "/no/such/folder" }),
    Error,
    "Cannot start the kernel",
  );
  await assertRejects(
    () => startKernel({ command: [deno, "eval", `console.error("no memory"); Deno.exit(2)`] }),
    Error,
    "Cannot start the kernel: the kernel ended with exit code 2; its last words: no memory",
  );
});

Deno.test({
  name: "a kernel one of whose ports was taken before it listened is started again, with others",
  ignore: Deno.build.os === "windows",
  async fn() {
    const flag = await Deno.makeTempFile(), taken = "Address already in use (os error 98)";
    const script = `[ -e ${flag} ] && rm ${flag} && echo "${taken}" >&2 && exit 1
      exec ${Deno.execPath()} jupyter --kernel --conn "$0"`;
    await using kernel = await startKernel({ command: ["sh", "-c", script] });
    const { outputs } = await kernel.execute("6 * 7");
    assertEquals(outputs.map((output) => "data" in output && output.data["text/plain"]), ["42"]);
  },
});

Deno.test("a kernel does not outlive whoever started it, even one that is killed in a busy cell", async () => {
  const client = new URL("../../lib/kernel/client.ts", import.meta.url).href;
  const script = `import { startKernel } from ${JSON.stringify(client)};
    const kernel = await startKernel();
    kernel.execute("for (;;) {}");
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log(kernel.pid);
    Deno.kill(Deno.pid, "SIGKILL");`;
  const parent = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", new URL("../../deno.json", import.meta.url).pathname, script],
    stderr: "null",
  });
  const pid = Number(new TextDecoder().decode((await parent.output()).stdout));
  assertGreater(pid, 0);
  // signal 0 cannot be sent from Deno: SIGCONT does no harm to what runs
  const isAlive = () => {
    try {
      Deno.kill(pid, "SIGCONT");
      return true;
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 100 && isAlive(); i++) await new Promise((r) => setTimeout(r, 100));
  assertEquals(isAlive(), false);
});
