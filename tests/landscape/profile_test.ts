import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { axis, sampled } from "../figure/gallery.ts";

/** The text of a figure, its lines joined. */
const wordsOf = (
  svg: { querySelectorAll(selector: string): Iterable<{ textContent: string | null }> },
) =>
  [...svg.querySelectorAll("text")].map((text) => text.textContent).join(" ")
    .replaceAll("\u00a0", " ");

const errors = new Float64Array(21).fill(0.1);
const line = (more = {}) =>
  sampled([axis(-1, 1, 21)], (x) => 2 + x * x, { standardErrors: errors, ...more });

/** The half-width of the band at the centre, in units of the loss, read off the ticks. */
// deno-lint-ignore no-explicit-any
function halfWidth(svg: any): number | undefined {
  const area = svg.querySelector('[aria-label="area"] path');
  if (!area) return undefined;
  const ticks = [...svg.querySelectorAll('[aria-label="y-axis tick label"] text')].map((text) => ({
    at: Number(/,([-\d.]+)\)/.exec(text.getAttribute("transform"))![1]),
    value: Number(text.textContent.replace("−", "-")),
  }));
  const unit = (ticks.at(-1)!.value - ticks[0].value) / (ticks[0].at - ticks.at(-1)!.at);
  const points = [...area.getAttribute("d").matchAll(/([-\d.]+),([-\d.]+)/g)].map((
    [, x, y],
  ) => [+x, +y]);
  const middle = points.filter(([x]) => Math.abs(x - points[10][0]) < 0.01).map(([, y]) => y);
  return (Math.max(...middle) - Math.min(...middle)) / 2 * unit;
}

Deno.test("the band is two standard errors wide to each side, and the subtitle says of what", () => {
  const svg = line().plot();
  assertAlmostEquals(halfWidth(svg)!, 0.2, 2e-3);
  const said = wordsOf(svg);
  assert(
    said.includes("± 2 standard errors for the population, valid where θ was not fitted"),
    said,
  );
  assert(said.includes("on the samples themselves the loss is exact"), said);
});

Deno.test("for the training set there is no band where all of it is used, and a narrower one for a subsample", () => {
  const whole = line().plot({ band: "trainingSet" });
  assertEquals(halfWidth(whole), undefined);
  const half = line({ provenance: { samples: 500, samplesAvailable: 1000 } });
  assertAlmostEquals(halfWidth(half.plot({ band: "trainingSet" }))!, 0.2 * Math.sqrt(0.5), 2e-3);
});

Deno.test("the paired band is that of the differences, and none is none", () => {
  const differenceErrors = new Float64Array(21).fill(0.02);
  assertAlmostEquals(
    halfWidth(line({ differenceErrors }).plot({ band: "difference" }))!,
    0.04,
    2e-3,
  );
  assertEquals(halfWidth(line().plot({ band: "none" })), undefined);
});

Deno.test("a band that there are no errors for is refused, and so is one that does not exist", () => {
  const bare = line({ standardErrors: undefined });
  assertEquals(halfWidth(bare.plot()), undefined);
  assertThrows(
    () => bare.plot({ band: "population" }),
    RangeError,
    'band "population" needs standard errors',
  );
  assertThrows(() => line().plot({ band: "wide" as "none" }), RangeError, 'got "wide"');
});

Deno.test("the title of a way between two points says whether there is a barrier", () => {
  const title = (barrier: number, barrierError: number) =>
    sampled([axis(-0.5, 1.5, 21)], (t) => 1 + t, { barrier, barrierError }).svg();
  assert(title(0.3, 0.01).includes("A barrier of 0.3 between two points"));
  assert(title(0.3, 0.2).includes("No barrier between two points"));
});

Deno.test("a profile that was stopped joins the points that there are", () => {
  const values = line().values.map((v, k) => k % 2 ? NaN : v);
  const done = Uint8Array.from(values, (v) => Number.isNaN(v) ? 0 : 1);
  // deno-lint-ignore no-explicit-any
  const svg = line({ values, done, partial: true, standardErrors: undefined }).plot() as any;
  const d = svg.querySelector('[aria-label="line"] path').getAttribute("d") as string;
  assertEquals(d.match(/M/g)!.length, 1);
  assertEquals(d.match(/,/g)!.length, 11);
});

Deno.test("a way between points that have names is described by them, a way without as first and second", () => {
  const more = { barrier: 0, labels: ["the way"] };
  const way = sampled([axis(-0.5, 1.5, 21)], (t) => 1 + t, {
    ...more,
    names: ["start", "trained"],
  });
  const said = wordsOf(way.plot());
  for (const text of ["No barrier between start and trained", "loss 1 at start", "trained · 2"]) {
    assert(said.includes(text), said);
  }
  assert(way.summary().includes("1 at start"), way.summary());
  const bare = sampled([axis(-0.5, 1.5, 21)], (t) => 1 + t, more);
  assert(bare.summary().includes("1 at the first point"), bare.summary());
  assert(!wordsOf(bare.plot()).includes("centre"));
});

Deno.test("a second profile has its band, its value, its accuracy and its name, within one frame", () => {
  const accuracies = new Float64Array(21).fill(0.5);
  const low = sampled([axis(-1, 1, 21)], (x) => 0.004 + x * x, {
    accuracies,
    standardErrors: new Float64Array(21).fill(0.001),
  });
  const high = sampled([axis(-1, 1, 21)], (x) => 0.4 + 9 * x * x, {
    accuracies,
    standardErrors: new Float64Array(21).fill(0.3),
    provenance: { samples: 360, samplesAvailable: 360 },
  });
  const options = { overlay: [high], names: ["training set", "test set"] };
  // deno-lint-ignore no-explicit-any
  const svg = low.plot(options) as any;
  const said = wordsOf(svg);
  for (
    const text of ["training set · 0.004", "test set · 0.4", "test set: mean over 360 samples"]
  ) {
    assert(said.includes(text), said);
  }
  assertEquals([...svg.querySelectorAll('[aria-label="area"] path')].length, 2);
  assertEquals([...svg.querySelectorAll('[aria-label="line"] path')].length, 4);
  // on a log axis the second band reaches below zero at the centre, and still nothing leaves the frame
  for (const path of svg.querySelectorAll('[aria-label="area"] path, [aria-label="line"] path')) {
    for (const [, , y] of path.getAttribute("d").matchAll(/([-\d.]+),([-\d.]+)/g)) {
      assert(Number(y) >= 21.9 && Number(y) <= 212.1, `at ${y}`);
    }
  }
  assertEquals(
    [...low.plot({ ...options, band: "none" }).querySelectorAll('[aria-label="area"]')],
    [],
  );
});

Deno.test("bands that were found in different ways are told apart", () => {
  const [low, high] = [new Float64Array(21).fill(1), new Float64Array(21).fill(4)];
  const one = line({ intervals: { low, high, method: "t" } });
  const two = line({
    intervals: { low, high, method: "bootstrap" },
    provenance: { samples: 500, seed: 7 },
  });
  const said = wordsOf(one.plot({ overlay: [two], names: ["a", "b"] }));
  assert(said.includes("for the population (Student's t; b: bootstrap, seed 7)"), said);
  assert(wordsOf(one.plot()).includes("for the population (Student's t), valid"));
});
