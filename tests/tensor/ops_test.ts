import { assert, assertEquals, assertLess } from "@std/assert";
import { engine } from "../../lib/tensor/engine.ts";
import { exactOps } from "../../lib/tensor/repair.ts";
import { distances } from "./cases/check.ts";
import { table } from "./cases/table.ts";

const differentiated = new Set<string>();

/** Notes which ops were differentiated while f ran. */
function watched<T>(f: () => T): T {
  const e = engine();
  const { addTapeNode } = e;
  e.addTapeNode = (name, ...rest) => {
    addTapeNode.call(e, name, ...rest);
    const node = e.state.activeTape!.at(-1)!;
    const { gradient } = node;
    node.gradient = gradient && ((dys) => (differentiated.add(name), gradient(dys)));
  };
  try {
    return f();
  } finally {
    delete (e as Partial<typeof e>).addTapeNode;
  }
}

for (const row of table) {
  Deno.test(`${row.name}: value, gradient and Hessian agree with float64`, () => {
    const { value, first, second } = watched(() => distances(row));
    const { tolerance = 2e-5 } = row;
    assertLess(value, tolerance, `value is off by ${value}`);
    assertLess(first, tolerance, `gradient is off by ${first}`);
    assertLess(second, tolerance, `Hessian product is off by ${second}`);
    assert(!Number.isNaN(value + first + second), "a number is NaN");
  });
}

Deno.test("every op that is said to be exact was differentiated by a row above", () => {
  assertEquals(exactOps.filter((name) => !differentiated.has(name)), []);
});
