import type { Level, Port, Program, Stage } from "../program.ts";
import { varies } from "./pack.ts";

/** What a program's parts depend on, worked out once. */
export interface Plan {
  /** The level whose inputs change from item to item. */
  last: Level;
  /** The stages of a level that differ from chunk to chunk, or that are the same for all of them. */
  stages(level: Level, perChunk: boolean): Stage[];
  /** The program's inputs of a level, likewise. */
  inputs(level: Level, perChunk: boolean): (Port & { level: Level })[];
  /** Whether a value is needed after a level's stages (of the kind that is the same for all chunks) have run. */
  needed(name: string, level: Level, perChunk: boolean): boolean;
  /** The level at which the constants of a stage are known. */
  bakedAt(stage: Stage): Level | undefined;
}

/** Works out when the parts of a program run, and what must be kept for later ones. */
export function planOf(program: Program): Plan {
  const perChunk = new Set<string>(), levelOf = new Map<string, Level>();
  for (const { name, shape, level } of program.inputs) {
    if (varies(shape)) perChunk.add(name);
    levelOf.set(name, level);
  }
  const names = (stage: Stage) => [...stage.inputs, ...stage.constants ?? []].map((p) => p.name);
  const changing = new Set<Stage>();
  for (const stage of program.stages) {
    if (names(stage).some((name) => perChunk.has(name))) changing.add(stage);
    for (const { name } of stage.outputs) {
      if (changing.has(stage)) perChunk.add(name);
      levelOf.set(name, stage.level);
    }
  }
  const last = Math.max(...program.inputs.map((p) => p.level)) as Level;
  const kept = new Set(program.outputs.map((p) => p.name));
  return {
    last,
    stages: (level, changes) =>
      program.stages.filter((s) => s.level === level && changing.has(s) === changes),
    inputs: (level, changes) =>
      program.inputs.filter((p) => p.level === level && varies(p.shape) === changes),
    needed: (name, level, changes) =>
      kept.has(name) ||
      program.stages.some((stage) =>
        (stage.level > level || (!changes && stage.level === level && changing.has(stage))) &&
        names(stage).includes(name)
      ),
    bakedAt: ({ constants }) =>
      constants?.length
        ? Math.max(...constants.map(({ name }) => levelOf.get(name)!)) as Level
        : undefined,
  };
}
