import { assertEquals, assertRejects } from "@std/assert";
import { evaluate } from "../../../lib/engine/pool/evaluate.ts";
import { recordProgram } from "../../../lib/engine/pool/record_program.ts";
import { type PoolWorker, startWorker } from "../../../lib/engine/pool/start_worker.ts";
import { passTraces, type Traces } from "../../../lib/engine/traces.ts";
import { mlp } from "../../../mod.ts";
import { modelCase } from "../losses.ts";
import { productAt, samples, vector } from "./programs.ts";
import { withPool } from "./with_pool.ts";

const { loss, theta } = modelCase(mlp({ inputs: 3, hidden: [5], outputs: 2 }), "crossEntropy");
const traces = (await passTraces(loss, theta))!;
const task = { traces, what: "product", argument: "hessian", precision: "float32" } as const;

/** Workers of which the first one dies over its first task. */
function mortal() {
  const workers: PoolWorker[] = [];
  const start = () => {
    const worker = startWorker(), first = workers.push(worker) === 1;
    const post = worker.postMessage.bind(worker);
    worker.postMessage = (message, transfer) => {
      post(message, transfer);
      if (first && message.kind === "task") setTimeout(() => worker.terminate(), 5);
    };
    return worker;
  };
  return { workers, start };
}

Deno.test("a worker that dies over a recording is replaced, and the program is the same", async () => {
  const whole = await withPool({ workers: 1 }, (pool) => recordProgram(pool, task));
  const { workers, start } = mortal();
  const again = await withPool({ workers: 1, start }, (pool) => recordProgram(pool, task));
  assertEquals(workers.length, 2);
  assertEquals(again, whole);
});

Deno.test("a worker that dies over a product is replaced, and the product is the same", async () => {
  const width = 4;
  const job = {
    program: productAt({ width }),
    data: samples(90, width),
    fixed: { theta: { data: vector(width), shape: [width] } },
    single: true,
  };
  const items = { count: 1, at: () => ({ v: vector(width, 7) }) };
  const outputs = { product: "sum" } as const;
  const whole = await withPool({ workers: 1 }, (p) => evaluate(p, job, items, { outputs }));
  const { workers, start } = mortal();
  const again = await withPool({ workers: 1, start }, (p) => evaluate(p, job, items, { outputs }));
  assertEquals(workers.length, 2);
  assertEquals(again, whole);
});

Deno.test("what cannot be recorded is said by the worker as it would be here", () =>
  withPool({ workers: 1 }, async (pool) => {
    const passes = structuredClone(traces.passes!);
    for (const recorded of Object.values(passes)) {
      recorded.values.losses = recorded.values.losses.map((x) => x + 1);
    }
    const wrong: Traces = { ...traces, passes };
    await assertRejects(
      () => recordProgram(pool, { ...task, traces: wrong }),
      Error,
      "the recorded loss is not the loss (a replay is off by",
    );
    assertEquals((await recordProgram(pool, task)).precision, "float32");
  }));
