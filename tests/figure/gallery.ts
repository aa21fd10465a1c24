import { connectivity } from "../../lib/connectivity.ts";
import { eigenPlane } from "../../lib/eigen_plane.ts";
import { type Figure, figure } from "../../lib/figure/figure.ts";
import type { FigureOptions } from "../../lib/figure/drawing.ts";
import { drawLandscape } from "../../lib/landscape/draw.ts";
import type { DrawnLandscape } from "../../lib/landscape/drawn.ts";
import { drawScree } from "../../lib/pca/scree.ts";
import { drawRun } from "../../lib/run/curves.ts";
import type { Loss } from "../../lib/loss.ts";
import { planeThrough } from "../../lib/plane_through.ts";
import type { Provenance } from "../../lib/provenance.ts";
import { factorization } from "../../lib/synthetic.ts";
import { symmetries } from "../../lib/symmetry.ts";
import { topology } from "../../lib/topology.ts";
import { drawTrajectory } from "../../lib/trajectory/draw.ts";

/** `count` coordinates from end to end. */
export const axis = (from: number, to: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => (from * (count - 1 - i) + to * i) / (count - 1));

/** A landscape of a formula, as the analyses give it. */
export function sampled(
  axes: Float64Array[],
  f: (...coordinates: number[]) => number,
  more: Partial<DrawnLandscape> = {},
): DrawnLandscape & Figure {
  const size = axes.reduce((product, { length }) => product * length, 1);
  const values = Float64Array.from({ length: size }, (_, index) => {
    const coordinates: number[] = [];
    for (let k = axes.length - 1; k >= 0; k--) {
      coordinates[k] = axes[k][index % axes[k].length];
      index = Math.floor(index / axes[k].length);
    }
    return f(...coordinates);
  });
  const data: DrawnLandscape = {
    axes,
    labels: axes.map((_, k) => `direction ${k + 1}`),
    values,
    done: new Uint8Array(size).fill(1),
    center: f(...axes.map(() => 0)),
    partial: false,
    provenance: {
      engine: "closed form",
      precision: "float64",
      samples: 500,
      samplesAvailable: 500,
    },
    ...more,
  };
  return figure(data, drawLandscape);
}

export const bowl = (x: number, y: number) => x * x + 10 * y * y;

const plane = () => sampled([axis(-2, 2, 31), axis(-1, 1, 21)], (x, y) => 0.1 + bowl(x, y));

/** A spiral into the origin. */
export const spiral = (turn = 1) =>
  figure({
    coordinates: Array.from(
      { length: 40 },
      (_, k) =>
        Float64Array.of(
          1.6 * Math.exp(-k / 12) * Math.cos(k / 4),
          turn * 0.8 * Math.exp(-k / 12) * Math.sin(k / 4),
        ),
    ),
    epochs: Float64Array.from({ length: 40 }, (_, k) => k / 2),
    residuals: Float64Array.from({ length: 40 }, (_, k) => 0.1 + 0.01 * k),
    distances: Float64Array.from({ length: 40 }, (_, k) => 2 * Math.exp(-k / 12) + 0.1),
    inPlane: 0.93,
    losses: Float64Array.from({ length: 40 }, (_, k) => 2 * Math.exp(-k / 6) + 0.1),
    planeLosses: Float64Array.from({ length: 40 }, (_, k) => 2 * Math.exp(-k / 6) + 0.15),
    stability: { all: 0.3, lastTenth: 0.002 },
    labels: ["PC 1 · 88% of the movement", "PC 2 · 7% of the movement"],
    partial: false,
  }, drawTrajectory);

const line = () =>
  sampled([axis(-1, 1, 41)], (x) => 0.04 + x * x, {
    labels: ["random direction 1, in units of |θ|"],
    standardErrors: new Float64Array(41).fill(0.02),
    differenceErrors: new Float64Array(41).fill(0.005),
  });

const way = () =>
  sampled([axis(-0.5, 1.5, 41)], (t) => 0.05 + 4 * (t * (1 - t)) ** 2, {
    accuracies: Float64Array.from(axis(-0.5, 1.5, 41), (t) => 0.95 - (t * (1 - t)) ** 2),
    barrier: 0.25,
    barrierError: 0.01,
  });

/** Where part of the plane diverged, and part of it was never computed. */
export const torn = () => {
  const whole = sampled(
    [axis(-2, 2, 33), axis(-1, 1, 17)],
    (x, y) => x + y > 1.6 ? NaN : x < -1.4 && y < -0.4 ? Infinity : 0.2 + x * x + y * y,
  );
  const { axes, values, center, provenance, labels } = whole;
  const done = values.map((_, k) => k % 17 === 16 ? 0 : 1);
  return figure(
    { axes, values, center, provenance, labels, done: Uint8Array.from(done), partial: true },
    drawLandscape,
  );
};

const volume = () =>
  sampled(
    [axis(-1, 1, 9), axis(-1, 1, 8), axis(-1, 1, 7)],
    (x, y, z) => 0.1 + x * x + 2 * y * y + z * z,
  );

const components = () => {
  const explained = Float64Array.of(0.88, 0.07, 0.03, 0.02);
  const walk = Float64Array.of(0.61, 0.15, 0.07, 0.04);
  return figure({
    explained: explained.slice(0, 2),
    null: walk.slice(0, 2),
    scree: { explained, null: walk, nullErrors: Float64Array.of(0.05, 0.02, 0.01, 0.01) },
    checkpoints: 41,
  }, drawScree);
};

const training = () =>
  figure({
    history: Array.from({ length: 21 }, (_, epoch) => ({
      epoch,
      trainLoss: 2.3 * Math.exp(-epoch / 4) + 0.02,
      testLoss: 2.3 * Math.exp(-epoch / 4) + 0.1 + epoch / 500,
      trainAccuracy: 1 - 0.9 * Math.exp(-epoch / 3),
      testAccuracy: 0.96 - 0.86 * Math.exp(-epoch / 3),
      learningRate: 0.1,
    })),
    stepLosses: Float32Array.from({ length: 900 }, (_, k) =>
      2.3 * Math.exp(-k / 180) * (1 + k % 7 / 7)),
    config: { optimizer: "sgd", learningRate: 0.1, batchSize: 32 },
    seed: 42,
    partial: false,
  }, drawRun);

/** Two wells that count and some that do not, with a hole in each corner. */
const wells = await (() => {
  const plane = sampled(
    [axis(-1, 1, 21), axis(-1, 1, 11)],
    (x, y) =>
      Math.abs(x * y) > 0.9
        ? NaN
        : 0.5 + (x * x - 0.25) ** 2 + 0.02 * x + y * y + 0.004 * Math.sin(40 * x),
  );
  const samples = Int32Array.from({ length: 20 }, (_, k) => k);
  const losses = Float64Array.from(
    { length: 20 * plane.values.length },
    (_, k) => plane.values[Math.floor(k / 20)] + 0.02 * Math.sin(k * k),
  );
  const { labels, provenance } = plane;
  return topology({
    ...plane,
    labels: [...labels],
    axes: [...plane.axes],
    provenance: { ...provenance, samples: 20 } as Provenance,
    perSample: { losses, samples },
  }, { of: "population", resamples: 100, progress: false });
})();

const saddle = await eigenPlane(factorization(), Float64Array.of(0.4, 0.1), { progress: false });

const three = planeThrough(
  Float64Array.of(0, 0, 1),
  Float64Array.of(3, 0, 1),
  Float64Array.of(1, 2, 1),
  { names: ["seed 1", "seed 2", "seed 3"] },
);

/** ½(ab − 1)² as what it is, a linear network with one hidden unit: both signs may change together. */
export const oneUnit = (): Loss => {
  const loss = factorization(), [{ name: tensor }] = loss.layout.tensors;
  const known = symmetries(loss.layout, [{
    axes: [
      { tensor, axis: 0, positions: [0] },
      { tensor, axis: 0, positions: [1], power: -1 },
    ],
    odd: true,
  }]);
  return { ...loss, symmetries: () => known };
};

const pair = [Float64Array.of(1, 1), Float64Array.of(-0.8, -1.2)];
const ways = await connectivity(oneUnit(), pair, { progress: false });
const curves = await connectivity(factorization(), pair, {
  path: "bezier",
  bezier: { steps: 50 },
  progress: false,
});
const optima = await connectivity(oneUnit(), [...pair, Float64Array.of(2, 0.5)], {
  names: ["first seed", "second seed", "third seed"],
  progress: false,
});

/** Every picture that there is. */
export function gallery(): [name: string, result: Figure, options: FigureOptions][] {
  return [
    ["contour", plane(), {}],
    ["contour with a path", plane(), { overlay: [spiral()] }],
    ["contour with two paths", plane(), { overlay: [spiral(), spiral(-1)] }],
    ["contour with holes", torn(), {}],
    ["contour of nothing finite", sampled([axis(-1, 1, 5), axis(-1, 1, 5)], () => NaN), {}],
    ["contour of a constant", sampled([axis(-1, 1, 5), axis(-1, 1, 5)], () => 2), {}],
    ["contour of two by two points", sampled([axis(0, 1, 2), axis(0, 1, 2)], (x, y) => x + y), {}],
    ["eigenvector plane", saddle, {}],
    ["plane through three points", three, {}],
    ["basins", wells, {}],
    ["merge tree", wells, { view: "tree" }],
    ["persistence diagram", wells, { view: "persistence" }],
    ["surface", plane(), { view: "surface" }],
    ["surface with a path", plane(), { view: "surface", overlay: [spiral()] }],
    ["surface with holes", torn(), { view: "surface" }],
    ["surface of nothing finite", sampled([axis(-1, 1, 5), axis(-1, 1, 5)], () => NaN), {
      view: "surface",
    }],
    ["profile", line(), {}],
    ["two profiles", line(), { overlay: [line()], names: ["training set", "test set"] }],
    ["profile with a paired band", line(), { band: "difference" }],
    ["profile of nothing finite", sampled([axis(-1, 1, 5)], () => Infinity), {}],
    ["way between two points", way(), {}],
    ["slices", volume(), {}],
    ["isosurfaces", volume(), { view: "isosurfaces" }],
    ["path", spiral(), {}],
    ["loss of a path", spiral(), { view: "loss" }],
    ["barriers on lines", ways, {}],
    ["barrier on a curve", curves, {}],
    ["barriers between three points", optima, {}],
    ["ways between three points", optima, { view: "paths" }],
    ["scree plot", components(), {}],
    ["run", training(), {}],
  ];
}
