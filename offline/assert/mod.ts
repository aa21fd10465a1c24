/**
 * A stand-in for `jsr:@std/assert`, for machines that cannot reach JSR: the part of it that is used here,
 * under the same names and with the same behaviour.
 *
 * @module
 */
import { AssertionError as NodeAssertionError } from "node:assert";
import { inspect } from "node:util";
import { equal } from "./equal.ts";

export { equal };

/** A class of errors, abstract ones included. */
// deno-lint-ignore no-explicit-any
export type ErrorClass<E extends Error = Error> = abstract new (...args: any[]) => E;

/** A class of anything. */
// deno-lint-ignore no-explicit-any
export type AnyConstructor = abstract new (...args: any[]) => any;

/** What a failed assertion throws. */
export class AssertionError extends Error {
  /** An assertion error with a message and, in options, a cause. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

const shown = (value: unknown) => inspect(value, { depth: 6, maxArrayLength: 20, sorted: true });
const ending = (message?: string) => message ? `: ${message}` : ".";

/** The difference of two values, as Node writes it. */
function difference(actual: unknown, expected: unknown): string {
  const options = { actual, expected, operator: "deepStrictEqual" };
  return new NodeAssertionError(options).message;
}

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Something that is falsy. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Fails unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Fails, always. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${ending(msg)}`);
}

/** For a place that is never reached. */
export function unreachable(reason?: string): never {
  throw new AssertionError(reason ?? "Unreachable.");
}

/** Fails unless the values are deeply equal; see {@link equal}. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `Values are not equal${ending(msg)}\n\n${difference(actual, expected)}`,
  );
}

/** Fails if the values are deeply equal; see {@link equal}. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected actual: ${shown(actual)} not to be: ${shown(expected)}${ending(msg)}`,
  );
}

/** Fails unless the values are the same by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw new AssertionError(
    equal(actual, expected)
      ? `Values have the same structure but are not reference-equal${ending(msg)}\n\n${
        shown(actual)
      }`
      : `Values are not strictly equal${ending(msg)}\n\n${difference(actual, expected)}`,
  );
}

/** Fails if the values are the same by `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!Object.is(actual, expected)) return;
  throw new AssertionError(
    `Expected "actual" to not be strictly equal to: ${shown(actual)}${ending(msg)}`,
  );
}

/** Fails if the numbers differ by more than `tolerance`; by default 1e-7 of what is expected. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7,
  msg?: string,
): void {
  const delta = Math.abs(expected - actual);
  if (Object.is(actual, expected) || delta <= tolerance) return;
  const text = (n: number) => Number.isInteger(n) ? n : n.toExponential();
  throw new AssertionError(
    `Expected actual: "${text(actual)}" to be close to "${text(expected)}": delta "${
      text(delta)
    }" is greater than "${text(tolerance)}"${ending(msg)}`,
  );
}

/** Fails unless actual > expected. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) throw order(actual, ">", expected, msg);
}

/** Fails unless actual ≥ expected. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) throw order(actual, ">=", expected, msg);
}

/** Fails unless actual < expected. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) throw order(actual, "<", expected, msg);
}

/** Fails unless actual ≤ expected. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) throw order(actual, "<=", expected, msg);
}

function order(actual: unknown, sign: string, expected: unknown, msg?: string): AssertionError {
  return new AssertionError(msg ?? `Expect ${shown(actual)} ${sign} ${shown(expected)}`);
}

/** Fails if the value is null or undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not be null or undefined${ending(msg)}`,
  );
}

/** Fails unless the text contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(`Expected actual: "${actual}" to contain: "${expected}"${ending(msg)}`);
}

/** Fails unless the text matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(`Expected actual: "${actual}" to match: "${expected}"${ending(msg)}`);
}

/** Fails if the text matches. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not match: "${expected}"${ending(msg)}`,
  );
}

/** Fails unless every expected item is, deeply equal, among the actual ones. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
): void {
  const items = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !items.some((other) => equal(item, other)));
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected actual: "${shown(actual)}" to include: "${shown(expected)}"${ending(msg)}\nmissing: ${
      shown(missing)
    }`,
  );
}

/** Fails unless all that `expected` names is, deeply equal, in `actual`; more may be. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals<unknown>(common(actual, expected), expected, msg);
}

/** What of `actual` is named by `expected`. */
function common(actual: unknown, expected: unknown): unknown {
  if (typeof actual !== "object" || actual === null) return actual;
  if (typeof expected !== "object" || expected === null) return actual;
  const plain = Array.isArray(expected) || (expected.constructor ?? Object) === Object;
  if (!plain || actual.constructor !== expected.constructor) return actual;
  const pairs = Reflect.ownKeys(expected).filter((key) => key in actual && key !== "length").map((
    key,
  ) => [
    key,
    common(actual[key as keyof typeof actual], expected[key as keyof typeof expected]),
  ]);
  const kept = Object.fromEntries(pairs);
  return Array.isArray(expected) ? Object.assign([], kept) : kept;
}

/** Fails unless `actual` is an instance of the class. */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const got = actual === null
    ? "null"
    : typeof actual === "object"
    ? `"${actual.constructor?.name ?? "Object"}"`
    : typeof actual === "function"
    ? `"${actual.name || "Function"}"`
    : `"${typeof actual}"`;
  throw new AssertionError(
    `Expected object to be an instance of "${expectedType.name}" but was ${got}${ending(msg)}`,
  );
}

/** Fails unless `error` is an error of the class whose message includes, or matches, what is said. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(`Expected "error" to be an Error object${ending(msg)}`);
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor.name}"${
        ending(msg)
      }`,
      { cause: error },
    );
  }
  if (msgMatches === undefined) return;
  const matches = typeof msgMatches === "string"
    ? error.message.includes(msgMatches)
    : msgMatches.test(error.message);
  if (matches) return;
  throw new AssertionError(
    `Expected error message to include ${
      typeof msgMatches === "string" ? JSON.stringify(msgMatches) : msgMatches
    }, but got ${JSON.stringify(error.message)}${ending(msg)}`,
    { cause: error },
  );
}

/** Fails unless the function throws; gives back what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless the function throws such an error; gives it back. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  errorClassOrMsg?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const named = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    checkThrown(error, errorClassOrMsg, msgIncludes, named, "thrown");
    return thrown;
  }
  throw new AssertionError(`Expected function to throw${ending(named)}`);
}

/** Fails unless the promise that the function returns rejects; gives back the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless the promise that the function returns rejects with such an error; gives it back. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorClass | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const named = typeof errorClassOrMsg === "string" ? errorClassOrMsg : msg;
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch (cause) {
    throw new AssertionError(`Function throws when expected to reject${ending(named)}`, { cause });
  }
  if (typeof promise?.then !== "function") {
    throw new AssertionError(`Function throws when expected to reject${ending(named)}`);
  }
  try {
    await promise;
  } catch (error) {
    checkThrown(error, errorClassOrMsg, msgIncludes, named, "rejected");
    return error;
  }
  throw new AssertionError(`Expected function to reject${ending(named)}`);
}

function checkThrown(
  error: unknown,
  expected: ErrorClass | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
  how: string,
): void {
  if (typeof expected !== "function") return;
  if (!(error instanceof Error)) {
    throw new AssertionError(`A non-Error object was ${how}${ending(msg)}`);
  }
  assertIsError(error, expected, msgIncludes, msg);
}
