/**
 * `deno task demo`: one real case from training to a report. Everything in it is the public face of the
 * module, so that it can be read as an example.
 */
import { parseArgs } from "@std/cli/parse-args";
import {
  audit,
  digits,
  type FigureOptions,
  hessian,
  interpolate,
  landscape,
  mlp,
  modelLoss,
  pca,
  randomDirections,
  report,
  type ReportSection,
  spectrum,
  train,
  trajectory,
} from "../../mod.ts";

const HELP = `Train an MLP on handwritten digits and look at its loss landscape.

Usage: deno task demo [--out FOLDER] [--seed N]

  --out    where the report and the pictures go, default runs/demo
  --seed   for weights, batches and directions, default 42
  --help   this text`;

const args = parseArgs(Deno.args, {
  string: ["out", "seed"],
  boolean: ["help"],
  default: { out: "runs/demo", seed: "42" },
  unknown(name) {
    misuse(`unknown argument ${name}`);
  },
});
if (args.help) {
  console.log(HELP);
  Deno.exit(0);
}
const seed = Number(args.seed);
if (!Number.isSafeInteger(seed)) misuse(`--seed must be an integer, got ${args.seed}`);

function misuse(message: string): never {
  console.error(`demo: ${message}; see deno task demo --help`);
  Deno.exit(2);
}

const began = performance.now();
Deno.mkdirSync(args.out, { recursive: true });

const data = await digits({ seed });
const model = mlp({ inputs: 64, hidden: [100, 100], outputs: 10, seed });
const learningRate = 0.1;
const run = await train(model, data, { epochs: 30, learningRate, seed });

await using loss = modelLoss(model, data.train);
const plane = pca(run);
const path = await trajectory(run, plane, { loss });
const surface = await landscape(loss, plane, { range: { include: path } });

const directions = randomDirections(loss.layout, run.final, { count: 1, seed });
const around = { origin: run.final, directions };
const profile = await landscape(loss, around);
await using testLoss = modelLoss(model, data.test);
const unseen = await landscape(testLoss, around);
const descent = await interpolate(loss, [run.initial, run.final], { names: ["start", "trained"] });

const space = pca(run, { components: 3 });
const inSpace = await trajectory(run, space);
const volume = await landscape(loss, space, { range: { include: inSpace }, resolution: 11 });

const curvature = await spectrum(hessian(loss, run.final), { top: 3, bottom: 0, probes: 0, seed });

const checked = await audit(loss, run.final, { landscape: surface, seed });

const last = run.history.at(-1)!, [top] = curvature.eigenvalues;
const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const numbers = {
  "training loss": last.trainLoss.toPrecision(3),
  "test loss": last.testLoss!.toPrecision(3),
  "test accuracy": percent(last.testAccuracy!),
  "explained by two directions": `${percent(sum(plane.explained))} (a random walk: ${
    percent(sum(plane.null))
  })`,
  "top Hessian eigenvalue": `${top.toPrecision(4)} (residual ${
    curvature.residuals[0].toExponential(0)
  })`,
  "stability limit 2/η": (2 / learningRate).toFixed(0),
  "checks by a second way": `${
    checked.checks.filter(({ passed }) => passed).length
  } of ${checked.checks.length} passed`,
};

const sections: ReportSection[] = [
  {
    title: "What happened during training",
    text: "The loss and the accuracy after each epoch, and the losses of single steps behind them.",
    figure: run,
  },
  {
    text:
      "The path in the plane that holds most of its movement, on the loss of the full training set. The " +
      "path itself runs a little beside this plane: how far, and what that costs, is shown further below.",
    figure: surface,
    options: { overlay: [path] },
  },
  {
    text: "The same surface in three dimensions. Drag it to rotate, or use the arrow keys.",
    figure: surface,
    options: { view: "surface", overlay: [path] },
  },
  {
    text: "How much of the movement each direction explains, beside what a random walk would show.",
    figure: plane,
  },
  {
    text: "The true loss along the path, and the loss at its shadow in the plane.",
    figure: path,
    options: { view: "loss" },
  },
  {
    title: "What surrounds the trained network",
    text:
      "Along one random direction, normalised filter by filter so that 1 is as long as the weights: the " +
      "loss that was trained on, and the loss on test images. The bands are what another draw of images " +
      "would change for a network that had not seen them; the gap between the lines is what it has seen.",
    figure: profile,
    options: { overlay: [unseen], names: ["training set", "test set"] },
  },
  {
    text: "On the straight line from the start through the trained network.",
    figure: descent,
  },
  {
    text: "The loss in the space of the path's first three directions.",
    figure: volume,
    options: { view: "isosurfaces", overlay: [inSpace] },
  },
  {
    title: "How sharp it is",
    text:
      "Gradient descent with a full batch is stable while the top eigenvalue of the Hessian stays below 2/η; " +
      "with small batches it is a yardstick, not a limit.",
    figure: curvature,
  },
  {
    title: "Whether to believe it",
    text:
      "Numbers of this page, computed by a second way that shares as little as can be with the first.",
    figure: checked,
  },
];

const names = [
  "training",
  "landscape",
  "surface",
  "scree",
  "descent",
  "profile",
  "interpolation",
  "volume",
  "spectrum",
  "audit",
];
const pictures = sections.map(({ figure, options }, i) => ({ name: names[i], figure, options }));
for (const { name, figure, options } of pictures) {
  for (const theme of ["light", "dark"] as const) {
    const look: FigureOptions = { ...options, theme };
    write(`${args.out}/${name}-${theme}.png`, await figure!.png(look));
  }
}

const { provenance } = surface, seconds = (performance.now() - began) / 1000;
write(
  `${args.out}/report.html`,
  new TextEncoder().encode(report({
    title: "A loss landscape of handwritten digits",
    lead:
      `An MLP with two hidden layers of 100 units, ${
        run.layout.size.toLocaleString("en")
      } weights, ` +
      `trained for ${run.config.epochs} epochs by SGD with learning rate ${learningRate}.`,
    sections: [{ numbers }, ...sections],
    footer:
      `losslandscape ${provenance.versions.losslandscape}, Deno ${provenance.versions.deno}, ` +
      `engine ${provenance.engine}, ${provenance.precision}, seed ${seed}, ${provenance.samples} samples. ` +
      "Made by deno task demo.",
  })),
);

const width = Math.max(...Object.keys(numbers).map((name) => name.length));
for (const [name, value] of Object.entries(numbers)) console.log(`${name.padEnd(width)}  ${value}`);
console.log(`\n${args.out}/report.html\n${args.out}/*.png (${2 * pictures.length} pictures)`);
console.log(`in ${seconds.toFixed(0)} s`);

/** Whole or not at all: a file that is there is complete. */
function write(file: string, content: Uint8Array): void {
  Deno.writeFileSync(`${file}.tmp`, content);
  Deno.renameSync(`${file}.tmp`, file);
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
