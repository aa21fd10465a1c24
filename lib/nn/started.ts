import { ready } from "../tensor/backend.ts";

// tfjs needs a running backend to make a variable or to try a function, and models and losses are made by
// plain, synchronous functions. So the backend starts (4 ms) when this module is loaded; a failure waits
// until somebody needs it.
const failure: unknown = await ready().then(() => undefined, (error) => error);

/** @throws {Error} if tfjs's backend could not be started, with the reason. */
export function requireBackend(): void {
  if (failure) throw failure;
}
