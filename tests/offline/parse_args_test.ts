import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { parseArgs as fromRoot } from "@std/cli";

Deno.test("both addresses lead to the same parseArgs", () => {
  assertEquals(parseArgs, fromRoot);
});

Deno.test("without declarations values are taken from the next argument and numbers are numbers", () => {
  assertEquals(parseArgs(["--foo", "--bar=baz", "./quux.txt"]), {
    foo: true,
    bar: "baz",
    _: ["./quux.txt"],
  });
  assertEquals(parseArgs(["--n", "5", "-x", "0x1f", "7", "--t=-1e3"]), {
    n: 5,
    x: 31,
    t: -1000,
    _: [7],
  });
  assertEquals(parseArgs(["-abc", "-n5", "-o=file", "--", "-z"]), {
    a: true,
    b: true,
    c: true,
    n: 5,
    o: "file",
    _: ["-z"],
  });
  assertEquals(parseArgs(["-", "--no-color"]), { _: ["-"], "no-color": true });
  assertEquals(parseArgs(["--a.b", "1"]), { a: { b: 1 }, _: [] });
});

Deno.test("booleans take no value, except a literal true or false", () => {
  const options = { boolean: ["check"] as const };
  assertEquals(parseArgs(["--check", "a.ipynb"], options), { check: true, _: ["a.ipynb"] });
  assertEquals(parseArgs(["--check", "false", "a"], options), { check: false, _: ["a"] });
  assertEquals(parseArgs(["--check=false"], options), { check: false, _: [] });
  assertEquals(parseArgs([], options), { check: false, _: [] });
  assertEquals(parseArgs(["--x", "y"], { boolean: true }), { x: true, _: ["y"] });
});

Deno.test("strings stay strings and are never mistaken for the next option", () => {
  const options = { string: ["name", "_"] as const };
  assertEquals(parseArgs(["--name", "5", "7"], options), { name: "5", _: ["7"] });
  assertEquals(parseArgs(["--name", "--name=x"], options), { name: "x", _: [] });
  assertEquals(parseArgs(["--name"], options), { name: "", _: [] });
  assertEquals(parseArgs(["--name="], options), { name: "", _: [] });
  assertEquals(parseArgs([], options), { _: [] });
});

Deno.test("aliases, defaults, collected and negated options", () => {
  const options = {
    boolean: ["help", "color"],
    string: ["seed", "file"],
    alias: { help: "h", file: ["f", "input"] },
    default: { color: true, seed: "42" },
    collect: ["file"],
    negatable: ["color"],
  } as const;
  assertEquals(parseArgs(["-h", "-f", "a", "--input", "b", "--no-color"], options), {
    help: true,
    h: true,
    file: ["a", "b"],
    f: ["a", "b"],
    input: ["a", "b"],
    color: false,
    seed: "42",
    _: [],
  });
  assertEquals(parseArgs([], options), {
    help: false,
    h: false,
    file: [],
    f: [],
    input: [],
    color: true,
    seed: "42",
    _: [],
  });
});

Deno.test("unknown arguments are handed over, and dropped where that is asked for", () => {
  const seen: unknown[] = [];
  const result = parseArgs(["--typo=3", "-q", "file", "--check"], {
    boolean: ["check"],
    unknown: (arg, key, value) => {
      seen.push([arg, key, value]);
      return key === undefined;
    },
  });
  assertEquals(seen, [["--typo=3", "typo", "3"], ["-q", "q", "file"]]);
  assertEquals(result, { check: true, _: [] });
});

Deno.test("-- and stopEarly end the options", () => {
  assertEquals(parseArgs(["a", "--", "--b"], { "--": true }), { _: ["a"], "--": ["--b"] });
  assertEquals(parseArgs(["-a", "--", "--b"]), { a: true, _: ["--b"] });
  assertEquals(parseArgs(["--x", "run", "--y"], { boolean: ["x"], stopEarly: true }), {
    x: true,
    _: ["run", "--y"],
  });
});

Deno.test("declared options are typed", () => {
  const args = parseArgs(["--n", "1"], {
    boolean: ["check"],
    string: ["n", "file", "seed"],
    collect: ["file"],
    default: { seed: "42" },
    alias: { check: "c" },
  });
  const check: boolean = args.check;
  const c: boolean = args.c;
  const n: string | undefined = args.n;
  const file: string[] = args.file;
  const seed: string = args.seed;
  assertEquals({ check, c, n, file, seed }, {
    check: false,
    c: false,
    n: "1",
    file: [],
    seed: "42",
  });
});
