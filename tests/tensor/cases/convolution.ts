import * as tf from "../../../lib/tensor/tf.ts";
import { type Arr, at, build, conv2d, depthwise, matMul, reshape, sum } from "./arrays.ts";
import { type Case, normal } from "./check.ts";

type How = { stride?: number; pad?: "same" | "valid" | number; dilation?: number };

const name = ({ stride = 1, pad = "valid", dilation = 1 }: How) =>
  `stride ${stride}, pad ${pad}, dilation ${dilation}`;
const t4 = (x: tf.Tensor) => x as tf.Tensor4D;

const conv = (how: How, x = [2, 5, 4, 2], filter = [3, 2, 2, 2]): Case => ({
  name: `conv2d, ${name(how)}, filter ${filter}`,
  inputs: [normal(...x), normal(...filter)],
  op: (x, f) =>
    tf.conv2d(
      t4(x),
      t4(f),
      how.stride ?? 1,
      how.pad ?? "valid",
      "NHWC",
      how.dilation ?? 1,
      typeof how.pad === "number" ? "floor" : undefined,
    ),
  reference: (x: Arr, f: Arr) => conv2d(x, f, how),
});

const depth = (how: How, multiplier: number): Case => ({
  name: `depthwiseConv2d, ${name(how)}, multiplier ${multiplier}`,
  inputs: [normal(1, 5, 4, 2), normal(3, 2, 2, multiplier)],
  op: (x, f) =>
    tf.depthwiseConv2d(
      t4(x),
      t4(f),
      how.stride ?? 1,
      how.pad ?? "valid",
      "NHWC",
      how.dilation ?? 1,
    ),
  reference: (x: Arr, f: Arr) => depthwise(x, f, how),
});

/** The adjoint of a convolution with stride 2: each input adds a filter to the output. */
function transposed(x: Arr, f: Arr, stride: number, size: number, margin: number): Arr {
  const [n, h, w] = x.shape;
  const [kh, kw, cout, cin] = f.shape;
  return build([n, size, size, cout], ([b, r, c, o]) => {
    let total = 0;
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        const [y, v] = [r - i * stride + margin, c - j * stride + margin];
        if (y < 0 || y >= kh || v < 0 || v >= kw) continue;
        for (let k = 0; k < cin; k++) total += at(x, b, i, j, k) * at(f, y, v, o, k);
      }
    }
    return total;
  });
}

/** Convolutions, with strides, paddings and dilations. */
export const convolution: Case[] = [
  conv({}),
  conv({ pad: "same" }),
  conv({ stride: 2 }),
  conv({ stride: 2, pad: "same" }),
  conv({ stride: 2, pad: "same" }, [1, 6, 6, 1], [3, 3, 1, 2]),
  conv({ pad: 1 }),
  conv({ pad: 2, stride: 2 }, [1, 5, 5, 1], [2, 2, 1, 1]),
  conv({ dilation: 2 }, [1, 6, 5, 2], [2, 2, 2, 2]),
  conv({ dilation: 2, pad: "same" }, [1, 5, 5, 1], [3, 2, 1, 2]),
  conv({ stride: 3 }, [1, 7, 8, 1], [1, 1, 1, 2]),
  {
    name: "conv1d with dilation",
    inputs: [normal(2, 6, 2), normal(2, 2, 3)],
    op: (x, f) => tf.conv1d(x as tf.Tensor3D, f as tf.Tensor3D, 1, "same", "NWC", 2),
    reference: (x: Arr, f: Arr) =>
      build([2, 6, 3], ([n, i, o]) =>
        sum([0, 1].flatMap((k) => {
          const y = i - 1 + 2 * k;
          return y < 0 || y > 5 ? [] : [0, 1].map((c) => at(x, n, y, c) * at(f, k, c, o));
        }))),
  },
  {
    name: "conv2dTranspose, stride 2, valid",
    inputs: [normal(1, 3, 3, 2), normal(3, 3, 1, 2)],
    op: (x, f) => tf.conv2dTranspose(t4(x), t4(f), [1, 7, 7, 1], 2, "valid"),
    reference: (x: Arr, f: Arr) => transposed(x, f, 2, 7, 0),
  },
  {
    name: "conv2dTranspose, stride 2, same",
    inputs: [normal(1, 3, 3, 1), normal(3, 3, 2, 1)],
    op: (x, f) => tf.conv2dTranspose(t4(x), t4(f), [1, 5, 5, 2], 2, "same"),
    reference: (x: Arr, f: Arr) => transposed(x, f, 2, 5, 1),
  },
  depth({}, 1),
  depth({ pad: "same" }, 2),
  depth({ stride: 2, pad: "same" }, 1),
  depth({ stride: 2 }, 2),
  depth({ dilation: 2, pad: "same" }, 2),
  {
    name: "separableConv2d",
    inputs: [normal(1, 4, 4, 2), normal(2, 2, 2, 2), normal(1, 1, 4, 3)],
    op: (x, d, p) => tf.separableConv2d(t4(x), t4(d), t4(p), 1, "same"),
    reference: (x: Arr, d: Arr, p: Arr) => {
      const y = depthwise(x, d, { pad: "same" });
      return reshape(matMul(reshape(y, [16, 4]), reshape(p, [4, 3])), [1, 4, 4, 3]);
    },
  },
  {
    name: "conv3d",
    inputs: [normal(1, 3, 3, 2, 2), normal(2, 2, 2, 2, 1)],
    op: (x, f) => tf.conv3d(x as tf.Tensor5D, f as tf.Tensor5D, 1, "valid"),
    reference: (x: Arr, f: Arr) =>
      build([1, 2, 2, 1, 1], ([, i, j]) => {
        let total = 0;
        for (const a of [0, 1]) {
          for (const b of [0, 1]) {
            for (const d of [0, 1]) {
              for (const c of [0, 1]) total += at(x, 0, i + a, j + b, d, c) * at(f, a, b, d, c, 0);
            }
          }
        }
        return total;
      }),
  },
  ...[[1, [1, 0, 0]], [2, [0, 0, 0]]].map(([stride]): Case => ({
    name: `conv3d, stride ${stride}, same`,
    inputs: [normal(1, 3, 3, 3, 1), normal(2, 2, 2, 1, 1)],
    op: (x, f) => tf.conv3d(x as tf.Tensor5D, f as tf.Tensor5D, stride as 1, "same"),
    reference: (x: Arr, f: Arr) => {
      const size = Math.ceil(3 / (stride as number));
      const margin = Math.floor(Math.max(0, (size - 1) * (stride as number) + 2 - 3) / 2);
      return build([1, size, size, size, 1], ([, i, j, k]) => {
        let total = 0;
        for (const a of [0, 1]) {
          for (const b of [0, 1]) {
            for (const c of [0, 1]) {
              const at3 = [[i, a], [j, b], [k, c]].map(([o, t]) =>
                o * (stride as number) + t - margin
              );
              if (at3.every((p) => p >= 0 && p < 3)) {
                total += at(x, 0, ...at3, 0) * at(f, a, b, c, 0, 0);
              }
            }
          }
        }
        return total;
      });
    },
  })),
];
