import * as std from "@std/assert";
import { strict as node } from "node:assert";

const { assertEquals, AssertionError, equal } = std;
const rejects = (f: () => void) => node.throws(f, AssertionError);

Deno.test("equal is deep, takes NaN for NaN, 0 for −0, and looks into maps, sets and typed arrays", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const other: { self?: unknown } = {};
  other.self = other;
  const same: [unknown, unknown][] = [
    [NaN, NaN],
    [0, -0],
    [[0], [-0]],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
    [new Float32Array([1, NaN]), new Float32Array([1, NaN])],
    [
      new Map<unknown, unknown>([["a", [1]], [{ x: 1 }, 2]]),
      new Map<unknown, unknown>([[{ x: 1 }, 2], ["a", [1]]]),
    ],
    [new Set([1, [2]]), new Set([[2], 1])],
    [new Date(NaN), new Date(NaN)],
    [/a/g, /a/g],
    [Object.create(null), {}],
    [circle, other],
  ];
  for (const [a, b] of same) node.ok(equal(a, b), Deno.inspect([a, b]));
  const different: [unknown, unknown][] = [
    [1, 2],
    [1, "1"],
    [null, undefined],
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [new Float32Array([1]), new Float64Array([1])],
    [new Float32Array([1, 2]), new Float32Array([1, 3])],
    [new Float32Array([1]), [1]],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Set([1, 2]), new Set([1, 3])],
    [new Date(0), new Date(1)],
    [new Error("a"), new Error("b")],
    [{ [Symbol.for("a")]: 1 }, { [Symbol.for("a")]: 2 }],
    [[1, 2], [1]],
  ];
  for (const [a, b] of different) node.ok(!equal(a, b), Deno.inspect([a, b]));
});

Deno.test("each assertion passes on what is so and throws an AssertionError on what is not", () => {
  std.assert(1);
  rejects(() => std.assert(0));
  std.assertFalse("");
  rejects(() => std.assertFalse(1));
  assertEquals([1], [1]);
  rejects(() => assertEquals([1], [2]));
  std.assertNotEquals([1], [2]);
  rejects(() => std.assertNotEquals([1], [1]));
  const object = {};
  std.assertStrictEquals(object, object);
  rejects(() => std.assertStrictEquals(object, {}));
  rejects(() => std.assertStrictEquals(0, -0));
  std.assertNotStrictEquals(object, {});
  rejects(() => std.assertNotStrictEquals(object, object));
  std.assertAlmostEquals(0.1 + 0.2, 0.3);
  std.assertAlmostEquals(1, 1.4, 0.5);
  std.assertAlmostEquals(NaN, NaN);
  std.assertAlmostEquals(Infinity, Infinity);
  rejects(() => std.assertAlmostEquals(1, 1.001));
  rejects(() => std.assertAlmostEquals(NaN, 1, 10));
  rejects(() => std.assertAlmostEquals(Infinity, 1, 10));
  std.assertGreater(2, 1);
  rejects(() => std.assertGreater(1, 1));
  rejects(() => std.assertGreater(NaN, 1));
  std.assertGreaterOrEqual(1, 1);
  rejects(() => std.assertGreaterOrEqual(0, 1));
  std.assertLess(1, 2);
  rejects(() => std.assertLess(NaN, 1));
  std.assertLessOrEqual(1, 1);
  rejects(() => std.assertLessOrEqual(2, 1));
  std.assertStringIncludes("abc", "b");
  rejects(() => std.assertStringIncludes("abc", "d"));
  std.assertMatch("abc", /b/);
  rejects(() => std.assertMatch("abc", /d/));
  std.assertNotMatch("abc", /d/);
  rejects(() => std.assertNotMatch("abc", /b/));
  std.assertExists(0);
  rejects(() => std.assertExists(null));
  std.assertInstanceOf(new RangeError(), Error);
  rejects(() => std.assertInstanceOf({}, Map));
  rejects(() => std.assertInstanceOf(null, Map));
  std.assertArrayIncludes([1, [2]], [[2]]);
  rejects(() => std.assertArrayIncludes([1], [2]));
  std.assertObjectMatch({ a: { b: 1, c: 2 }, d: [1, 2] }, { a: { b: 1 } });
  rejects(() => std.assertObjectMatch({ a: { b: 1 } }, { a: { b: 2 } }));
  rejects(() => std.fail("why"));
  rejects(() => std.unreachable());
});

Deno.test("assertThrows gives back the error and checks its class and message", () => {
  const boom = () => {
    throw new RangeError("too big: 7");
  };
  const error = std.assertThrows(boom, RangeError, "too big");
  node.equal(error.message, "too big: 7");
  std.assertThrows(boom);
  std.assertThrows(boom, Error);
  rejects(() => std.assertThrows(boom, TypeError));
  rejects(() => std.assertThrows(boom, RangeError, "too small"));
  rejects(() => std.assertThrows(() => 1));
  rejects(() =>
    std.assertThrows(() => {
      throw "text";
    }, Error)
  );
});

Deno.test("assertRejects gives back the reason and tells a rejection from a throw", async () => {
  const boom = () => Promise.reject(new RangeError("too big: 7"));
  node.equal((await std.assertRejects(boom, RangeError, "7")).message, "too big: 7");
  await std.assertRejects(boom);
  await node.rejects(std.assertRejects(boom, TypeError), AssertionError);
  await node.rejects(std.assertRejects(boom, RangeError, "8"), AssertionError);
  await node.rejects(std.assertRejects(() => Promise.resolve()), AssertionError);
  await node.rejects(
    std.assertRejects(() => {
      throw new Error("at once");
    }),
    /when expected to reject/,
  );
});

Deno.test("a failed assertEquals shows the difference and the message", () => {
  node.throws(
    () => assertEquals({ a: 1, b: [1, 2] }, { a: 1, b: [1, 3] }, "of the two"),
    (e: Error) => {
      node.match(e.message, /Values are not equal: of the two/);
      node.match(e.message, /\+ .*2/);
      node.match(e.message, /- .*3/);
      return e.name === "AssertionError";
    },
  );
});
