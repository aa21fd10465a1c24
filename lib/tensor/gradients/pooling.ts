import { constant, kernel } from "../engine.ts";
import * as tf from "../tf.ts";
import { poolWindows, winners } from "../kernels/pooling.ts";
import { seen, taps, total, withMargins } from "../windows.ts";
import { type Rule, rule } from "./rule.ts";

/** Both gradients are linear in dy; in a window with several maxima the first, row by row, takes dy. */
export const poolings: Rule[] = [
  {
    kernelName: tf.MaxPool,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc: (dy, [input, output], attributes) => ({
      x: () => kernel(tf.MaxPoolGrad, { dy: dy as tf.Tensor, input, output }, attributes),
    }),
  },
  rule(tf.MaxPoolGrad, ["input", "output"], (ddx, [input, output], attributes) => ({
    dy: () => {
      const windows = poolWindows(input.shape, attributes);
      const won = constant(() => winners(input, output, windows));
      const x = withMargins(ddx, windows);
      return total(taps(windows).map((tap, k) => tf.mul(won[k], seen(x, windows, tap))));
    },
    input: () => tf.zeros(input.shape),
    output: () => tf.zeros(output.shape),
  })),
  rule(tf.AvgPool, ["x"], (dy, [input], attributes) => ({
    x: () => kernel(tf.AvgPoolGrad, { dy, input }, attributes),
  })),
  rule(tf.AvgPoolGrad, ["input"], (ddx, [input], attributes) => ({
    dy: () => kernel(tf.AvgPool, { x: ddx }, attributes),
    input: () => tf.zeros(input.shape),
  })),
];
