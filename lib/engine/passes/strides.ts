import { count, type Graph, type Length } from "../graph.ts";
import { rewrite } from "./rewrite.ts";

/** Beyond the end of any axis. */
const END = 2 ** 31 - 1;

/**
 * The k-th of every few rows, written as a reshape that folds an axis, and a slice of what was folded, is a
 * slice with strides: it keeps its axes, so that transposes can pass it.
 */
export function strides(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs, attributes }, { b, from }) => {
    const folded = op === "Slice" ? from(inputs[0]) : undefined;
    if (folded?.op !== "Reshape") return;
    const [rows, every, rest] = b.value(inputs[0]).shape;
    const [start] = attributes.starts as number[], [end] = attributes.ends as number[];
    const fits = b.value(inputs[0]).shape.length === 3 && String(attributes.axes) === "1" &&
      String(attributes.steps) === "1" && end === start + 1 && every > 1;
    if (!fits) return;
    const { shape } = b.value(folded.inputs[0]);
    const axis = shape.findIndex((n, i) =>
      n > 0 && n % every === 0 && part(shape.slice(0, i + 1)) === rows * every &&
      part(shape.slice(i + 1)) === rest
    );
    if (axis < 0) return;
    const taken = b.op("Slice", [folded.inputs[0]], {
      axes: [axis],
      starts: [start],
      ends: [END],
      steps: [every],
    });
    return [b.reshape(taken, [rows, 1, rest])];
  });
}

const part = (shape: Length[]) => shape.filter((n) => n < 0).length > 1 ? NaN : count(shape);
