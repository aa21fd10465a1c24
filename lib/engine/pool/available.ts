/** Whether work can run natively, and if not, why. */
export type Availability = { ok: true } | { ok: false; reason: string };

let missing: string | undefined;

/** Remembers that the runtime could not be loaded, so that nobody tries again. */
export function markUnavailable(reason: string): void {
  missing ??= reason;
}

/**
 * Whether the native engine can be used: the permission for it is given (nobody is asked), and the runtime was
 * not found missing before. That the package is there shows when the first worker loads it.
 */
export function nativeAvailable(): Availability {
  if (missing !== undefined) return { ok: false, reason: missing };
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return { ok: false, reason: "the permission --allow-ffi is not given" };
  }
  const here = new URL(import.meta.url);
  if (
    here.protocol === "file:" &&
    Deno.permissions.querySync({ name: "read", path: here }).state !== "granted"
  ) {
    return { ok: false, reason: "the permission --allow-read is not given, which workers need" };
  }
  return { ok: true };
}
