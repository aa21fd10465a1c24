import type { NumberArray } from "../data/dataset.ts";
import { describe } from "../layout.ts";
import { random } from "../math/random.ts";
import { rowsOf } from "./tensor_loss.ts";

/** Which samples a loss uses, and how many at once. */
export interface SamplingOptions {
  /**
   * The most samples in a pass. Default: as many as keep a pass short (in train mode 128). It changes no
   * number but in train mode, where batch norm sees one batch at a time.
   */
  batchSize?: number;
  /** Use only as many batches: a seeded subsample, the same at every θ. Default `null`: all samples. */
  maxBatches?: number | null;
  /** Chooses the subsample, and what dropout drops in train mode. Default 42. */
  seed?: number;
  /**
   * `"wasm"` is tfjs on one core, always there. `"native"` records the loss and runs it through ONNX Runtime on all
   * cores (`--allow-ffi`, `--allow-read`). Default `"auto"`: native for long work
   * where it is allowed; the numbers agree to 1e-5.
   */
  engine?: "auto" | "native" | "wasm";
  /** `"float64"` computes everything natively in double precision. Default `"float32"`. */
  precision?: "float32" | "float64";
}

/** The fields cut down to a seeded subsample, where one is asked for. */
export function subsample(
  fields: Record<string, NumberArray>,
  { batchSize, maxBatches = null, seed = 42 }: SamplingOptions,
  mode: "eval" | "train" = "eval",
): { fields: Record<string, NumberArray>; count: number; available: number; batchSize?: number } {
  const available = Object.values(fields)[0].shape[0];
  const size = batchSize ?? (mode === "train" ? Math.min(128, available) : undefined);
  const count = maxBatches === null ? available : Math.min(available, maxBatches * (size ?? 128));
  const sized = size === undefined ? {} : { batchSize: size };
  if (count === available) return { fields, count, available, ...sized };
  const indices = random(seed, "subsample").permutation(available).slice(0, count).sort();
  const chosen = Object.entries(fields).map(([name, field]) => [name, rowsOf(field, indices)]);
  return { fields: Object.fromEntries(chosen), count, available, ...sized };
}

/** @throws {RangeError} that names the option that is out of range. */
export function checkSampling(
  { batchSize, maxBatches, seed, engine, precision }: SamplingOptions,
): void {
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot make the loss: seed must be an integer, got ${describe(seed)}`);
  }
  const whole = (n: unknown) => Number.isInteger(n) && (n as number) >= 1;
  if (batchSize !== undefined && !whole(batchSize)) {
    throw new RangeError(
      `Cannot make the loss: batchSize must be a positive integer, got ${batchSize}`,
    );
  }
  if (maxBatches !== undefined && maxBatches !== null && !whole(maxBatches)) {
    throw new RangeError(
      `Cannot make the loss: maxBatches must be a positive integer or null for all, got ${maxBatches}`,
    );
  }
  if (engine !== undefined && !["auto", "native", "wasm"].includes(engine)) {
    throw new RangeError(
      `Cannot make the loss: engine must be "auto", "native" or "wasm", got ${describe(engine)}`,
    );
  }
  if (precision !== undefined && precision !== "float32" && precision !== "float64") {
    throw new RangeError(
      `Cannot make the loss: precision must be "float32" or "float64", got ${describe(precision)}`,
    );
  }
  if (precision === "float64" && engine === "wasm") {
    throw new RangeError(
      'Cannot make the loss: engine "wasm" computes in float32; float64 needs "native" or "auto"',
    );
  }
}
