import { hessian, landscape, modelLoss, train } from "../../mod.ts";
import type { Request } from "./contestant.ts";
import { type Described, workload, type WorkloadName, workloads } from "./workloads.ts";

/** Milliseconds each, as the mean over so many seconds. */
type Measure = (seconds: number) => Promise<number>;

const quiet = { progress: false } as const;

/** What can be measured of this library, through what it exports. Each is made once, and then measured again. */
const measures: Record<string, (request: Request) => Promise<Measure> | Measure> = {
  /** A point of a 2D surface: whole surfaces, over their points. */
  surface: (request) => surface(request, workload(described(request))),

  /** The same of a network whose activations vanish. */
  vanishing: (request) => surface(request, workload(described(request), { vanishing: true })),

  /** A Hessian-vector product at one θ, one after the other, as Lanczos makes them. */
  async product(request) {
    const { model, samples, theta } = workload(described(request));
    const operator = hessian(modelLoss(model, samples, { engine: "native" }), theta);
    const v = theta.map((_, i) => Math.sin(i));
    await operator.product(v);
    return paced(async (count) => {
      for (let i = 0; i < count; i++) await operator.product(v);
    });
  },

  async gradient(request) {
    const { model, samples, theta } = workload(described(request));
    const loss = modelLoss(model, samples, { engine: "native" });
    await loss.gradient(theta);
    return paced(async (count) => {
      for (let i = 0; i < count; i++) await loss.gradient(theta);
    });
  },

  /** A step of gradient descent with momentum, and nothing else. */
  async step(request) {
    const { model, samples, theta, batch } = workload(described(request));
    const loss = modelLoss(model, samples, { engine: "native" }), n = loss.samples!;
    const plan = { optimizer: "sgd", momentum: 0.9, batchSize: batch, steps: 1e6 } as const;
    const rows = (step: number) =>
      Int32Array.from({ length: batch }, (_, i) => (step * batch + i) % n);
    const trainer = (await loss.trainer!(theta, plan))!;
    return paced(async (count) => {
      const batches = Array.from({ length: count }, (_, step) => rows(step));
      await trainer.run({ batches, learningRate: 0.01 });
    });
  },

  /** A step of `train`: shuffling, and the loss and accuracy of all samples after every epoch, included. */
  train(request) {
    const { model, samples, theta, batch } = workload(described(request));
    const loss = modelLoss(model, samples, { engine: "native" });
    const settings = { learningRate: 0.01, momentum: 0.9, batchSize: batch, ...quiet };
    const steps = Math.ceil(loss.samples! / batch);
    return paced(async (count) => {
      await train(loss, theta, { ...settings, epochs: Math.ceil(count / steps) });
    }, steps);
  },

  /** From the call to the first point of the grid, in a process that has done nothing else. */
  first(request) {
    const { model, samples, slice } = workload(described(request));
    const loss = modelLoss(model, samples), stop = new AbortController();
    return async () => {
      const began = performance.now();
      let passed = 0;
      // the origin comes first, and is a point of the grid too
      const report = ({ done }: { done: number }) => {
        if (done < 3 || passed) return;
        passed = performance.now() - began;
        stop.abort();
      };
      await landscape(loss, slice, { progress: { report }, signal: stop.signal });
      return passed;
    };
  },
};

/** The workload of a request: one by name, or a network of its own. */
function described({ workload: name, widths, samples, resolution }: Request): Described {
  const known: Described = workloads[(name ?? "W1") as WorkloadName];
  return {
    ...known,
    ...(widths && { widths }),
    ...(samples && { samples }),
    ...(resolution && { resolution }),
  };
}

function surface(
  { directions = 2 }: Request,
  { model, samples, slice, resolution }: ReturnType<typeof workload>,
): Measure {
  const loss = modelLoss(model, samples, { engine: "native" });
  const seen = { ...slice, directions: slice.directions.slice(0, directions) };
  const points = resolution ** directions;
  return paced(async (count) => {
    for (let done = 0; done < count; done += points) {
      await landscape(loss, seen, { range: 0.5, resolution, ...quiet });
    }
  }, points);
}

/** Doubles how often something is done until it takes long enough. `least` is the smallest number of it. */
function paced(run: (count: number) => Promise<void>, least = 1): Measure {
  let warm = false, count = least;
  return async (seconds) => {
    if (!warm) await run(least);
    warm = true;
    for (;; count *= 2) {
      const began = performance.now();
      await run(count);
      const passed = performance.now() - began;
      if (passed > 500 * seconds) return passed / count;
    }
  };
}

const made = new Map<string, Measure>();

/** Measures, milliseconds each. */
export async function measured(request: Request): Promise<number> {
  const { seconds, ...what } = request, key = JSON.stringify(what);
  if (!made.has(key)) {
    const make = measures[request.what];
    if (!make) throw new Error(`nothing is called ${request.what}`);
    made.set(key, await make(request));
  }
  return await made.get(key)!(seconds);
}

if (import.meta.main) {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  console.log(JSON.stringify({ version: Deno.version.deno }));
  let rest = "";
  for await (const text of lines) {
    const all = (rest + text).split("\n");
    rest = all.pop()!;
    for (const line of all) {
      try {
        console.log(JSON.stringify({ ms: await measured(JSON.parse(line)) }));
      } catch (error) {
        console.log(JSON.stringify({ error: (error as Error).message }));
      }
    }
  }
  Deno.exit();
}
