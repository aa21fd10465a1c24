import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { bandColor, lossScale } from "../../lib/figure/loss_scale.ts";
import { themes } from "../../lib/figure/theme.ts";

Deno.test("the scale is logarithmic where the range asks for it, and not else", () => {
  assertEquals(lossScale([0.01, 0.1, 1]).type, "log");
  assertEquals(lossScale([1, 2, 3]).type, "linear");
  assertEquals(lossScale([-1, 10, 1000]).type, "linear");
  assertEquals(lossScale([0.01, 0.1, 1], "linear").type, "linear");
  assertEquals(lossScale([1, 2, 3], "log").type, "log");
});

Deno.test("an exact zero, a spike and numbers that are none do not spoil the scale", () => {
  const values = Array.from({ length: 400 }, (_, k) => 0.1 + k / 100);
  const { domain, type } = lossScale([0, ...values, NaN, Infinity, -Infinity]);
  assertEquals(type, "log");
  assertGreater(domain[0], 0.03);
  assertAlmostEquals(domain[1], 4.09, 1e-12);
  assert(Number.isNaN(lossScale(values).position(NaN)));
});

Deno.test("levels are round, rise, and are about a dozen, over three or thirty decades", () => {
  for (const values of [[0.04, 0.8], [1e-3, 1], [1e-30, 1], [1, 1e6], [2.1, 2.2], [-4, 3]]) {
    const { levels, named } = lossScale(values);
    assert(levels.length >= 6 && levels.length <= 20, `${values}: ${levels}`);
    levels.slice(1).forEach((level, k) => assertGreater(level, levels[k]));
    for (const level of levels) assertEquals(level, Number(level.toPrecision(3)));
    assertGreater(named().length, 1);
    for (const level of named()) assert(levels.includes(level));
  }
});

Deno.test("a higher loss never has a darker colour", () => {
  const scale = lossScale([0.01, 5]);
  const red = (loss: number) => Number(/\d+/.exec(bandColor(scale, themes.light, loss))![0]);
  for (let loss = 0.01; loss < 5; loss *= 1.1) assert(red(loss * 1.1) >= red(loss));
});

Deno.test("constants and nothing at all have a scale too", () => {
  for (const values of [[2, 2, 2], [], [NaN], [0, 0], [-1, -1]]) {
    const { domain, position } = lossScale(values);
    assert(domain[0] < domain[1] && Number.isFinite(position(domain[0])), `${values}`);
  }
});
