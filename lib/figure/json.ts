/** A typed array's constructor, for {@link fromJSON}. */
export type ArrayKind =
  | Float64ArrayConstructor
  | Float32ArrayConstructor
  | Int32ArrayConstructor
  | Uint8ArrayConstructor;

/**
 * Plain data that JSON can hold without loss: typed arrays become arrays; NaN, ∞ and −∞, which JSON lacks,
 * become the strings "NaN", "Infinity" and "-Infinity". The inverse is {@link fromJSON}.
 */
export function toPlain(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array, toPlain);
  if (Array.isArray(value)) return value.map(toPlain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined && typeof v !== "function")
      .map(([key, v]) => [key, toPlain(v)]),
  );
}

const notFinite: Record<string, number> = { NaN, Infinity, "-Infinity": -Infinity };

/**
 * The inverse of a result's `toJSON()`: the strings "NaN", "Infinity" and "-Infinity" become numbers again,
 * and the fields named in `arrays`, at any depth, typed arrays.
 *
 * @param json the text, or what `JSON.parse` made of it
 * @param arrays the kind of array of each field that is to be one, by the field's name
 *
 * ```ts
 * import { fromJSON } from "../../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const back = fromJSON('{"values":[1,"NaN","Infinity"]}', { values: Float64Array });
 * assertEquals(back, { values: Float64Array.of(1, NaN, Infinity) });
 * ```
 */
export function fromJSON<T = unknown>(json: unknown, arrays: Record<string, ArrayKind> = {}): T {
  return revive(typeof json === "string" ? JSON.parse(json) : json, arrays) as T;
}

function revive(value: unknown, arrays: Record<string, ArrayKind>, kind?: ArrayKind): unknown {
  if (typeof value === "string") return value in notFinite ? notFinite[value] : value;
  if (Array.isArray(value)) {
    const numbers = kind && value.every((v) => !Array.isArray(v));
    const items = value.map((v) => revive(v, arrays, kind));
    return numbers ? kind.from(items as number[]) : items;
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => [
      key,
      revive(v, arrays, Object.hasOwn(arrays, key) ? arrays[key] : undefined),
    ]),
  );
}
