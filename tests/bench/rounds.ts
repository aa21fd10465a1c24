import { type Contestant, contestant, type Request } from "./contestant.ts";
import { undisturbed } from "./undisturbed.ts";
import type { WorkloadName } from "./workloads.ts";

/** What was measured of a workload in one round: milliseconds each, or why not. */
export interface Round {
  /** The workload. */
  workload: WorkloadName;
  /** When. */
  at: string;
  /** By what it is: "surface · PyTorch". */
  measured: Record<string, number | string>;
  /** What a core could do around each, in GFLOP/s. */
  peaks: Record<string, number | undefined>;
}

/** All who take part. */
export interface Lineup {
  /** Measures everything once. What is compared stands side by side in time, in turns. */
  round(workload: WorkloadName, options: RoundOptions): Promise<Round>;
  /** One request to this library on so many cores. */
  ask(request: Request, cores: number, limit: number): Promise<number>;
  /** The version of PyTorch, if it is there. */
  torch(): Promise<string | undefined>;
  /** Ends all processes. */
  close(): Promise<void>;
}

/** How a round is made. */
export interface RoundOptions {
  /** For how long each is measured, in seconds. */
  seconds: number;
  /** After how many seconds one is given up. */
  limit: number;
  /** How often each is measured while the machine is busy with something else. */
  tries: number;
  /** Only what begins so. */
  what: string[];
  /** Its number: every other round goes the other way. */
  number: number;
}

/** What is not asked of a convolutional network, with minutes of a round to win. */
const mlpOnly = ["step", "train", "package", "vanishing"];

const here = (name: string) => new URL(name, import.meta.url).pathname;

/** The processes of a benchmark; each is started when it is needed. */
export function lineup(python: string, cores: number): Lineup {
  const deno = Deno.execPath();
  const script = ["run", "--quiet", "--allow-all", here("ours.ts")];
  const ours = (count: number, name = `${count} of ${cores} cores`) =>
    count === cores
      ? contestant(name, deno, script)
      : contestant(name, "taskset", ["-c", `0-${count - 1}`, deno, ...script]);
  const torch = (threads: number) =>
    contestant("PyTorch", python, [here("pytorch/measure.py"), `${threads}`]);
  const mine = new Map<number, Contestant>();
  const on = (count: number) => {
    if (!mine.has(count)) mine.set(count, ours(count));
    return mine.get(count)!;
  };
  const threaded = torch(cores), singles = Array.from({ length: cores }, () => torch(1));

  type Ask = (request: Request, limit: number) => Promise<number>;
  /** The quicker of one thread and all. */
  const best: Ask = async (...request) =>
    Math.min(await threaded.measure(...request), await singles[0].measure(...request));
  /** One process a core, all at once: their rates add up. */
  const together: Ask = async (...request) => {
    const each = await Promise.all(singles.map((process) => process.measure(...request)));
    return 1 / each.reduce((rate, ms) => rate + 1 / ms, 0);
  };
  const fresh: Ask = async (...request) => {
    const process = ours(cores);
    await process.hello();
    try {
      return await process.measure(...request);
    } finally {
      await process.close();
    }
  };
  const all: Ask = (...request) => on(cores).measure(...request);
  const alone: Ask = (...request) => on(1).measure(...request);

  /** What is asked of whom. */
  const entries: [name: string, what: string, who: Ask][] = [
    ["surface · ours", "surface", all],
    ["surface · PyTorch", "surface", together],
    ["surface · one core", "surface", alone],
    ["surface · vanishing", "vanishing", all],
    ["surface · PyTorch, vanishing", "vanishing", together],
    ["surface · loss-landscape-3d", "package", best],
    ["product · ours", "product", all],
    ["product · PyTorch", "product", best],
    ["product · PyTorch, graph kept", "product_kept", best],
    ["gradient · ours", "gradient", all],
    ["gradient · PyTorch", "gradient", best],
    ["step · ours", "step", alone],
    ["step · PyTorch", "step", singles[0].measure],
    ["train · ours", "train", alone],
    ["train · PyTorch", "train", singles[0].measure],
    ["first · ours", "first", fresh],
  ];

  return {
    async round(workload, options) {
      const { seconds, limit, number, tries } = options;
      const measured: Round["measured"] = {}, peaks: Round["peaks"] = {};
      const asked = entries.filter(([name, what]) =>
        options.what.some((part) => name.startsWith(part)) &&
        !(workload === "W4" && mlpOnly.includes(what))
      );
      for (const [name, what, who] of number % 2 ? asked : asked.toReversed()) {
        const began = performance.now();
        try {
          const ask = () => who({ what, workload, seconds }, limit);
          const { value, peak } = await undisturbed(ask, { cores, tries });
          measured[name] = value;
          peaks[name] = peak;
        } catch (error) {
          measured[name] = (error as Error).message;
        }
        console.error(
          `${workload} round ${number} · ${name}: ${
            typeof measured[name] === "number" ? measured[name].toPrecision(3) : measured[name]
          } (${((performance.now() - began) / 1000).toFixed(1)} s)`,
        );
      }
      return { workload, at: new Date().toISOString(), measured, peaks };
    },
    ask: (request, count, limit) => on(count).measure(request, limit),
    torch: async () => (await threaded.hello())?.version,
    async close() {
      await Promise.all([...mine.values(), threaded, ...singles].map((process) => process.close()));
    },
  };
}
