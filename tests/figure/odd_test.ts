import { assert, assertEquals } from "@std/assert";
import type { FigureOptions } from "../../lib/figure/drawing.ts";
import { type Figure, figure } from "../../lib/figure/figure.ts";
import { drawScree } from "../../lib/pca/scree.ts";
import { drawRun } from "../../lib/run/curves.ts";
import { drawStems } from "../../lib/spectrum/stems.ts";
import { drawTrajectory } from "../../lib/trajectory/draw.ts";
import { axis, sampled } from "./gallery.ts";
import { checkXML } from "./xml.ts";

/** Checks that a figure is well-formed, as wide as it was asked for, and has no number that is none. */
function checkFigure(result: Figure, options: FigureOptions, name: string): void {
  const svg = result.svg(options);
  checkXML(svg, name);
  const bare = svg.replace(/>[^<]*</g, "><").replace(/aria-label="[^"]*"/g, "");
  const odd = /[\w-]+="[^"]*(NaN|undefined|Infinity|\[object)[^"]*"/.exec(bare);
  assert(odd === null, `${name}: ${odd?.[0].slice(0, 120)}`);
  assert(!/undefined|\[object/.test(svg), `${name} says undefined`);
  if (options.width) assertEquals(Number(/<svg[^>]* width="(\d+)"/.exec(svg)![1]), options.width);
}

const smallest = 5e-324;

const losses: Record<string, (...at: number[]) => number> = {
  bowl: (x, y = 0, z = 0) => x * x + 10 * y * y + 3 * z * z,
  nowhere: () => NaN,
  infinite: () => Infinity,
  constant: () => 3,
  zero: () => 0,
  "nearly constant": (x) => 1 + 1e-16 * x,
  "a billion": (x) => 1e9 + x,
  "a billion below": (x) => -1e9 + x,
  denormal: (x) => x > 0 ? smallest : 0,
  "almost denormal": (x) => 1e-300 * x * x,
  huge: (x) => 1e300 * (x * x + 1),
  "the whole range": (x) => 1.7e308 * Math.sign(x),
  "many decades": (x, y = 0) => 10 ** (10 * (x + y)),
  "a flat bottom": (x) => Math.abs(x) < 0.3 ? 0 : 10 ** (8 * Math.abs(x)),
  "far below": (x) => -(10 ** (8 * Math.abs(x))),
  "one point": (...at) => at.every((v) => v === 0) ? 1 : NaN,
  "half of it": (x, y = 0) => x < 0 ? NaN : x + y,
  "infinities": (x) => x > 0.5 ? -Infinity : x < -0.5 ? Infinity : x,
};

const views = [["profile"], ["contour", "surface"], ["slices", "isosurfaces"]];

const grids: Record<string, Float64Array[]> = {
  plain: [axis(-1, 1, 5), axis(-1, 1, 3), axis(-1, 1, 4)],
  least: [axis(-1, 1, 2), axis(-1, 1, 2), axis(-1, 1, 2)],
  aside: [axis(0.2, 0.9, 5), axis(-1e6, -3, 4), axis(1e-9, 2e-9, 3)],
  far: [axis(1e9, 1e9 + 1, 3), axis(-1e12, 1e12, 3), axis(-1e-300, 1e-300, 3)],
};

for (const [dimension, names] of views.entries()) {
  Deno.test(`in ${dimension + 1}D no odd loss, range, scale or width leaves a number that is none`, () => {
    for (const [loss, f] of Object.entries(losses)) {
      for (const [grid, axes] of Object.entries(grids)) {
        const errors = axes.slice(0, dimension + 1).reduce((n, { length }) => n * length, 1);
        const result = sampled(axes.slice(0, dimension + 1), f, {
          standardErrors: new Float64Array(errors).fill(0.1),
        });
        for (const view of names) {
          const name = `${loss}, ${grid}, ${view}`;
          const asked = (type: "log" | "linear") => ({ [dimension ? "color" : "y"]: { type } });
          checkFigure(result, { view }, name);
          checkFigure(result, { view, width: 200, theme: "dark", ...asked("log") }, `${name}, log`);
          if (dimension === 0) checkFigure(result, { view, ...asked("linear") }, `${name}, linear`);
        }
      }
    }
  });
}

Deno.test("nor do odd runs, paths, spectra and components, alone or on top of others", () => {
  const numbers = [NaN, Infinity, 0, 3, smallest, 1e-310, 1e300, -1];
  const checked = (result: Figure, options: FigureOptions, name: string) => {
    checkFigure(result, options, name);
    checkFigure(result, { ...options, width: 200, theme: "dark" }, `${name}, narrow`);
  };
  for (const [k, a] of numbers.entries()) {
    for (const b of [numbers[(k + 1) % numbers.length], numbers[(k + 3) % numbers.length]]) {
      const name = `${a} and ${b}`;
      const run = figure({
        history: [a, b, a].map((trainLoss, epoch) => ({
          epoch,
          trainLoss,
          testLoss: b,
          trainAccuracy: a === 3 ? 0.5 : NaN,
          testAccuracy: NaN,
          learningRate: 0.1,
        })),
        stepLosses: Float32Array.of(a, b, a, b),
        config: {},
        seed: 1,
        partial: false,
      }, drawRun);
      checked(run, {}, `run of ${name}`);
      checkFigure(run, { y: { type: "log" } }, `log run of ${name}`);
      const path = figure({
        coordinates: [[0, 0], [a, b], [0.5, 0.25]].map((at) => Float64Array.from(at)),
        epochs: [0, 1, 2],
        residuals: Float64Array.of(0, Number.isFinite(a) ? a : 0, 0),
        losses: Float64Array.of(a, b, a),
        planeLosses: Float64Array.of(b, b, a),
        labels: ["x", "y"],
        partial: false,
      }, drawTrajectory);
      if (Math.abs(a) < 1e200 && Math.abs(b) < 1e200) {
        checked(path, {}, `path of ${name}`);
        for (const view of ["contour", "surface"]) {
          const surface = sampled([axis(-1, 1, 4), axis(-1, 1, 4)], losses.bowl);
          checkFigure(surface, { view, overlay: [path] }, `${view} below a path of ${name}`);
        }
      }
      checked(path, { view: "loss" }, `losses of a path of ${name}`);
      checkFigure(path, { view: "loss", y: { type: "log" } }, `log losses of a path of ${name}`);
      const pair = Float64Array.of(a, b);
      const spectrum = figure({
        eigenvalues: pair,
        residuals: Float64Array.of(0, 0.1),
        converged: [true, false],
        bottom: Float64Array.of(b),
        bottomResiduals: Float64Array.of(0),
        bottomConverged: [true],
        dimension: 9,
        products: 3,
        partial: true,
      }, drawStems);
      checked(spectrum, {}, `spectrum of ${name}`);
    }
  }
  for (const share of [0, NaN, 1, 0.5, 1e-12]) {
    const explained = Float64Array.of(share, 1 - share);
    const scree = figure(
      { explained, null: explained, scree: { explained, null: explained } },
      drawScree,
    );
    checked(scree, {}, `components with ${share}`);
  }
});
