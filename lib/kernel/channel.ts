import { Buffer } from "node:buffer";
// @ts-types="./zeromq.d.ts"
import { Dealer, Subscriber } from "npm:zeromq@6.8.0";

/** One of the sockets between a client and a kernel. */
export interface Channel {
  /** Sends a message of several frames. */
  send(frames: Uint8Array[]): Promise<void>;
  /** Closes the socket; nothing is received after that. */
  close(): void;
}

/**
 * Connects to a kernel's socket: a dealer for requests and replies, a subscriber for what is published to
 * all. `receive` is called with the frames of each message, in order.
 */
export function connect(
  kind: "dealer" | "subscriber",
  address: string,
  receive: (frames: Uint8Array[]) => void,
): Channel {
  // No message may be dropped because we are slow to read it: no limit to the queue.
  const options = { linger: 0, receiveTimeout: 0, receiveHighWaterMark: 0 };
  const socket = kind === "dealer" ? new Dealer(options) : new Subscriber(options);
  if (socket instanceof Subscriber) socket.subscribe();
  socket.connect(address);
  let timer: ReturnType<typeof setTimeout>;
  let closed = false;
  let last = performance.now();

  // Deno's emulation of libuv misses wake-ups: one in a hundred awaits of `receive()` never ends. Asking
  // whether something is there, and reading only then, never waits inside the library.
  async function poll(): Promise<void> {
    while (!closed && socket.readable) {
      const frames = await socket.receive();
      last = performance.now();
      if (!closed) receive(frames);
    }
    if (!closed) timer = setTimeout(poll, performance.now() - last < 200 ? 1 : 5);
  }
  poll();

  return {
    async send(frames) {
      if (!(socket instanceof Dealer)) {
        throw new TypeError("Cannot send: a subscriber only receives");
      }
      while (!closed && !socket.writable) await new Promise((resolve) => setTimeout(resolve, 1));
      if (!closed) await socket.send(frames.map((frame) => Buffer.from(frame)));
    },
    close() {
      closed = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}
