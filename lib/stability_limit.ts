import { describe, optionsOf } from "./options.ts";

/** How θ is trained, as far as it decides which curvature training can stand. */
export interface StabilityOptions {
  /** Default `"sgd"`. */
  optimizer?: "sgd" | "adam";
  /** The step size η. */
  learningRate: number;
  /** β of SGD's momentum, default 0. */
  momentum?: number;
  /** Whether the momentum is Nesterov's, default false: the heavy ball. */
  nesterov?: boolean;
}

/** The largest eigenvalue at which training is stable. */
export interface StabilityLimit {
  /** The eigenvalue. */
  value: number;
  /** How it comes about: "2/η". */
  rule: string;
  /** The matrix that it is a limit for: the Hessian, or with Adam P^−½HP^−½ with P = √v̂ + ε. */
  matrix: "hessian" | "preconditioned";
}

/**
 * The largest eigenvalue at which training with full batches is stable on a quadratic: where the curvature is
 * higher the steps grow. 2/η for gradient descent, 2(1 + β)/η with the heavy ball, 2(1 + β)/(η(1 + 2β)) with
 * Nesterov's momentum (Cohen et al., 2021). For Adam (2 + 2β₁)/((1 − β₁)η) = 38/η, of the Hessian that is
 * {@link preconditioned} with √v̂ + ε (Cohen et al., 2022). With batches steps become unstable earlier.
 *
 * @throws {RangeError} if the learning rate is not positive, or the momentum not in [0, 1).
 *
 * ```ts
 * import { stabilityLimit } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(stabilityLimit({ learningRate: 0.1 }).value, 20);
 * assertEquals(stabilityLimit({ learningRate: 0.1, momentum: 0.5 }).value, 30);
 * ```
 */
export function stabilityLimit(options: StabilityOptions): StabilityLimit {
  const doing = "find the limit of stability";
  const { optimizer = "sgd", learningRate, momentum = 0, nesterov = false } = optionsOf(
    options,
    doing,
  );
  const check = (fits: boolean, name: string, must: string, value: unknown) => {
    if (fits) return;
    throw new RangeError(
      `Cannot ${doing}: ${name} must be ${must}, got ${
        typeof value === "number"
          ? value
          : typeof value === "string"
          ? `"${value}"`
          : describe(value)
      }`,
    );
  };
  check(learningRate > 0 && learningRate < Infinity, "learningRate", "positive", learningRate);
  check(momentum >= 0 && momentum < 1, "momentum", "in [0, 1)", momentum);
  check(optimizer === "sgd" || optimizer === "adam", "optimizer", '"sgd" or "adam"', optimizer);
  if (optimizer === "adam") {
    return { value: 38 / learningRate, rule: "38/η", matrix: "preconditioned" };
  }
  const matrix = "hessian";
  if (momentum === 0) return { value: 2 / learningRate, rule: "2/η", matrix };
  const heavy = 2 * (1 + momentum) / learningRate;
  return nesterov
    ? { value: heavy / (1 + 2 * momentum), rule: "2(1 + β)/(η(1 + 2β))", matrix }
    : { value: heavy, rule: "2(1 + β)/η", matrix };
}
