/** Where a kernel listens, as Jupyter's connection files say it. */
export interface Connection {
  /** The address. */
  ip: string;
  /** "tcp" or "ipc". */
  transport: string;
  /** "hmac-" and a hash: "hmac-sha256". */
  signature_scheme: string;
  /** The secret that messages are signed with; without one they are not. */
  key: string;
  /** Requests and replies. */
  shell_port: number;
  /** What is published. */
  iopub_port: number;
  /** Questions to the user. */
  stdin_port: number;
  /** Interrupt and shutdown. */
  control_port: number;
  /** Echo. */
  hb_port: number;
}

/** The ports of a connection. */
export type Port = "shell_port" | "iopub_port" | "stdin_port" | "control_port" | "hb_port";

const ports: Port[] = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"];

/**
 * Reads a connection file.
 *
 * @throws {Error} a line that says why it cannot be used.
 */
export function readConnection(path: string): Connection {
  const wrong = (why: string) => new Error(`Cannot read the connection file ${path}: ${why}`);
  let json;
  try {
    json = JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong(`it is not JSON (${error.message})`);
    throw wrong(
      error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message,
    );
  }
  const {
    ip = "127.0.0.1",
    transport = "tcp",
    signature_scheme = "hmac-sha256",
    key = "",
    ...rest
  } = json ?? {};
  if (transport !== "tcp" && transport !== "ipc") {
    throw wrong(`transport must be tcp or ipc, got ${JSON.stringify(transport)}`);
  }
  if (typeof ip !== "string" || typeof key !== "string") throw wrong("ip and key must be texts");
  if (!/^hmac-(sha256|sha384|sha512|sha1|md5)$/.test(signature_scheme)) {
    throw wrong(
      `signature_scheme must be hmac-sha256 or the like, got ${JSON.stringify(signature_scheme)}`,
    );
  }
  for (const port of ports) {
    const number = rest[port];
    if (Number.isInteger(number) && number > 0 && number < 65536) continue;
    throw wrong(`${port} must be a port, 1 to 65535, got ${JSON.stringify(number)}`);
  }
  return { ...rest, ip, transport, signature_scheme, key };
}

/** The address of one of a kernel's sockets. */
export function addressOf({ transport, ip, ...connection }: Connection, port: Port): string {
  if (transport === "ipc") return `ipc://${ip}-${connection[port]}`;
  return `tcp://${ip.includes(":") ? `[${ip}]` : ip}:${connection[port]}`;
}
