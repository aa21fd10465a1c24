import { consumers, type Graph, type Node, producers } from "./graph.ts";
import { lower, modelOf, valueInfo, write, writing } from "./onnx.ts";
import type { Message } from "./protobuf.ts";

/** The input of a loop's model that says how many steps there are. */
export const STEPS = "steps";

/** Whether each step takes another value of an input: the samples of its batch, a number. */
export const perStep = (shape: readonly unknown[]): boolean =>
  shape.length === 0 || shape.some((n) => typeof n !== "number" || n < 0);

/**
 * A graph that is one step as a model that makes any number of them, `steps`, in one run: for every output in
 * `carry`, the next step takes it as the input that is named there. Other inputs of which each step takes
 * another value, and other outputs, have the steps on an axis in front.
 *
 * The runtime copies what goes out into fresh memory, which for wide layers takes longer than to compute with
 * it. Here the weights stay inside from step to step. A vector that is cut first and joined last stays in
 * pieces.
 */
export function loopModel(graph: Graph, carry: Record<string, string>): Uint8Array {
  const states = carriedIn(graph, carry), pairs = states.flatMap(({ pairs }) => pairs);
  const once = new Set(states.flatMap(({ before, after }) => [...before, ...after]));
  const given = new Set(Object.values(carry));
  const inputs = graph.inputs.map(({ name }) => name).filter((name) => !given.has(name));
  const each = inputs.filter((name) => perStep(graph.values.get(name)!.shape));
  const results = graph.outputs.filter(({ name }) => !(name in carry));

  // What every step takes as it is keeps its name; all else is called otherwise inside than outside.
  const outside = new Set([
    ...inputs.filter((name) => !each.includes(name)),
    ...pairs.filter(({ from, to }) => from === to).map(({ from }) => from),
  ]);
  const inside = (name: string) => name === "" || outside.has(name) ? name : `${name}'`;
  const moving = pairs.filter(({ from, to }) => from !== to);
  const step = writing("·'"), [number, going, goes] = [step.fresh(), step.fresh(), step.fresh()];
  const value = (name: string) => graph.values.get(name)!;
  const infoInside = (name: string) => valueInfo(inside(name), value(name));
  for (const name of each) {
    step.add("Gather", [name, number], [inside(name)], { axis: 0 });
  }
  const body = graph.nodes.filter((node) => !once.has(node));
  const made = new Set(body.flatMap(({ outputs }) => outputs)), taken = new Set<string>();
  write(step, renamed({ ...graph, nodes: body }, inside), [
    ...moving.map(({ to }) => inside(to)),
    ...results.map(({ value }) => inside(value)),
  ]);
  /** A result of the body under a name of its own, as it must have been made there. */
  const out = (name: string): Message => {
    if (made.has(name) && !taken.has(name)) {
      taken.add(name);
      return infoInside(name);
    }
    const copy = step.fresh();
    step.add("Identity", [inside(name)], [copy]);
    return valueInfo(copy, value(name));
  };
  step.add("Identity", [going], [goes]);
  const truth = (name: string) => valueInfo(name, { dtype: "bool", shape: [] });
  const loop = step.message(
    [
      valueInfo(number, { dtype: "int64", shape: [] }),
      truth(going),
      ...moving.map(({ from }) => infoInside(from)),
    ],
    [truth(goes), ...moving.map(({ to }) => out(to)), ...results.map(({ value }) => out(value))],
  );

  const whole = writing();
  for (const { before } of states) for (const node of before) lower(node, graph, whole);
  const ends = new Map(moving.map(({ to }) => [to, whole.fresh()]));
  const stays = new Map(pairs.filter(({ from, to }) => from === to).map(({ to }) => [to, to]));
  const end = (to: string) => stays.get(to) ?? ends.get(to) ?? to;
  whole.add(
    "Loop",
    [STEPS, "", ...moving.map(({ from }) => from)],
    [
      ...moving.map(({ to }) => end(to)),
      ...results.map(({ name }) => name),
    ],
    {},
    loop,
  );
  for (const { output, result, after } of states) {
    for (const node of after) {
      const outputs = node.outputs.map((name) => name === result ? output : name);
      lower({ ...node, inputs: node.inputs.map(end), outputs }, graph, whole);
    }
    if (!after.length) whole.add("Identity", [end(result)], [output]);
  }
  const valueOf = new Map(graph.outputs.map(({ name, value: v }) => [name, value(v)]));
  return modelOf(whole.message(
    [
      valueInfo(STEPS, { dtype: "int64", shape: [] }),
      ...graph.inputs.map(({ name }) => valueInfo(name, value(name), each.includes(name))),
    ],
    [
      ...states.map(({ output }) => valueInfo(output, valueOf.get(output)!)),
      ...results.map(({ name }) => valueInfo(name, valueOf.get(name)!, true)),
    ],
  ));
}

/** What a step takes, and what the next one takes in its place. */
interface Pair {
  from: string;
  to: string;
}

/** A vector that goes from step to step. */
interface State {
  output: string;
  /** The value that is the output. */
  result: string;
  /** What cuts and shapes it before the first step, and undoes that after the last. */
  before: Node[];
  after: Node[];
  pairs: Pair[];
}

function carriedIn(graph: Graph, carry: Record<string, string>): State[] {
  const producer = producers(graph), users = consumers(graph);
  const valueOf = new Map(graph.outputs.map(({ name, value }) => [name, value]));
  const shapes = (names: string[]) =>
    names.map((name) => `${graph.values.get(name)!.shape}`).join("; ");

  return Object.entries(carry).map(([output, input]) => {
    const before: Node[] = [], after: Node[] = [];
    /** A pair, or what is left of it without a cut that a joint undoes, or a shape that another one does. */
    const peeled = ({ from, to }: Pair): Pair[] => {
      const [first, ...others] = users.get(from) ?? [], last = producer.get(to);
      const undone = first && last && others.length === 0 && users.get(to)!.length === 1 &&
        (first.op === "Split" && last.op === "Concat" ||
          first.op === "Reshape" && last.op === "Reshape") &&
        shapes(first.outputs) === shapes(last.inputs);
      if (!undone) return [{ from, to }];
      before.push(first);
      after.unshift(last);
      return first.outputs.flatMap((from, i) => peeled({ from, to: last.inputs[i] }));
    };
    const result = valueOf.get(output)!;
    return { output, result, before, after, pairs: peeled({ from: input, to: result }) };
  });
}

/** A graph with other names. */
function renamed(graph: Graph, name: (old: string) => string): Graph {
  const keys = <V>(map: Map<string, V>) => new Map([...map].map(([key, v]) => [name(key), v]));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(name),
      outputs: node.outputs.map(name),
    })),
    constants: keys(graph.constants),
    values: keys(graph.values),
  };
}
