import { assert, assertEquals } from "@std/assert";
import { coordinatesAt } from "../../lib/grid.ts";
import { random } from "../../lib/math/random.ts";
import { type Neighbours, selected, sublevel } from "../../lib/math/sublevel.ts";
import { sizeOf } from "../../lib/vector.ts";

/** How many connected parts the points up to a level have, by flooding each from one of its points. */
function parts(values: number[], shape: number[], neighbours: Neighbours, level: number): number {
  const axes = shape.map((n) => Float64Array.from({ length: n }, (_, i) => i));
  const places = values.map((_, i) => coordinatesAt(axes, i));
  const open = new Set(
    values.keys().filter((i) => Number.isFinite(values[i]) && values[i] <= level),
  );
  const touch = (a: number, b: number) => {
    const steps = places[a].map((x, k) => Math.abs(x - places[b][k]));
    return neighbours === "axes"
      ? steps.reduce((sum, x) => sum + x) === 1
      : Math.max(...steps) === 1;
  };
  let count = 0;
  for (const start of open) {
    count++;
    const queue = [start];
    open.delete(start);
    while (queue.length) {
      const here = queue.pop()!;
      for (const other of [...open]) {
        if (touch(here, other)) (queue.push(other), open.delete(other));
      }
    }
  }
  return count;
}

Deno.test("at every level as many basins are open as flooding finds parts, with ties and holes", async () => {
  const { integer, uniform } = random(7, "test");
  for (const shape of [[17], [2], [7, 6], [1, 9], [4, 3, 4]]) {
    for (const neighbours of ["axes", "diagonals"] as const) {
      for (let trial = 0; trial < 8; trial++) {
        // few heights make many ties
        const values = Array.from(
          { length: sizeOf(shape) },
          () =>
            uniform() < 0.1
              ? [NaN, Infinity, -Infinity][integer(3)]
              : integer(trial < 4 ? 4 : 1000),
        );
        const { basins, tops } = await sublevel(values, shape, { neighbours });
        for (const level of new Set(values.filter(Number.isFinite))) {
          const open = basins.filter(({ minimum, saddle }) =>
            values[minimum] <= level && (saddle < 0 || values[saddle] > level)
          );
          assertEquals(
            open.length,
            parts(values, shape, neighbours, level),
            `${shape} at ${level}`,
          );
        }
        const finite = values.filter(Number.isFinite);
        assertEquals(tops.size, finite.length ? parts(values, shape, neighbours, Infinity) : 0);
      }
    }
  }
});

Deno.test("basins come deepest first, end where they meet a deeper one, and their regions hold all but holes", async () => {
  //             0  1  2  3  4  5    6  7  8
  const values = [2, 5, 0, 3, 1, 4, NaN, 7, 6];
  const { basins, region, tops } = await sublevel(values, [9]);
  assertEquals(basins, [
    { minimum: 2, saddle: -1, elder: -1, spill: -1 },
    { minimum: 4, saddle: 3, elder: 0, spill: 0 },
    { minimum: 0, saddle: 1, elder: 0, spill: 0 },
    { minimum: 8, saddle: -1, elder: -1, spill: -1 },
  ]);
  assertEquals([...region], [2, 0, 0, 0, 1, 1, -1, 3, 3]);
  assertEquals([...tops], [[0, 1], [3, 7]]);
});

Deno.test("a flat piece is one basin, whatever its shape", async () => {
  const bent = [0, 9, 0, 0, 9, 0, 0, 0, 0];
  for (const neighbours of ["axes", "diagonals"] as const) {
    const { basins, region } = await sublevel(bent, [3, 3], { neighbours });
    assertEquals(basins, [{ minimum: 0, saddle: -1, elder: -1, spill: -1 }]);
    assert(region.every((k) => k === 0));
    assertEquals(
      (await sublevel(new Float64Array(60), [3, 4, 5], { neighbours })).basins.length,
      1,
    );
  }
});

Deno.test("what does not count belongs to the basin that it flows over to, not to the deepest", async () => {
  //             0  1  2  3  4  5  6
  const values = [0, 9, 1, 4, 2, 5, 3];
  const all = await sublevel(values, [7]);
  assertEquals(all.basins.map(({ elder, spill }) => [elder, spill]), [[-1, -1], [0, 0], [1, 1], [
    1,
    2,
  ]]);
  const { basins, region } = selected(all, (k) => k === 1);
  assertEquals(basins.map(({ minimum, elder }) => [minimum, elder]), [[0, -1], [2, 0]]);
  assertEquals([...region], [0, 0, 1, 1, 1, 1, 1]);
  const alone = selected(all, (k) => k === 3);
  assertEquals(alone.basins[1], { minimum: 6, saddle: 5, elder: 0, spill: 0 });
});

Deno.test("without a finite value there is no basin", async () => {
  const { basins, region } = await sublevel([NaN, Infinity], [2]);
  assertEquals(basins, []);
  assertEquals([...region], [-1, -1]);
});

Deno.test("a line of many points has as many basins as it has points below both neighbours", async () => {
  const { uniform } = random(3, "test");
  const values = Float64Array.from({ length: 100_001 }, (_, i) => i % 1000 === 7 ? NaN : uniform());
  const { basins } = await sublevel(values, [values.length]);
  const below = (i: number, j: number) => !(values[j] <= values[i]);
  const minima = values.keys().filter((i) =>
    !Number.isNaN(values[i]) && below(i, i - 1) && below(i, i + 1)
  );
  assertEquals(basins.map(({ minimum }) => minimum).sort((a, b) => a - b), [...minima]);
  basins.slice(1).forEach(({ minimum }, k) => assert(values[minimum] >= values[basins[k].minimum]));
});
