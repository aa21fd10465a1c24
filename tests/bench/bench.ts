import { parseArgs } from "@std/cli/parse-args";
import { type Pool, pool } from "../../lib/engine/pool/pool.ts";
import { ready } from "../../lib/tensor/backend.ts";
import { type Measure, ours } from "./ours.ts";
import { productPeak, registerPeak } from "./peak.ts";
import { type PyTorch, pytorch } from "./pytorch.ts";
import { markdown, ms, ratio, type Spread, spreadOf } from "./table.ts";
import { workload, type WorkloadName, workloadNames } from "./workloads.ts";

const HELP = `Compares the native engine with PyTorch on this machine, in interleaved rounds.

  deno task bench [--only W1,W2] [--rounds 5] [--seconds 0.5] [--python PATH]

  --python   an interpreter with PyTorch 2.13 or later; default: the environment's BENCH_PYTHON, or python3`;

const options = parseArgs(Deno.args, {
  string: ["only", "rounds", "seconds", "python"],
  boolean: ["help"],
  default: { rounds: "5", seconds: "0.5", only: workloadNames.join() },
});
if (options.help) {
  console.log(HELP);
  Deno.exit(0);
}
const names = options.only.split(",") as WorkloadName[];
const unknown = names.find((name) => !workloadNames.includes(name));
if (unknown) {
  console.error(`No workload is called ${unknown}: there are ${workloadNames.join(", ")}`);
  Deno.exit(1);
}
const rounds = Number(options.rounds), seconds = Number(options.seconds);
const python = options.python ?? Deno.env.get("BENCH_PYTHON") ?? "python3";
const cores = navigator.hardwareConcurrency;
const WORKERS = `${cores} workers against one`;

await ready();
const whole = pool(), single = pool({ workers: 1 });
const threaded = await pytorch(python, cores);
const singles = threaded ? await Promise.all(Array.from({ length: cores }, () => alone())) : [];

async function alone(): Promise<PyTorch> {
  return (await pytorch(python, 1))!;
}

/** What two of the same thing cost. */
interface Comparison {
  title: string;
  mine?: Measure;
  theirs?: Measure;
}

const asked = (process: PyTorch | undefined, what: string, name: string): Measure | undefined =>
  process && ((seconds) => process.measure({ what, workload: name, seconds }));

/** One single-threaded process a core, all at once: points per second add up. */
const spread = (what: string, name: string): Measure | undefined =>
  singles.length
    ? async (seconds) => {
      const each = await Promise.all(
        singles.map((process) => process.measure({ what, workload: name, seconds })),
      );
      return 1 / each.reduce((rate, ms) => rate + 1 / ms, 0);
    }
    : undefined;

/** The quicker of two ways. */
const better = (a: Measure | undefined, b: Measure | undefined): Measure | undefined =>
  a && b && (async (seconds) => Math.min(await a(seconds), await b(seconds)));

function comparisons(name: WorkloadName, whole: Pool, single: Pool): Comparison[] {
  const own = ours(workload(name)), faint = ours(workload(name, { vanishing: true }));
  const surface = own.surface(whole), product = own.product(whole);
  return [
    { title: "surface, a point", mine: surface, theirs: spread("surface", name) },
    {
      title: "the same against loss-landscape-3d",
      mine: surface,
      theirs: better(asked(threaded, "package", name), asked(singles[0], "package", name)),
    },
    { title: "Hessian-vector product", mine: product, theirs: asked(threaded, "product", name) },
    {
      title: "the same, PyTorch keeps the graph",
      mine: product,
      theirs: asked(threaded, "product_kept", name),
    },
    {
      title: "gradient",
      mine: own.gradient(whole),
      theirs: asked(threaded, "gradient", name),
    },
    {
      title: "training step, one core",
      mine: own.step(single),
      theirs: asked(singles[0], "step", name),
    },
    { title: WORKERS, mine: surface, theirs: own.surface(single) },
    {
      title: "surface of a vanishing network",
      mine: faint.surface(whole),
      theirs: spread("vanishing", name),
    },
  ];
}

/** The medians of a comparison, and the ratios round by round. */
interface Compared {
  mine?: Spread;
  theirs?: Spread;
  ratio?: Spread;
  missing?: string;
}

async function compare(all: Comparison[]): Promise<Compared[]> {
  const mine = all.map((): number[] => []), theirs = all.map((): number[] => []);
  const missing: (string | undefined)[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [i, comparison] of all.entries()) {
      if (!comparison.mine) continue;
      mine[i].push(await comparison.mine(seconds));
      if (!comparison.theirs || missing[i]) continue;
      try {
        theirs[i].push(await comparison.theirs(seconds));
      } catch (error) {
        missing[i] = (error as Error).message;
      }
    }
  }
  return all.map((_, i) => ({
    ...(mine[i].length && { mine: spreadOf(mine[i]) }),
    ...(theirs[i].length && {
      theirs: spreadOf(theirs[i]),
      ratio: spreadOf(theirs[i].map((theirs, round) => theirs / mine[i][round])),
    }),
    missing: missing[i],
  }));
}

const cell = ({ mine, theirs, ratio: r, missing }: Compared) => {
  if (!mine) return "";
  if (!theirs || !r) return `${ms(mine.median)}${missing ? " (not there)" : ""}`;
  return `${ratio(r)} ${ms(theirs.median)} → ${ms(mine.median)}`;
};

const columns: string[][] = [];
let titles: string[] = [];
const registers = await registerPeak(), products = await productPeak(single);

for (const name of names) {
  console.error(`${name} …`);
  const all = comparisons(name, whole, single);
  const results = await compare(all);
  for (const { missing } of results) if (missing) console.error(`  ${missing}`);
  const point = await all.find(({ title }) => title === WORKERS)!.theirs!(seconds);
  const rate = workload(name).flops / point / 1e6;
  const first = await ours(workload(name)).firstPoint();
  titles = [
    ...all.map(({ title }) => title),
    "first point",
    "GFLOP/s of one core, share of its peak",
  ];
  columns.push([
    ...results.map(cell),
    `${(first / 1000).toFixed(2)} s`,
    // with wide data most of a point is not computed again
    name === "W3"
      ? ""
      : `${rate.toFixed(0)}, ${(100 * rate / (registers ?? products)).toFixed(0)}%`,
  ]);
}

console.log(
  [
    `${new Date().toISOString().slice(0, 10)}, ${cores} cores, Deno ${Deno.version.deno}, PyTorch ${
      threaded?.version ?? "not found (--python)"
    }. Milliseconds, PyTorch → ours; medians of ${rounds} interleaved rounds; in parentheses the quartiles of the ratio.`,
    `Peak of a core: ${registers?.toFixed(0) ?? "?"} GFLOP/s in registers, ${
      products.toFixed(0)
    } in a product of 1024×1024 matrices.`,
    markdown(["", ...names], titles.map((title, i) => [title, ...columns.map((c) => c[i])])),
  ].join("\n\n"),
);
await Promise.all([threaded, ...singles].map((process) => process?.close()));
await Promise.all([whole.close(), single.close()]);
