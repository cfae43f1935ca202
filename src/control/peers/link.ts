import type { GlobalTlsConfig } from '../../config/types.ts';
import { type ClientHello, readClientHello } from '../../net/client-hello.ts';
import { connectThrough, type SocksProxy } from '../../net/socks4.ts';
import { tcpTransport } from '../../net/tcp.ts';
import { connectTls } from '../../net/tls.ts';
import type { TlsConn } from '../../net/tls-conn.ts';
import type { Conn, ConnectSpec, ConnHandler } from '../../net/transport.ts';
import type { TlsAccounts } from '../../traffic/tls/accounts.ts';
import type { BindTls } from '../../traffic/tls/bind-tls.ts';
import type { ClientTls } from '../../traffic/tls/client-tls.ts';
import { answerHello, REFUSED_NAME, TLS_MESSAGES } from '../../traffic/tls/handshake.ts';
import type { Outgoing, ServerTls } from '../../traffic/tls/server-tls.ts';

/** Where a peer is, and how it is reached. */
export interface PeerTarget {
  readonly to: ConnectSpec;
  /** The proxy that it is reached through; null: none. */
  readonly socks4: SocksProxy | null;
  /** How TLS is spoken; null: it is not. */
  readonly tls: ServerTls | null;
}

/** How TLS is answered where peers are accepted. */
export interface PeersFront {
  readonly bind: BindTls;
  readonly accounts: TlsAccounts;
  readonly global: () => GlobalTlsConfig;
}

/** What is heard of a connection. */
export interface LinkEvents {
  /** Bytes may be written: it is connected, with TLS where that is spoken. */
  onOpen(): void;
  /** Valid during the call only. */
  onBytes(bytes: Buffer): void;
  onDrain(): void;
  /** It is over, for this reason where TLS is one; nothing follows. */
  onClosed(problem: string | null): void;
}

/** Begins to connect. */
export function connectLink({ to, socks4, tls }: PeerTarget, events: LinkEvents): PeerLink {
  const link = new PeerLink(events, null);
  link.connect(connectThrough(tcpTransport, socks4, to, link), tls);
  return link;
}

/** Takes a connection that came in. `front`: TLS is spoken on it. */
export function acceptLink(conn: Conn, front: PeersFront | null, events: LinkEvents): PeerLink {
  const link = new PeerLink(events, front);
  link.accept(conn);
  return link;
}

/** A connection with a peer up to the first byte of its protocol, in the clear or over TLS. */
export class PeerLink implements ConnHandler {
  readonly #events: LinkEvents;
  readonly #front: PeersFront | null;
  #conn!: Conn;
  #stage: 'connecting' | 'hello' | 'handshake' | 'open' | 'closed' = 'connecting';
  /** The other side's certificate is judged by one of them. */
  #server: ServerTls | null = null;
  #outgoing: Outgoing | null = null;
  #client: ClientTls | null = null;
  /** Of a hello that is not whole yet. */
  #held: Buffer = Buffer.alloc(0);

  constructor(events: LinkEvents, front: PeersFront | null) {
    this.#events = events;
    this.#front = front;
  }

  connect(conn: Conn, tls: ServerTls | null): void {
    this.#conn = conn;
    this.#server = tls;
  }

  accept(conn: Conn): void {
    this.#conn = conn;
    conn.handler = this;
    this.#stage = this.#front === null ? 'open' : 'hello';
    conn.start();
    if (this.#front === null) this.#events.onOpen();
  }

  get connected(): boolean {
    return this.#stage !== 'connecting';
  }

  /** The two ends, and whether TLS is spoken. */
  get facts() {
    const { localHost, localPort, remoteHost, remotePort } = this.#conn;
    return { localHost, localPort, remoteHost, remotePort, secure: this.#front !== null || this.#server !== null };
  }

  /** False: no more for now, `onDrain` will tell. The bytes must stay as they are until then. */
  write(bytes: Uint8Array): boolean {
    return this.#conn.writeStable(bytes, 0, bytes.length);
  }

  pause(): void {
    this.#conn.pause();
  }

  resume(): void {
    this.#conn.resume();
  }

  /** Ends the connection, `gently`: behind what was written; nothing is heard of it any more. */
  close(gently = false): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'closed';
    if (gently) this.#conn.closeGently();
    else this.#conn.destroy();
  }

  onConnect(): void {
    if (this.#stage === 'connecting') {
      if (this.#server === null) this.#open();
      else this.#greet(this.#server);
    } else if (this.#stage === 'handshake') this.#judge();
  }

  onData(buffer: Buffer, start: number, end: number): void {
    const bytes = buffer.subarray(start, end);
    if (this.#stage === 'hello') this.#hello(Buffer.concat([this.#held, bytes]));
    else if (this.#stage === 'open') this.#events.onBytes(bytes);
  }

  onEnd(): void {
    this.#end(this.#stage === 'handshake' || this.#stage === 'hello' ? TLS_MESSAGES.closed : null);
  }

  onDrain(): void {
    if (this.#stage === 'open') this.#events.onDrain();
  }

  onError(): void {
    const reason = this.#stage === 'handshake' ? (this.#conn as TlsConn).failure?.reason : undefined;
    this.#end(this.#stage === 'handshake' ? (reason ?? TLS_MESSAGES.handshake) : null);
  }

  #open(): void {
    this.#stage = 'open';
    this.#events.onOpen();
  }

  /** Begins a handshake on the connection that was made. */
  #greet(server: ServerTls): void {
    this.#stage = 'handshake';
    try {
      this.#outgoing = server.begin({ name: '', alpn: server.alpn });
      if (this.#outgoing === null) {
        this.#end(TLS_MESSAGES.tooMany);
        return;
      }
      const conn = connectTls(this.#conn, this.#outgoing, this);
      this.#conn = conn;
      conn.hello();
    } catch (error) {
      // A certificate or an option that the library does not take.
      this.#end((error as Error).message);
    }
  }

  /** Answers a handshake, once its first message is there. */
  #hello(bytes: Buffer): void {
    const read = readClientHello(bytes);
    if (read === 'more') {
      this.#held = bytes;
      return;
    }
    const hello: ClientHello | null = read === 'other' ? null : read;
    const { bind, accounts, global } = this.#front!;
    const settings = { bind, accounts, global: global(), now: Date.now(), env: null };
    const answered = answerHello(settings, this.#conn, this, hello, bytes);
    if (typeof answered === 'string') {
      if (answered === TLS_MESSAGES.handshake) this.#conn.write(REFUSED_NAME, 0, REFUSED_NAME.length);
      this.#end(answered);
      return;
    }
    this.#stage = 'handshake';
    this.#client = answered;
    answered.conn.onClosed = () => accounts.leave();
    this.#conn = answered.conn;
  }

  /** The handshake is done: whether the other side is who it has to be. */
  #judge(): void {
    const conn = this.#conn as TlsConn;
    if (this.#client !== null) {
      const verdict = this.#client.established();
      if (verdict === 'ok') this.#open();
      else this.#end(TLS_MESSAGES[verdict]);
      return;
    }
    const problem = this.#server!.problem(conn, this.#outgoing!);
    if (problem === null) this.#open();
    else this.#end(problem);
  }

  #end(problem: string | null): void {
    if (this.#stage === 'closed') return;
    this.close(this.#stage === 'hello');
    this.#events.onClosed(problem);
  }
}
