import { Worker } from "node:worker_threads";
import type { Request } from "./messages.ts";

/** The part of a worker that the pool uses. */
export interface PoolWorker {
  /** Sends a message, and memory with it. */
  postMessage(message: Request, transfer: ArrayBuffer[]): void;
  /** Listens to replies, errors and the end. */
  on(event: "message" | "error" | "exit", listener: (value: never) => void): void;
  /** Lets the script wait for it, or not. */
  ref(): void;
  /** See `ref`. */
  unref(): void;
  /** Ends it. A native run goes on until it is through. */
  terminate(): Promise<number>;
}

/**
 * Starts a worker of the pool in about 40 ms. It is one of `node:worker_threads`, since an idle web worker
 * keeps a script alive. These take files and text only: modules from the web are imported by a line of text.
 */
export function startWorker(): PoolWorker {
  const url = new URL("./worker.ts", import.meta.url);
  const code = `import ${JSON.stringify(url.href)};`;
  return new Worker(
    url.protocol === "file:" ? url : new URL(`data:text/javascript,${encodeURIComponent(code)}`),
  ) as unknown as PoolWorker;
}
