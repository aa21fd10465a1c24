import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { connect } from "../../lib/kernel/channel.ts";
import { addressOf } from "../../lib/kernel/connection.ts";
import { cellOfKind } from "./cells.ts";
import { eventually, isAlive, startSession } from "./front_client.ts";

Deno.test("of a hundred cells that are sent at once, each has its own outputs, and idle is last", async () => {
  await using kernel = await startSession();
  const cells = Array.from({ length: 100 }, (_, i) => cellOfKind(i, i));
  const ids = cells.map(([code]) => kernel.begin(code));
  for (const [i, [code, ends]] of cells.entries()) {
    const { outputs, types, reply } = await kernel.finished(ids[i]);
    assertEquals(outputs.map((text, j) => text.slice(-(ends[j]?.length ?? 20))), ends, code);
    assertEquals([types[0], types[1], types.at(-1)], ["busy", "execute_input", "idle"]);
    assertEquals([reply.status, reply.execution_count], ["ok", i + 1]);
  }
  // nothing was published that belongs to no request
  const known = new Set(ids);
  const stray = kernel.heard.filter(({ channel, message: { header, parent_header } }) =>
    channel === "iopub" && !known.has(parent_header.msg_id!) &&
    !/^(status|iopub_welcome)$/.test(header.msg_type)
  );
  assertEquals(stray, []);
});

Deno.test("after an error the queued cells are aborted, unless stop_on_error is false", async () => {
  await using kernel = await startSession();
  const codes = ["throw new Error('no')", "globalThis.ran = 1", "globalThis.ran = 2"];
  const ids = codes.map((code) => kernel.begin(code));
  const [failed, ...others] = await Promise.all(ids.map((id) => kernel.finished(id)));
  assertEquals(failed.reply.status, "error");
  assertEquals(others.map(({ reply, types }) => [reply.status, types]), [
    ["aborted", ["busy", "idle"]],
    ["aborted", ["busy", "idle"]],
  ]);
  assertEquals((await kernel.execute("String(globalThis.ran)")).outputs, [`"undefined"`]);
  const on = [kernel.begin("throw 1", { stop_on_error: false }), kernel.begin("'goes on'")];
  assertEquals((await kernel.finished(on[0])).reply.status, "error");
  assertEquals((await kernel.finished(on[1])).outputs, ["'goes on'".replaceAll("'", '"')]);
});

Deno.test("errors are shown: of syntax, short and without the frames of others, deep ones cut", async () => {
  await using kernel = await startSession();
  const module = new URL("../../lib/loss.ts", import.meta.url).href;
  const cases: [string, RegExp][] = [
    [
      "const a = 1;\nconst b = a +* 2;",
      /^SyntaxError: Expression expected\n {4}at <anonymous>:2:\d+$/,
    ],
    [
      "function f() { throw new RangeError('far') }\nf()",
      /^RangeError: far\n {4}at f .*\n {4}at <anonymous>:\d+:\d+$/,
    ],
    ["throw new Error('two\\nlines')", /^Error: two\nlines\n {4}at <anonymous>:\d+:\d+$/],
    [
      "const dig = (n) => n ? dig(n - 1) : missing; dig(30)",
      /^ReferenceError: missing is not defined(\n {4}at .*){8}\n {4}… and 2 more$/,
    ],
    [
      `import { checkLoss } from ${JSON.stringify(module)};\ncheckLoss(3, "try")`,
      /^TypeError: Cannot try: .*\n {4}at <anonymous>:\d+:\d+$/,
    ],
    [
      "setTimeout(() => { throw new Error('late') }); await new Promise((r) => setTimeout(r, 50))",
      /^Error: late/,
    ],
  ];
  for (const [code, expected] of cases) {
    const { outputs, reply } = await kernel.execute(code);
    assertEquals([outputs.length, reply.status], [1, "error"], code);
    assertMatch(outputs[0], expected);
  }
});

Deno.test("Stop ends a cell, in whatever it is, keeps its state and aborts what is queued", async (t) => {
  await using kernel = await startSession();
  await kernel.execute("let kept = 40;");
  const sleep = "await new Promise((resolve) => setTimeout(resolve, 1))";
  const cases: Record<string, [string, RegExp]> = {
    "a loop": ["for (;;) {}", /^Stopped: the cell was stopped$/],
    "a loop behind an await": [`${sleep}; for (;;) {}`, /^Stopped/],
    "a loop in a function that awaits": [
      "await (async () => { await 0; for (;;) {} })()",
      /^Stopped/,
    ],
    "a loop that awaits": [`while (true) ${sleep};`, /^Stopped/],
    "a wait for ever": ["await new Promise(() => {});", /^Stopped/],
    "a loop that listens": [
      `let n = 0; while (!stopSignal.aborted) { n++; ${sleep}; } "partial"`,
      /^"partial"$/,
    ],
    "a listener": [
      `await new Promise((resolve) => stopSignal.addEventListener("abort", () => resolve("told")))`,
      /^"told"$/,
    ],
    "a question": [`prompt("why?")`, /^""$/],
  };
  for (const [name, [code, shown]] of Object.entries(cases)) {
    await t.step(name, async () => {
      const id = kernel.begin(code, { allow_stdin: true });
      const queued = kernel.begin("kept = 0");
      await kernel.wait(({ header, parent_header }) =>
        header.msg_type === "execute_input" && parent_header.msg_id === id
      );
      await new Promise((resolve) => setTimeout(resolve, 150));
      kernel.stop();
      const { outputs } = await kernel.finished(id);
      assertEquals(outputs.length, 1);
      assertMatch(outputs[0], shown);
      assertEquals((await kernel.finished(queued)).reply.status, "aborted");
      assertEquals((await kernel.execute("kept + 2 + Number(stopSignal.aborted)")).outputs, ["42"]);
    });
  }
});

Deno.test("Stop gives back what an analysis has computed, as a partial result", async () => {
  await using kernel = await startSession();
  const mod = new URL("../../mod.ts", import.meta.url).href;
  const before = await kernel.execute(
    `import { digits, landscape, mlp, modelLoss, randomDirections, flatten, train } from "${mod}";
    const data = await digits(), model = mlp({ inputs: 64, hidden: [20], outputs: 10 });
    const loss = modelLoss(model, data.train, { engine: "wasm" });
    const origin = flatten(model), directions = randomDirections(loss.layout, origin);
    "ready"`,
  );
  assertEquals(before.outputs.at(-1), `"ready"`);
  const cells = [
    `const run = await train(model, data, { epochs: 1e5, engine: "wasm" }); run.partial`,
    `const surface = await landscape(loss, { origin, directions }, { resolution: 500 }); surface.partial`,
  ];
  for (const code of cells) {
    const id = kernel.begin(code);
    await kernel.wait(
      ({ header, parent_header }) =>
        header.msg_type === "display_data" && parent_header.msg_id === id,
    );
    kernel.stop();
    const { outputs, reply } = await kernel.finished(id);
    assertEquals([outputs.at(-1), reply.status], ["true", "ok"], code);
  }
  const { outputs } = await kernel.execute(
    "run.partial && surface.partial && data.train.inputs.shape[1]",
  );
  assertEquals(outputs, ["64"]);
});

Deno.test("a cell that holds on to what it awaits cannot be stopped, and is told so", async () => {
  await using kernel = await startSession();
  const id = kernel.begin(
    "await new Promise((resolve) => globalThis.release = resolve); 'released'",
  );
  await kernel.wait(({ header }) => header.msg_type === "execute_input");
  kernel.stop();
  const told = await kernel.wait(({ header, parent_header }) =>
    header.msg_type === "stream" && parent_header.msg_id === id
  );
  assertStringIncludes(
    String(told?.content.text),
    "This cell cannot be stopped: it awaits something",
  );
  assertStringIncludes(String(told?.content.text), "signal: stopSignal");
});

Deno.test("completion, inspection, history, comms, questions and heartbeats pass through", async () => {
  await using kernel = await startSession();
  await kernel.execute("const aardvark = 1;");
  const ask = async (type: string, content: Record<string, unknown>) => {
    const id = kernel.send("shell", type, content);
    const reply = await kernel.wait(({ parent_header }, channel) =>
      channel === "shell" && parent_header.msg_id === id
    );
    assertEquals(reply?.header.msg_type, type.replace("_request", "_reply"));
    return reply!.content;
  };
  const { matches } = await ask("complete_request", { code: "aardv", cursor_pos: 5 });
  assertEquals(matches, ["aardvark"]);
  assertEquals((await ask("is_complete_request", { code: "f(" })).status, "incomplete");
  assertEquals((await ask("inspect_request", { code: "x", cursor_pos: 1 })).status, "ok");
  assertEquals((await ask("history_request", { hist_access_type: "tail", n: 1 })).status, "ok");
  assertEquals((await ask("comm_info_request", {})).comms, {});
  const info = await ask("kernel_info_request", {});
  assertEquals([info.protocol_version, info.implementation], ["5.4", "losslandscape"]);
  assertEquals((info.language_info as { name: string }).name, "typescript");
  kernel.send("shell", "comm_open", { comm_id: "c", target_name: "nobody", data: {} });
  kernel.send("shell", "no_such_request", {});

  const id = kernel.begin(`prompt("name?")`, { allow_stdin: true });
  const question = await kernel.wait((_, channel) => channel === "stdin");
  assertEquals(question?.parent_header.msg_id, id);
  assertEquals(question?.content.prompt, "name?");
  kernel.send("stdin", "input_reply", { value: "Ada", status: "ok" }, question!.header);
  assertEquals((await kernel.finished(id)).outputs, [`"Ada"`]);

  const beat = Promise.withResolvers<Uint8Array[]>();
  const heart = connect("dealer", addressOf(kernel.connection, "hb_port"), beat.resolve);
  heart.send([new Uint8Array(0), new TextEncoder().encode("ping")]);
  assertEquals(new TextDecoder().decode((await beat.promise).at(-1)), "ping");
  heart.close();
});

Deno.test("the control channel answers while a cell runs, and the kernel stays busy", async () => {
  await using kernel = await startSession();
  const id = kernel.begin("for (;;) {}");
  await new Promise((resolve) => setTimeout(resolve, 200));
  const asked = kernel.send("control", "kernel_info_request", {});
  const info = await kernel.wait(({ parent_header }, channel) =>
    channel === "control" && parent_header.msg_id === asked
  );
  assertEquals(info?.header.msg_type, "kernel_info_reply");
  await new Promise((resolve) => setTimeout(resolve, 100));
  const states = kernel.heard.filter(({ message }) => message.header.msg_type === "status");
  const { content, parent_header } = states.at(-1)!.message;
  assertEquals([content.execution_state, parent_header.msg_id], ["busy", id]);
  kernel.stop();
  await kernel.finished(id);
});

Deno.test("a kernel that dies is reported in its cell, with its last words, and ends", async () => {
  const kernel = await startSession();
  const { outputs, reply } = await kernel.execute(
    `console.log("farewell"); await new Promise((r) => setTimeout(r, 100)); Deno.exit(3);`,
  );
  assertEquals(outputs, ["farewell\n", "KernelDied: the kernel ended with exit code 3"]);
  assertEquals(reply.ename, "KernelDied");
  assertStringIncludes(await kernel.process.ended, "ended with exit code 1");
  await kernel[Symbol.asyncDispose]();
});

Deno.test("the kernel behind ends with the one in front: by shutdown, by SIGTERM, by SIGKILL in a busy cell", async () => {
  for (const end of ["shutdown", "SIGTERM", "SIGKILL"] as const) {
    const kernel = await startSession();
    const { outputs: [pid] } = await kernel.execute("Deno.pid");
    assertGreater(Number(pid), 0);
    if (end === "SIGKILL") {
      kernel.begin("for (;;) {}");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    if (end === "shutdown") kernel.send("control", "shutdown_request", { restart: true });
    else Deno.kill(kernel.process.pid, end);
    const how = await kernel.process.ended;
    if (end === "SIGKILL") assertStringIncludes(how, "SIGKILL");
    else assertStringIncludes(how, "exit code 0");
    if (end === "shutdown") {
      const reply = await kernel.wait(({ header }, channel) =>
        channel === "control" && header.msg_type === "shutdown_reply"
      );
      assertEquals(reply?.content, { status: "ok", restart: true });
    }
    assert(await eventually(() => !isAlive(Number(pid))), end);
    await kernel[Symbol.asyncDispose]();
  }
});
