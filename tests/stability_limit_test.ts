import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { stabilityLimit } from "../lib/stability_limit.ts";

Deno.test("the limit of stability: at it steps neither grow nor shrink", () => {
  /** |x| after many steps on ½λx². */
  const after = (
    lambda: number,
    options: { learningRate: number; momentum?: number; nesterov?: boolean },
  ) => {
    const { learningRate: rate, momentum = 0, nesterov = false } = options;
    let x = 1, m = 0;
    for (let i = 0; i < 4000; i++) {
      const gradient = lambda * x;
      m = momentum * m + gradient;
      x -= rate * (nesterov ? gradient + momentum * m : m);
    }
    return Math.abs(x);
  };
  for (const learningRate of [0.01, 0.5]) {
    for (const momentum of [0, 0.5, 0.9]) {
      for (const nesterov of [false, true]) {
        const { value } = stabilityLimit({ learningRate, momentum, nesterov });
        const options = { learningRate, momentum, nesterov };
        assert(after(0.99 * value, options) < 1e-3, JSON.stringify(options));
        assert(after(1.01 * value, options) > 1e3, JSON.stringify(options));
      }
    }
  }
  const adam = stabilityLimit({ optimizer: "adam", learningRate: 0.001 });
  assertAlmostEquals(adam.value, 38_000, 1e-6);
  assertEquals([adam.rule, adam.matrix], ["38/η", "preconditioned"]);
});

Deno.test("what makes no sense is refused", () => {
  const fails = (options: object, message: string) =>
    assertThrows(() => stabilityLimit(options as never), RangeError, message);
  fails({ learningRate: 0 }, "learningRate must be positive, got 0");
  fails({}, "learningRate must be positive, got undefined");
  fails({ learningRate: 1, momentum: 1 }, "momentum must be in [0, 1), got 1");
  fails({ learningRate: 1, optimizer: "sam" }, 'optimizer must be "sgd" or "adam", got "sam"');
});
