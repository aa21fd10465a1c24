import type { Graph } from "../graph.ts";
import { rewrite, type Rewriting } from "./rewrite.ts";

interface Factor {
  name: string;
  inverse: boolean;
}

/**
 * In a chain of products and quotients, what is known early is multiplied early: a late stage is left with
 * one factor.
 */
export function factors(graph: Graph): Graph {
  return rewrite(graph, (node, rewriting) => {
    if (node.op !== "Mul" && node.op !== "Div") return;
    const { b, level } = rewriting, { shape, dtype } = b.value(node.outputs[0]);
    if (!dtype.startsWith("float")) return;
    const found: Factor[] = [];
    const negative = collect(node.inputs[0], false, rewriting, found) !==
      collect(node.inputs[1], node.op === "Div", rewriting, found);
    const latest = Math.max(...found.map(({ name }) => level(name)));
    const early = found.filter(({ name }) => level(name) < latest);
    const late = found.filter(({ name }) => level(name) === latest);
    // Nothing to gain where only one factor is early, or a late one divides.
    const isPlain = early.length === 1 && !early[0].inverse && !negative;
    if (early.length === 0 || isPlain || late.some(({ inverse }) => inverse) || latest < 1) return;
    const scale = multiplied(early, negative, rewriting);
    const result = [...late.map(({ name }) => name), scale].reduce((x, y) => b.op("Mul", [x, y]));
    return [b.reshape(result, shape)];
  });
}

/** Adds the factors of a value; tells whether their product has its sign changed. */
function collect(name: string, inverse: boolean, rewriting: Rewriting, found: Factor[]): boolean {
  const node = rewriting.from(name);
  if (node && rewriting.uses(name) === 1) {
    if (node.op === "Neg") return !collect(node.inputs[0], inverse, rewriting, found);
    if (node.op === "Mul" || (node.op === "Div" && !inverse)) {
      const left = collect(node.inputs[0], inverse, rewriting, found);
      return left !==
        collect(node.inputs[1], node.op === "Div" ? !inverse : inverse, rewriting, found);
    }
  }
  found.push({ name, inverse });
  return false;
}

/** The product of factors, small ones first; at least one of them is not inverse, or a 1 is. */
function multiplied(list: Factor[], negative: boolean, { b }: Rewriting): string {
  const size = (name: string) =>
    b.value(name).shape.reduce((n, m) => n * Math.abs(m) * (m < 0 ? 64 : 1), 1);
  const sorted = list.toSorted((x, y) => size(x.name) - size(y.name));
  const { dtype } = b.value(list[0].name);
  const above = sorted.filter(({ inverse }) => !inverse).map(({ name }) => name);
  const below = sorted.filter(({ inverse }) => inverse).map(({ name }) => name);
  const product = (names: string[]) => names.reduce((x, y) => b.op("Mul", [x, y]));
  const top = above.length ? product(above) : b.scalar(1, dtype);
  const whole = below.length ? b.op("Div", [top, product(below)]) : top;
  return negative ? b.op("Neg", [whole]) : whole;
}
