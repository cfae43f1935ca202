import { G } from '../model/counters.ts';
import type { Conn, ConnHandler } from '../net/transport.ts';
import { H2ServerConnection } from './h2/server-connection.ts';
import type { PooledConn } from './idle-pool.ts';
import { proxyHeader } from './send-proxy.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';

/**
 * A connection to a server. It serves one stream at a time and rests in the server's idle pool between them; or it is a stream of a
 * connection that speaks HTTP/2 (`mux`), and ends with its exchange.
 */
export class ServerConn implements ConnHandler, PooledConn {
  readonly server: TrafficServer;
  conn: Conn;
  /** What streams must have in common to use it one after the other. */
  readonly key: string;
  mux: H2ServerConnection | null;
  stream: Stream | null;
  /** Start of a response head that came in pieces. */
  partial: Buffer | null;
  /** Exchanges completed on it. */
  uses: number;
  /** Bound to one client connection (`http-reuse never`, PROXY protocol, authentication by connection). */
  private: boolean;
  /** It serves one exchange only. */
  single: boolean;
  established: boolean;
  /** It counts as in use in the server's pool. */
  #inUse: boolean;
  peerEnded: boolean;

  constructor(server: TrafficServer, key: string) {
    this.server = server;
    this.key = key;
    this.mux = null;
    this.conn = null as unknown as Conn;
    this.stream = null;
    this.partial = null;
    this.uses = 0;
    this.private = false;
    this.single = false;
    this.established = false;
    this.#inUse = false;
    this.peerEnded = false;
  }

  /** Its server has kept it open after more than one exchange: it is likely to do so again. */
  get safe(): boolean {
    return this.uses > 1;
  }

  /** It is there to be used: by a stream that takes it out of the pool. */
  take(): ServerConn {
    this.server.pool.remove(this);
    return this;
  }

  /** A stream begins to use it. `shared`: other clients may use it afterwards; HAProxy counts one that is not while it is set up only. */
  use(shared: boolean): void {
    if (this.mux !== null) return;
    this.server.pool.use(shared);
    this.#inUse = shared;
  }

  /** The stream is done with it: it rests in the pool, or ends when it is one too many there. */
  rest(): void {
    if (this.server.pool.keep(this)) this.#release();
    else this.discard();
  }

  #release(): void {
    if (!this.#inUse) return;
    this.#inUse = false;
    this.server.pool.release();
  }

  onConnect(): void {
    const { stream } = this;
    this.established = true;
    Atomics.add(this.server.g, G.used, 1);
    if (stream === null) {
      this.discard();
      return;
    }
    if (this.server.config.proto === 'h2' && !stream.raw) this.#speakH2(stream);
    stream.onServerConnected();
  }

  /** Goes on as the first stream of a connection that speaks HTTP/2. */
  #speakH2(stream: Stream): void {
    const header = proxyHeader(stream);
    if (header !== null) this.conn.write(header, 0, header.length);
    const mux = new H2ServerConnection(this, this.#inUse);
    this.#inUse = false;
    mux.attach(this);
    mux.share(stream.client!.ownConnections);
  }

  /** The server has not looked at the request, and says so. */
  onRefused(): void {
    const { stream } = this;
    this.stream = null;
    stream?.onServerRefused(this);
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
    else this.server.pool.remove(this);
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
    if (this.stream === null) this.server.pool.remove(this);
    this.stream = null;
  }

  /** Closes it when what waits has been written. */
  finish(): void {
    if (this.conn.closed || !this.conn.blocked || this.server.backend.noLinger) {
      this.discard();
      return;
    }
    this.conn.closeGently();
    this.#leave();
    this.stream = null;
  }

  #leave(): void {
    this.#release();
    if (!this.established || this.mux !== null) return;
    this.established = false;
    Atomics.sub(this.server.g, G.used, 1);
  }
}
