import type { HostTensor, Level, NumberType } from "./program.ts";

/** A length of an axis: −k stands for k times the number of samples in the batch. */
export type Length = number;

/** What is known of a value before it is computed. */
export interface Value {
  /** The type of its numbers. */
  dtype: NumberType;
  /** The length of each axis. */
  shape: Length[];
}

/** Attributes of a node: numbers, lists of numbers, texts. */
export type Attributes = Record<string, number | number[] | string>;

/**
 * An operation, by its ONNX name. Lists of whole numbers that ONNX takes as inputs (shapes, axes, pads) are
 * attributes here.
 */
export interface Node {
  /** The ONNX operator. */
  op: string;
  /** Names of values; "" where an optional one is missing. */
  inputs: string[];
  /** Names of the values that it gives. */
  outputs: string[];
  /** What else it is told. */
  attributes: Attributes;
}

/** A function as data: nodes in an order in which they can run. */
export interface Graph {
  /** What goes in: names of values, with the level at which each is known. */
  inputs: { name: string; level: Level }[];
  /** The operations. */
  nodes: Node[];
  /** Numbers that are part of the function. */
  constants: Map<string, HostTensor>;
  /** What is known of each value, constants and inputs among them. */
  values: Map<string, Value>;
  /** What comes out: the name that it has outside, and that of the value. */
  outputs: { name: string; value: string }[];
}

/** The number of elements: −k stands for k times the batch. */
export function count(shape: Length[]): number {
  if (shape.filter((n) => n < 0).length > 1) {
    throw new Error(`a tensor [${shapeText(shape)}] has the batch on two of its axes`);
  }
  return shape.reduce((n, m) => n * m, 1);
}

/** The number of elements for a batch of n samples. */
export const countAt = (shape: Length[], n: number): number =>
  shape.reduce((product, m) => product * (m < 0 ? -m * n : m), 1);

/** A shape in words: `batch, 3`. */
export const shapeText = (shape: Length[]): string =>
  shape.map((n) => n >= 0 ? n : n === -1 ? "batch" : `${-n}·batch`).join(", ");

/** Whether two lists of numbers are the same. */
export const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** The node that gives each value. */
export function producers(graph: Graph): Map<string, Node> {
  return new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
}

/** The nodes that take each value; an output of the graph counts as taken by `null`. */
export function consumers(graph: Graph): Map<string, (Node | null)[]> {
  const users = new Map<string, (Node | null)[]>();
  const add = (value: string, user: Node | null) => {
    const list = users.get(value);
    if (list) list.push(user);
    else users.set(value, [user]);
  };
  for (const node of graph.nodes) node.inputs.forEach((input) => add(input, node));
  for (const { value } of graph.outputs) add(value, null);
  return users;
}

/** The level at which each value is known: the latest of those it depends on. Constants are at −1. */
export function levels(graph: Graph): Map<string, number> {
  const level = new Map<string, number>();
  for (const name of graph.constants.keys()) level.set(name, -1);
  for (const { name, level: l } of graph.inputs) level.set(name, l);
  level.set("", -1);
  for (const node of graph.nodes) {
    const latest = Math.max(-1, ...node.inputs.map((input) => level.get(input)!));
    for (const output of node.outputs) level.set(output, latest);
  }
  return level;
}

/** The one number that fills a constant, or undefined. */
export function filling(graph: Graph, name: string): number | undefined {
  const constant = graph.constants.get(name);
  if (!constant || constant.data.length === 0) return undefined;
  const [first] = constant.data;
  return (constant.data as Float32Array).every((x) => Object.is(x, first))
    ? Number(first)
    : undefined;
}
