import { assertEquals, assertLess } from "@std/assert";
import { evaluateTask } from "../../../lib/engine/pool/evaluate_task.ts";
import { memory } from "../../../lib/engine/pool/bind.ts";
import { answerTo, headerOf, type Job } from "../../../lib/engine/pool/job.ts";
import type { Answer, Need } from "../../../lib/engine/pool/messages.ts";
import { packed } from "../../../lib/engine/pool/pack.ts";
import { productAt, samples, vector } from "./programs.ts";

const width = 4, n = 64, chunk = 8;
const job: Job = {
  program: productAt({ width }),
  data: samples(n, width),
  fixed: { theta: { data: vector(width), shape: [width] } },
  chunk,
};

/** Products of three v as a worker makes them that may keep so many bytes; and what it asked for. */
async function within(budget: number) {
  const header = { ...headerOf(job, 1), budget }, needs: Need[] = [];
  const known = memory((_, need): Promise<Answer> => {
    needs.push(need);
    return Promise.resolve(answerTo(job, header, need));
  });
  const products = async () => {
    const items = { v: packed("float32", [3, width], vector(3 * width, 9)) };
    const chunks = { from: 0, to: n / chunk };
    const task = {
      kind: "evaluate",
      outputs: { product: "sum" },
      count: 3,
      items,
      chunks,
    } as const;
    const done = await evaluateTask(task, header, await known.binding(header), () => false);
    return new Float64Array(done!.values.product.buffer);
  };
  const first = await products(), second = await products();
  return { first, second, needs, kept: known.kept };
}

Deno.test("what does not fit in memory is made anew, with the same bits", async () => {
  const roomy = await within(1e6), tight = await within(1500), none = await within(0);
  for (const { first, second } of [roomy, tight, none]) {
    assertEquals(first, roomy.first);
    assertEquals(second, roomy.first);
  }
  const asked = ({ needs }: typeof roomy) => needs.filter(({ kind }) => kind === "data").length;
  const chunks = n / chunk;
  assertEquals(asked(roomy), chunks, "every chunk is asked for once");
  assertEquals(asked(none), 2 * chunks, "and once a task where nothing is kept, however many v");
  assertLess(tight.kept.bytes, 1501);
  assertEquals(none.kept.bytes, 0);
});
