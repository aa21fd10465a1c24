/** Thrown where the native runtime cannot be loaded: the same work can be done without it. */
export class NativeUnavailable extends Error {
  /** What tells it from other errors. */
  override name = "NativeUnavailable";
}
