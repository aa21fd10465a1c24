import { constant, kernel } from "../engine.ts";
import { winners } from "../kernels/pooling.ts";
import * as tf from "../tf.ts";
import { poolWindows, seen, taps, total, withMargins } from "../windows.ts";
import { type Rule, rule } from "./rule.ts";

type Tensor = tf.Tensor;

/** The gradient is linear in dy; in a window with several maxima the first, row by row, takes dy. */
const max = (forward: string, backward: string): Rule[] => [
  {
    kernelName: forward,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc: (dy, [input, output], attributes) => ({
      x: () => kernel(backward, { dy: dy as Tensor, input, output }, attributes),
    }),
  },
  rule(backward, ["input", "output"], (ddx, [input, output], attributes) => ({
    dy: () => {
      const windows = poolWindows(input.shape, attributes);
      const won = constant(() => winners(input, output, windows));
      const x = withMargins(ddx, windows);
      return total(taps(windows).map((tap, k) => tf.mul(won[k], seen(x, windows, tap))));
    },
    input: () => tf.zeros(input.shape),
    output: () => tf.zeros(output.shape),
  })),
];

const average = (forward: string, backward: string): Rule[] => [
  rule(forward, ["x"], (dy, [input], attributes) => ({
    x: () => kernel(backward, { dy, input }, attributes),
  })),
  rule(backward, ["input"], (ddx, [input], attributes) => ({
    dy: () => kernel(forward, { x: ddx }, attributes),
    input: () => tf.zeros(input.shape),
  })),
];

export const poolings: Rule[] = [
  ...max(tf.MaxPool, tf.MaxPoolGrad),
  ...max(tf.MaxPool3D, tf.MaxPool3DGrad),
  ...average(tf.AvgPool, tf.AvgPoolGrad),
  ...average(tf.AvgPool3D, tf.AvgPool3DGrad),
];
