/** A value in a few words, for an error message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return `${typeof value} ${String(value)}`;
  const { predict, layers, evaluate, layout } = value as Record<string, unknown>;
  if (typeof predict === "function" && Array.isArray(layers)) return "a tf.LayersModel";
  if (typeof evaluate === "function" && layout) return "a loss";
  return value.constructor?.name ?? "an object";
}

/**
 * The options as they are, if they are options at all: default values stand in for `undefined` only.
 *
 * @throws {TypeError} if they are not an object.
 */
export function optionsOf<O extends object>(options: O, doing: string): O {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return options;
  throw new TypeError(`Cannot ${doing}: options must be an object, got ${describe(options)}`);
}

/** Checks that a number is an integer in a range. @throws {RangeError} that names it. */
export function checkInteger(
  value: unknown,
  name: string,
  doing: string,
  { least = -Infinity, most = Infinity }: { least?: number; most?: number } = {},
): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
    return;
  }
  const must = Number.isSafeInteger(value) && (value as number) > most
    ? `at most ${most.toLocaleString("en")}`
    : `an integer${least > -Infinity ? ` of ${least} or more` : ""}`;
  throw new RangeError(
    `Cannot ${doing}: ${name} must be ${must}, got ${
      typeof value === "number" ? value : describe(value)
    }`,
  );
}

/** Checks that a number is above 0. @throws {RangeError} that names it. */
export function checkPositive(value: unknown, name: string, doing: string): void {
  if (Number.isFinite(value) && (value as number) > 0) return;
  throw new RangeError(
    `Cannot ${doing}: ${name} must be above 0, got ${
      typeof value === "number" ? value : describe(value)
    }`,
  );
}

/** The most numbers that one vector may have, and all directions together: 4 GiB in single precision. */
export const largestVector = 2 ** 30;

/** The most points that are sampled in one go. */
const mostPoints = 1e8;

/**
 * Checks that a grid is not so large that no memory holds it.
 *
 * @throws {RangeError} that says how many points there are, and how long they would take.
 */
export function checkPoints(shape: readonly number[], doing: string, most = mostPoints): void {
  const count = shape.reduce((product, n) => product * n, 1);
  if (count <= most) return;
  const days = count / 1000 / 86400;
  const whole = (x: number) => x < 1e15 ? Math.round(x).toLocaleString("en") : x.toPrecision(2);
  throw new RangeError(
    `Cannot ${doing}: resolution must give at most ${whole(most)} points, got ${
      shape.length > 1 ? `${shape.join(" × ")} = ` : ""
    }${whole(count)}, which take ${
      days < 2 ? `${whole(24 * days)} hours` : `${whole(days)} days`
    } at a millisecond each`,
  );
}
