/**
 * The narrow interface between the data path and the operating system. Drivers: `tcp.ts` (libuv stream handles) and
 * `sim.ts` (in memory, virtual clock, seeded faults).
 */

/** A connected byte stream, either side. Its handler is never called from inside one of these methods. */
export interface Conn {
  /** Set by the owner right after accept or connect; replaced when the connection changes hands. */
  handler: ConnHandler;
  /** Text addresses, '' and 0 for unix sockets. Asked from the system on first use. */
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly localHost: string;
  readonly localPort: number;
  /**
   * Writes bytes [start, end) of `buffer`, which may be reused as soon as it returns.
   * False: the peer is slow, `onDrain` will tell when all is out.
   */
  write(buffer: Uint8Array, start: number, end: number): boolean;
  /** As `write`, without a copy: the bytes must stay as they are until `onDrain` when the result is false. */
  writeStable(buffer: Uint8Array, start: number, end: number): boolean;
  /** Writes the first `length` bytes of the scratch buffer (`scratch.ts`). */
  flushScratch(length: number): boolean;
  writeLatin1(text: string): boolean;
  /** Something written is not yet taken by the kernel. */
  readonly blocked: boolean;
  /**
   * Asks that what is read goes to a buffer of this connection's own, so that `writeStable` may pass it on unchanged: for bulk
   * transfers, where the reader is paused while a write is pending.
   */
  readBulk(on: boolean): void;
  readonly bulk: boolean;
  /** Begins reading an accepted connection; until then the peer waits. */
  start(): void;
  pause(): void;
  resume(): void;
  /** Half-close: FIN after what is pending. */
  end(): void;
  /** Close at once; `reset` sends RST. No event follows. */
  destroy(reset?: boolean): void;
  /** FIN after what is pending, then closes; what still comes is dropped. No event follows. */
  closeGently(): void;
  /** `buffer` is this connection's own (see `readBulk`). */
  ownsBuffer(buffer: Uint8Array): boolean;
  readonly closed: boolean;
  /** File descriptor, -1 when there is none. */
  readonly fd: number;
}

/** What happens on a connection. */
export interface ConnHandler {
  /** Bytes [start, end) of `buffer` are valid only during the call. */
  onData(buffer: Uint8Array, start: number, end: number): void;
  /** The peer will send no more. */
  onEnd(): void;
  onDrain(): void;
  /** Closed by an error (errno name); the last event. */
  onError(code: string): void;
  /** Outgoing connections: established. */
  onConnect(): void;
}

/** What a connection's socket is told, beside TCP_NODELAY. */
export interface SocketOptions {
  /** Probes when it is idle (SO_KEEPALIVE). */
  readonly keepAlive: boolean;
  /** How: probes without an answer until the end, seconds before the first one and between them; 0 = as the kernel says. */
  readonly probes: { readonly count: number; readonly idle: number; readonly interval: number };
  /** How long sent data may stay unacknowledged, ms; 0 = as the kernel says. */
  readonly userTimeout: number;
  /** Congestion control algorithm, null or left out = the kernel's. */
  readonly congestion?: string | null;
  /** Sizes of the kernel's buffers, null = as the kernel says. */
  readonly rcvbuf: number | null;
  readonly sndbuf: number | null;
}

/** Where to connect. `host` is the path of a unix socket, the name of an abstract one (`abns`: filled up with NULs, `abnsz`: as it is). */
export interface ConnectSpec {
  readonly family: 'inet' | 'inet6' | 'unix' | 'abns' | 'abnsz';
  readonly host: string;
  readonly port: number;
  /** Local address to bind before connecting, with its port (0 = any). */
  readonly sourceHost: string | null;
  readonly sourcePort: number;
  /** `sourceHost` is not the machine's own address. */
  readonly foreign?: boolean;
  /** Network interface to go out by. */
  readonly device?: string | null;
  /** Network namespace that the connection belongs to; key of the signatures of its segments (RFC 2385). */
  readonly namespace?: string | null;
  readonly md5Key?: string | null;
  readonly options?: SocketOptions | null;
  /** Mark and type of service of its packets. */
  readonly mark?: number;
  readonly tos?: number;
  /** TLS will be spoken on it: it must be a libuv stream. */
  readonly wrapped?: boolean;
}

/** What to listen on. `share`: other threads listen on the same port (SO_REUSEPORT). */
export interface ListenSpec {
  readonly family: 'inet' | 'inet6' | 'unix' | 'abns' | 'abnsz' | 'fd';
  readonly host: string;
  readonly port: number;
  readonly fd: number;
  readonly backlog: number;
  readonly v6only: boolean;
  readonly share: boolean;
  /** Network interface to accept from; addresses that are not the machine's own; connections only once data has come. */
  readonly device?: string | null;
  readonly transparent?: boolean;
  readonly deferAccept?: boolean;
  readonly namespace?: string | null;
  readonly md5Key?: string | null;
  /** As in a `bind` line: largest segment, fast open, congestion control, ms that sent data may stay unacknowledged. */
  readonly mss?: number;
  readonly fastOpen?: boolean;
  readonly congestion?: string | null;
  readonly userTimeout?: number;
  /** As TCP_SAVE_SYN has it; left alone where the kernel knows no such thing. */
  readonly saveSyn?: number;
  /** TLS is spoken on its connections: they must be libuv streams. */
  readonly wrapped?: boolean;
  /** For connections, asked when one is accepted. */
  readonly options?: () => SocketOptions | null;
}

/** A listening socket. */
export interface ListenSocket {
  /** Port given by the system when the spec said 0. */
  readonly port: number;
  /** Descriptor, -1 when there is none. */
  readonly fd: number;
  close(): Promise<void>;
}

/** A way to the outside. */
export interface Transport {
  listen(spec: ListenSpec, onConnection: (conn: Conn) => void): Promise<ListenSocket>;
  /** Starts connecting; the outcome comes as `onConnect` or `onError` of the handler. */
  connect(spec: ConnectSpec, handler: ConnHandler): Conn;
}
