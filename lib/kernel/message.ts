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
  /** Binary data behind the message. */
  buffers?: Uint8Array[];
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

/** A message that answers a request, or is published because of it. */
export function answer(
  msg_type: string,
  content: Record<string, unknown>,
  session: string,
  parent: Partial<Header> = {},
): Message {
  return { ...request(msg_type, content, session), parent_header: parent };
}

/** The frames of a message on the wire, signed with the key of the connection; not if that is empty. */
export function encode(message: Message, key: string, hash = "sha256"): Uint8Array[] {
  const { header, parent_header, metadata, content, buffers = [] } = message;
  const parts = [header, parent_header, metadata, content].map((part) =>
    bytes.encode(JSON.stringify(part))
  );
  return [bytes.encode(delimiter), bytes.encode(signature(parts, key, hash)), ...parts, ...buffers];
}

/** How many frames, the addresses of a message, come before its delimiter; -1 if it has none. */
export function delimiterAt(frames: Uint8Array[]): number {
  return frames.findIndex((frame) =>
    frame.length === delimiter.length && text.decode(frame) === delimiter
  );
}

/** The message in some frames; undefined if they are no message, or not signed with the key. */
export function decode(frames: Uint8Array[], key: string, hash = "sha256"): Message | undefined {
  const start = delimiterAt(frames);
  if (start < 0 || frames.length < start + 6) return undefined;
  const parts = frames.slice(start + 2, start + 6);
  const expected = bytes.encode(signature(parts, key, hash));
  const signed = frames[start + 1];
  if (signed.length !== expected.length || !timingSafeEqual(signed, expected)) return undefined;
  try {
    const [header, parent_header, metadata, content] = parts.map((part) =>
      JSON.parse(text.decode(part))
    );
    if (!isObject(content) || typeof header?.msg_id !== "string") return undefined;
    if (typeof header.msg_type !== "string") return undefined;
    const buffers = frames.slice(start + 6);
    return {
      header,
      parent_header: isObject(parent_header) ? parent_header : {},
      metadata: isObject(metadata) ? metadata : {},
      content,
      ...(buffers.length > 0 && { buffers }),
    };
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function signature(parts: Uint8Array[], key: string, hash: string): string {
  if (key === "") return "";
  const hmac = createHmac(hash, key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}
