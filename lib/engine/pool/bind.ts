import type { Tensor } from "npm:onnxruntime-node@1.30.0";
import type { Level, Program, Stage } from "../program.ts";
import { bake } from "../bake.ts";
import type { Answer, Header, Need, Packed, PackedProgram } from "./messages.ts";
import { bytesPer, sizeAt, unpacked, unpackedProgram } from "./pack.ts";
import { type Plan, planOf } from "./plan.ts";
import { dataOf, memoryFor, type Session, session, tensor } from "./session.ts";
import { type Store, store } from "./store.ts";

/** Values by name. */
export type Bound = ReadonlyMap<string, Tensor>;

/** What a worker asks the pool for. */
export type Ask = (job: number, need: Need) => Promise<Answer>;

/** A program in this worker, with its sessions. */
interface Loaded {
  program: Program;
  plan: Plan;
  sessions: Map<string, Promise<Session>>;
}

/** A job in this worker. */
export interface Binding {
  /** Its program's parts. */
  readonly plan: Plan;
  /** The program. */
  readonly program: Program;
  /** Asks the pool. */
  ask(need: Need): Promise<Answer>;
  /** The inputs of level 0 as they came: of a chunk, or what is the same for all. */
  data(chunk?: number): Promise<Bound>;
  /** What of the levels up to this one later stages need: for a chunk, or what is the same for all. */
  bound(level: number, chunk?: number): Promise<Bound>;
  /** The session of a stage; with constants that are not known before the item: one to be released. */
  sessionOf(stage: Stage, values: Bound): Promise<Session>;
  /** Memory for the outputs of a stage of the last level, which every run writes over. */
  memoryOf(stage: Stage, samples: number): Promise<ReadonlyMap<string, Tensor>>;
  /** Per-sample numbers of a chunk that paired moments are taken against. */
  reference(output: string, chunk: number): Promise<ArrayLike<number> | undefined>;
}

/** What a worker knows: programs, and the values that were bound for jobs. */
export interface Memory {
  /** A job's binding; its program is asked for if it is not there. */
  binding(header: Header): Promise<Binding>;
  /** Frees what was bound under a name. */
  forget(name: string): void;
  /** How many programs there are. */
  readonly programs: number;
  /** What was bound. */
  readonly kept: Pick<Store<unknown>, "count" | "bytes">;
}

/** A worker's memory. `limit` is how many programs it keeps. */
export function memory(ask: Ask, { limit = 16 }: { limit?: number } = {}): Memory {
  const programs = new Map<string, Promise<Loaded>>();
  const frames = store<Bound>(), baked = store<Session>((s) => void s.release());

  // of one program at a time: the outputs of all would be too much
  let lent: { program?: Program; memories: Map<string, Bound> } = { memories: new Map() };

  const unload = async (digest: string) => {
    const loaded = programs.get(digest)!;
    programs.delete(digest);
    frames.drop((group) => group.startsWith(`${digest} `));
    baked.drop((group) => group.startsWith(`${digest} `));
    for (const made of (await loaded).sessions.values()) await (await made).release();
  };

  /** The program, the one that was used longest ago making room for it. */
  const load = (header: Header): Promise<Loaded> => {
    const known = programs.get(header.program);
    if (known) programs.delete(header.program);
    else if (programs.size >= limit) void unload(programs.keys().next().value!);
    const loaded = known ?? ask(header.job, { kind: "program" }).then((answer) => {
      const program = unpackedProgram((answer as { program: PackedProgram }).program);
      return { program, plan: planOf(program), sessions: new Map() };
    });
    if (!known) loaded.catch(() => programs.delete(header.program));
    programs.set(header.program, loaded);
    return loaded;
  };

  async function binding(header: Header): Promise<Binding> {
    const { program, plan, sessions } = await load(header);
    const { job, threads, budget, chunk: size } = header;
    const dataGroup = `${header.program} ${header.data} ${size}`;
    const inUse = [dataGroup, `${dataGroup} ${header.fixed}`];
    const groupOf = (level: Level) => inUse[Math.min(level, 1)];

    const fed = async (need: Need) => tensorsFrom(await ask(job, need));

    async function data(chunk?: number): Promise<Bound> {
      if (!plan.inputs(0, chunk !== undefined).length) return new Map();
      const key = `data ${chunk ?? ""}`, known = frames.get(dataGroup, key);
      if (known) return known;
      const values = await fed({ kind: "data", chunk });
      frames.put(dataGroup, key, values, { bytes: bytesOf(values), budget, inUse });
      return values;
    }

    async function bound(level: number, chunk?: number): Promise<Bound> {
      if (level < 0) return new Map();
      const at = level as Level, perChunk = chunk !== undefined;
      const group = groupOf(at), key = `${level} ${chunk ?? ""}`;
      const known = frames.get(group, key);
      if (known) return known;
      const values = new Map(await bound(level - 1, chunk));
      if (perChunk) { for (const entry of await bound(level)) values.set(...entry); }
      if (plan.inputs(at, perChunk).length) {
        const need: Need = level === 0 ? { kind: "data", chunk } : { kind: "fixed" };
        for (const entry of await fed(need)) values.set(...entry);
      }
      const stages = plan.stages(at, perChunk), samples = sizeOf(header, chunk);
      const given = bytesOf(values) + sum(stages.map((stage) => bytesFor(stage, samples)));
      const keep = frames.room({ bytes: given, budget, inUse });
      for (const stage of stages) {
        const into = keep
          ? await memoryFor(stage.outputs, samples)
          : await memoryOf(stage, samples);
        await (await sessionOf(stage, values)).run(values, into);
        for (const entry of into) values.set(...entry);
      }
      const kept = new Map([...values].filter(([name]) => plan.needed(name, at, perChunk)));
      if (keep) frames.put(group, key, kept, { bytes: bytesOf(kept), budget, inUse });
      return kept;
    }

    /** Memory that is used again and again, as fresh memory costs more than to write into it. */
    async function memoryOf(stage: Stage, samples: number): Promise<ReadonlyMap<string, Tensor>> {
      if (lent.program !== program) lent = { program, memories: new Map() };
      const { memories } = lent, key = `${program.stages.indexOf(stage)} ${samples}`;
      if (!memories.has(key)) memories.set(key, await memoryFor(stage.outputs, samples));
      return memories.get(key)!;
    }

    /** Sessions without constants are the program's; those with constants of a θ are kept as long as that θ. */
    async function sessionOf(stage: Stage, values: Bound): Promise<Session> {
      const key = `${program.stages.indexOf(stage)} ${threads}`, level = plan.bakedAt(stage);
      if (level === undefined) {
        if (!sessions.has(key)) sessions.set(key, session(stage.model, threads));
        return await sessions.get(key)!;
      }
      const known = level < plan.last ? baked.get(groupOf(level), key) : undefined;
      if (known) return known;
      const model = bake(
        stage.model,
        stage.constants!,
        Object.fromEntries(stage.constants!.map(({ name }) => {
          const value = values.get(name)!;
          return [name, { data: dataOf(value), shape: [...value.dims] }];
        })),
      );
      const made = await session(model, threads);
      if (level < plan.last) {
        const group = groupOf(level), bytes = model.byteLength;
        baked.drop((other) => other !== group && other.startsWith(`${header.program} `));
        baked.put(group, key, made, { bytes, budget: Infinity, inUse });
      }
      return made;
    }

    return {
      plan,
      program,
      ask: (need) => ask(job, need),
      data,
      bound,
      sessionOf,
      memoryOf,
      async reference(output, chunk) {
        const name = header.references[output];
        if (name === undefined) return undefined;
        const key = `${output} ${size} ${chunk}`;
        const known = frames.get(name, key);
        const values = known ?? await fed({ kind: "reference", output, chunk });
        if (!known) frames.put(name, key, values, { bytes: bytesOf(values), budget, inUse });
        return dataOf(values.get(output)!) as Float64Array;
      },
    };
  }

  return {
    binding,
    forget(name) {
      const matches = (group: string) => group.split(" ").includes(name);
      frames.drop(matches);
      baked.drop(matches);
    },
    get programs() {
      return programs.size;
    },
    kept: frames,
  };
}

/** How many samples a chunk has. */
export const sizeOf = ({ samples, chunk: size }: Header, chunk = 0): number =>
  Math.min(size, samples - chunk * size);

/** The arrays of a message as tensors. */
export async function tensorsFrom(answer: Answer): Promise<Map<string, Tensor>> {
  const values = new Map<string, Tensor>();
  for (const [name, from] of Object.entries((answer as { feeds: Record<string, Packed> }).feeds)) {
    values.set(name, await tensor(from.dtype, unpacked(from), from.shape));
  }
  return values;
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

const bytesFor = ({ outputs }: Stage, samples: number) =>
  sum(outputs.map(({ dtype, shape }) => sizeAt(shape, samples) * bytesPer(dtype)));

function bytesOf(values: Bound): number {
  let bytes = 0;
  for (const tensor of values.values()) bytes += dataOf(tensor).byteLength;
  return bytes;
}
