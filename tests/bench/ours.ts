import { evaluate, type Items } from "../../lib/engine/pool/evaluate.ts";
import type { Job } from "../../lib/engine/pool/job.ts";
import { type Pool, pool } from "../../lib/engine/pool/pool.ts";
import { trainSteps } from "../../lib/engine/pool/train_steps.ts";
import { type RecordedLoss, recordLoss } from "../../lib/engine/record_loss.ts";
import { random } from "../../lib/math/random.ts";
import type { Workload } from "./workloads.ts";

/** One thing that can be measured: milliseconds each, as the mean over some time. */
export type Measure = (seconds: number) => Promise<number>;

/** A workload recorded, and its jobs. */
export interface Ours {
  /** A point of a surface, on a pool. */
  surface(on: Pool): Measure;
  /** A Hessian-vector product at one θ, on all cores. */
  product(on: Pool): Measure;
  /** A value with its gradient, on all cores. */
  gradient(on: Pool): Measure;
  /** A training step with momentum, in one core; undefined where the workload has none. */
  step(on: Pool): Measure | undefined;
  /** Milliseconds from the call to the first point, workers not yet started. */
  firstPoint(): Promise<number>;
}

/** Records a workload, and says what can be measured of it. */
export function ours({ loss, theta, data, samples, batch }: Workload): Ours {
  const recorded: RecordedLoss = recordLoss(loss, { theta });
  const size = theta.length, draw = random(2, "bench");
  const normal = (n: number) => Float32Array.from({ length: n }, () => draw.normal());
  const frame = new Float32Array(3 * size);
  frame.set(theta);
  frame.set(normal(2 * size).map((x) => 0.01 * x), size);
  const slice = { frame: { data: frame, shape: [3, size] } };
  const weight = { data: Float32Array.of(1 / samples), shape: [] };
  const weighted = { ...data, weight };
  const at = { theta: { data: Float32Array.from(theta), shape: [size] } };
  const v = normal(size);

  /** Doubles the number of items until they take long enough. */
  const paced = (run: (count: number) => Promise<void>): Measure => {
    let warm = false;
    return async (seconds) => {
      if (!warm) await run(4);
      warm = true;
      for (let count = 4;; count *= 2) {
        const began = performance.now();
        await run(count);
        const passed = performance.now() - began;
        if (passed > 500 * seconds) return passed / count;
      }
    };
  };
  const points = (count: number): Items => ({
    count,
    at: (from, to) => ({
      coordinates: Float32Array.from(
        { length: 2 * (to - from) },
        (_, i) => Math.sin(2 * from + i),
      ),
    }),
  });
  const surfaceJob = (): Job => ({ program: recorded.slice(2).program, data, fixed: slice });
  const losses = { outputs: { losses: "moments" } } as const;

  return {
    surface(on) {
      const job = surfaceJob();
      return paced(async (count) => void await evaluate(on, job, points(count), losses));
    },
    product(on) {
      const { program } = recorded.product(), outputs = { product: "sum" } as const;
      const job: Job = { program, data: weighted, fixed: at, alone: true };
      // as Lanczos does: one after the other
      return paced(async (count) => {
        const one = { count: 1, at: () => ({ v }) };
        for (let i = 0; i < count; i++) await evaluate(on, job, one, { outputs });
      });
    },
    gradient(on) {
      const { program } = recorded.gradient();
      const outputs = { gradient: "sum", loss: "sum" } as const;
      const job: Job = { program, data: weighted, alone: true };
      return paced(async (count) => {
        const one = { count: 1, at: () => ({ theta: at.theta.data }) };
        for (let i = 0; i < count; i++) await evaluate(on, job, one, { outputs });
      });
    },
    step(on) {
      if (!batch) return undefined;
      const vector = (values: Float32Array) => ({ data: values, shape: [size] });
      const training = {
        program: recorded.step("momentum").program,
        data,
        carry: { "next/theta": "theta", "next/velocity": "velocity" },
        state: { theta: at.theta, velocity: vector(new Float32Array(size)) },
        loss: "loss",
        rows: (step: number) =>
          Int32Array.from({ length: batch }, (_, i) => (step * batch + i) % samples),
        scalars: { learningRate: () => 0.01, momentum: () => 0.9 },
      };
      return paced(async (steps) => void await trainSteps(on, { ...training, steps }));
    },
    async firstPoint() {
      const fresh = pool();
      const began = performance.now();
      let first = 0;
      const again = recordLoss(loss, { theta });
      const job: Job = { program: again.slice(2).program, data, fixed: slice };
      const visit = () => first ||= performance.now() - began;
      await evaluate(fresh, job, points(fresh.size), { ...losses, visit });
      await fresh.close();
      return first;
    },
  };
}
