const utf8 = new TextEncoder();

/** A message of Protocol Buffers under construction: fields are appended, bytes come out. */
export interface Message {
  /** A whole number, negative ones in ten bytes. */
  int(field: number, value: number | bigint): Message;
  /** A float of 32 bits. */
  float(field: number, value: number): Message;
  /** A text. */
  text(field: number, value: string): Message;
  /** Bytes, or a message inside this one. They are not copied before `bytes` is called. */
  block(field: number, value: Uint8Array | Message): Message;
  /** Whole numbers, one field each. */
  ints(field: number, values: readonly number[]): Message;
  /** The number of bytes so far. */
  readonly size: number;
  /** The pieces that are the message when joined. */
  readonly pieces: Uint8Array[];
  /** The message, joined. */
  bytes(): Uint8Array;
}

/** A new, empty message. */
export function message(): Message {
  const pieces: Uint8Array[] = [];
  let size = 0, small: number[] = [];
  const flush = () => {
    if (small.length) pieces.push(Uint8Array.from(small));
    small = [];
  };
  const varint = (value: number | bigint) => {
    let rest = BigInt.asUintN(64, BigInt(value));
    do {
      const low = Number(rest & 127n);
      rest >>= 7n;
      small.push(rest ? low | 128 : low);
      size++;
    } while (rest);
  };
  const key = (field: number, type: number) => varint(field << 3 | type);
  const self: Message = {
    get size() {
      return size;
    },
    get pieces() {
      flush();
      return pieces;
    },
    int(field, value) {
      key(field, 0);
      varint(value);
      return self;
    },
    float(field, value) {
      key(field, 5);
      small.push(...new Uint8Array(Float32Array.of(value).buffer));
      size += 4;
      return self;
    },
    text: (field, value) => self.block(field, utf8.encode(value)),
    block(field, value) {
      key(field, 2);
      const inner = value instanceof Uint8Array ? [value] : value.pieces;
      const length = value instanceof Uint8Array ? value.length : value.size;
      varint(length);
      if (length < 64) { for (const piece of inner) small.push(...piece); }
      else {
        flush();
        pieces.push(...inner);
      }
      size += length;
      return self;
    },
    ints(field, values) {
      for (const value of values) self.int(field, value);
      return self;
    },
    bytes() {
      const out = new Uint8Array(size);
      let at = 0;
      for (const piece of self.pieces) {
        out.set(piece, at);
        at += piece.length;
      }
      return out;
    },
  };
  return self;
}
