import type { NumberArray } from "../data/dataset.ts";
import type { LayersModel } from "../tensor/tensor.ts";
import { sizeOf } from "../vector.ts";
import type { BoundModel } from "./bound_model.ts";
import { criteria, type CriterionName } from "./criterion.ts";

const doing = "make the loss";

/** The criterion that fits the targets: by the model's end, then by whether they are classes. */
export function criterionFor(
  model: LayersModel,
  { end }: BoundModel,
  targets: NumberArray,
): CriterionName {
  if (end === "softmax") return "crossEntropy";
  if (end === "sigmoid") return "binaryCrossEntropy";
  const width = model.outputs[0].shape.at(-1) ?? 1, perSample = sizeOf(targets.shape.slice(1));
  const areClasses = targets.data instanceof Int32Array ||
    (width > 1 && (isOneHot(targets, width) || (perSample === 1 && areWhole(targets))));
  if (!areClasses) return "meanSquaredError";
  return width > 1 ? "crossEntropy" : "binaryCrossEntropy";
}

const areWhole = ({ data }: NumberArray) => data.every((y: number) => Number.isInteger(y));

function isOneHot(targets: NumberArray, classes: number): boolean {
  return targets.shape.length === 2 && targets.shape[1] === classes && areWhole(targets) &&
    wrongRow(targets) === undefined;
}

/** The number of the first row that is no distribution over classes. */
function wrongRow({ data, shape: [rows, width] }: NumberArray): number | undefined {
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let k = row * width; k < (row + 1) * width; k++) {
      if (!(data[k] >= 0)) return row;
      sum += data[k];
    }
    if (!(Math.abs(sum - 1) < 1e-3)) return row;
  }
}

/**
 * Checks that targets fit a criterion and a model.
 *
 * @throws {RangeError} that says what the criterion takes, and what came.
 */
export function checkTargets(
  name: CriterionName,
  model: LayersModel,
  { end }: BoundModel,
  targets: NumberArray,
): void {
  if (!Object.hasOwn(criteria, name)) {
    throw new RangeError(
      `Cannot ${doing}: criterion must be one of ${
        Object.keys(criteria).join(", ")
      } or a function, ` +
        `got "${name}"`,
    );
  }
  if (model.outputs.length !== 1) {
    throw new RangeError(
      `Cannot ${doing}: ${name} takes one output, got a model with ${model.outputs.length}; ` +
        "give a criterion of your own",
    );
  }
  const output = model.outputs[0].shape.slice(1) as number[];
  if (name === "crossEntropy") return checkClasses(output, end, targets);
  const shape = `[${targets.shape.join(", ")}]`;
  if (output.every((n) => n !== null) && sizeOf(output) !== sizeOf(targets.shape.slice(1))) {
    const classes = name === "meanSquaredError" && areWhole(targets) && output.length === 1;
    throw new RangeError(
      `Cannot ${doing}: ${name} takes targets of shape [n, ${
        output.join(", ")
      }] like the outputs, ` +
        `got ${shape}${classes ? '; for class numbers use the criterion "crossEntropy"' : ""}`,
    );
  }
  if (name !== "binaryCrossEntropy") return;
  if (end === "softmax") {
    throw new RangeError(
      `Cannot ${doing}: binaryCrossEntropy takes logits, got a model that ends in softmax; ` +
        "use crossEntropy, or end the model in sigmoid or without an activation",
    );
  }
  const at = targets.data.findIndex((y: number) => !(y >= 0 && y <= 1));
  if (at >= 0) {
    throw new RangeError(
      `Cannot ${doing}: targets of binaryCrossEntropy must lie between 0 and 1, ` +
        `got ${targets.data[at]} at ${at}`,
    );
  }
}

function checkClasses(
  output: readonly number[],
  end: BoundModel["end"],
  targets: NumberArray,
): void {
  const [classes] = output;
  if (output.length !== 1 || classes < 2) {
    throw new RangeError(
      `Cannot ${doing}: crossEntropy takes outputs of shape [n, classes] with 2 classes or more, ` +
        `got [n, ${output.join(", ")}]; for one output use binaryCrossEntropy`,
    );
  }
  if (end === "sigmoid") {
    throw new RangeError(
      `Cannot ${doing}: crossEntropy takes logits, got a model that ends in sigmoid; ` +
        "use binaryCrossEntropy, or end the model in softmax or without an activation",
    );
  }
  if (targets.shape.length === 2 && targets.shape[1] === classes) {
    const row = wrongRow(targets);
    if (row === undefined) return;
    const values = targets.data.subarray(row * classes, (row + 1) * classes);
    throw new RangeError(
      `Cannot ${doing}: one-hot targets must be 0 or more and sum to 1 in each sample, ` +
        `got [${values.join(", ")}] in sample ${row}`,
    );
  }
  if (sizeOf(targets.shape.slice(1)) !== 1) {
    throw new RangeError(
      `Cannot ${doing}: targets must be class numbers [n] or one-hot [n, ${classes}], ` +
        `got [${targets.shape.join(", ")}]`,
    );
  }
  const fits = (y: number) => Number.isInteger(y) && y >= 0 && y < classes;
  const at = targets.data.findIndex((y: number) => !fits(y));
  if (at >= 0) {
    throw new RangeError(
      `Cannot ${doing}: class targets must be integers from 0 to ${classes - 1}, ` +
        `got ${targets.data[at]} in sample ${at}`,
    );
  }
}
