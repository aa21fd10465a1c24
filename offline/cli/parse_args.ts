/**
 * `parseArgs`, as in `jsr:@std/cli/parse-args`.
 *
 * @module
 */
/** Aliases of options: `{ help: "h" }`. */
export type Aliases = Readonly<Record<string, string | readonly string[]>>;

/** The names that an option is found under. */
export type Names<K, A> = K extends keyof A
  ? A[K] extends readonly (infer Name)[] ? K | Name : K | A[K]
  : K;

/** What {@link parseArgs} gives back for options that were declared. */
export type Values<
  B extends string,
  S extends string,
  C extends string,
  N extends string,
  D,
  A,
> =
  & { [K in Exclude<B, C> as Names<K, A> & string]: boolean | Given<K, D> }
  & { [K in B & C as Names<K, A> & string]: boolean[] }
  & {
    [K in Exclude<S, C | keyof D | "_"> as Names<K, A> & string]?: K extends N ? string | false
      : string;
  }
  & {
    [K in Exclude<S, C> & keyof D as Names<K, A> & string]:
      | D[K]
      | (K extends N ? string | false : string);
  }
  & { [K in S & C as Names<K, A> & string]: string[] };

/** The type of an option's default. */
export type Given<K, D> = K extends keyof D ? D[K] : never;

/** What {@link parseArgs} gives back. */
// deno-lint-ignore no-explicit-any
export type Args<T = Record<string, any>> = T & {
  /** The arguments that belong to no option; numbers where they look like numbers. */
  _: (string | number)[];
  /** The arguments behind `--`, where that was asked for. */
  "--"?: string[];
};

/** The options of {@link parseArgs}. */
export interface ParseOptions<
  B extends string = string,
  S extends string = string,
  C extends string = string,
  N extends string = string,
  D = Record<string, unknown>,
  A = Aliases,
> {
  /** Puts what is behind `--` into `result["--"]`, not into `result._`. */
  "--"?: boolean;
  /** Other names of options. */
  alias?: A;
  /** Options that take no value; false by default. `true`: all double-hyphened ones without `=`. */
  boolean?: boolean | B | readonly B[];
  /** Values of options that are not given. */
  default?: D;
  /** Everything behind the first argument that is no option goes into `result._`. */
  stopEarly?: boolean;
  /** Options whose value stays a string; `"_"`: so do the other arguments. */
  string?: S | readonly S[];
  /** Options that may be given several times, collected into an array. */
  collect?: C | readonly C[];
  /** Options that `--no-name` makes false. */
  negatable?: N | readonly N[];
  /** Called with every argument that is not declared; returning `false` drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

const list = (names: unknown): string[] =>
  typeof names === "string" ? [names] : Array.isArray(names) ? names : [];

const isNumber = (text: string) =>
  /^0x[0-9a-f]+$/i.test(text) || /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(e[-+]?\d+)?$/.test(text);

/**
 * Reads command line arguments. Without declarations an option takes the next argument as its value,
 * unless that is an option too, and numbers become numbers; declared ones come back typed.
 *
 * ```ts
 * import { parseArgs } from "./parse_args.ts";
 *
 * const { check, timeout, _ } = parseArgs(["--check", "--timeout", "30", "a.ipynb"], {
 *   boolean: ["check"],
 *   string: ["timeout"],
 * });
 * console.log(check, timeout, _); // true "30" ["a.ipynb"]
 * ```
 */
export function parseArgs<
  B extends string = never,
  S extends string = never,
  C extends string = never,
  N extends string = never,
  const D extends Record<string, unknown> = Record<never, never>,
  const A extends Aliases = Record<never, never>,
>(
  args: readonly string[],
  options: ParseOptions<B, S, C, N, D, A> = {},
): Args<
  // deno-lint-ignore no-explicit-any
  string extends B ? Record<string, any>
    // deno-lint-ignore no-explicit-any
    : [B | S] extends [never] ? Record<string, any>
    : Record<string, unknown> & Values<B, S, C, N, D, A>
> {
  const aliases = new Map<string, Set<string>>();
  for (const [name, others] of Object.entries(options.alias ?? {})) {
    const all = [name, ...list(others)];
    for (const each of all) aliases.set(each, new Set(all.filter((other) => other !== each)));
  }
  const declared = (names: unknown) =>
    new Set(list(names).flatMap((name) => [name, ...aliases.get(name) ?? []]));
  const booleans = declared(options.boolean);
  const strings = declared(options.string);
  const collected = declared(options.collect);
  const negatable = declared(options.negatable);
  const allBooleans = options.boolean === true;
  const isUnknown = (key: string, arg: string) =>
    !booleans.has(key) && !strings.has(key) && !aliases.has(key) &&
    !(allBooleans && /^--[^=]+$/.test(arg));

  const result: Record<string, unknown> & { _: (string | number)[] } = { _: [] };

  function set(key: string, value: string | boolean, arg: string, collect = true): void {
    if (isUnknown(key, arg) && options.unknown?.(arg, key, value) === false) return;
    const typed = typeof value === "string" && !strings.has(key) && isNumber(value)
      ? Number(value)
      : value;
    for (const name of [key, ...aliases.get(key) ?? []]) {
      put(result, name, typed, collect && collected.has(key));
    }
  }

  const end = args.indexOf("--");
  const before = end < 0 ? args : args.slice(0, end);
  const after = end < 0 ? [] : args.slice(end + 1);

  for (let i = 0; i < before.length; i++) {
    const arg = before[i];
    const next = before[i + 1];

    /** The value of an option that came without one: the next argument, true or false, or nothing. */
    const setFromNext = (key: string, isOption: RegExp, mayTake: boolean): void => {
      if (next && !isOption.test(next) && mayTake && !booleans.has(key)) {
        set(key, next, arg);
        i++;
      } else if (next === "true" || next === "false") {
        set(key, next === "true", arg);
        i++;
      } else {
        set(key, strings.has(key) ? "" : true, arg);
      }
    };

    if (/^--./.test(arg)) {
      const [, negated, name, value] = arg.match(/^--(no-)?(.+?)(?:=(.*))?$/s)!;
      if (value) {
        const key = `${negated ?? ""}${name}`;
        set(key, booleans.has(key) ? value !== "false" : value, arg);
      } else if (value === "") {
        set(name, strings.has(name) ? "" : true, arg);
      } else if (negated && negatable.has(name)) {
        set(name, false, arg, false);
      } else {
        setFromNext(`${negated ?? ""}${name}`, /^-/, !allBooleans);
      }
    } else if (/^-[^-]/.test(arg)) {
      const letters = [...arg.slice(1)];
      const last = letters.pop()!;
      const rest = (j: number) => arg.slice(j + 2);
      const j = letters.findIndex((letter, j) =>
        rest(j) !== "-" &&
        (/[a-z]/i.test(letter) && (/=/.test(rest(j)) || /^-?\d+(\.\d*)?(e-?\d+)?$/.test(rest(j))) ||
          /\W/.test(letters[j + 1] ?? ""))
      );
      for (const letter of j < 0 ? letters : letters.slice(0, j)) {
        set(letter, strings.has(letter) ? "" : true, arg);
      }
      if (j >= 0) set(letters[j], rest(j).replace(/^=/, ""), arg);
      else setFromNext(last, /^--?[^-]/, true);
    } else if (options.unknown?.(arg) !== false) {
      result._.push(strings.has("_") || !isNumber(arg) ? arg : Number(arg));
      if (options.stopEarly) {
        result._.push(...before.slice(i + 1));
        break;
      }
    }
  }

  for (const [key, value] of Object.entries(options.default ?? {})) {
    if (has(result, key)) continue;
    for (const name of [key, ...aliases.get(key) ?? []]) put(result, name, value);
  }
  for (const key of booleans) {
    if (!has(result, key)) put(result, key, collected.has(key) ? [] : false);
  }
  for (const key of strings) if (!has(result, key) && collected.has(key)) put(result, key, []);
  if (options["--"]) result["--"] = [...after];
  else result._.push(...after);
  return result as ReturnType<typeof parseArgs<B, S, C, N, D, A>>;
}

/** Sets `a.b` in an object; adds to the array there if values are collected. */
function put(object: Record<string, unknown>, name: string, value: unknown, collect = false): void {
  const keys = name.split(".");
  const last = keys.pop()!;
  for (const key of keys) object = (object[key] ??= {}) as Record<string, unknown>;
  const old = object[last];
  object[last] = !collect ? value : Array.isArray(old) ? [...old, value] : [value];
}

function has(object: Record<string, unknown>, name: string): boolean {
  const keys = name.split(".");
  const last = keys.pop()!;
  for (const key of keys) object = (object[key] ?? {}) as Record<string, unknown>;
  return Object.hasOwn(object, last);
}
