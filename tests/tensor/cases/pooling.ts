import * as tf from "../../../lib/tensor/tf.ts";
import { type Arr, at, build, mean, pool, type Sweep } from "./arrays.ts";
import { type Case, distinct, normal } from "./check.ts";

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

/** Pooling and resizing. */
export const pooling: Case[] = [
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
  ...(["maxPool3d", "avgPool3d"] as const).flatMap((name) =>
    ([[1, "valid"], [2, "same"]] as const).map(([stride, pad]): Case => ({
      name: `${name}, stride ${stride}, pad ${pad}`,
      inputs: [distinct(1, 3, 3, 2, 1)],
      op: (x) => tf[name](x as tf.Tensor5D, 2, stride, pad),
      reference: (x: Arr) =>
        build([1, 2, 2, 1, 1], ([, i, j, k]) => {
          const inside = [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1].map((c) => [a, b, c])))
            .map(([a, b, c]) => [stride * i + a, stride * j + b, stride * k + c])
            .filter(([a, b, c]) => a < 3 && b < 3 && c < 2);
          const values = inside.map((index) => at(x, 0, ...index, 0));
          return name === "maxPool3d" ? max(values) : mean(values);
        }),
    }))
  ),
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
];
