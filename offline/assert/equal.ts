/**
 * Whether two values are deeply equal, as `@std/assert` understands it: NaN equals NaN, 0 equals −0, a
 * property that is undefined is not one that is missing, typed arrays, maps and sets by content.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

function compare(a: unknown, b: unknown, seen: Map<object, object>): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (kind(a) !== kind(b)) return false;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof Error && b instanceof Error && a.message !== b.message) return false;
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`cannot compare ${a.constructor.name} instances`);
  }
  if (isNumbers(a) && isNumbers(b)) return sameNumbers(a, b);
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && sameMembers([...a], [...b], seen);
  }
  if (a instanceof Set && b instanceof Set) {
    return a.size === b.size && sameMembers([...a], [...b], seen);
  }
  const keys = keysOf(a);
  return keys.length === keysOf(b).length &&
    keys.every((key) =>
      key in b && compare(a[key as keyof typeof a], b[key as keyof typeof b], seen)
    );
}

/** An object without a prototype counts as a plain one. */
function kind(a: object): unknown {
  return a.constructor ?? Object;
}

function keysOf(a: object): PropertyKey[] {
  return [
    ...Object.keys(a),
    ...Object.getOwnPropertySymbols(a).filter((s) =>
      Object.prototype.propertyIsEnumerable.call(a, s)
    ),
  ];
}

function isNumbers(a: object): a is ArrayLike<number | bigint> & object {
  return ArrayBuffer.isView(a) && !(a instanceof DataView);
}

/** A loop, since weights come by the hundred thousand. */
function sameNumbers(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false;
  return true;
}

/** The order in which a map or a set was filled does not matter. */
function sameMembers(a: unknown[], b: unknown[], seen: Map<object, object>): boolean {
  const left = [...b];
  return a.every((member) => {
    const i = left.findIndex((other) => compare(member, other, new Map(seen)));
    if (i >= 0) left.splice(i, 1);
    return i >= 0;
  });
}
