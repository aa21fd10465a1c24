import { clearState } from "../layout.ts";
import type { Loss } from "../loss.ts";
import { optimizerStep } from "../math/optimizer.ts";
import { random } from "../math/random.ts";
import type { Job } from "../progress.ts";
import { firstNotFinite, type Vector } from "../vector.ts";

/** How the control point of a curve is trained. */
export interface BezierOptions {
  /** The number of steps, default 400. */
  steps?: number;
  /** The first step size of Adam, which falls to 0 along half a cosine; default 0.01. */
  learningRate?: number;
  /** Samples a step, default 128, or all where there are fewer. */
  batchSize?: number;
}

/** A curve from a to b that is drawn towards a third point. */
export interface Curve {
  /** The control point. */
  control: Vector;
  /** The loss of each step's batch at its t. */
  stepLosses: Float64Array;
}

/** (1 − t)²·a + 2t(1 − t)·c + t²·b, exactly a at 0 and b at 1. */
export function bezierPoint([a, c, b]: readonly [Vector, Vector, Vector], t: number): Vector {
  if (t === 0 || t === 1) return t === 0 ? a : b;
  const [u, v, w] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2];
  const out = a.slice() as Vector;
  for (let i = 0; i < out.length; i++) out[i] = u * a[i] + v * c[i] + w * b[i];
  return out;
}

/**
 * The quadratic Bézier curve between two points with the lowest mean loss over uniform t, found by Adam from the
 * straight line: each step takes one t and one batch, and dL/dc = 2t(1 − t)·∇L (Garipov et al., 2018). What
 * cannot move stays on the straight line.
 */
export async function trainedCurve(
  loss: Loss,
  [a, b]: readonly [Vector, Vector],
  { steps = 400, learningRate = 0.01, batchSize = 128 }: BezierOptions,
  { seed, job }: { seed: number; job: Job },
): Promise<Curve> {
  let control = a.slice() as Vector;
  for (let i = 0; i < control.length; i++) control[i] = (a[i] + b[i]) / 2;
  const move = optimizerStep(control.length, { optimizer: "adam" });
  const stepLosses: number[] = [];
  const source = random(seed, "connectivity/bezier"), nextBatch = batches(loss, batchSize, seed);
  for (let step = 0; step < steps && !job.stopped; step++) {
    await job.breathe();
    const t = source.uniform(), theta = bezierPoint([a, control, b], t);
    try {
      const options = { indices: nextBatch(), signal: job.signal };
      const { value, gradient } = await valueAndGradient(loss, theta, options);
      for (let i = 0; i < gradient.length; i++) gradient[i] *= 2 * t * (1 - t);
      clearState(loss.layout, gradient);
      const before = control.slice() as Vector;
      move(control, gradient, learningRate * (1 + Math.cos(Math.PI * step / steps)) / 2);
      stepLosses.push(value);
      if (firstNotFinite(control) >= 0) {
        control = before;
        break;
      }
    } catch (error) {
      if (!job.stopped) throw error;
    }
    job.advance();
  }
  return { control, stepLosses: Float64Array.from(stepLosses) };
}

async function valueAndGradient(
  loss: Loss,
  theta: Vector,
  options: { indices?: Int32Array; signal: AbortSignal },
): Promise<{ value: number; gradient: Vector }> {
  if (loss.valueAndGradient) return await loss.valueAndGradient(theta, options);
  return { value: await loss.value(theta, options), gradient: await loss.gradient(theta, options) };
}

/** The samples of one step after another, every sample once before any comes again. */
function batches(loss: Loss, batchSize: number, seed: number): () => Int32Array | undefined {
  const { samples } = loss;
  if (samples === undefined) return () => undefined;
  const size = Math.min(batchSize, samples);
  let epoch = 0, at = Infinity, order: Int32Array = new Int32Array(0);
  return () => {
    if (at + size > samples) {
      order = random(seed, `connectivity/${epoch++}`).permutation(samples);
      at = 0;
    }
    const batch = order.subarray(at, at + size);
    at += size;
    return batch;
  };
}
