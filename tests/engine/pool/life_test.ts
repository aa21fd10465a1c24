import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { Worker } from "node:worker_threads";
import { builder } from "../../../lib/engine/build.ts";
import { compile } from "../../../lib/engine/compile.ts";
import { evaluate, type Items } from "../../../lib/engine/pool/evaluate.ts";
import type { Job } from "../../../lib/engine/pool/job.ts";
import { pool } from "../../../lib/engine/pool/pool.ts";
import { type PoolWorker, startWorker } from "../../../lib/engine/pool/start_worker.ts";
import type { Program } from "../../../lib/engine/program.ts";
import { samples, valueOnSlice, vector } from "./programs.ts";
import { withPool } from "./with_pool.ts";

const width = 6, count = 60;
const surface: Job = {
  program: valueOnSlice({ width }),
  data: samples(500, width),
  fixed: {
    origin: { data: vector(width), shape: [width] },
    directions: { data: vector(2 * width, 3), shape: [2, width] },
  },
};
const coordinates = Float32Array.from({ length: 2 * count }, (_, i) => Math.sin(i));
const items: Items = {
  count,
  at: (from, to) => ({ coordinates: coordinates.subarray(2 * from, 2 * to) }),
};
const outputs = { losses: "moments" } as const;

/** A product of matrices that takes a core some tenths of a second, whatever its one input. */
function slow(factors: number): Job {
  const b = builder(), dtype = "float32", n = 1000;
  const matrix = b.constant(vector(n * n), [n, n], dtype);
  let product = b.op("Mul", [matrix, b.input("theta", { dtype, shape: [] }, 1)]);
  for (let i = 0; i < factors; i++) product = b.op("MatMul", [product, matrix]);
  b.graph.outputs = [{
    name: "sum",
    value: b.op("ReduceMean", [product], { axes: [0, 1], keepdims: 0 }),
  }];
  return { program: compile(b.graph, { precision: dtype }) };
}
const ones: Items = {
  count: 4,
  at: (from, to) => ({ theta: new Float32Array(to - from).fill(1) }),
};

Deno.test("a worker that dies is replaced, and nobody sees it in the results", async () => {
  const undisturbed = await withPool(
    { workers: 2 },
    (pool) => evaluate(pool, surface, items, { outputs }),
  );
  const workers: PoolWorker[] = [];
  const start = () => {
    workers.push(startWorker());
    return workers.at(-1)!;
  };
  let seen = 0;
  const disturbed = await withPool({ workers: 2, start }, (pool) =>
    evaluate(pool, surface, items, {
      outputs,
      visit: () => {
        if (++seen === 5) { for (const worker of [...workers]) worker.terminate(); }
      },
    }));
  assertEquals(disturbed, undisturbed);
  assertGreater(workers.length, 2);
});

Deno.test("a part over which two workers die ends the job, and the error says so", () => {
  let started = 0;
  const start = () => {
    started++;
    const code = `import { parentPort } from "node:worker_threads";
      parentPort.on("message", () => { Deno.exit(3) });`;
    return new Worker(
      new URL(`data:text/javascript,${encodeURIComponent(code)}`),
    ) as unknown as PoolWorker;
  };
  return withPool({ workers: 1, start }, async (pool) => {
    await assertRejects(
      () => evaluate(pool, surface, items, { outputs, doing: "sample the landscape" }),
      Error,
      "Cannot sample the landscape: 2 workers died over the same part of it (exit code 3)",
    );
    assertEquals(started, 2);
  });
});

Deno.test("Stop keeps what there is, and the workers", () =>
  withPool({ workers: 2 }, async (pool) => {
    const stop = new AbortController();
    let seen = 0;
    const found = await evaluate(pool, surface, items, {
      outputs,
      signal: stop.signal,
      visit: () => ++seen === 3 && stop.abort(),
    });
    const kept = found.filter((evaluated) => evaluated).length;
    assertGreater(kept, 2);
    assertLess(kept, count);
    assertEquals(kept, seen, "nothing comes after Stop");
    const again = await evaluate(pool, surface, items, { outputs });
    assert(again.every((evaluated) => evaluated));
    found.forEach((evaluated, i) => evaluated && assertEquals(evaluated, again[i]));
    assertEquals(
      await evaluate(pool, surface, items, { outputs, signal: stop.signal }),
      new Array(count),
    );
  }));

Deno.test("Stop does not wait for a native run, and the event loop never does", () =>
  withPool({ workers: 1 }, async (pool) => {
    const events: string[] = [], stop = new AbortController();
    let ticks = 0;
    const clock = setInterval(() => ticks++, 5);
    const job = slow(30);
    await evaluate(pool, job, { ...ones, count: 1 }, { outputs: { sum: "mean" } });
    assertGreater(ticks, 10, "timers fire while a native run is under way");
    clearInterval(clock);

    const running = evaluate(pool, job, ones, { outputs: { sum: "mean" }, signal: stop.signal })
      .then(() => events.push("settled"));
    setTimeout(() => stop.abort(), 50);
    // a worker answers when its native run is through
    await new Promise((resolve) => setTimeout(resolve, 40));
    await Promise.all([running, pool.holdings().then(() => events.push("worker is free"))]);
    assertEquals(events, ["settled", "worker is free"]);
  }));

Deno.test("jobs at the same time do not mix", () =>
  withPool({ workers: 2 }, async (pool) => {
    const one = { ...surface, data: samples(100, width) };
    const [a, b] = await Promise.all([
      evaluate(pool, surface, items, { outputs }),
      evaluate(pool, one, items, { outputs }),
    ]);
    assert(a.every((found) => found!.moments.losses.count === 500));
    assert(b.every((found) => found!.moments.losses.count === 100));
    assertEquals(await evaluate(pool, one, items, { outputs }), b);
  }));

Deno.test("ten thousand evaluations and a hundred programs leak nothing", () =>
  withPool({ workers: 1 }, async (pool) => {
    const many = (count: number, job = surface) =>
      evaluate(pool, job, {
        count,
        at: (from, to) => ({ coordinates: new Float32Array(2 * (to - from)) }),
      }, { outputs });
    const renamed = (i: number): Program => ({ ...surface.program, digest: `program ${i}` });
    const round = async (programs: number, from: number) => {
      for (let i = 0; i < programs; i++) {
        await many(10, { ...surface, program: renamed(from + i), data: { ...surface.data } });
      }
    };
    await many(2000);
    await round(20, 0);
    const before = await pool.holdings(), memory = Deno.memoryUsage().rss;
    await many(10_000);
    await round(100, 20);
    const after = await pool.holdings();
    assertEquals(after[0].programs, before[0].programs);
    assertEquals(after[0].sessions, before[0].sessions);
    assertEquals(after[0].bound, before[0].bound);
    assertEquals(after[0].bytes, before[0].bytes);
    assertLess(Deno.memoryUsage().rss - memory, 100e6);
  }));

Deno.test("what is forgotten is freed, with all that was bound to it", () =>
  withPool({ workers: 1 }, async (pool) => {
    await evaluate(pool, surface, items, { outputs });
    assertGreater((await pool.holdings())[0].bytes, 0);
    pool.forget(surface.fixed!);
    pool.forget(surface.data!);
    assertEquals((await pool.holdings())[0].bytes, 0);
  }));

Deno.test("a pool that was closed can be used again", async () => {
  const lent = pool({ workers: 1 });
  const first = await evaluate(lent, surface, items, { outputs });
  const cut = assertRejects(
    () => evaluate(lent, slow(30), ones, { outputs: { sum: "mean" }, doing: "multiply" }),
    Error,
    "Cannot multiply: the workers were ended",
  );
  await lent.close();
  await cut;
  assertEquals(await evaluate(lent, surface, items, { outputs }), first);
  await lent.close();
});

/** Runs a script in a Deno of its own; it must end by itself. */
async function script(
  flags: string[],
  code: string,
): Promise<{ code: number; out: string; err: string }> {
  const url = (path: string) => new URL(path, import.meta.url).href;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      file,
      `import { evaluate } from "${url("../../../lib/engine/pool/evaluate.ts")}";
       import { nativeAvailable } from "${url("../../../lib/engine/pool/available.ts")}";
       import { defaultPool } from "${url("../../../lib/engine/pool/pool.ts")}";
       import { gradientAt, samples, vector } from "${url("./programs.ts")}";
       const job = { program: gradientAt({ width: 2 }), data: samples(9, 2) };
       const run = () => evaluate(defaultPool(), job, { count: 2, at: (from, to) => ({ theta: vector(2 * (to - from)) }) },
         { outputs: { losses: "moments" } });
       ${code}`,
    );
    const { code: status, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags, file],
      env: { NO_COLOR: "1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code: status, out: text(stdout), err: text(stderr) };
  } finally {
    await Deno.remove(file);
  }
}
const config = ["--config", new URL("../../../deno.json", import.meta.url).pathname];

Deno.test("idle workers do not keep a script alive, and the runtime is announced once", async () => {
  const { code, out, err } = await script(
    [...config, "--allow-ffi", "--allow-read"],
    `console.log((await run()).length, (await run()).length);`,
  );
  assertEquals(code, 0, err);
  assertEquals(out, "2 2\n");
  assertEquals(err.match(/Loading ONNX Runtime/g)?.length, 1, err);
});

Deno.test("without a permission the answer is no, and nobody is asked", async () => {
  const ask = `console.log(JSON.stringify(nativeAvailable()));`;
  const none = await script([...config, "--allow-read"], ask);
  assertEquals(
    none.out,
    '{"ok":false,"reason":"the permission --allow-ffi is not given"}\n',
    none.err,
  );
  const both = await script([...config, "--allow-ffi", "--allow-read"], ask);
  assertEquals(both.out, '{"ok":true}\n', both.err);
});

Deno.test("without the package the first job says so, and from then on the answer is no", async () => {
  const folder = await Deno.makeTempDir();
  const own = JSON.parse(await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)));
  const imports = { ...own.imports, "npm:onnxruntime-node@1.30.0": "./nowhere.js" };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports }));
  const { out, err } = await script(
    ["--config", `${folder}/deno.json`, "--no-lock", "--allow-ffi", "--allow-read"],
    `await run().catch((error) => console.log(error.name));
     console.log(nativeAvailable().reason.split(":")[0]);`,
  );
  assertEquals(out, "NativeUnavailable\nONNX Runtime cannot be loaded\n", err);
  await Deno.remove(folder, { recursive: true });
});
