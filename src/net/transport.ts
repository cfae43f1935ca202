/**
 * The narrow interface between the data path and the operating system. Drivers: `tcp.ts` (libuv stream handles) and
 * `sim.ts` (in memory, virtual clock, seeded faults).
 */

/** A connected byte stream, either side. Its handler is called from the event loop, never from inside one of these methods. */
export interface Conn {
  /** Set by the owner right after `onConnection` / `connect`; may be replaced when the connection changes hands. */
  handler: ConnHandler;
  /** Free for the owner's use. */
  owner: unknown;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly localHost: string;
  readonly localPort: number;
  /** Writes latin1 text / bytes. False: the peer is slow, `onDrain` will tell. Bytes are copied or sent before return only if `true`... see `writeBytes`. */
  writeLatin1(text: string): boolean;
  /** The bytes must stay unchanged until `onDrain` when the result is false. */
  writeBytes(bytes: Uint8Array): boolean;
  /** Bytes written but not yet taken by the kernel. */
  readonly pending: number;
  pause(): void;
  resume(): void;
  /** Half-close: FIN after what is pending. */
  end(): void;
  /** Close at once; `reset` sends RST. `onClose` is not called for it. */
  destroy(reset?: boolean): void;
  readonly closed: boolean;
}

export interface ConnHandler {
  /** `bytes` are valid only during the call. */
  onData(conn: Conn, buffer: Uint8Array, start: number, end: number): void;
  /** The peer will send no more. */
  onEnd(conn: Conn): void;
  onDrain(conn: Conn): void;
  /** Closed by the peer or by an error; the last event. `code`: errno name (`ECONNRESET`), or null. */
  onClose(conn: Conn, code: string | null): void;
  /** Outgoing connections: established. */
  onConnect(conn: Conn): void;
}
