import * as tf from "./tf.ts";

const display = Symbol.for("Jupyter.display");

// More numbers along an axis than `most` are shown by their first and last.
const most = 8, ends = 3;

/** A tensor as text: its type and shape, and its numbers, of long axes the first and last. */
export async function tensorText(tensor: tf.Tensor): Promise<string> {
  const { shape, dtype, isDisposed } = tensor;
  const head = `Tensor ${dtype}, ${shape.length === 0 ? "a scalar" : `[${shape.join(", ")}]`}`;
  if (isDisposed) return `${head}, disposed`;
  const values = Array.from<unknown, string>(await tensor.data(), number);
  const shown = picked(shape).map((at) => values[at].length);
  const width = Math.max(1, ...shown);
  return `${head}\n${written(values, shape, shape.length > 0 ? width : 0, 0, " ")}`;
}

/** Float32 has seven digits; six tell numbers apart, and the small ones are not made 0. */
function number(value: unknown): string {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : Deno.inspect(value);
}

/** Which places of an axis are shown; −1 stands for those that are not. */
function places(length: number): number[] {
  const all = Array.from({ length: Math.min(length, most) }, (_, k) => k);
  if (length <= most) return all;
  return [...all.slice(0, ends), -1, ...all.slice(0, ends).map((k) => length - ends + k)];
}

/** The places of all numbers that are shown. */
function picked([length, ...rest]: number[]): number[] {
  if (length === undefined) return [0];
  const size = rest.reduce((a, b) => a * b, 1), inner = picked(rest);
  return places(length).filter((k) => k >= 0).flatMap((k) => inner.map((at) => k * size + at));
}

function written(
  values: string[],
  [length, ...rest]: number[],
  width: number,
  from: number,
  indent: string,
): string {
  if (length === undefined) return values[from].padStart(width);
  const size = rest.reduce((a, b) => a * b, 1);
  const parts = places(length).map((k) =>
    k < 0 ? "…" : written(values, rest, width, from + k * size, `${indent} `)
  );
  return `[${parts.join(rest.length === 0 ? ", " : `,\n${rest.length > 1 ? "\n" : ""}${indent}`)}]`;
}

/** A layers model as text: its layers with their shapes and numbers of weights. */
function modelText(model: tf.LayersModel): string {
  const lines: string[] = [];
  model.summary(undefined, undefined, (line) => void lines.push(String(line ?? "")));
  return lines.map((line) => line.trimEnd()).join("\n");
}

// A notebook shows what it finds under this name; nothing else reads it.
for (
  const [prototype, text] of [
    [tf.Tensor.prototype, tensorText],
    [tf.LayersModel.prototype, modelText],
  ] as const
) {
  Object.defineProperty(prototype, display, {
    configurable: true,
    writable: true,
    // deno-lint-ignore no-explicit-any
    async value(this: any) {
      return { "text/plain": await text(this) };
    },
  });
}
