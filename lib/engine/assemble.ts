import type { Recorded, RecordInput } from "../tensor/record.ts";
import { arrayOf, type Builder, builder } from "./build.ts";
import type { Check } from "./check.ts";
import { compile, type CompileOptions } from "./compile.ts";
import type { HostTensor, NumberType, Precision, Program } from "./program.ts";
import type { RecordOn } from "./recordings.ts";
import { translate } from "./translate.ts";
import { unify } from "./unify.ts";

/** A program, and what it must give for some inputs. */
export interface Compiled {
  /** The program. */
  program: Program;
  /** Inputs, and what wasm computed from them while it was recorded. */
  checks: Check[];
}

/** What stands around a record in its program. */
export interface Frame {
  /** Makes the inputs; gives the values that stand for the record's own, but for the data. */
  bind(b: Builder): Record<string, string>;
  /** Makes the outputs of the results of the record. */
  finish(b: Builder, results: Record<string, string>): Record<string, string>;
  /** Numbers for the inputs that `bind` makes. */
  given: Record<string, HostTensor>;
  /** What must come out, from the results of the record. */
  expected(values: Recorded["values"]): Check["expected"];
}

/**
 * One program from records on several numbers of samples: translated, made one, compiled. `samples` is how
 * many there will be, for estimates of cost.
 */
export function assemble(
  records: { on: RecordOn; samples: number }[],
  { bind, finish, given, expected }: Frame,
  { precision, samples, carry }: CompileOptions,
): Compiled {
  const checks: Check[] = [];
  const sized = records.map(({ on: { recorded, fields }, samples }) => {
    const b = builder(), bound: Record<string, string> = {}, inputs = { ...given };
    for (const [name, field] of Object.entries(fields)) {
      const dtype = typeOf(field, precision), shape = [...field.shape];
      bound[name] = b.input(name, { dtype, shape }, 0);
      inputs[name] = { data: arrayOf(dtype, field.data), shape };
    }
    Object.assign(bound, bind(b));
    const results = finish(b, translate(b, recorded, bound, precision));
    b.graph.outputs = Object.entries(results).map(([name, value]) => ({ name, value }));
    checks.push({ inputs, expected: expected(recorded.values) });
    return { graph: b.graph, samples };
  });
  const like = Object.keys(records[0].on.fields)[0];
  const graph = sized.length > 1 ? unify(sized[0], sized[1], like) : sized[0].graph;
  return { program: compile(graph, { precision, samples, carry }), checks };
}

/** Whole numbers and truth values as they are, others in the precision asked for. */
function typeOf({ data }: RecordInput, float: Precision): NumberType {
  return data instanceof Int32Array ? "int32" : data instanceof Uint8Array ? "bool" : float;
}
