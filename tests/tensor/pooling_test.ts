import { assertEquals } from "@std/assert";
import { ready } from "../../lib/tensor/backend.ts";
import { valueAndGradients } from "../../lib/tensor/derivatives.ts";
import * as tf from "../../lib/tensor/tf.ts";
import { type Arr, at, build, mean, pool, type Sweep } from "./arrays.ts";
import { type Case, checkTable, distinct, normal } from "./check.ts";

await ready();

const max = (v: number[]) => Math.max(...v);

const rows = (how: Sweep, shape = [1, 5, 4, 2]): Case[] =>
  (["maxPool", "avgPool"] as const).map((name) => ({
    name: `${name} ${how.size}, stride ${how.stride ?? 1}, pad ${how.pad ?? "valid"}`,
    inputs: [name === "maxPool" ? distinct(...shape) : normal(...shape)],
    op: (x) =>
      tf[name](
        x as tf.Tensor4D,
        how.size as [number, number],
        how.stride ?? 1,
        how.pad ?? "valid",
        typeof how.pad === "number" ? "floor" : undefined,
      ),
    reference: (x: Arr) => pool(x, how, name === "maxPool" ? max : mean),
  }));

const resize = (
  name: "resizeBilinear" | "resizeNearestNeighbor",
  size: [number, number],
  alignCorners: boolean,
  halfPixelCenters: boolean,
): Case => ({
  name: `${name} to ${size}${alignCorners ? ", corners" : ""}${
    halfPixelCenters ? ", half pixels" : ""
  }`,
  inputs: [normal(2, 3, 4, 2)],
  op: (x) => tf.image[name](x as tf.Tensor4D, size, alignCorners, halfPixelCenters),
  reference: (x: Arr) => {
    const position = (i: number, from: number, to: number) => {
      const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
      return halfPixelCenters ? (i + 0.5) * scale : i * scale;
    };
    return build([2, ...size, 2], ([n, i, j, c]) => {
      const [y, v] = [position(i, 3, size[0]), position(j, 4, size[1])];
      const pixel = (r: number, s: number) =>
        at(x, n, Math.min(Math.max(r, 0), 2), Math.min(Math.max(s, 0), 3), c);
      if (name === "resizeNearestNeighbor") {
        const nearest = alignCorners ? Math.round : Math.floor;
        return pixel(nearest(y), nearest(v));
      }
      const [p, q] = halfPixelCenters ? [y - 0.5, v - 0.5] : [y, v];
      const [r, s] = [Math.floor(p), Math.floor(q)];
      const [a, b] = [p - r, q - s];
      return (1 - a) * ((1 - b) * pixel(r, s) + b * pixel(r, s + 1)) +
        a * ((1 - b) * pixel(r + 1, s) + b * pixel(r + 1, s + 1));
    });
  },
});

checkTable([
  ...rows({ size: [2, 2], stride: 2 }),
  ...rows({ size: [2, 2], stride: 2, pad: "same" }),
  ...rows({ size: [3, 2] }),
  ...rows({ size: [3, 3], pad: "same" }),
  ...rows({ size: [3, 3], stride: 2, pad: 1 }),
  ...rows({ size: [1, 3], stride: 3 }),
  {
    name: "a pooling layer in one dimension",
    inputs: [distinct(2, 6, 1)],
    op: (x) => tf.layers.maxPooling1d({ poolSize: 2 }).apply(x) as tf.Tensor,
    reference: (x: Arr) =>
      build([2, 3, 1], ([n, i]) => Math.max(at(x, n, 2 * i, 0), at(x, n, 2 * i + 1, 0))),
  },
  {
    name: "global average pooling",
    inputs: [normal(2, 3, 2, 2)],
    op: (x) => tf.layers.globalAveragePooling2d({}).apply(x) as tf.Tensor,
    reference: (x: Arr) =>
      build(
        [2, 2],
        ([n, c]) => mean([0, 1, 2].flatMap((i) => [0, 1].map((j) => at(x, n, i, j, c)))),
      ),
  },
  resize("resizeBilinear", [5, 7], false, false),
  resize("resizeBilinear", [5, 3], true, false),
  resize("resizeBilinear", [6, 8], false, true),
  resize("resizeNearestNeighbor", [6, 8], false, false),
  resize("resizeNearestNeighbor", [4, 3], true, false),
  resize("resizeNearestNeighbor", [5, 7], false, true),
  {
    name: "an upsampling layer",
    inputs: [normal(1, 2, 2, 1)],
    op: (x) => tf.layers.upSampling2d({ size: [2, 3] }).apply(x) as tf.Tensor,
    reference: (x: Arr) =>
      build([1, 4, 6, 1], ([, i, j]) => at(x, 0, i >> 1, Math.floor(j / 3), 0)),
  },
]);

Deno.test("the first of several maxima in a pooling window has the gradient", () => {
  tf.tidy(() => {
    const x = tf.tensor4d([1, 1, 2, 5, 1, 1, 5, 5], [1, 2, 4, 1]);
    const { gradients } = valueAndGradients(
      ([x]) => tf.sum(tf.maxPool(x as tf.Tensor4D, 2, 2, "valid")),
      [x],
    );
    assertEquals([...gradients[0].dataSync()], [1, 0, 0, 1, 0, 0, 0, 0]);
  });
});

Deno.test("equal maxima share the gradient of tf.max, and the left one has that of tf.maximum", () => {
  tf.tidy(() => {
    const x = tf.tensor1d([3, 1, 3]);
    const of = (
      f: (x: tf.Tensor) => tf.Tensor,
    ) => [...valueAndGradients(([x]) => tf.sum(f(x)) as tf.Scalar, [x]).gradients[0].dataSync()];
    assertEquals(of((x) => tf.max(x)), [0.5, 0, 0.5]);
    assertEquals(of((x) => tf.maximum(x, 3)), [1, 0, 1]);
    assertEquals(of((x) => tf.abs(tf.sub(x, 3))), [0, -1, 0]);
  });
});
