// What of zeromq's types is used here; the package's own refer to Node's, which Deno does not find.

interface Options {
  linger: number;
  receiveTimeout: number;
  receiveHighWaterMark: number;
}

declare class Socket {
  readonly readable: boolean;
  readonly writable: boolean;
  constructor(options: Options);
  connect(address: string): void;
  receive(): Promise<Uint8Array[]>;
  close(): void;
}

/** Sends requests and receives replies. */
export class Dealer extends Socket {
  send(frames: Uint8Array[]): Promise<void>;
}

/** Receives what is published. */
export class Subscriber extends Socket {
  subscribe(): void;
}
