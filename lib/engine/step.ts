import { clearState, type Layout, part } from "../layout.ts";
import { sizeOf, type Vector } from "../vector.ts";
import type { Frame } from "./assemble.ts";
import { arrayOf } from "./build.ts";
import { concatenated, cut, groups, joined, joinedValues, split } from "./flat.ts";
import type { HostTensor, Precision } from "./program.ts";
import {
  carriedBy,
  partsOf,
  penalized,
  penalty,
  type Rule,
  scalarsOf,
  takesMovement,
  update,
  updated,
} from "./update.ts";

/** Numbers to check a step with. */
const numbers: Record<string, number> = {
  learningRate: 0.125,
  momentum: 0.5,
  correction1: 0.25,
  correction2: 0.5,
  l1: 0.25,
  l2: 0.5,
};

/**
 * What stands around the record of a gradient in a step of training: vectors are cut into the pieces that
 * stay apart from step to step, each piece moves by its own gradient, and moving statistics take the place of
 * the old ones. `carry` says which outputs the next step takes, as which inputs; `factor` is that of the
 * recorded derivatives.
 */
export function stepFrame(
  { layout }: { layout: Layout },
  { theta, rule, precision }: { theta: Vector; rule: Rule; precision: Precision },
): Frame & { carry: Record<string, string>; factor: number } {
  const { size, tensors } = layout, dtype = precision;
  const { movement, norms } = partsOf(rule), taken = scalarsOf(rule);
  const vectors = ["theta", ...carriedBy(rule)], parts = groups(layout);
  const factor = takesMovement(movement) ? -numbers.learningRate : 1;
  const sizes = parts.map((some) => some.reduce((n, i) => n + sizeOf(tensors[i].shape), 0));
  // a tensor by itself keeps its shape, so that a product takes in what is added to it
  const shapes = parts.map((some, k) => some.length > 1 ? [sizes[k]] : [...tensors[some[0]].shape]);
  const old = Object.fromEntries(vectors.map((name, k) => [
    name,
    name === "theta" ? Float64Array.from(theta) : startOf(layout, k),
  ]));
  const host = (values: ArrayLike<number>, shape: number[]): HostTensor => ({
    data: arrayOf(precision, values),
    shape,
  });
  const values: Record<string, string> = {},
    pieces: Record<string, string>[] = parts.map(() => ({}));

  return {
    factor,
    carry: Object.fromEntries(vectors.map((name) => [`next/${name}`, name])),
    bind(b) {
      for (const name of vectors) {
        const list = split(b, b.input(name, { dtype, shape: [size] }, 0), sizes);
        list.forEach((piece, k) => pieces[k][name] = b.reshape(piece, shapes[k]));
      }
      for (const name of taken) values[name] = b.input(name, { dtype, shape: [] }, 0);
      values.factor = takesMovement(movement)
        ? b.op("Neg", [values.learningRate])
        : b.scalar(1, precision);
      parts.forEach((some, k) => Object.assign(values, cut(b, layout, pieces[k].theta, "θ", some)));
      return values;
    },
    finish(b, results) {
      let { loss } = results;
      const next = parts.map((some, k) => {
        const old = { ...values, ...pieces[k] };
        const joint = (prefix: string) =>
          b.reshape(
            joined(b, layout, { ...values, ...results }, prefix, precision, some),
            shapes[k],
          );
        if (tensors[some[0]].role !== "state") {
          const extra = norms.map((norm) => penalty(b, norm, old, precision));
          loss = extra.reduce((sum, { value }) => b.op("Add", [sum, value]), loss);
          const slopes = [joint("g"), ...extra.map(({ slope }) => slope)];
          const slope = slopes.reduce((sum, x) => b.op("Add", [sum, x]));
          return update(b, movement, slope, old, precision);
        }
        if (!some.some((i) => results[`s${i}`])) return old;
        for (const i of some) results[`s${i}`] ??= values[`θ${i}`];
        return { ...old, theta: joint("s") };
      });
      return {
        loss,
        ...prefixed(
          vectors,
          (name) => concatenated(b, next.map((piece, k) => b.reshape(piece[name], [sizes[k]]))),
        ),
      };
    },
    given: {
      ...Object.fromEntries(vectors.map((name) => [name, host(old[name], [size])])),
      ...Object.fromEntries(taken.map((name) => [name, host([numbers[name]], [])])),
    },
    expected(values) {
      const gradient = joinedValues(layout, values, "g").data, moving = old.theta.slice();
      clearState(layout, moving);
      const extra = norms.map((norm) =>
        penalized(norm, gradient, { theta: moving, weight: numbers[norm], factor })
      );
      const next = updated(movement, gradient, old, numbers);
      tensors.forEach((t, i) => values[`s${i}`] && part(next.theta, t).set(values[`s${i}`]));
      return {
        loss: { data: Float64Array.of(extra.reduce((a, b) => a + b, values.loss[0])), shape: [] },
        ...prefixed(vectors, (name) => ({ data: next[name], shape: [size] })),
      };
    },
  };
}

const prefixed = <V>(names: string[], value: (name: string) => V): Record<string, V> =>
  Object.fromEntries(names.map((name) => [`next/${name}`, value(name)]));

/** Positive numbers to check what an optimizer carries with; 0 where nothing moves. */
function startOf(layout: Layout, k: number): Float64Array {
  const out = Float64Array.from(
    { length: layout.size },
    (_, i) => Math.fround(0.01 + 0.01 * Math.sin(i + k) ** 2),
  );
  clearState(layout, out);
  return out;
}
