import { C, G } from '../../model/counters.ts';
import type { Conn, ConnHandler } from '../../net/transport.ts';
import type { PooledConn } from '../idle-pool.ts';
import type { OwnConnections } from '../own-connections.ts';
import type { TrafficServer } from '../server.ts';
import { ServerConn } from '../server-conn.ts';
import type { ServerSession } from '../tls/server-session.ts';
import { H2Error, PREFACE, Setting } from './frames.ts';
import { type FramingOwner, H2Framing } from './framing.ts';
import { IdlePing } from './idle-ping.ts';
import { H2ServerStream } from './server-stream.ts';

/** Highest number that a stream may have. */
const STREAM_MAX = 0x7fff_ffff;

/**
 * A connection to a server that speaks HTTP/2: many streams at once. Each is a `ServerConn` of its own to the exchange that uses it. While
 * none is under way the connection rests in the server's pool; while some are, it is open to streams of other clients, or to those of
 * one client only, as `http-reuse` says (manual, section 4.2: head-of-line blocking of one client is not to hold up another one).
 */
export class H2ServerConnection implements ConnHandler, FramingOwner<H2ServerStream>, PooledConn {
  readonly server: TrafficServer;
  readonly conn: Conn;
  readonly key: string;
  readonly session: ServerSession | null;
  readonly framing: H2Framing<H2ServerStream>;
  private = false;
  /** The server takes WebSockets over HTTP/2 (RFC 8441). */
  takesConnect = false;
  /** Times that something was read: a stream that has seen none of it may have crossed with the end of the connection. */
  reads = 0;
  /** Streams at once: ours, and the server's say. */
  #limit: number;
  #opened = 0;
  /** No more streams are begun. */
  #retired = false;
  #closed = false;
  readonly #ping: IdlePing | null;
  #inUse: boolean;
  #resting = false;
  /** The client whose streams alone may use it while it has any. */
  #owner: OwnConnections | null = null;

  /** Takes `first`'s connection over, which is established, and begins to speak HTTP/2 on it. `shared` as in `ServerConn.use`. */
  constructor(first: ServerConn, shared: boolean) {
    const { server, conn } = first;
    const { env } = server;
    const { tune } = env.global;
    this.server = server;
    this.conn = conn;
    this.key = first.key;
    this.session = first.session;
    this.private = first.private || first.single;
    this.#retired = first.single;
    this.#inUse = shared;
    this.#limit = tune.h2BeMaxConcurrentStreams ?? tune.h2MaxConcurrentStreams;
    this.framing = new H2Framing(env, conn, this);
    const { idlePing } = server.config;
    this.#ping = idlePing > 0 ? new IdlePing(env.wheel, this.framing.output, idlePing, () => this.#close()) : null;
    conn.handler = this;
    server.pool.muxes.add(this);
    const { output } = this.framing;
    output.raw(PREFACE);
    output.settings([
      [Setting.enablePush, 0],
      [Setting.maxConcurrentStreams, this.#limit],
      [Setting.initialWindowSize, tune.h2BeInitialWindowSize ?? tune.h2InitialWindowSize],
      [Setting.headerTableSize, tune.h2HeaderTableSize],
      [Setting.maxHeaderListSize, tune.bufsize],
    ]);
    server.backend.c[C.h2Connections]!++;
    Atomics.add(server.backend.g, G.h2Open, 1);
  }

  /** Likely to be kept open by its server: HTTP/2 says so when it is not. */
  get safe(): boolean {
    return true;
  }

  /** Streams at once, at most. */
  get limit(): number {
    return this.#limit;
  }

  // ---- streams

  /** How many more streams may begin now. */
  get available(): number {
    const { framing, server } = this;
    if (this.#retired || framing.closing || framing.leaving || this.conn.closed || server.removed) return 0;
    const { maxReuse } = server.config;
    const uses = maxReuse < 0 ? this.#limit : maxReuse + 1 - this.#opened;
    const ids = (STREAM_MAX - framing.lastStream) >> 1;
    return Math.max(0, Math.min(this.#limit - framing.streams.size, uses, ids));
  }

  /** Begins a stream for `conn`, which stands for it from now on. */
  attach(conn: ServerConn): void {
    const { framing, server } = this;
    const id = framing.lastStream === 0 ? 1 : framing.lastStream + 2;
    framing.lastStream = id;
    this.#opened++;
    const { tune } = server.env.global;
    const stream = new H2ServerStream(this, id, conn, tune.h2BeInitialWindowSize ?? tune.h2InitialWindowSize);
    framing.streams.set(id, stream);
    conn.conn = stream;
    conn.mux = this;
    conn.session = this.session;
    // Streams of a connection come behind its header.
    conn.introduced = true;
    conn.private = this.private;
    server.backend.c[C.h2Streams]!++;
    Atomics.add(server.backend.g, G.h2OpenStreams, 1);
  }

  /** A stream of it for who may have one, null when there is none left. */
  take(): ServerConn | null {
    if (this.available <= 0) return null;
    if (this.#resting) {
      this.#resting = false;
      this.#ping?.stop();
      this.server.pool.remove(this);
      if (!this.private) {
        this.#inUse = true;
        this.server.pool.use(true);
      }
    }
    const conn = new ServerConn(this.server, this.key);
    this.attach(conn);
    return conn;
  }

  /** The exchange on `conn` is complete. */
  release(conn: ServerConn): void {
    (conn.conn as H2ServerStream).release();
  }

  /** It has got a stream of the client that `own` belongs to: who else may use it meanwhile. */
  share(own: OwnConnections): void {
    const mode = this.server.backend.config.httpReuse;
    if (this.private || mode === 'safe' || mode === 'never') {
      if (mode === 'never') this.private = true;
      if (this.#owner !== null) return;
      this.#owner = own;
      own.add(this);
    } else if (mode === 'always') this.server.pool.offer(this);
  }

  // ---- frames

  onConnect(): void {}

  onData(buf: Buffer, start: number, end: number): void {
    this.reads++;
    this.framing.read(buf, start, end);
  }

  onBlock(stream: H2ServerStream, buf: Buffer, start: number, end: number, ended: boolean): void {
    if (!stream.onHeaders(this.framing.decoder, buf, start, end, ended)) this.framing.fail(H2Error.compression);
  }

  /** Servers begin no streams. */
  onNewBlock(): void {
    this.framing.fail(H2Error.protocol);
  }

  onSetting(name: number, value: number): void {
    if (name === Setting.enableConnectProtocol) this.takesConnect = value === 1;
    if (name !== Setting.maxConcurrentStreams) return;
    const { tune } = this.server.env.global;
    this.#limit = Math.min(value, tune.h2BeMaxConcurrentStreams ?? tune.h2MaxConcurrentStreams);
  }

  /** Whether WebSockets can go on as HTTP/2 is known now. */
  onSettled(): void {
    for (const stream of [...this.framing.streams.values()]) stream.proceed();
  }

  /** No more streams; those behind `lastStream` have not been looked at (RFC 9113, 6.8). */
  onGoAway(lastStream: number): void {
    this.retire();
    for (const stream of [...this.framing.streams.values()]) {
      if (stream.id <= lastStream) continue;
      stream.lost(H2Error.refusedStream);
      this.framing.remove(stream.id);
    }
    if (this.framing.streams.size === 0) this.#close();
  }

  onPong(): void {
    this.#ping?.answered();
  }

  onFlushed(): void {}

  onDrain(): void {
    this.framing.onDrain();
  }

  onFailed(code: number): void {
    this.server.backend.c[C.h2Errors]!++;
    this.framing.goAway(0, code);
    this.#close();
  }

  onEnd(): void {
    this.#close();
  }

  onError(): void {
    this.#close();
  }

  // ---- life

  /** No more streams are begun on it; it ends with the last one. */
  retire(): void {
    this.#retired = true;
    this.server.pool.withdraw(this);
  }

  onStreamGone(): void {
    Atomics.sub(this.server.backend.g, G.h2OpenStreams, 1);
    if (this.framing.closing) return;
    if (this.framing.streams.size === 0) this.#rest();
    else if (this.#owner === null && this.available > 0) this.server.pool.offer(this);
  }

  /** Nothing is under way. */
  #rest(): void {
    const { server } = this;
    if (!this.private) this.#disown();
    server.pool.withdraw(this);
    if (this.available <= 0 || !server.usable || this.conn.blocked || (this.private && this.#owner === null)) {
      this.#close();
      return;
    }
    this.#resting = true;
    if (server.pool.keep(this)) {
      this.#release();
      this.#ping?.start(server.env.now());
    } else this.#close();
  }

  #disown(): void {
    this.#owner?.remove(this);
    this.#owner = null;
  }

  /** Ends it: idle for too long, or its server is not to be used any more. */
  discard(): void {
    this.#close();
  }

  /** Its client has ended. */
  onOwnerGone(): void {
    this.#owner = null;
    if (this.framing.streams.size === 0) this.#close();
    else if (this.private) this.retire();
  }

  #release(): void {
    if (!this.#inUse) return;
    this.#inUse = false;
    this.server.pool.release();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ping?.stop();
    const { server, framing, conn } = this;
    const orderly = framing.greeted && !framing.closing && !conn.closed;
    if (orderly) framing.output.goAway(0, H2Error.none);
    framing.loseAll();
    framing.output.flush();
    framing.output.closed = true;
    if (server.backend.noLinger) conn.destroy(true);
    else conn.closeGently();
    this.#disown();
    this.#release();
    server.pool.withdraw(this);
    if (this.#resting) server.pool.remove(this);
    server.pool.muxes.delete(this);
    Atomics.sub(server.g, G.used, 1);
    Atomics.sub(server.backend.g, G.h2Open, 1);
  }
}
