import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  arrayOf,
  checkSamples,
  isNumbers,
  namedInputs,
  type NumericArray,
  type Samples,
  samplesCount,
  takeSamples,
  type TensorLike,
} from "../../lib/data/dataset.ts";

const table = (...shape: number[]) => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  shape,
});
const labels = (...values: number[]) => ({ data: Int32Array.from(values), shape: [values.length] });
const tensor = (data: ArrayLike<number>, shape: number[], dtype = "float32"): TensorLike => ({
  shape,
  dtype,
  dataSync: () => data,
});

Deno.test("samples that fit are accepted: arrays, tensors, several inputs, no targets", () => {
  const good: Samples[] = [
    { inputs: table(3, 2), targets: labels(0, 1, 0) },
    { inputs: table(3, 2) },
    { inputs: { data: new Float64Array(4), shape: [4] }, targets: table(4, 1) },
    { inputs: tensor(new Float32Array(6), [3, 2]), targets: tensor([0, 1, 2], [3], "int32") },
    { inputs: { left: table(2, 3), right: table(2, 8, 8, 1) }, targets: labels(1, 0) },
    { inputs: { data: table(2, 3), shape: table(2, 1) } },
  ];
  for (const samples of good) checkSamples(samples, "train");
});

Deno.test("samples that do not fit are refused, with what, where and how much", () => {
  const holes = table(3, 2);
  holes.data[3] = NaN;
  const array = [1, 2] as unknown as Float32Array;
  const wrong: [unknown, typeof TypeError | typeof RangeError, string][] = [
    [undefined, TypeError, "samples are { inputs, targets }, got undefined"],
    [table(3, 2), TypeError, "samples are { inputs, targets }, got Object"],
    [{ inputs: [[1, 2]] }, TypeError, "the inputs must be a tensor or { data, shape }, got Array"],
    [{ inputs: {} }, RangeError, "at least one input, got none"],
    [
      { inputs: { data: array, shape: [2] } },
      TypeError,
      "Float32Array, Float64Array or Int32Array",
    ],
    [{ inputs: { data: new Float32Array(2) } }, TypeError, "must be a tensor or { data, shape }"],
    [{ inputs: { left: 3 } }, TypeError, 'the input "left" must be a tensor or { data, shape }'],
    [{ inputs: tensor(["a"] as never, [1], "string") }, TypeError, "a tensor of dtype string"],
    [
      { inputs: { data: new Float32Array(5), shape: [3, 2] } },
      RangeError,
      "the inputs of shape [3, 2] must have 6 numbers, got 5",
    ],
    [{ inputs: { data: new Float32Array(5), shape: [2.5, 2] } }, RangeError, "got [2.5, 2]"],
    [{ inputs: { data: new Float32Array(1), shape: [] } }, RangeError, "samples first, got []"],
    [{ inputs: { data: new Float32Array(0), shape: [3, 0] } }, RangeError, "got [3, 0]"],
    [{ inputs: table(0, 2) }, RangeError, "at least one sample, got none in the inputs"],
    [
      { inputs: table(3, 2), targets: labels(0, 1) },
      RangeError,
      "the targets must have as many samples as the inputs, 3, got 2",
    ],
    [
      { inputs: { left: table(2, 1), right: table(3, 1) } },
      RangeError,
      'the input "right" must have as many samples as the input "left", 2, got 3',
    ],
    [{ inputs: holes }, RangeError, "the inputs must be finite, got NaN in sample 1, at 1"],
    [
      { inputs: table(2, 1), targets: tensor([0, Infinity], [2]) },
      RangeError,
      "the targets must be finite, got Infinity in sample 1, at 0",
    ],
  ];
  for (const [samples, type, message] of wrong) {
    const error = assertThrows(() => checkSamples(samples as Samples, "train"), type, message);
    assertEquals((error as Error).message.slice(0, 14), "Cannot train: ");
  }
});

Deno.test("rows are taken in the order asked for, from every input and from the targets", () => {
  const samples = {
    inputs: { left: table(3, 2), right: tensor([0, 1, 0], [3, 1], "bool") },
    targets: labels(5, 6, 7),
  };
  const taken = takeSamples(samples, Int32Array.of(2, 0, 2));
  assertEquals(taken, {
    inputs: {
      left: { data: Float32Array.of(4, 5, 0, 1, 4, 5), shape: [3, 2] },
      right: { data: Int32Array.of(0, 0, 0), shape: [3, 1] },
    },
    targets: labels(7, 5, 7),
  });
  assertEquals(samplesCount(samples), 3);
  assertEquals("targets" in takeSamples({ inputs: table(3, 2) }, [1]), false);
  for (const index of [3, -1, 0.5]) {
    assertThrows(() => takeSamples(samples, [index]), RangeError, `from 0 to 2, got ${index}`);
  }
});

Deno.test("taking rows copies them, and keeps the type of the array", () => {
  for (const Type of [Float32Array, Float64Array, Int32Array]) {
    const data: NumericArray = new Type([1, 2, 3]);
    const { inputs } = takeSamples({ inputs: { data, shape: [3] } }, [0, 1, 2]);
    const taken = arrayOf(inputs as { data: NumericArray; shape: number[] });
    assertEquals(taken.data, data);
    taken.data[0] = 9;
    assertEquals(data[0], 1);
  }
});

Deno.test("an array is given back as it is, a tensor is read, a single input is called inputs", () => {
  const array = table(2, 2);
  assertStrictEquals(arrayOf(array), array);
  assertEquals(arrayOf(tensor([1, 2], [2])), { data: Float32Array.of(1, 2), shape: [2] });
  assertEquals(namedInputs({ inputs: array }), { inputs: array });
  assertEquals(isNumbers({ data: array, shape: array }), false);
});
