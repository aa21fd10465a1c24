import { connect } from "./channel.ts";
import { addressOf, type Connection } from "./connection.ts";
import { decode, encode, type Message, request } from "./message.ts";
import type { ChannelName } from "./stock.ts";

/** A front end's end of a connection, bare: for trying out a kernel. */
export interface Conversation {
  /** Sends a request and gives back its id. */
  send(
    channel: Exclude<ChannelName, "iopub">,
    type: string,
    content: Record<string, unknown>,
    parent?: Message["header"],
  ): string;
  /** Sends frames as they are. */
  sendFrames(channel: Exclude<ChannelName, "iopub">, frames: Uint8Array[]): void;
  /** All that has come, in order. */
  readonly heard: { channel: ChannelName; message: Message }[];
  /** Resolves with the first message, past or to come, that is wanted; undefined after some ms. */
  wait(
    wanted: (message: Message, channel: ChannelName) => unknown,
    ms?: number,
  ): Promise<Message | undefined>;
  /** Closes the sockets. */
  close(): void;
}

/** Talks to a kernel at a connection. */
export function converse(connection: Connection): Conversation {
  const { key, signature_scheme } = connection;
  const hash = signature_scheme.replace("hmac-", "");
  const session = crypto.randomUUID();
  const heard: { channel: ChannelName; message: Message }[] = [];
  const listeners = new Set<(message: Message, channel: ChannelName) => void>();
  const open = (channel: ChannelName) =>
    connect(
      channel === "iopub" ? "subscriber" : "dealer",
      addressOf(connection, `${channel}_port`),
      (frames) => {
        const message = decode(frames, key, hash);
        if (!message) return;
        heard.push({ channel, message });
        for (const listen of [...listeners]) listen(message, channel);
      },
      session,
    );
  const channels = {
    shell: open("shell"),
    iopub: open("iopub"),
    control: open("control"),
    stdin: open("stdin"),
  };
  return {
    heard,
    send(channel, type, content, parent) {
      const message = request(type, content, session, parent);
      channels[channel].send(encode(message, key, hash));
      return message.header.msg_id;
    },
    sendFrames: (channel, frames) => void channels[channel].send(frames),
    wait(wanted, ms = 150_000) {
      const past = heard.find(({ message, channel }) => wanted(message, channel));
      if (past) return Promise.resolve(past.message);
      const { promise, resolve } = Promise.withResolvers<Message | undefined>();
      const listen = (message: Message, channel: ChannelName) => {
        if (wanted(message, channel)) resolve(message);
      };
      listeners.add(listen);
      const timer = setTimeout(() => resolve(undefined), ms);
      return promise.finally(() => {
        listeners.delete(listen);
        clearTimeout(timer);
      });
    },
    close() {
      for (const channel of Object.values(channels)) channel.close();
    },
  };
}
