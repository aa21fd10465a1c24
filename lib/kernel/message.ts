import { createHmac, timingSafeEqual } from "node:crypto";

/** A message of Jupyter's protocol. */
export interface Message {
  /** What it is, who sent it and when. */
  header: Header;
  /** The header of the request that it answers; empty for a request. */
  parent_header: Partial<Header>;
  /** Notes beside the content. */
  metadata: Record<string, unknown>;
  /** What it says; the shape depends on `header.msg_type`. */
  content: Record<string, unknown>;
}

/** The head of a message. */
export interface Header {
  /** Unique. */
  msg_id: string;
  /** The type, "execute_request" for instance. */
  msg_type: string;
  /** Unique to each client. */
  session: string;
  /** Who sends it. */
  username: string;
  /** When, in ISO 8601. */
  date: string;
  /** Of the protocol. */
  version: string;
}

const delimiter = "<IDS|MSG>";
const text = new TextDecoder();
const bytes = new TextEncoder();

/** A new request. */
export function request(
  msg_type: string,
  content: Record<string, unknown>,
  session: string,
  parent: Partial<Header> = {},
): Message {
  const header = {
    msg_id: crypto.randomUUID(),
    msg_type,
    session,
    username: "losslandscape",
    date: new Date().toISOString(),
    version: "5.4",
  };
  return { header, parent_header: parent, metadata: {}, content };
}

/** The frames of a message on the wire, signed with the key of the connection (HMAC-SHA256). */
export function encode(message: Message, key: string): Uint8Array[] {
  const { header, parent_header, metadata, content } = message;
  const parts = [header, parent_header, metadata, content].map((part) =>
    bytes.encode(JSON.stringify(part))
  );
  return [bytes.encode(delimiter), bytes.encode(signature(parts, key)), ...parts];
}

/** The message in some frames; undefined if they are no message, or not signed with the key. */
export function decode(frames: Uint8Array[], key: string): Message | undefined {
  const start = frames.findIndex((frame) =>
    frame.length === delimiter.length && text.decode(frame) === delimiter
  );
  if (start < 0 || frames.length < start + 6) return undefined;
  const parts = frames.slice(start + 2, start + 6);
  const expected = bytes.encode(signature(parts, key));
  const signed = frames[start + 1];
  if (signed.length !== expected.length || !timingSafeEqual(signed, expected)) return undefined;
  try {
    const [header, parent_header, metadata, content] = parts.map((part) =>
      JSON.parse(text.decode(part))
    );
    return { header, parent_header: parent_header ?? {}, metadata, content };
  } catch {
    return undefined;
  }
}

function signature(parts: Uint8Array[], key: string): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}
