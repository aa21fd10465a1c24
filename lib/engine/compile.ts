import { flopsByLevel, formsFor, peakBytes } from "./cost.ts";
import type { Graph } from "./graph.ts";
import { loopModel } from "./loop.ts";
import { optimize } from "./optimize.ts";
import type { Precision, Program } from "./program.ts";
import { parts, portOf, stage } from "./stages.ts";

/** How a graph becomes a program. */
export interface CompileOptions {
  /** What its floats are. */
  precision: Precision;
  /**
   * How many samples a θ or a point will be evaluated on, by which is decided whether filters of convolutions
   * become constants, which takes a session for each θ or point. Default 1000; 0 never does.
   */
  samples?: number;
  /** For a step that will be made again and again: which outputs the next one takes, as which inputs. */
  carry?: Record<string, string>;
}

/** A graph as a program: shaped by the passes, cut into stages, written as ONNX models. */
export function compile(
  graph: Graph,
  { precision, samples = 1000, carry }: CompileOptions,
): Program {
  const shaped = optimize(graph);
  const portAs = (name: string, value: string) => ({
    ...portOf(value, shaped.values.get(value)!),
    name,
  });
  const inputs = shaped.inputs.map(({ name, level }) => ({ ...portAs(name, name), level }));
  const outputs = shaped.outputs.map(({ name, value }) => portAs(name, value));
  const stages = carry
    ? [{
      level: 0 as const,
      model: loopModel(shaped, carry),
      inputs,
      outputs,
      bytes: peakBytes(shaped),
    }]
    : parts(shaped, formsFor(shaped, samples)).map(stage);
  return {
    digest: digestOf(stages.map(({ model }) => model)),
    precision,
    inputs,
    outputs,
    stages,
    ...(carry && { carry }),
    flops: flopsByLevel(shaped),
  };
}

/** FNV-1a in two lanes: 64 bits of all models. */
function digestOf(models: Uint8Array[]): string {
  let a = 0x811c9dc5, b = 0x9e3779b9;
  for (const bytes of models) {
    for (let i = 0; i < bytes.length; i++) {
      a = Math.imul(a ^ bytes[i], 0x01000193);
      b = Math.imul(b ^ bytes[i], 0x85ebca6b) + i | 0;
    }
  }
  return [a, b].map((n) => (n >>> 0).toString(16).padStart(8, "0")).join("");
}
