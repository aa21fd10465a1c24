import { costFigure } from "./cost.ts";
import type { Results } from "./store.ts";
import { markdown, ms, ratio, type Spread, spreadOf } from "./table.ts";
import { QUIET } from "./undisturbed.ts";
import { workload, type WorkloadName, workloadNames, workloads } from "./workloads.ts";

/** What is compared: PyTorch's milliseconds over ours, and the ratio that is aimed at. */
interface Comparison {
  title: string;
  mine: string;
  theirs: string;
  goal: Partial<Record<WorkloadName, number>>;
}

const each = (goal: number, names = workloadNames) =>
  Object.fromEntries(names.map((name) => [name, goal]));

const main: Comparison[] = [
  {
    title: "surface, against PyTorch with a process a core",
    mine: "surface · ours",
    theirs: "surface · PyTorch",
    goal: { W1: 1.5, W2: 1.4, W3: 6, W4: 1.7 },
  },
  {
    title: "surface, against `loss-landscape-3d`",
    mine: "surface · ours",
    theirs: "surface · loss-landscape-3d",
    goal: { W1: 20, W3: 15 },
  },
  {
    title: "Hessian-vector products at one θ",
    mine: "product · ours",
    theirs: "product · PyTorch",
    goal: { W1: 2, W2: 2, W3: 2, W4: 1.2 },
  },
  {
    title: "gradient",
    mine: "gradient · ours",
    theirs: "gradient · PyTorch",
    goal: each(0.9),
  },
  {
    title: "training step with momentum, one core each",
    mine: "step · ours",
    theirs: "step · PyTorch",
    goal: { W1: 2, W2: 0.8, W3: 0.8 },
  },
];

const beside: Comparison[] = [
  {
    title: "Hessian-vector products, PyTorch keeps the graph of the gradient",
    mine: "product · ours",
    theirs: "product · PyTorch, graph kept",
    goal: {},
  },
  {
    title: "a step of `train`, its shuffling and the history of each epoch included, one core each",
    mine: "train · ours",
    theirs: "train · PyTorch",
    goal: {},
  },
  {
    title: "all cores against one",
    mine: "surface · ours",
    theirs: "surface · one core",
    goal: each(1.8),
  },
  {
    title: "a vanishing network against the normal one",
    mine: "surface · vanishing",
    theirs: "surface · ours",
    goal: {},
  },
  {
    title: "the same in PyTorch",
    mine: "surface · PyTorch, vanishing",
    theirs: "surface · PyTorch",
    goal: {},
  },
];

/** A ratio with the milliseconds that it is made of. */
interface Compared {
  mine: Spread;
  theirs: Spread;
  ratio: Spread;
  rounds: number;
}

/** The numbers of all rounds in which both were measured. */
function compared(results: Results, name: WorkloadName, { mine, theirs }: Comparison) {
  const pairs = results.rounds.flatMap(({ workload, measured }) => {
    const [m, t] = [measured[mine], measured[theirs]];
    return workload === name && typeof m === "number" && typeof t === "number" ? [{ m, t }] : [];
  });
  if (!pairs.length) return undefined;
  return {
    mine: spreadOf(pairs.map(({ m }) => m)),
    theirs: spreadOf(pairs.map(({ t }) => t)),
    ratio: spreadOf(pairs.map(({ m, t }) => t / m)),
    rounds: pairs.length,
  } satisfies Compared;
}

function rowOf(results: Results, comparison: Comparison): string[] {
  return [
    comparison.title,
    ...workloadNames.map((name) => {
      const found = compared(results, name, comparison), goal = comparison.goal[name];
      if (!found) return "";
      return `${ratio(found.ratio)} ${ms(found.theirs.median)} → ${ms(found.mine.median)}` +
        (goal ? `; goal ${goal}` : "");
    }),
  ];
}

const numbers = (results: Results, name: WorkloadName, key: string) =>
  results.rounds.flatMap(({ workload, measured }) =>
    workload === name && typeof measured[key] === "number" ? [measured[key]] : []
  );

function firstPoints(results: Results): string[] {
  return [
    "from the call to the first point of the grid, in a new process",
    ...workloadNames.map((name) => {
      const all = numbers(results, name, "first · ours");
      if (!all.length) return "";
      const { median, low, high } = spreadOf(all);
      const seconds = (x: number) => (x / 1000).toFixed(2);
      return `**${seconds(median)} s** (${seconds(low)}–${seconds(high)}); goal ${
        name === "W1" ? 0.3 : 1.5
      }`;
    }),
  ];
}

/** The share of a core's peak that one core reaches: all multiplications of a point, in its time. */
function shares(results: Results): string[] {
  return [
    "share of one core's peak",
    ...workloadNames.map((name) => {
      // with wide data most of a point is not computed again
      if (name === "W3") return "";
      const { flops } = workload(workloads[name]);
      const all = results.rounds.flatMap(({ workload, measured, peaks }) => {
        const ms = measured["surface · one core"], peak = peaks["surface · one core"];
        if (workload !== name || typeof ms !== "number" || !peak) return [];
        return [100 * flops / ms / 1e6 / peak];
      });
      if (!all.length) return "";
      const { median, low, high } = spreadOf(all);
      return `**${median.toFixed(0)}%** (${low.toFixed(0)}–${high.toFixed(0)})` +
        (name === "W2" ? "; goal 55%" : "");
    }),
  ];
}

const header = ["", ...workloadNames];

/** What was measured while the machine did nothing else. */
function quiet({ rounds, costs, ...rest }: Results): Results {
  const best = Math.max(
    ...rounds.flatMap(({ peaks }) => Object.values(peaks).map((peak = 0) => peak)),
    ...costs.map(({ peak = 0 }) => peak),
  );
  const alone = (peak = best) => peak >= QUIET * best;
  return {
    ...rest,
    rounds: rounds.map(({ measured, peaks, ...round }) => ({
      ...round,
      peaks,
      measured: Object.fromEntries(Object.entries(measured).filter(([name]) => alone(peaks[name]))),
    })),
    costs: costs.filter(({ peak }) => alone(peak)),
  };
}

/** The tables, as they are printed. */
export function tables(all: Results): string {
  const results = quiet(all);
  return [mainTable(results), besideTable(results), profileTable(results)]
    .filter((table) => table).join("\n\n");
}

const mainTable = (results: Results) => markdown(header, main.map((row) => rowOf(results, row)));
const besideTable = (results: Results) =>
  markdown(header, [
    ...beside.map((row) => rowOf(results, row)),
    firstPoints(results),
    shares(results),
  ]);

const columns = [
  "products",
  "elementwise",
  "reductions, softmax",
  "moving numbers",
  "between operations",
];

function profileTable({ profiles }: Results): string {
  if (!profiles.length) return "";
  const rows = profiles.map(({ workload, what, milliseconds, nodes }) => {
    const total = Object.values(milliseconds).reduce((a, b) => a + b, 0);
    return [
      `${workload}, ${what}`,
      ms(total),
      ...columns.map((kind) => `${(100 * (milliseconds[kind] ?? 0) / total).toFixed(0)}%`),
      `${nodes}`,
    ];
  });
  return markdown(["", "ms", ...columns, "operations"], rows);
}

const docs = new URL("../../docs/", import.meta.url);
const readme = new URL("../../README.md", import.meta.url);

/** Writes the page, its figure, and the README's table between its marks. */
export async function writePages(all: Results): Promise<void> {
  const results = quiet(all);
  const { machine, rounds, costs } = results;
  const date = rounds.map(({ at }) => at).sort().at(-1)?.slice(0, 10) ?? "";
  const where = `${machine.processor}, ${machine.cores} cores`;
  const counts = main.flatMap((row) =>
    workloadNames.flatMap((name) => compared(results, name, row)?.rounds ?? [])
  );
  const how = `${date}, ${where}; Deno ${machine.deno}, PyTorch ${machine.torch ?? "not there"}`;
  if (costs.length) {
    const drawn = costFigure(costs, `${where}, ${date}`);
    for (const theme of ["light", "dark"] as const) {
      await Deno.writeFile(
        new URL(`cost-${theme}.png`, docs),
        await drawn.png({ theme, width: 720, scale: 1.5 }),
      );
    }
  }
  const definitions = workloadNames.map((name) => {
    const { title, samples, batch } = workloads[name];
    return [name, title, `${samples}`, name === "W4" ? "" : `${batch}`];
  });
  const page = `# How fast it is

Made by \`deno task bench --write\` on ${how}. ${Math.min(...counts)} to ${
    Math.max(...counts)
  } interleaved rounds a cell.

A cell says how many times as fast as the other this library is: the **median** of the ratios of single rounds
(their quartiles), and the medians of the milliseconds, theirs → ours. What is compared is measured one after the
other, in turns. Softmax cross-entropy, float32; everything is asked for through what \`mod.ts\` exports:
\`landscape\`, \`hessian(loss, θ).product\`, \`loss.gradient\`, the trainer of a loss and \`train\`.

${mainTable(results)}

PyTorch is taken at its best: for surfaces the loop that a careful person writes, in one single-threaded process
a core, all at once; for products (double backward) and gradients the quicker of one thread and all. A surface
is measured as a whole, the drawing left out, and divided by its points; ours computes standard errors, the
errors of differences and accuracies beside the losses. \`loss-landscape-3d\` is the package from PyPI with all
samples in one batch.

${markdown(["", "network", "samples", "samples a step"], definitions)}

W4 has batch norm in eval mode, and surfaces of ${workloads.W4.resolution}×${workloads.W4.resolution} points
(W2: ${workloads.W2.resolution}×${workloads.W2.resolution}, the others 51×51).

## Beside that

${besideTable(results)}

A vanishing network has weights of 1e-20 of the normal ones, so that its activations are denormal numbers. The
peak of a core is that of fused multiply-adds in its registers (\`tests/bench/peak.c\`), measured on all cores
before and after each measurement. Where it fell below ${
    100 * QUIET
  }% of the best the machine was busy with something else, and
what was measured is left out. W3's surface has no share: the product of its data with the first layer is made once for the origin and
each direction, not once a point.

${
    costs.length
      ? `## Cost against size

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="cost-dark.png">
  <img alt="The time of a landscape against its points, samples, parameters and workers: straight lines" src="cost-light.png" width="720">
</picture>

`
      : ""
  }${
    results.profiles.length
      ? `## What the time is spent on

One thread, by the runtime's own profiler (which adds some microseconds an operation): the last level of each
function, which is what is repeated for every point, θ or v. "Between operations" is what the runtime spends
around them. \`deno task bench --profile\`.

${profileTable(results)}
`
      : ""
  }`;
  await Deno.writeTextFile(new URL("benchmark.md", docs), page);
  const text = await Deno.readTextFile(readme);
  const [begin, end] = ["<!-- benchmark -->", "<!-- /benchmark -->"];
  const table = `${begin}\n\n${mainTable(results)}\n\nMeasured on ${how}.\n\n${end}`;
  await Deno.writeTextFile(
    readme,
    text.replace(new RegExp(`${begin}[^]*${end}`), () => table),
  );
  const written = ["docs/benchmark.md", "README.md"];
  await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", ...written],
    cwd: new URL("../../", import.meta.url),
  }).output();
}
