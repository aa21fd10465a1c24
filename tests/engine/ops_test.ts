/** Every op that has exact derivatives, natively: as on wasm, and in double precision as in plain float64. */
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { disagreement } from "../../lib/engine/check.ts";
import { execute } from "../../lib/engine/execute.ts";
import type { Precision } from "../../lib/engine/program.ts";
import { type Compiled, type RecordedLoss, recordLoss } from "../../lib/engine/record_loss.ts";
import { layout, tf } from "../../mod.ts";
import { type Case, distance, lossOf, numbersOf, referenceOf } from "../tensor/cases/check.ts";
import { table } from "../tensor/cases/table.ts";
import { noise } from "./losses.ts";

/** What has no translation yet: 3D pictures. What never will: numbers that are drawn inside of a loss. */
const refused = (name: string) => /^(conv3d|maxPool3d|avgPool3d|dropout$)/.test(name);

const flat = (all: { data: Float64Array }[]) =>
  Float64Array.from(all.flatMap(({ data }) => [...data]));

/** A row as a loss whose θ are its inputs. */
function recordedOf(row: Case, precision: Precision): RecordedLoss {
  const { xs } = numbersOf(row), loss = lossOf(row);
  return recordLoss({
    layout: layout(Object.fromEntries(xs.map(({ shape }, i) => [`x${i}`, shape]))),
    perSample: false,
    fields: {},
    forward: (parameters) => ({ losses: loss(parameters) }),
  }, { theta: flat(xs), precision });
}

/** What a program gives, in double precision. */
async function run({ program }: Compiled, values: Record<string, Float64Array>) {
  const execution = await execute(program);
  const outputs = await execution.run(
    Object.fromEntries(
      program.inputs.map((
        { name },
      ) => [name, { data: values[name], shape: [values[name].length] }]),
    ),
  );
  await execution.release();
  return outputs;
}

const numbers = (data: ArrayLike<number | bigint>) => Array.from(data, Number);

for (const row of table) {
  if (refused(row.name)) {
    Deno.test(`refused by name: ${row.name}`, () => {
      assertThrows(() => recordedOf(row, "float32").value(), Error, "Cannot record: ");
    });
    continue;
  }
  Deno.test(`natively as on wasm, and in double precision exact: ${row.name}`, async () => {
    const single = recordedOf(row, "float32");
    for (const make of [single.value, single.gradient, single.product]) {
      const { program, checks } = make(), execution = await execute(program);
      for (const { inputs, expected } of checks) {
        assertEquals(disagreement(await execution.run(inputs), expected), undefined);
      }
      await execution.release();
    }
    const { xs, vs } = numbersOf(row), values = { theta: flat(xs), v: flat(vs) };
    const double = recordedOf(row, "float64"), reference = referenceOf(row);
    const { loss, gradient } = await run(double.gradient(), values);
    const { losses } = await run(double.value(), values);
    const { product } = await run(double.product(), values);
    // a constant of one number is taken for the simplest one that rounds to it
    assertLess(distance(numbers(losses.data), reference.value), 1e-7);
    assertLess(distance(numbers(loss.data), reference.value), 1e-7);
    // differences of the reference are this far from its derivatives
    assertLess(distance(numbers(gradient.data), reference.first), 1e-6);
    assertLess(distance(numbers(product.data), reference.second), 1e-6);
  });
}

const picture = (t: tf.Tensor) => t as tf.Tensor4D;
const CHOSEN = "another column for each sample";
const batched: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  "symmetric margins": (x) =>
    tf.mirrorPad(picture(x), [[0, 0], [1, 2], [2, 0], [0, 1]], "symmetric"),
  "places of a block as samples, and back": (x) =>
    tf.batchToSpaceND(tf.tanh(tf.spaceToBatchND(x, [2, 2], [[1, 1], [0, 2]])), [2, 2], [
      [1, 0],
      [0, 1],
    ]),
  [CHOSEN]: (x) => tf.gather(x, tf.cast(tf.argMax(tf.mean(x, 3), 2), "int32"), 2, 1),
  "growing products": (x) => tf.cumprod(x, 2, true, true),
  "the nearest pixels by their centres": (x) =>
    tf.image.resizeNearestNeighbor(picture(x), [5, 7], false, true),
  "pixels between others": (x) => tf.image.resizeBilinear(picture(x), [7, 5], false, true),
  angles: (x) => tf.atan2(x, tf.add(tf.square(x), 0.1)),
};

for (const [name, op] of Object.entries(batched)) {
  Deno.test(`for any number of samples as on wasm: ${name}`, async () => {
    const shape = [4, 4, 2],
      recorded = recordLoss({
        layout: layout({ w: shape }),
        perSample: true,
        fields: { x: noise(1, "batched", 6, ...shape) },
        forward: ([w], { x }) => {
          const n = x.shape[0];
          return { losses: tf.sum(tf.sin(tf.reshape(op(tf.mul(x, w)), [n, -1])), 1) };
        },
      });
    const derivatives = name === CHOSEN ? [] : [recorded.gradient, recorded.product];
    for (const make of [recorded.value, ...derivatives]) {
      const { program, checks } = make(), execution = await execute(program);
      for (const { inputs, expected } of checks) {
        assertEquals(disagreement(await execution.run(inputs), expected), undefined);
      }
      await execution.release();
    }
    // the gradient counts the samples, to know where each goes back to
    if (!derivatives.length) assertThrows(recorded.gradient, Error, "number of samples");
  });
}
