import { C, G } from '../model/counters.ts';
import { resetWhenDelivered } from '../net/reset-when-delivered.ts';
import { connectTls } from '../net/tls.ts';
import type { TlsConn } from '../net/tls-conn.ts';
import type { Conn, ConnHandler } from '../net/transport.ts';
import { H2ServerConnection } from './h2/server-connection.ts';
import type { PooledConn } from './idle-pool.ts';
import { proxyHeader } from './send-proxy.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';
import { ServerSession } from './tls/server-session.ts';
import type { Hello, Outgoing } from './tls/server-tls.ts';

/**
 * A connection to a server. It serves one stream at a time and rests in the server's idle pool between them; or it is a stream of a
 * connection that speaks HTTP/2 (`mux`), and ends with its exchange.
 */
export class ServerConn implements ConnHandler, PooledConn {
  readonly server: TrafficServer;
  conn: Conn;
  /** What streams must have in common to use it one after the other. */
  readonly key: string;
  /** HTTP/2 is spoken on it where ALPN has not agreed on anything. */
  h2: boolean;
  mux: H2ServerConnection | null;
  /** What the server is asked for when TLS begins, null in the clear. */
  hello: Hello | null;
  /** The handshake that is under way, or was. */
  tls: Outgoing | null;
  /** What is known of TLS on it. */
  session: ServerSession | null;
  /** A PROXY protocol header has been sent, or there is none to be sent. */
  introduced: boolean;
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
  /** It is counted as one that is being opened. */
  opening: boolean;
  /** It counts as in use in the server's pool. */
  #inUse: boolean;
  peerEnded: boolean;

  constructor(server: TrafficServer, key: string) {
    this.server = server;
    this.key = key;
    this.h2 = false;
    this.mux = null;
    this.hello = null;
    this.tls = null;
    this.session = null;
    this.introduced = false;
    this.conn = null as unknown as Conn;
    this.stream = null;
    this.partial = null;
    this.uses = 0;
    this.private = false;
    this.single = false;
    this.established = false;
    this.opening = false;
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
    if (this.tls !== null) {
      if (stream === null) this.discard();
      else this.#secured(stream, this.tls);
      return;
    }
    this.established = true;
    Atomics.add(this.server.g, G.used, 1);
    this.#opened();
    if (stream === null) {
      this.discard();
      return;
    }
    if (this.hello !== null) this.#beginTls(stream, this.hello);
    else this.#ready(stream, this.h2);
  }

  /** What comes first is sent in the clear; TLS follows. */
  #beginTls(stream: Stream, hello: Hello): void {
    const { server } = this;
    this.#introduce(stream);
    try {
      this.tls = server.tls!.begin(hello);
      if (this.tls === null) throw new Error('too many connections with TLS');
      const conn = connectTls(this.conn, this.tls, this);
      this.conn = conn;
      this.session = new ServerSession(conn, this.tls);
      if (this.tls.keylog) this.session.keepSecrets();
      conn.hello();
    } catch {
      // `maxsslconn`; or a mistake that was found when the configuration was read, or when a file was replaced.
      this.conn.destroy();
      this.onError('EPROTO');
    }
  }

  /** The handshake is done. */
  #secured(stream: Stream, outgoing: Outgoing): void {
    const { server } = this;
    const conn = this.conn as TlsConn;
    const problem = server.tls!.problem(conn, outgoing);
    if (problem !== null) {
      conn.destroy();
      this.onError(problem);
      return;
    }
    this.session!.resumed = conn.tls.isSessionReused();
    const field = this.session!.resumed ? C.sslReused : C.sslSessions;
    server.c[field]!++;
    server.backend.c[field]!++;
    const chosen = conn.tls.getALPNNegotiatedProtocol();
    this.#ready(stream, chosen === 'h2' || (chosen === false && this.h2));
  }

  #ready(stream: Stream, h2: boolean): void {
    if (!stream.raw) {
      stream.serverMajor = h2 ? 2 : 1;
      if (h2) this.#speakH2(stream);
    }
    stream.onServerConnected();
  }

  #introduce(stream: Stream): void {
    const header = proxyHeader(stream);
    this.introduced = true;
    if (header !== null) this.conn.write(header, 0, header.length);
  }

  /** Goes on as the first stream of a connection that speaks HTTP/2. */
  #speakH2(stream: Stream): void {
    this.#introduce(stream);
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
    const inHandshake = this.tls !== null && !this.tls.accepted;
    if (inHandshake) this.#countFailure(this.tls!);
    this.#leave();
    const { stream } = this;
    this.stream = null;
    if (stream !== null) stream.onServerError(this, inHandshake && !code.startsWith('HOSTNAME') ? 'EPROTO' : code);
    else this.server.pool.remove(this);
  }

  #countFailure({ servername }: Outgoing): void {
    const { server } = this;
    server.c[C.sslFailed]!++;
    server.backend.c[C.sslFailed]!++;
    server.tls?.forget(servername);
  }

  /** `buffer` is the connection's own: it may be passed on without a copy while reading is paused. */
  usesOwnBuffer(buffer: Uint8Array): boolean {
    return this.conn.bulk && this.conn.ownsBuffer(buffer);
  }

  /** Closes it for good; `reset`: so that the server sees that, unless it has ended its side, as in HAProxy. */
  discard(reset = false): void {
    if (this.conn.closed) return;
    this.conn.destroy((reset || this.server.backend.noLinger) && !this.peerEnded);
    this.#leave();
    if (this.stream === null) this.server.pool.remove(this);
    this.stream = null;
  }

  /** Closes it when what waits has been written. */
  finish(): void {
    const unlingered = this.server.backend.noLinger;
    if (this.conn.closed || (!this.conn.blocked && !unlingered)) {
      this.discard();
      return;
    }
    this.stream = null;
    if (unlingered) resetWhenDelivered(this.conn, this.server.backend.serverTimeout, () => this.#leave());
    else {
      this.conn.closeGently();
      this.#leave();
    }
  }

  #opened(): void {
    if (!this.opening) return;
    this.opening = false;
    Atomics.sub(this.server.g, G.opening, 1);
  }

  #leave(): void {
    this.#release();
    this.#opened();
    if (!this.established || this.mux !== null) return;
    this.established = false;
    Atomics.sub(this.server.g, G.used, 1);
  }
}
