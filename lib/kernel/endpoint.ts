import { bind, type Channel } from "./channel.ts";
import { addressOf, type Connection } from "./connection.ts";
import { answer, decode, delimiterAt, encode, type Message } from "./message.ts";

/** The sockets that front ends send requests to. */
export type RequestChannel = "shell" | "control" | "stdin";

/** A request, and whom its reply goes to. */
export interface Incoming {
  /** What was asked. */
  message: Message;
  /** The socket that it came by. */
  channel: RequestChannel;
  /** The address of the front end. */
  address: Uint8Array[];
}

/** The kernel's end of a connection. */
export interface Endpoint {
  /** Sends a message to the one that sent a request, by the socket that it came by or by another. */
  reply(to: Incoming, message: Message, channel?: RequestChannel): void;
  /** Sends a message to all. */
  publish(message: Message): void;
  /** Closes the sockets, once what was sent has left. */
  close(): Promise<void>;
}

/** How many signatures are kept, so that a message that is sent again is known. */
const remembered = 2 ** 16;

/**
 * Opens the five sockets of a kernel and answers heartbeats. Messages that are malformed, not signed with the
 * connection's key, or were received before are dropped without a word.
 *
 * @throws {Error} if a port is taken.
 */
export function openEndpoint(
  connection: Connection,
  session: string,
  receive: (incoming: Incoming) => void,
): Endpoint {
  const { key, signature_scheme } = connection;
  const hash = signature_scheme.replace("hmac-", "");
  const seen = new Set<string>();
  const channels: Channel[] = [];
  // Until all sockets are open, messages wait.
  const early: Incoming[] = [];
  let take: (incoming: Incoming) => void = (incoming) => early.push(incoming);

  function isNew(signature: Uint8Array): boolean {
    if (key === "") return true;
    const text = new TextDecoder().decode(signature);
    if (seen.has(text)) return false;
    seen.add(text);
    if (seen.size > remembered) seen.delete(seen.values().next().value!);
    return true;
  }

  const router = (channel: RequestChannel) => (frames: Uint8Array[]) => {
    const message = decode(frames, key, hash);
    if (!message) return;
    const start = delimiterAt(frames);
    if (isNew(frames[start + 1])) take({ message, channel, address: frames.slice(0, start) });
  };

  /** Says to a new subscriber, as of protocol 5.4, that from now on it misses nothing. */
  function welcome([frame]: Uint8Array[]): void {
    if (frame?.[0] !== 1) return;
    const subscription = new TextDecoder().decode(frame.subarray(1));
    const message = answer("iopub_welcome", { subscription }, session);
    sockets.iopub.send([frame.subarray(1), ...encode(message, key, hash)]);
  }

  const sockets = {} as Record<RequestChannel | "iopub" | "hb", Channel>;
  const receivers = {
    shell: router("shell"),
    control: router("control"),
    stdin: router("stdin"),
    iopub: welcome,
    hb: (frames: Uint8Array[]) => void sockets.hb.send(frames),
  };
  try {
    for (const [name, receiver] of Object.entries(receivers)) {
      const socket = name as keyof typeof sockets;
      const kind = socket === "iopub" ? "publisher" : "router";
      sockets[socket] = bind(kind, addressOf(connection, `${socket}_port`), receiver);
      channels.push(sockets[socket]);
    }
  } catch (error) {
    for (const channel of channels) channel.close();
    throw error;
  }

  setTimeout(() => {
    take = receive;
    early.forEach(receive);
  });
  return {
    reply({ channel, address }, message, by = channel) {
      sockets[by].send([...address, ...encode(message, key, hash)]);
    },
    publish(message) {
      const topic = new TextEncoder().encode(message.header.msg_type);
      sockets.iopub.send([topic, ...encode(message, key, hash)]);
    },
    async close() {
      // Closing drops what the library has not handed to the system within its linger.
      await Promise.all(channels.map((channel) => channel.flushed()));
      for (const channel of channels) channel.close();
    },
  };
}
