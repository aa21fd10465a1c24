import { join } from "node:path";

/** Something that a kernel has said: an output, or a mark for whoever stands in front of it. */
export interface Said {
  /** The type of the message that it becomes; "mark" for one that becomes none. */
  type: string;
  /** What it says. */
  content: Record<string, unknown>;
  /** Notes beside the content. */
  metadata: Record<string, unknown>;
  /** Binary data. */
  buffers: Uint8Array[];
}

/** Where a kernel puts what it says, and where it is read. */
export interface Outlet {
  /** The folder of its files. */
  readonly folder: string;
  /** What has been said since the last time: all, or the beginning of a flood. */
  read(atMost?: number): Said[];
  /** How often the kernel's process has answered a knock. */
  beats(): number;
  /** Removes the files. */
  close(): void;
}

/** Bytes after which the kernel begins a new file, so that what was read can be removed. */
export const fileLimit = 2 ** 23;

/**
 * The outputs of a kernel go through files: it appends to them in the middle of a cell, synchronously, and
 * they are read here. So when a cell's reply has come, all that the cell has said is there; nothing is lost
 * when the kernel dies, is stopped in whatever it does, or runs ahead of us.
 *
 * (The sockets of Deno's own kernel promise none of that. It publishes a cell's last outputs after its reply
 * and under the name of the next request. And when whoever listens is slow, it writes one message into the
 * middle of another: what it publishes from then on cannot be read.)
 *
 * Each record is its length and that of its JSON, 4 bytes each, little-endian; the JSON; binary data. A file
 * ends with the first record that reaches beyond `fileLimit`, and the next begins.
 */
export function openOutlet(): Outlet {
  const folder = Deno.makeTempDirSync({ prefix: "kernel-" });
  const pulse = join(folder, "pulse");
  const decoder = new TextDecoder();
  const head = new Uint8Array(8);
  let number = 0;
  let file: Deno.FsFile | undefined;
  let offset = 0;
  let headFilled = 0;
  let body: Uint8Array | undefined;
  let bodyFilled = 0;

  /** Reads into the rest of some bytes; how many are filled then. */
  function fill(bytes: Uint8Array, filled: number): number {
    while (filled < bytes.length) {
      const count = file!.readSync(bytes.subarray(filled));
      if (count === null) break;
      filled += count;
      offset += count;
    }
    return filled;
  }

  /** The next record that is whole. */
  function next(): Said | undefined {
    file ??= open(join(folder, `${number}`));
    if (!file) return undefined;
    headFilled = fill(head, headFilled);
    if (headFilled < head.length) return undefined;
    const lengths = new DataView(head.buffer);
    body ??= new Uint8Array(lengths.getUint32(0, true));
    bodyFilled = fill(body, bodyFilled);
    if (bodyFilled < body.length) return undefined;
    const said = parse(body, lengths.getUint32(4, true));
    headFilled = bodyFilled = 0;
    body = undefined;
    if (offset > fileLimit) {
      file.close();
      Deno.removeSync(join(folder, `${number++}`));
      file = undefined;
      offset = 0;
    }
    return said;
  }

  function parse(bytes: Uint8Array, end: number): Said {
    const { sizes, ...said } = JSON.parse(decoder.decode(bytes.subarray(0, end)));
    const buffers = (sizes as number[]).map((size) => bytes.slice(end, end += size));
    return { ...said, buffers };
  }

  return {
    folder,
    read(atMost = Infinity) {
      const all: Said[] = [];
      for (let read = 0; read < atMost;) {
        const before = offset;
        const said = next();
        if (!said) break;
        read += Math.max(1, offset - before);
        all.push(said);
      }
      return all;
    },
    beats() {
      try {
        return Deno.statSync(pulse).size;
      } catch {
        return 0;
      }
    },
    close() {
      file?.close();
      try {
        Deno.removeSync(folder, { recursive: true });
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
}

function open(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
