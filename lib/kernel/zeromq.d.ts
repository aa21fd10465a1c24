// What of zeromq's types is used here; the package's own refer to Node's, which Deno does not find.

interface Options {
  linger: number;
  receiveTimeout: number;
  sendTimeout?: number;
  sendHighWaterMark?: number;
  receiveHighWaterMark: number;
  maxMessageSize?: number;
}

declare class Socket {
  readonly readable: boolean;
  readonly writable: boolean;
  constructor(options: Options);
  connect(address: string): void;
  bindSync(address: string): void;
  receive(): Promise<Uint8Array[]>;
  close(): void;
}

declare class Sending extends Socket {
  send(frames: Uint8Array[]): Promise<void>;
}

/** Sends requests and receives replies. */
export class Dealer extends Sending {
  constructor(options: Options & { routingId: string });
}

/** Receives requests, each with the address that its reply is sent to. */
export class Router extends Sending {
  constructor(options: Options & { handover: boolean });
}

/** Publishes, and receives who subscribes. */
export class XPublisher extends Sending {}

/** Receives what is published. */
export class Subscriber extends Socket {
  subscribe(): void;
}
