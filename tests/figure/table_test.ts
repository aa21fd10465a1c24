import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isTable, table } from "../../lib/figure/table.ts";
import { checkXML } from "./xml.ts";

const rows = (n: number) => Array.from({ length: n }, (_, i) => ({ i, name: `row ${i}` }));

Deno.test("a short list of objects is shown whole, a long one by its first and last rows, with how many there are", () => {
  const short = table(rows(20))["text/plain"].split("\n");
  assertEquals([short.length, short.at(-1)], [22, "20 rows × 2 columns"]);
  const long = table(rows(1234))["text/plain"].split("\n");
  assertEquals(long.slice(0, 2), ["         i  name", "   0     0  row 0"]);
  assertEquals(long.slice(10, 13), [
    "   9     9  row 9",
    "   ⋮     ⋮  ⋮",
    "1229  1229  row 1229",
  ]);
  assertEquals(long.at(-1), "1,234 rows × 2 columns");
});

Deno.test("rows may lack columns; numbers stand right and keep their size, ±∞ and NaN are written", () => {
  const numbers = [{ x: 1e-12, y: NaN }, { x: -1234567, z: "a" }, { x: 0.1 + 0.2, y: Infinity }];
  assertEquals(table(numbers)["text/plain"].split("\n"), [
    "          x    y  z",
    "0     1e−12  NaN",
    "1  −1234567       a",
    "2       0.3    ∞",
    "3 rows × 3 columns",
  ]);
});

Deno.test("a table is well-formed whatever its cells hold, and long cells are cut", () => {
  const odd = {
    "<script>": `</td><script>alert("&")</script>`,
    long: "x".repeat(1000),
    lines: "a\nb",
    nested: { a: [1, { b: 2 }] },
    none: null,
    big: 10n,
    when: new Date(NaN),
    day: new Date("2026-01-02"),
    f: () => 1,
    bytes: new Uint8Array(1e5),
  };
  const { "text/html": html, "text/plain": plain } = table([odd, odd]);
  checkXML(`<div>${html}</div>`, "table");
  assert(!html.includes("<script"));
  assert(plain.length < 3000);
  assertStringIncludes(plain, "2026-01-02");
  const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`c${i}`, i]));
  const text = table([wide])["text/plain"];
  assertStringIncludes(text, "1 row × 100 columns");
  assert(text.includes("c19  …") && !text.includes("c20"));
});

Deno.test("only lists of plain objects are tables", () => {
  class Point {
    x = 1;
  }
  assert(isTable([{ a: 1 }]) && isTable([Object.assign(Object.create(null), { a: 1 })]));
  const others = [[], [1], [[1]], [null], [{}], [{ a: 1 }, 2], [new Point()], { a: 1 }, "a", null];
  for (const other of others) assertEquals(isTable(other), false);
  assertEquals(isTable([{ a: 1, [Symbol.for("Jupyter.display")]() {} }]), false);
});
