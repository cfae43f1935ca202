import { G } from '../model/counters.ts';
import type { Conn, ConnHandler } from '../net/transport.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';

/** A connection to a server. It serves one stream at a time and rests in the server's idle pool between them. */
export class ServerConn implements ConnHandler {
  readonly server: TrafficServer;
  conn: Conn;
  stream: Stream | null;
  /** Start of a response head that came in pieces. */
  partial: Buffer | null;
  /** Exchanges completed on it. */
  uses: number;
  /** Bound to one client connection (`http-reuse never`, PROXY protocol, authentication by connection). */
  private: boolean;
  /** Date since which it is idle, ms. */
  idleSince: number;
  established: boolean;
  peerEnded: boolean;

  constructor(server: TrafficServer) {
    this.server = server;
    this.conn = null as unknown as Conn;
    this.stream = null;
    this.partial = null;
    this.uses = 0;
    this.private = false;
    this.idleSince = 0;
    this.established = false;
    this.peerEnded = false;
  }

  onConnect(): void {
    this.established = true;
    Atomics.add(this.server.g, G.used, 1);
    if (this.stream === null) this.discard();
    else this.stream.onServerConnected();
  }

  onData(buffer: Buffer, start: number, end: number): void {
    const { stream } = this;
    // A server that speaks without being asked is not to be trusted with the next request.
    if (stream === null) this.discard();
    else stream.onServerData(buffer, start, end);
  }

  onEnd(): void {
    this.peerEnded = true;
    if (this.stream !== null) this.stream.onServerEnd();
    else this.discard();
  }

  onDrain(): void {
    this.stream?.onServerDrain();
  }

  onError(code: string): void {
    this.#leave();
    const { stream } = this;
    this.stream = null;
    if (stream !== null) stream.onServerError(this, code);
    else this.#unpool();
  }

  /** `buffer` is the connection's own: it may be passed on without a copy while reading is paused. */
  usesOwnBuffer(buffer: Uint8Array): boolean {
    return this.conn.bulk && this.conn.ownsBuffer(buffer);
  }

  /** Closes it for good. */
  discard(reset = false): void {
    if (this.conn.closed) return;
    this.conn.destroy(reset || this.server.backend.noLinger);
    this.#leave();
    if (this.stream === null) this.#unpool();
    this.stream = null;
  }

  #leave(): void {
    if (!this.established) return;
    this.established = false;
    Atomics.sub(this.server.g, G.used, 1);
  }

  #unpool(): void {
    const { idle } = this.server;
    const at = idle.indexOf(this);
    if (at < 0) return;
    idle.splice(at, 1);
    Atomics.sub(this.server.g, G.idle, 1);
  }
}
