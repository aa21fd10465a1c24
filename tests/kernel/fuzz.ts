import { encode, type Message, request } from "../../lib/kernel/message.ts";
import { random } from "../../lib/math/random.ts";
import type { Session } from "./front_client.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/**
 * Sends messages that are not to be obeyed: unsigned, signed with another key, altered, cut, of the wrong
 * shape, too large, sent twice, or no messages at all. Each that could run would add to `globalThis.hacked`.
 */
export async function sendHostile(kernel: Session, count: number, seed = 42): Promise<void> {
  const { connection: { key } } = kernel;
  const { integer } = random(seed, "hostile messages");
  const pick = <T>(items: T[]) => items[integer(items.length)];
  const noise = (n: number) => Uint8Array.from({ length: n }, () => integer(256));
  const code = "globalThis.hacked = (globalThis.hacked ?? 0) + 1";
  const execution = (content: Record<string, unknown> = { code }) =>
    request("execute_request", content, "somebody");
  const known = new Uint8Array(100_000).fill(120);

  const kinds: (() => Uint8Array[])[] = [
    () => encode(execution(), "another key"),
    () => encode(execution(), ""),
    () => {
      const frames = encode(execution(), key), i = 1 + integer(5);
      return frames.map((frame, j) => i === j ? bytes(`{"code": ${JSON.stringify(code)}}`) : frame);
    },
    () => {
      const frames = encode(execution(), key);
      return frames.slice(0, integer(frames.length));
    },
    () => encode(execution(), key).toReversed(),
    () => Array.from({ length: integer(9) + 1 }, () => noise(integer(200))),
    () => [bytes("<IDS|MSG>"), ...encode(execution(), "another key")],
    () => [...encode(execution(), "another key").slice(0, 5), known],
    () => Array.from({ length: 100 }, () => bytes("<IDS|MSG>")),
    // signed, and yet no sense in them
    () => encode(request(pick(["", "💥", "execute_reply", "status", "input_reply"]), {}, "s"), key),
    () =>
      encode({ ...execution(), content: pick<unknown>([null, 3, "x", [code]]) } as Message, key),
    () => encode(execution({ code: pick<unknown>([null, 3, {}, [code]]) as string }), key),
    () => encode({ ...execution(), header: pick<unknown>([null, [], {}, "x"]) } as Message, key),
    () =>
      encode(request("complete_request", pick([{}, { code: 3 }, { cursor_pos: -1e9 }]), "s"), key),
    () => encode(request("comm_msg", { comm_id: {}, data: null }, "s"), key),
  ];
  for (let i = 0; i < count; i++) {
    kernel.sendFrames(pick(["shell", "shell", "control", "stdin"]), pick(kinds)());
    if (i % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Talks to each of a kernel's ports as no client of ZeroMQ would. */
export async function talkNonsense({ connection }: Session, seed = 42): Promise<void> {
  const { integer } = random(seed, "nonsense");
  const greeting = new Uint8Array(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
  greeting.set(bytes("NULL"), 12);
  const ready = [4, 25, 5, ...bytes("READY"), 11, ...bytes("Socket-Type"), 0, 0, 0, 6];
  const openings: Uint8Array[] = [
    bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    new Uint8Array(0),
    Uint8Array.from({ length: 4096 }, () => integer(256)),
    greeting,
    // a frame that says that 2⁶² bytes follow, in place of a handshake and behind one
    Uint8Array.of(...greeting, 2, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3),
    Uint8Array.of(...greeting, ...ready, ...bytes("DEALER"), 2, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3),
    // a frame that is longer than what is let in, and one that never ends
    Uint8Array.of(...greeting, ...ready, ...bytes("DEALER"), 2, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3),
    Uint8Array.of(...greeting, ...ready, ...bytes("DEALER"), 0, 200, 1, 2, 3),
  ];
  const { shell_port, iopub_port, control_port, stdin_port, hb_port } = connection;
  for (const port of [shell_port, iopub_port, control_port, stdin_port, hb_port]) {
    for (const opening of openings) {
      const socket = await Deno.connect({ hostname: "127.0.0.1", port });
      // byte by byte too: a message need not come in one piece
      const pieces = opening.length < 100
        ? [...opening].map((byte) => Uint8Array.of(byte))
        : [opening];
      for (const piece of pieces) await socket.write(piece).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 2));
      socket.close();
    }
  }
}
