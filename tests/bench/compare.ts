import { parseArgs } from "@std/cli/parse-args";
import { type CostAxis, costs } from "./cost.ts";
import { tables, writePages } from "./page.ts";
import { profile } from "./profile.ts";
import { lineup } from "./rounds.ts";
import { bestPeak } from "./undisturbed.ts";
import { processor, readResults, writeResults } from "./store.ts";
import { type WorkloadName, workloadNames } from "./workloads.ts";

const HELP = `Compares this library with PyTorch on this machine, in interleaved rounds.

  deno task bench [--only W1,W2] [--what surface,product] [--rounds 5] [--python PATH] [--write]

  --only      workloads: ${workloadNames.join(", ")}; "none" for none of them
  --what      surface, product, gradient, step, train, first; default: all
  --rounds    how many, default 5: they are added to those in docs/benchmark.json
  --seconds   how long each is measured, default 0.5
  --limit     seconds after which one is given up, default 60
  --tries     how often something is measured while the machine is busy with something else, default 5
  --fresh     forget earlier rounds
  --cost      measure landscapes of growing size, or some: points, samples, parameters, workers
  --profile   tell what the time is spent on
  --write     write docs/benchmark.md, its figures and the table of the README
  --python    an interpreter with PyTorch 2.13 or later; default: the environment's BENCH_PYTHON, or python3`;

const options = parseArgs(Deno.args, {
  string: ["only", "what", "rounds", "seconds", "limit", "tries", "python", "cost"],
  boolean: ["help", "fresh", "write", "profile"],
  default: {
    only: workloadNames.join(),
    what: "surface,product,gradient,step,train,first",
    rounds: "5",
    seconds: "0.5",
    limit: "60",
    tries: "5",
  },
});
if (options.help) {
  console.log(HELP);
  Deno.exit(0);
}
const listed = (text: string) => text.split(",").filter((name) => name && name !== "none");
const names = listed(options.only) as WorkloadName[];
const unknown = names.find((name) => !workloadNames.includes(name));
if (unknown) {
  console.error(`No workload is called ${unknown}: there are ${workloadNames.join(", ")}`);
  Deno.exit(1);
}
const [rounds, seconds, limit, tries] = [
  options.rounds,
  options.seconds,
  options.limit,
  options.tries,
].map(Number);
const python = options.python ?? Deno.env.get("BENCH_PYTHON") ?? "python3";
const cores = navigator.hardwareConcurrency;

const all = lineup(python, cores);
try {
  const machine = { processor: await processor(), cores, deno: Deno.version.deno };
  const results = readResults(machine, options.fresh);
  if (names.length) results.machine.torch = await all.torch() ?? results.machine.torch;

  for (const { peaks } of results.rounds) Object.values(peaks).forEach((peak) => bestPeak(peak));
  for (const { peak } of results.costs) bestPeak(peak);

  for (let number = 1; number <= rounds; number++) {
    for (const name of names) {
      const what = listed(options.what);
      results.rounds.push(await all.round(name, { seconds, limit, tries, what, number }));
      writeResults(results);
    }
    if (options.cost !== undefined) {
      const axes = listed(options.cost || "points,samples,parameters,workers") as CostAxis[];
      results.costs.push(...await costs(all, { cores, limit, tries }, axes));
      writeResults(results);
    }
  }
  if (options.profile) {
    for (const name of names) {
      const rows = await profile(name);
      results.profiles = [...results.profiles.filter((row) => row.workload !== name), ...rows];
      writeResults(results);
    }
  }
  console.log(tables(results));
  if (options.write) await writePages(results);
} finally {
  await all.close();
}
