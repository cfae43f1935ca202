import { connect, type Socket } from 'node:net';

/** A connection without queries on it is closed after this time. */
const IDLE_MS = 5000;
const CONNECT_MS = 5000;
/** Bytes of queries that wait for the connection; more are not sent. */
const MAX_PENDING = 1 << 19;

/**
 * Messages to one name server over TCP (RFC 1035 section 4.2.2, RFC 7766): a connection made when something is to be sent, used
 * for all messages, closed when idle. What was sent over a connection that broke is not sent again: whoever asked will.
 */
export class TcpChannel {
  readonly #host: string;
  readonly #port: number;
  readonly #onMessage: (bytes: Uint8Array) => void;
  #socket: Socket | null = null;
  #received: Buffer = Buffer.alloc(0);

  constructor(host: string, port: number, onMessage: (bytes: Uint8Array) => void) {
    this.#host = host;
    this.#port = port;
    this.#onMessage = onMessage;
  }

  send(bytes: Uint8Array): void {
    const socket = this.#socket ?? this.#connect();
    if (socket.writableLength > MAX_PENDING) return;
    const framed = Buffer.alloc(2 + bytes.length);
    framed.writeUInt16BE(bytes.length);
    framed.set(bytes, 2);
    socket.write(framed);
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #connect(): Socket {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    socket.unref();
    socket.setTimeout(CONNECT_MS);
    socket.on('connect', () => socket.setTimeout(IDLE_MS));
    socket.on('timeout', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null;
    });
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    return socket;
  }

  /** At most one message of 64 kB is kept. */
  #onData(chunk: Buffer): void {
    let bytes = this.#received.length > 0 ? Buffer.concat([this.#received, chunk]) : chunk;
    while (bytes.length >= 2) {
      const end = 2 + bytes.readUInt16BE();
      if (bytes.length < end) break;
      this.#onMessage(bytes.subarray(2, end));
      bytes = bytes.subarray(end);
    }
    this.#received = bytes;
  }
}
