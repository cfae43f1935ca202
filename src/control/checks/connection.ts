import type { EndpointView } from '../../expr/types.ts';
import { C } from '../../model/counters.ts';
import { connectThrough, type SocksProxy } from '../../net/socks4.ts';
import { tcpTransport } from '../../net/tcp.ts';
import { connectTls } from '../../net/tls.ts';
import type { TlsConn } from '../../net/tls-conn.ts';
import type { Conn, ConnectSpec, ConnHandler } from '../../net/transport.ts';
import { ServerSession } from '../../traffic/tls/server-session.ts';
import type { Hello, Outgoing, ServerTls } from '../../traffic/tls/server-tls.ts';
import { errnoText } from '../../util/libc/errno.ts';
import { connectProblem, isLocal } from './errors.ts';
import { CheckH2 } from './h2.ts';

/** How a connection of a check is made. */
export interface ConnectionSetup {
  readonly to: ConnectSpec;
  /** The proxy that it goes through, null: none. */
  readonly socks4: SocksProxy | null;
  /** What comes first, in the clear; asked once the connection is there. */
  readonly header: (conn: Conn) => Uint8Array | null;
  readonly tls: { readonly server: ServerTls; readonly hello: Hello; readonly rows: readonly Float64Array[] } | null;
  /** Whether HTTP/2 is spoken; `agreed`: where ALPN says so. */
  readonly h2: 'yes' | 'no' | 'agreed';
  /** Closed with a FIN instead of a RST. */
  readonly linger: boolean;
}

export interface ConnectionEvents {
  /** It can be used: with TLS where that is spoken. */
  onOpen(): void;
  /** The bytes are the receiver's. */
  onData(bytes: Buffer): void;
  onEnd(): void;
  /** It is over, and why. */
  onFailure(text: string): void;
}

/** A connection of a check, up to the first byte of the check itself. */
export class CheckConnection implements ConnHandler {
  /** How far it got: what failures and timeouts are told of. */
  stage: 'connecting' | 'handshake' | 'open' = 'connecting';
  /** No more will come. */
  ended = false;
  h2: CheckH2 | null = null;
  session: ServerSession | null = null;
  readonly #setup: ConnectionSetup;
  readonly #events: ConnectionEvents;
  #conn: Conn;
  #outgoing: Outgoing | null = null;
  #closed = false;
  /** The server has reset it. */
  #gone = false;

  constructor(setup: ConnectionSetup, events: ConnectionEvents) {
    this.#setup = setup;
    this.#events = events;
    const { to, socks4 } = setup;
    this.#conn = connectThrough(tcpTransport, socks4, to, this);
  }

  /** Over a socket of this machine. */
  get isLocal(): boolean {
    return isLocal(this.#setup.to.family);
  }

  get source(): EndpointView {
    return { host: this.#conn.localHost, port: this.#conn.localPort };
  }

  get destination(): EndpointView {
    return { host: this.#conn.remoteHost, port: this.#conn.remotePort };
  }

  /** TLS is spoken, and the server has been found to be the right one. */
  get secured(): boolean {
    return this.#outgoing?.accepted === true;
  }

  /** Sends latin1. */
  write(text: string): void {
    if (!this.#closed && !this.#gone && !this.ended) this.#conn.writeLatin1(text);
  }

  onConnect(): void {
    if (this.stage === 'handshake') {
      this.#secured();
      return;
    }
    const header = this.#setup.header(this.#conn);
    if (header !== null) this.#conn.write(header, 0, header.length);
    const { tls } = this.#setup;
    if (tls === null) {
      this.#open(this.#setup.h2 === 'yes');
      return;
    }
    this.stage = 'handshake';
    try {
      this.#outgoing = tls.server.begin(tls.hello);
      if (this.#outgoing === null) {
        this.#fail('Too many SSL connections');
        return;
      }
      const conn = connectTls(this.#conn, this.#outgoing, this);
      this.#conn = conn;
      this.session = new ServerSession(conn, this.#outgoing);
      conn.hello();
    } catch {
      // A certificate or an option that the library does not take: found when the configuration was read.
      this.onError('EPROTO');
    }
  }

  #secured(): void {
    const { server, rows } = this.#setup.tls!;
    const conn = this.#conn as TlsConn;
    const problem = server.problem(conn, this.#outgoing!);
    if (problem !== null) {
      const name = server.config.verifyHost === null ? 'expected' : 'configured';
      this.#fail(problem.startsWith('HOSTNAME_MISMATCH') ? OTHER_CERTIFICATE(name) : HANDSHAKE_FAILURE);
      return;
    }
    for (const row of rows) row[C.sslSessions]!++;
    const agreed = this.#setup.h2 === 'agreed' && conn.tls.getALPNNegotiatedProtocol() === 'h2';
    this.#open(agreed || this.#setup.h2 === 'yes');
  }

  #open(h2: boolean): void {
    this.stage = 'open';
    if (h2) this.h2 = new CheckH2(this.#conn, this.#setup.tls !== null, this.#events);
    this.#events.onOpen();
  }

  onData(buffer: Buffer, start: number, end: number): void {
    const bytes = Buffer.from(buffer.subarray(start, end));
    if (this.h2 === null) this.#events.onData(bytes);
    else this.h2.receive(bytes);
  }

  onEnd(): void {
    if (this.stage !== 'open') {
      this.onError('EPIPE');
      return;
    }
    this.ended = true;
    this.h2?.receive(null);
    this.#events.onEnd();
  }

  onDrain(): void {}

  onError(code: string): void {
    if (this.stage === 'connecting') {
      if (code !== 'ECONNRESET' || this.#setup.socks4 !== null) return this.#fail(connectProblem(this.#setup.to, code));
      // Who refuses a connection is told apart by the system: this one had been accepted.
      this.#gone = true;
      this.stage = this.#setup.tls === null ? 'open' : 'handshake';
      if (this.stage === 'open') this.#events.onOpen();
    }
    this.#fail(this.stage === 'handshake' ? HANDSHAKE_FAILURE : errnoText(code));
  }

  #fail(text: string): void {
    if (this.stage === 'handshake') for (const row of this.#setup.tls!.rows) row[C.sslFailed]!++;
    this.#events.onFailure(text);
  }

  /** Closes it: checks reset their connections, so that no port is left in TIME_WAIT, unless `linger` is asked for. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.h2?.close();
    if (this.#setup.linger && this.stage === 'open') this.#conn.closeGently();
    else this.#conn.destroy(this.stage !== 'connecting');
  }
}

const HANDSHAKE_FAILURE = 'SSL handshake failure';
const OTHER_CERTIFICATE = (which: 'configured' | 'expected') =>
  `Server presented an SSL certificate different from the ${which} one`;
