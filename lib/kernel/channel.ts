import { Buffer } from "node:buffer";
// @ts-types="./zeromq.d.ts"
import { Dealer, Router, Subscriber, XPublisher } from "npm:zeromq@6.8.0";

/** One of the sockets between a client and a kernel. */
export interface Channel {
  /** Sends a message of several frames. */
  send(frames: Uint8Array[]): Promise<void>;
  /** Resolves when what was sent is in the library's hands. */
  flushed(): Promise<void>;
  /** Closes the socket; nothing is received after that. */
  close(): void;
}

/** Is given the frames of each message, in order. */
export type Receive = (frames: Uint8Array[]) => void;

// No message may be dropped because someone is slow: no limits to the queues. Nothing waits inside the library,
// whose wake-ups Deno's emulation of libuv misses: what cannot be done at once is asked for again.
const receiving = { linger: 0, receiveTimeout: 0, receiveHighWaterMark: 0 };
const both = { ...receiving, sendTimeout: 0, sendHighWaterMark: 0 };

/**
 * Connects to a kernel's socket: a dealer for requests and replies, a subscriber for what is published to
 * all. A kernel asks the one whose cell it runs by that one's name, which its dealers share.
 */
export function connect(
  kind: "dealer" | "subscriber",
  address: string,
  receive: Receive,
  name: string = crypto.randomUUID(),
): Channel {
  const socket = kind === "dealer"
    ? new Dealer({ ...both, routingId: name })
    : new Subscriber(receiving);
  if (socket instanceof Subscriber) socket.subscribe();
  socket.connect(address);
  return channel(socket, receive);
}

/**
 * Opens a kernel's socket: a router, whose messages begin with the address of the client; a publisher, which
 * receives a frame for each subscription.
 *
 * @throws {Error} if the address is taken or is none of this machine.
 */
export function bind(
  kind: "router" | "publisher",
  address: string,
  receive: Receive,
): Channel {
  // A larger frame is refused before it is read. A client that comes back under its old name is let in.
  const limits = { ...both, linger: 500, maxMessageSize: 2 ** 29 };
  const socket = kind === "router"
    ? new Router({ ...limits, handover: true })
    : new XPublisher(limits);
  try {
    socket.bindSync(address);
  } catch (error) {
    socket.close();
    throw new Error(`Cannot listen on ${address}: ${(error as Error).message}`);
  }
  return channel(socket, receive);
}

function channel(socket: Dealer | Subscriber | Router | XPublisher, receive: Receive): Channel {
  let closed = false;
  let sending = Promise.resolve();
  const unwatch = watch(socket, receive);
  return {
    send(frames) {
      if (socket instanceof Subscriber) {
        throw new TypeError("Cannot send: a subscriber only receives");
      }
      const buffers = frames.map(asBuffer);
      // The library sends one message at a time.
      const send = async () => {
        while (!closed && !socket.writable) await new Promise((resolve) => setTimeout(resolve, 1));
        if (!closed) await socket.send(buffers);
      };
      return sending = sending.then(send, send);
    },
    flushed: () => sending,
    close() {
      closed = true;
      unwatch();
      socket.close();
    },
  };
}

const asBuffer = ({ buffer, byteOffset, length }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, length);

interface Readable {
  readonly readable: boolean;
  receive(): Promise<Uint8Array[]>;
}

/**
 * Calls back with every message that a socket receives, until the function that it returns is called. Asks
 * whether something is there: every millisecond in the middle of an exchange, and less often the longer nothing
 * has come.
 */
function watch(socket: Readable, receive: Receive): () => void {
  let open = true;
  let last = performance.now();
  let timer = setTimeout(poll, 1);

  async function poll(): Promise<void> {
    // A flood at one socket does not keep the others waiting.
    for (let i = 0; i < 100 && open && socket.readable; i++) {
      const frames = await socket.receive().catch(() => undefined); // it was none, after all
      if (!frames || !open) break;
      last = performance.now();
      receive(frames);
    }
    if (!open) return;
    const quiet = performance.now() - last;
    timer = setTimeout(poll, quiet < 200 ? 1 : quiet < 10_000 ? 4 : 10);
  }

  return () => {
    open = false;
    clearTimeout(timer);
  };
}
