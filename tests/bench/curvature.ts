import { parseArgs } from "@std/cli/parse-args";
import {
  type Dataset,
  hessian,
  type LayersModel,
  modelLoss,
  type Samples,
  spectrum,
  train,
  type Vector,
} from "../../mod.ts";
import { contestant } from "./contestant.ts";
import { markdown, ms, ratio, type Spread, spreadOf } from "./table.ts";
import { workload, workloads } from "./workloads.ts";

const HELP =
  `Compares spectra with PyHessian and hessian-eigenthings, on the same weights, in interleaved rounds.

  deno task bench:curvature [--only W1,W3] [--rounds 5] [--python PATH] [--write]

  --write    write docs/curvature-benchmark.md
  --python   an interpreter with torch, pyhessian and hessian-eigenthings 1.0.0a5; default: the environment's
             BENCH_PYTHON, or python3

The largest five eigenvalues and the smallest, each with a residual below 1e-3 of the largest; PyHessian gives the
largest five, and stops where it stops. hessian-eigenthings is told the fewest steps that reach the residual, which
a user would have to guess, and reads both ends off one run. Neither of them looks for repeated eigenvalues, so ours
is asked not to (\`repeated: false\`; by default it spends some ten products on it). The trace takes 100 Rademacher probes each.`;

const { help, write, ...options } = parseArgs(Deno.args, {
  string: ["only", "rounds", "python"],
  boolean: ["help", "write"],
  default: { only: "W1,W3", rounds: "5" },
});
if (help) {
  console.log(HELP);
  Deno.exit(0);
}

const top = 5, tolerance = 1e-3, probes = 100;
const cores = navigator.hardwareConcurrency, rounds = Number(options.rounds);
const python = options.python ?? Deno.env.get("BENCH_PYTHON") ?? "python3";
const script = new URL("pytorch/curvature.py", import.meta.url).pathname;
const theirs = contestant("Python", python, [script, `${cores}`]);
const hello = await theirs.hello();
if (!hello) {
  console.error(`${python} cannot be started, or lacks a package (--help)`);
  Deno.exit(1);
}

/** Both ends, largest first, then the smallest; or a trace. */
interface Found {
  ms: number;
  values?: number[];
  residuals?: number[];
  value?: number;
  standardError?: number;
  products?: number;
}

/** Weights, where they lie for others to read, and what is true of them. */
interface Problem {
  title: string;
  folder: string;
  widths: number[];
  steps: number;
  truth: number[];
  ends(): Promise<Found>;
  trace(): Promise<Found>;
}

const timed = async <T>(work: () => Promise<T>): Promise<T & { ms: number }> => {
  const began = performance.now(), result = await work();
  return { ...result, ms: performance.now() - began };
};

async function problem(title: string, name: "W1" | "W3", trained: boolean): Promise<Problem> {
  const { widths } = workloads[name], { model, samples, theta: start } = workload(workloads[name]);
  const theta = trained ? await weightsOf(model, samples) : start;
  const folder = await Deno.makeTempDir();
  const { inputs, targets } = samples as unknown as Record<string, { data: Float32Array }>;
  for (const [file, data] of Object.entries({ theta, x: inputs.data, y: targets.data })) {
    await Deno.writeFile(`${folder}/${file}.bin`, new Uint8Array(Float32Array.from(data).buffer));
  }
  await Deno.writeFile(`${folder}/y.bin`, new Uint8Array(Int32Array.from(targets.data).buffer));
  const loss = modelLoss(model, samples, { engine: "native" });
  const exact = modelLoss(model, samples, { engine: "native", precision: "float64" });
  const quiet = { progress: false, density: false } as const;
  /** As a user calls it, at a θ that nothing is known of. */
  const at = async (options: Parameters<typeof spectrum>[1]) => {
    const operator = hessian(loss, theta), result = await spectrum(operator, options);
    operator.release();
    return result;
  };
  const ends = () =>
    timed(async () => {
      const found = await at({ ...quiet, top, bottom: 1, probes: 0, tolerance, repeated: false });
      if (found.outcome !== "converged") throw new Error(`${title}: ${found.outcome}`);
      return {
        values: [...found.eigenvalues, ...found.bottom],
        residuals: [...found.residuals, ...found.bottomResiduals],
        products: found.products,
      };
    });
  const traced = () =>
    timed(async () => (await at({ ...quiet, top: 0, bottom: 0, probes })).trace!);
  const { eigenvalues, bottom } = await spectrum(hessian(exact, Float64Array.from(theta)), {
    ...quiet,
    top,
    bottom: 1,
    probes: 0,
    tolerance: 1e-6,
    repeated: false,
  });
  await exact[Symbol.asyncDispose]();
  await ends();
  await traced();
  const about = { folder, widths: widths!, top, tolerance, seed: 1 };
  const { steps } = await theirs.ask<{ steps: number }>(
    { ...about, what: "fewest", most: 120 },
    300,
  );
  return {
    title,
    folder,
    widths: widths!,
    steps,
    truth: [...eigenvalues, ...bottom],
    ends,
    trace: traced,
  };
}

async function weightsOf(model: LayersModel, samples: Samples): Promise<Vector> {
  const data = { name: "bench", train: samples } as Dataset;
  const settings = { epochs: 20, learningRate: 0.05, momentum: 0.9, progress: false };
  return (await train(model, data, settings)).final;
}

/** Everything that a contestant found, round by round. */
const results = new Map<string, Found[]>();
const note = (key: string, found: Found) => results.set(key, [...results.get(key) ?? [], found]);

const problems: Problem[] = [];
for (const name of options.only.split(",") as ("W1" | "W3")[]) {
  problems.push(await problem(`${name} at the start`, name, false));
  problems.push(await problem(`${name} trained`, name, true));
}
for (let round = 0; round < rounds; round++) {
  for (const one of problems) {
    const { title, folder, widths, steps, ends, trace } = one;
    const ask = (what: string) => () =>
      theirs.ask<Found>({ what, folder, widths, top, steps, probes, seed: 1 + round }, 300);
    const turns: [string, () => Promise<Found>][] = [
      ["ours", ends],
      ["PyHessian", ask("PyHessian")],
      ["eigenthings", ask("eigenthings")],
      ["ours trace", trace],
      ["PyHessian trace", ask("PyHessian trace")],
      ["eigenthings trace", ask("eigenthings trace")],
    ];
    for (const [who, turn] of round % 2 ? turns.toReversed() : turns) {
      note(`${title} ${who}`, await turn());
    }
  }
}

const share = (x: number) => x.toExponential(0).replace("+", "");
const found = ({ title }: Problem, who: string) => results.get(`${title} ${who}`)!;
const spread = (all: Found[]): Spread => spreadOf(all.map(({ ms }) => ms));
const against = (mine: Found[], other: Found[]) =>
  ratio(spreadOf(other.map(({ ms }, round) => ms / mine[round].ms)));

/** Time, and the largest error of an eigenvalue and the largest residual, as shares of the largest eigenvalue. */
function endsCell(one: Problem, who: string): string {
  const all = found(one, who), { truth } = one, scale = Math.max(...truth.map(Math.abs));
  // power iteration takes the largest in magnitude
  const errors = all.flatMap(({ values }) =>
    values!.map((value, k) => Math.abs(value - truth[k]) / scale)
  );
  const residuals = all.flatMap(({ residuals = [] }) => residuals.map((r) => r / scale));
  return [
    `${ms(spread(all).median)} ms`,
    `error ${share(Math.max(...errors))}`,
    ...(residuals.length ? [`residual ${share(Math.max(...residuals))}`] : []),
    ...(all[0].products ? [`${all[0].products} products`] : []),
    ...(who === "eigenthings" ? [`${one.steps} steps`] : []),
  ].join(", ");
}

function traceCell(one: Problem, who: string): string {
  const all = found(one, who), [{ value, standardError }] = all;
  return `${ms(spread(all).median)} ms, ${value!.toPrecision(3)} ± ${
    standardError!.toPrecision(2)
  }`;
}

const rows = problems.flatMap((one) => {
  const row = (what: string, suffix: string, cell: (one: Problem, who: string) => string) => [
    `${one.title}: ${what}`,
    ...["ours", "PyHessian", "eigenthings"].map((who) => cell(one, `${who}${suffix}`)),
    ...["PyHessian", "eigenthings"].map((who) =>
      against(found(one, `ours${suffix}`), found(one, `${who}${suffix}`))
    ),
  ];
  return [row("ends", "", endsCell), row(`trace, ${probes} probes`, " trace", traceCell)];
});
const date = new Date().toISOString().slice(0, 10);
const report = `${date}, ${cores} cores, Deno ${Deno.version.deno}, PyTorch ${hello.version}.

The largest five eigenvalues and the smallest, and the trace, of the Hessian of W1 (MLP 2→100→100→2) and W3
(784→500→10) on 1,000 samples, on the same weights. Medians of ${rounds} interleaved rounds; in parentheses the quartiles
of the ratio of times. Errors are the largest of all, against eigenvalues in double precision, as shares of the
largest eigenvalue. PyHessian gives the largest five alone, and stops where it stops. hessian-eigenthings is told
the fewest steps that reach a residual of ${
  share(tolerance)
}, which a user would have to guess. Neither looks for
repeated eigenvalues, nor does ours here.

${
  markdown(
    ["", "ours", "PyHessian", "eigenthings", "against PyHessian", "against eigenthings"],
    rows,
  )
}
`;
console.log(report);
if (write) {
  const page = new URL("../../docs/curvature-benchmark.md", import.meta.url).pathname;
  await Deno.mkdir(page.slice(0, page.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(
    page,
    `# Spectra beside PyHessian and hessian-eigenthings\n\nMade by \`deno task bench:curvature --write\`. ${report}`,
  );
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", page] }).output();
}
for (const { folder } of problems) await Deno.remove(folder, { recursive: true });
await theirs.close();
Deno.exit(0);
