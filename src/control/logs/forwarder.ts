import { connect, type Socket } from 'node:net';
import type { MemoryRing, RingReader } from './ring.ts';

/** Where the lines of a ring go (a `server` line of the section). */
export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
  /** A unix socket's path or abstract name (instead of host and port), else null. */
  readonly path: string | null;
  readonly framing: 'legacy' | 'octet-count';
  /** Time to connect, ms; null: the system's. */
  readonly connectTimeout: number | null;
  /** Time that the log server may leave lines unread, ms; null: for ever. */
  readonly serverTimeout: number | null;
}

const RECONNECT_MS = 1000;
/** Bytes given to the socket ahead of the peer; the rest stays in the ring. */
const MAX_PENDING = 65_536;
/** How long the end of the process may wait for the log server. */
const CLOSE_MS = 1000;

/**
 * Sends the lines of a ring over a stream connection, kept open, and made again a second after it failed. Lines wait in the ring
 * meanwhile. Framing: octet counting (RFC 6587 section 3.4.1) or a line feed after each line (3.4.2).
 */
export class RingForwarder {
  readonly target: ForwardTarget;
  readonly #reader: RingReader;
  readonly #unfollow: () => void;
  #socket: Socket | null = null;
  #connected = false;
  #reconnect: NodeJS.Timeout | null = null;
  #pumping = false;
  #closed = false;

  constructor(ring: MemoryRing, target: ForwardTarget) {
    this.target = target;
    this.#reader = ring.reader();
    this.#unfollow = ring.follow(() => this.#schedulePump());
    this.#connect();
  }

  /** Sends what is in the ring, where a connection is there, and ends it. Resolves within a second. */
  close(): Promise<void> {
    this.#pump();
    this.#closed = true;
    this.#unfollow();
    this.#reader.close();
    if (this.#reconnect) clearTimeout(this.#reconnect);
    const socket = this.#socket;
    if (socket === null) return Promise.resolve();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.ref();
    if (this.#connected) {
      socket.end();
      socket.setTimeout(CLOSE_MS);
    } else {
      socket.destroy();
    }
    return closed;
  }

  #connect(): void {
    const { host, port, path, connectTimeout } = this.target;
    const socket = path === null ? connect({ host, port, noDelay: true }) : connect({ path });
    this.#socket = socket;
    socket.unref();
    if (connectTimeout !== null) socket.setTimeout(connectTimeout);
    socket.on('connect', () => {
      this.#connected = true;
      this.#reader.hold(true);
      socket.setTimeout(0);
      this.#pump();
    });
    socket.on('drain', () => {
      if (!this.#closed) socket.setTimeout(0);
      this.#pump();
    });
    socket.on('timeout', () => socket.destroy());
    // A log server has nothing to say; its end of the connection is the end of it.
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connected = false;
      this.#socket = null;
      this.#reader.hold(false);
      if (this.#closed) return;
      this.#reconnect = setTimeout(() => this.#connect(), RECONNECT_MS).unref();
    });
  }

  /** Lines come in batches: they leave in one write. */
  #schedulePump(): void {
    if (this.#pumping || !this.#connected) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    const socket = this.#socket;
    if (!this.#connected || socket === null || !socket.writable) return;
    let chunk = '';
    while (socket.writableLength + chunk.length < MAX_PENDING) {
      const line = this.#reader.next();
      if (line === null) break;
      chunk += this.target.framing === 'octet-count' ? `${line.length} ${line}` : `${line}\n`;
    }
    if (chunk === '' || socket.write(chunk, 'latin1')) return;
    if (this.target.serverTimeout !== null && !this.#closed) socket.setTimeout(this.target.serverTimeout);
  }
}
