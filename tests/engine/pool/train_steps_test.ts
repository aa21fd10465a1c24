import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertRejects,
} from "@std/assert";
import type { Feeds, Reply } from "../../../lib/engine/pool/messages.ts";
import { type PoolWorker, startWorker } from "../../../lib/engine/pool/start_worker.ts";
import { type Training, trainSteps } from "../../../lib/engine/pool/train_steps.ts";
import { samples, step, vector } from "./programs.ts";
import { withPool } from "./with_pool.ts";

const width = 5, n = 50, batch = 8, data = samples(n, width);
const rows = (step: number) =>
  Int32Array.from({ length: step % 7 === 6 ? 3 : batch }, (_, i) => (step * 11 + i * 3) % n);
const rate = (step: number) => 0.02 * 0.99 ** step;
const state: Feeds = {
  theta: { data: vector(width), shape: [width] },
  momentum: { data: new Float32Array(width), shape: [width] },
};
const training: Training = {
  program: step({ width }),
  data,
  chunk: 20,
  state,
  loss: "losses",
  steps: 120,
  rows,
  scalars: { rate },
};

/** The same steps by plain loops in double precision. */
function byHand(steps: number) {
  const theta = [...vector(width)], momentum = theta.map(() => 0), losses: number[] = [];
  for (let k = 0; k < steps; k++) {
    const gradient = theta.map(() => 0), chosen = rows(k);
    let loss = 0;
    for (const i of chosen) {
      const x = [...data.x.data.subarray(i * width, (i + 1) * width)].map(Number);
      const r = x.reduce((sum, xj, j) => sum + xj * theta[j], 0) - Number(data.y.data[i]);
      loss += r * r / 2 / chosen.length;
      x.forEach((xj, j) => gradient[j] += xj * r / chosen.length);
    }
    losses.push(loss);
    for (let j = 0; j < width; j++) {
      momentum[j] = 0.9 * momentum[j] + gradient[j];
      theta[j] -= rate(k) * momentum[j];
    }
  }
  return { theta, losses };
}

Deno.test("steps give the weights and losses of plain loops", () =>
  withPool({ workers: 2 }, async (pool) => {
    const { theta, losses } = byHand(training.steps);
    const seen: number[] = [], states: number[] = [];
    const trained = await trainSteps(pool, { ...training, statesAfter: [0, 10, 25, 120] }, {
      visit: (from, some) => {
        assertEquals(from, seen.length);
        seen.push(...some);
      },
      visitState: (step) => states.push(step),
    });
    theta.forEach((x, j) => assertAlmostEquals(Number(trained.state.theta.data[j]), x, 1e-5));
    losses.forEach((loss, k) => assertAlmostEquals(trained.losses[k], loss, 1e-4));
    assertEquals([...trained.losses], seen);
    assertEquals(states, [10, 25, 120]);
    assertEquals([trained.step, trained.diverged], [120, false]);
  }));

Deno.test("a training whose worker dies goes on from the last state, bit for bit", async () => {
  const undisturbed = await withPool({ workers: 1 }, (pool) => trainSteps(pool, training));
  const workers: PoolWorker[] = [];
  const start = () => {
    workers.push(startWorker());
    return workers.at(-1)!;
  };
  let seen = 0;
  const disturbed = await withPool(
    { workers: 1, start },
    (pool) =>
      trainSteps(pool, { ...training, statesAfter: [13, 40] }, {
        visit: () => ++seen === 2 && workers[0].terminate(),
      }),
  );
  assertEquals(disturbed, undisturbed);
  assertEquals(workers.length, 2);
});

Deno.test("of data above a worker's budget only the samples of the next steps travel", async () => {
  const whole = await withPool({ workers: 1 }, (pool) => trainSteps(pool, training));
  const needs: string[] = [];
  const start = () => {
    const worker = startWorker();
    worker.on(
      "message",
      ((reply: Reply) => {
        if (reply.kind === "need") needs.push(reply.need.kind);
      }) as (value: never) => void,
    );
    return worker;
  };
  const budget = 4 * n * (width + 1) - 1;
  const some = await withPool(
    { workers: 1, start },
    (pool) => trainSteps(pool, { ...training, budget }),
  );
  assertEquals(some, whole);
  assertEquals(needs.includes("rows"), true);
  // once, for what is the same for all samples
  assertLess(needs.filter((kind) => kind === "data").length, 2);
});

Deno.test("steps that are made many at once give what they give one by one, bit for bit", () =>
  withPool({ workers: 1 }, async (pool) => {
    const every = Array.from({ length: training.steps }, (_, i) => i + 1);
    const single = await trainSteps(pool, { ...training, statesAfter: every });
    assertEquals(await trainSteps(pool, training), single);
  }));

Deno.test("several trainings at once, also in one worker, do not mix", async () => {
  const other = { ...training, scalars: { rate: () => 0.01 } };
  const alone = await withPool({ workers: 1 }, async (pool) => [
    await trainSteps(pool, training),
    await trainSteps(pool, other),
  ]);
  for (const workers of [1, 2]) {
    const together = await withPool(
      { workers },
      (pool) => Promise.all([trainSteps(pool, training), trainSteps(pool, other)]),
    );
    assertEquals(together, alone);
  }
});

Deno.test("training ends where it diverges, at the first weights that are not finite", () =>
  withPool({ workers: 1 }, async (pool) => {
    const { state, step, losses, diverged } = await trainSteps(pool, {
      ...training,
      steps: 1000,
      scalars: { rate: () => 10 },
    });
    assertEquals(diverged, true);
    assertLess(step, 1000);
    assertEquals(losses.length, step);
    assertEquals(state.theta.data.some((x) => !Number.isFinite(Number(x))), true);
    const before = await trainSteps(pool, {
      ...training,
      steps: step - 1,
      scalars: { rate: () => 10 },
    });
    assertEquals(before.diverged, false);
  }));

Deno.test("a training that lacks an input is refused", () =>
  withPool({ workers: 1 }, async (pool) => {
    await assertRejects(
      () => trainSteps(pool, { ...training, scalars: {} }),
      RangeError,
      "Cannot train: the program's input rate is missing",
    );
  }));

Deno.test("Stop keeps the steps that were made", () =>
  withPool({ workers: 1 }, async (pool) => {
    const stop = new AbortController();
    const whole = await trainSteps(pool, training);
    const { losses, step, state: last } = await trainSteps(
      pool,
      { ...training, statesAfter: [5] },
      { signal: stop.signal, visit: (from) => from >= 5 && stop.abort() },
    );
    assertGreater(losses.length, 5);
    assertLess(losses.length, 120);
    assertEquals(losses, whole.losses.slice(0, losses.length));
    assertEquals(step, 5);
    assertEquals(last.theta.data.length, width);
  }));
