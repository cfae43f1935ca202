import type { EndpointView, Vars } from '../expr/types.ts';
import type { ProxyTlv } from '../net/proxy-protocol.ts';
import type { Conn } from '../net/transport.ts';
import type { Env } from './env.ts';
import type { TrafficFrontend, TrafficListener } from './frontend.ts';
import { OwnConnections } from './own-connections.ts';
import type { ServerConn } from './server-conn.ts';
import type { ClientTls } from './tls/client-tls.ts';
import type { Tracking } from './tracking.ts';

/** What PROXY protocol or rules said of an accepted connection before its session began. */
export interface Introduction {
  readonly source: EndpointView | null;
  readonly destination: EndpointView | null;
  /** Those of the connection where a header of it or `tcp-request session` rules have said others; null: the same. */
  readonly connectionSource: EndpointView | null;
  readonly connectionDestination: EndpointView | null;
  /** A PROXY protocol header said so. */
  readonly proxied: boolean;
  readonly tlvs: readonly ProxyTlv[];
  readonly vars: Vars | null;
  readonly tls: ClientTls | null;
  /** Date of accept, ms, and how long it took until the session could begin. */
  readonly acceptedAt: number;
  readonly handshakeTime: number;
  /** Headers of its first packet, when rules have asked for them. */
  readonly savedSyn: string | null;
  readonly tracking: Tracking | null;
}

/** A client connection, whatever is spoken on it. */
export abstract class ConnClient {
  readonly env: Env;
  conn: Conn;
  frontend: TrafficFrontend;
  readonly listener: TrafficListener;
  readonly acceptedAt: number;
  ownedConn: ServerConn | null = null;
  #ownConnections: OwnConnections | null = null;
  sourceView: EndpointView | null = null;
  destinationView: EndpointView | null = null;
  /** Addresses of the connection where its session has others (`fc_src`, `fc_dst`); null: the same. */
  connectionSource: EndpointView | null = null;
  connectionDestination: EndpointView | null = null;
  proxied = false;
  /** Headers that a `tcp-request connection` rule has asked for before the first byte. */
  expectsProxy = false;
  expectsCip = false;
  /** What the PROXY protocol header said besides. */
  tlvs: readonly ProxyTlv[] = [];
  readonly resetCode: number = -1;
  /** A reset of it is one that the client does not notice, once it has got the responses before: with this TTL, 0 where there is no packet; -1: not so. */
  vanishes = -1;
  sessionVars: Vars | null = null;
  tls: ClientTls | null = null;
  handshakeTime = 0;
  /** Headers of its first packet, once they were asked for. */
  savedSyn: string | null = null;
  /** Why no session comes of it (`fc_err`); 0: nothing is wrong. */
  error = 0;
  /** Counters that rules of the connection and of the session have set. */
  tracking: Tracking | null = null;

  constructor(
    env: Env,
    conn: Conn,
    frontend: TrafficFrontend,
    listener: TrafficListener,
    introduction: Introduction | null,
  ) {
    this.env = env;
    this.conn = conn;
    this.frontend = frontend;
    this.listener = listener;
    this.acceptedAt = introduction?.acceptedAt ?? env.now();
    // A connection that was reset has no address any more.
    if (frontend.logger !== null) this.sourceView = { host: conn.remoteHost, port: conn.remotePort };
    if (introduction !== null) {
      this.sourceView = introduction.source ?? this.sourceView;
      this.destinationView = introduction.destination;
      this.connectionSource = introduction.connectionSource;
      this.connectionDestination = introduction.connectionDestination;
      this.proxied = introduction.proxied;
      this.tlvs = introduction.tlvs;
      this.sessionVars = introduction.vars;
      this.tls = introduction.tls;
      this.handshakeTime = introduction.handshakeTime;
      this.savedSyn = introduction.savedSyn;
      this.tracking = introduction.tracking;
    }
  }

  /** What is known of the connection, for another that takes its place. */
  introduction(): Introduction {
    return {
      source: this.source,
      destination: this.destination,
      connectionSource: this.connectionSource,
      connectionDestination: this.connectionDestination,
      proxied: this.proxied,
      tlvs: this.tlvs,
      vars: this.sessionVars,
      tls: this.tls,
      acceptedAt: this.acceptedAt,
      handshakeTime: this.handshakeTime,
      savedSyn: this.savedSyn,
      tracking: this.tracking,
    };
  }

  /** The frontend as a reload may have left it: for the next request of a connection that stays open. Another proxy's is never taken. */
  current(): TrafficFrontend {
    const { frontend, env } = this;
    const next = env.frontends.get(frontend.id);
    if (next !== undefined && next !== frontend && next.slot === frontend.slot && next.http === frontend.http)
      this.frontend = next;
    return this.frontend;
  }

  get base(): this {
    return this;
  }

  /** Streams on it now and at most, and what its peer did that no peer should do. */
  get streams(): number {
    return 1;
  }

  get streamsLimit(): number {
    return 1;
  }

  get glitches(): number {
    return 0;
  }

  /** A value of the PROXY protocol header, as latin1 text; the first of its type. */
  tlv(type: number): string | undefined {
    const found = this.tlvs.find((tlv) => tlv.type === type);
    return found === undefined ? undefined : Buffer.from(found.value).latin1Slice();
  }

  get source(): EndpointView {
    return (this.sourceView ??= { host: this.conn.remoteHost, port: this.conn.remotePort });
  }

  get destination(): EndpointView {
    return (this.destinationView ??= { host: this.conn.localHost, port: this.conn.localPort });
  }

  get vars(): Vars {
    return (this.sessionVars ??= new Map());
  }

  get ownConnections(): OwnConnections {
    return (this.#ownConnections ??= new OwnConnections());
  }

  /** Parts with the server connections that no other client may have. */
  protected leaveServers(): void {
    this.ownedConn = null;
    this.#ownConnections?.close();
  }

  get blocked(): boolean {
    return this.conn.blocked;
  }

  sendRaw(buf: Uint8Array, start: number, end: number, stable: boolean): boolean {
    return stable ? this.conn.writeStable(buf, start, end) : this.conn.write(buf, start, end);
  }

  endRaw(): void {
    this.conn.end();
  }
}
