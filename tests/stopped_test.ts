import { assert, assertEquals, assertRejects } from "@std/assert";
import * as toolkit from "../mod.ts";
import {
  type Control,
  type Figure,
  fromJSON,
  hessian,
  type LayersModel,
  mlp,
  modelLoss,
  moons,
  pca,
  type ProgressState,
  randomDirections,
  type Vector,
} from "../mod.ts";

const quiet = { progress: false } as const;
const data = moons({ train: 40, test: 20 });
const net = (seed: number): LayersModel =>
  mlp({ inputs: 2, hidden: [5], outputs: 2, seed, activation: "tanh" });
const options = { epochs: 4, batchSize: 20, ...quiet };
const run = await toolkit.train(net(1), data, options);
const other = await toolkit.train(net(2), data, options);
const loss = modelLoss(net(1), data.train, { engine: "wasm" });
const theta = run.final, ends = [theta, other.final] as [Vector, Vector];
const slice = (count: number) => ({
  origin: theta,
  directions: randomDirections(loss.layout, theta, { count }),
});
const surface = await toolkit.landscape(loss, slice(2), {
  resolution: 7,
  perSample: true,
  ...quiet,
});

type Stopped = Figure & { partial: boolean };

/** An analysis of the toolkit, and the ways to look at what it gives. */
interface Case {
  /** Runs it. */
  run(control: Control): Promise<Stopped>;
  /** The views of its figure; by default the one that it has. */
  views?: (string | undefined)[];
}

const {
  audit,
  connectivity,
  eigenPlane,
  interpolate,
  invariances,
  landscape,
  layerSpectra,
  sharpness,
  spectra,
  spectrum,
  topology,
  train,
  trajectory,
} = toolkit;

const cases: Record<string, Case> = {
  "landscape of one direction": {
    run: (control) => landscape(loss, slice(1), { resolution: 9, ...control }),
  },
  "landscape of two directions": {
    run: (control) => landscape(loss, slice(2), { resolution: 5, ...control }),
    views: ["contour", "surface"],
  },
  "landscape of three directions": {
    run: (control) => landscape(loss, slice(3), { resolution: 3, ...control }),
    views: ["isosurfaces", "slices"],
  },
  interpolate: { run: (control) => interpolate(loss, ends, { resolution: 7, ...control }) },
  spectrum: {
    run: (control) => spectrum(hessian(loss, theta), { probes: 3, steps: 10, ...control }),
  },
  spectra: { run: (control) => spectra(run, loss, { top: 1, probes: 2, ...control }) },
  layerSpectra: { run: (control) => layerSpectra(loss, theta, { probes: 2, ...control }) },
  sharpness: { run: (control) => sharpness(loss, theta, { samples: 5, ...control }) },
  "connectivity on lines": {
    run: (control) => connectivity(loss, ends, { resolution: 4, ...control }),
    views: ["paths", "matrix"],
  },
  "connectivity on curves": {
    run: (control) =>
      connectivity(loss, ends, { path: "bezier", variants: ["raw"], resolution: 4, ...control }),
    views: ["paths", "matrix"],
  },
  train: { run: (control) => train(net(3), data, { ...options, ...control }) },
  trajectory: {
    run: (control) => trajectory(run, pca(run), { loss, ...control }),
    views: ["path", "loss"],
  },
  topology: {
    run: (control) => topology(surface, { of: "population", resamples: 100, ...control }),
  },
  invariances: { run: (control) => invariances(loss, theta, { samples: 3, ...control }) },
  audit: { run: (control) => audit(loss, theta, control) },
  eigenPlane: { run: (control) => eigenPlane(loss, theta, { resolution: 5, ...control }) },
};

/** Runs an analysis and stops it with its n-th report; before it begins, where n is 0. */
async function stoppedAt(n: number, run: Case["run"]) {
  const stop = new AbortController(), reports: ProgressState[] = [], ended: ProgressState[] = [];
  if (n === 0) stop.abort();
  const progress = {
    report: (state: ProgressState) => void (reports.push(state) === n && stop.abort()),
    end: (state: ProgressState) => void ended.push(state),
  };
  const result = await run({ signal: stop.signal, progress }).catch((error) => {
    if (error !== stop.signal.reason) throw error;
  });
  return { result, reports, ended };
}

/** The texts of a picture, and its attributes but for the name that is read to the blind. */
function told(svg: string) {
  return {
    texts: svg.replace(/<[^>]*>/g, " "),
    geometry: [...svg.matchAll(/<[^>]*>/g)].join("").replace(/aria-label="[^"]*"/g, ""),
  };
}

for (const [name, { run, views = [undefined] }] of Object.entries(cases)) {
  Deno.test(`stopped anywhere, ${name} gives what was computed, and says that it is partial`, async () => {
    const whole = await stoppedAt(Infinity, run);
    assertEquals(whole.result!.partial, false);
    assert(!/stopped/.test(whole.result!.summary()));
    const count = whole.reports.length;
    for (const n of new Set([0, 1, count >> 1, count - 1].filter((n) => n < count))) {
      const { result, reports, ended } = await stoppedAt(n, run);
      assertEquals([ended.length, ended[0].stopped], [1, true], `after ${n}`);
      for (const [i, { done, total }] of reports.entries()) {
        assert(
          done <= total && done >= (reports[i - 1]?.done ?? 0),
          `after ${n}: ${done}, ${total}`,
        );
      }
      // Without directions there is no plane.
      if (!result && name === "eigenPlane" && n <= count >> 1) continue;
      assert(result, `after ${n} of ${count}`);
      assertEquals(result.partial, true, `after ${n} of ${count}`);
      for (const view of views) {
        const { texts, geometry } = told(result.svg({ view }));
        assert(/\bstopped\b/.test(texts), `after ${n}, ${view}: the figure is silent: ${texts}`);
        assert(!/NaN|Infinity|undefined/.test(geometry), `after ${n}, ${view}: ${geometry}`);
        assert(/\bstopped\b/.test(result.summary({ view })), result.summary({ view }));
      }
      const plain = JSON.stringify(result);
      const { partial } = fromJSON<Stopped>(plain);
      assertEquals(partial, true);
      assertEquals(JSON.stringify(toPlainAgain(fromJSON(plain))), plain);
    }
  });
}

/** NaN and ±∞ as JSON has them here. */
function toPlainAgain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(
      value,
      (_, v) => typeof v === "number" && !Number.isFinite(v) ? String(v) : v,
    ),
  );
}

Deno.test("what gives weights and not a result ends with the best so far, or with the reason", async () => {
  const { alignNeurons, eigenDirections } = toolkit;
  for (const n of [0, 1, 2]) {
    const stop = new AbortController();
    let reports = 0;
    const progress = { report: () => void (++reports === n && stop.abort()) };
    if (n === 0) stop.abort();
    const control = { signal: stop.signal, progress };
    const aligned = await alignNeurons(loss, ends, control);
    // A permutation changes no value of the network.
    const [before, after] = [await loss.value(ends[1]), await loss.value(aligned)];
    assert(Math.abs(before - after) < 1e-5 * Math.max(1, before));
    const reason = await assertRejects(() => eigenDirections(hessian(loss, theta), control));
    assertEquals(reason, stop.signal.reason);
  }
});

Deno.test("no analysis of the toolkit is left out above", () => {
  const analyses = Object.entries(toolkit)
    .filter(([, f]) => typeof f === "function" && f.constructor.name === "AsyncFunction")
    .map(([name]) => name);
  const nothingToStop = ["digits", "penguins", "show", "products"];
  const above = [...Object.keys(cases).map((name) => name.split(" ")[0]), "alignNeurons"];
  const known = new Set([...above, "eigenDirections", ...nothingToStop]);
  assertEquals(analyses.filter((name) => !known.has(name)), []);
});
