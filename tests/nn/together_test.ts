/** Several trainings and analyses at once share the workers, and none sees the others in its numbers. */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { defaultPool } from "../../lib/engine/pool/pool.ts";
import {
  hessian,
  initialize,
  landscape,
  layoutOf,
  mlp,
  modelLoss,
  moons,
  randomDirections,
  type Run,
  spectrum,
  train,
  trajectory,
} from "../../mod.ts";

const data = moons({ train: 200, test: 80 });
const model = mlp({ inputs: 2, hidden: [12, 12], outputs: 2, activation: "tanh" });
const layout = layoutOf(model), engine = "native";
const loss = modelLoss(model, data.train, { engine });
const test = modelLoss(model, data.test, { engine });
const seeds = [1, 2, 3];
const control = { progress: false } as const;

/** All that a run says, but for when. */
const toldBy = ({ checkpoints, stepLosses, history, best, partial }: Run) => ({
  checkpoints,
  stepLosses,
  history,
  best,
  partial,
});
const training = (seed: number, rest: { signal?: AbortSignal; epochs?: number } = {}) =>
  train(loss, initialize(layout, { seed }), {
    ...control,
    epochs: 6,
    batchSize: 16,
    learningRate: 0.1,
    momentum: 0.9,
    test,
    seed,
    ...rest,
  });

/** Each item by itself, then all at once. */
async function bothWays<T>(one: (seed: number) => Promise<T>): Promise<[T[], T[]]> {
  const alone: T[] = [];
  for (const seed of seeds) alone.push(await one(seed));
  return [alone, await Promise.all(seeds.map((seed) => one(seed)))];
}

Deno.test("trainings at once are those one after the other, bit for bit, on all workers", async () => {
  const [alone, together] = await bothWays((seed) => training(seed));
  assertEquals(together.map(toldBy), alone.map(toldBy));
  assert(together.every(({ config }) => config.engine === "native"));
  const busy = (await defaultPool().holdings()).filter(({ sessions }) => sessions > 0);
  assertEquals(busy.length, Math.min(seeds.length, defaultPool().size));
});

Deno.test("a training that is stopped leaves those beside it alone", async () => {
  const stop = new AbortController();
  const whole = await training(1);
  const [stopped, other] = await Promise.all([
    train(loss, initialize(layout, { seed: 2 }), {
      epochs: 1000,
      batchSize: 16,
      signal: stop.signal,
      progress: { report: ({ done }) => void (done > 40 && stop.abort()) },
    }),
    training(1),
  ]);
  assert(stopped.partial);
  assertGreater(stopped.stepLosses.length, 0);
  assertLess(stopped.stepLosses.length, 13_000);
  assertEquals(toldBy(other), toldBy(whole));
});

Deno.test("an exception in one caller's code is that caller's own", async () => {
  const whole = await training(1);
  const [failed, other] = await Promise.allSettled([
    train(loss, initialize(layout, { seed: 2 }), {
      epochs: 50,
      progress: {
        report() {
          throw new Error("mine");
        },
      },
    }),
    training(1),
  ]);
  assertEquals(failed.status === "rejected" && failed.reason.message, "mine");
  assert(other.status === "fulfilled");
  assertEquals(toldBy(other.value), toldBy(whole));
});

Deno.test("analyses at once are those one after the other, bit for bit", async () => {
  const { final, ...run } = await training(1, { epochs: 3 });
  const frame = (seed: number) => ({
    origin: final,
    directions: randomDirections(layout, final, { seed }),
  });
  const landscapes = await bothWays(async (seed) => {
    const { values, differenceErrors, accuracies } = await landscape(loss, frame(seed), {
      ...control,
      resolution: 7,
    });
    return { values, differenceErrors, accuracies };
  });
  assertEquals(landscapes[1], landscapes[0]);
  const spectra = await bothWays(async (seed) => {
    const { eigenvalues, residuals, trace } = await spectrum(hessian(loss, final), {
      ...control,
      steps: 8,
      probes: 2,
      seed,
    });
    return { eigenvalues, residuals, trace };
  });
  assertEquals(spectra[1], spectra[0]);
  const paths = await bothWays(async (seed) => {
    const path = await trajectory({ ...run, final }, frame(seed), { ...control, loss });
    return { losses: path.losses, planeLosses: path.planeLosses };
  });
  assertEquals(paths[1], paths[0]);
});
