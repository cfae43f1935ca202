import type { Conn } from '../../net/transport.ts';
import { type Hello, Status } from './codec/handshake.ts';
import { beginSession } from './lesson.ts';
import { acceptLink, connectLink, type PeersFront } from './link.ts';
import { LinkStatus, Peer, type PeerOptions } from './peer.ts';
import { Resync } from './resync.ts';
import { PeerSession, type SessionOwner } from './session.ts';
import type { SharedTable } from './shared-table.ts';
import { startTeaching } from './teach.ts';

/** What a section of peers is made of. */
export interface SectionOptions {
  readonly name: string;
  readonly localName: string;
  /** The local one too, in the order of the configuration. */
  readonly peers: readonly PeerOptions[];
  /** Keys are spread over so many shards; 0: each peer is taught all of them. */
  readonly shards: number;
  /** Tables that name the section. */
  readonly tables: readonly SharedTable[];
  /** Bytes of a message at most (`tune.bufsize`). */
  readonly longestMessage: number;
  /** The process that this one replaces may teach it. */
  readonly awaitsOldProcess: boolean;
  /** Tells operators why a peer cannot be spoken to. */
  readonly warn: (text: string) => void;
}

/** Times of HAProxy's, ms. */
const RECONNECT_MS = 5000;
const LOCAL_RECONNECT_MS = 500;
const CONNECT_MS = 1000;
/** Between two attempts to connect, while the time to reconnect is not over. */
const TURN_AROUND_MS = 1000;
const HEARTBEAT_MS = 3000;
const SILENCE_MS = 5000;
/** How often is looked whether something is to be done. */
const TICK_MS = 20;
/** Accepted connections that have not said who they are, at most; each of them has five seconds. */
const MOST_STRANGERS = 16;

/** Both ends may cut their connections at the same time: they must not connect again at the same time. */
const soon = (): number => Date.now() + 50 + Math.floor(Math.random() * 2000);

/** A section of peers at work: connects, accepts, asks to be taught, teaches. */
export class PeersSection implements SessionOwner {
  readonly name: string;
  readonly localName: string;
  readonly longestMessage: number;
  readonly startedAt = Date.now();
  readonly resync: Resync;
  /** In the order of the configuration. */
  readonly peers: readonly Peer[];
  readonly local: Peer;
  readonly #sessions = new Set<PeerSession>();
  readonly #strangers = new Set<PeerSession>();
  readonly #timer: NodeJS.Timeout;
  readonly #warn: SectionOptions['warn'];
  readonly shards: number;
  /** For `show peers`: how often was looked. */
  ticks = 0;
  /** Called once, when the local peer is taught or cannot be. */
  #handedOver: (() => void) | null = null;
  #handOverUntil = 0;

  constructor(options: SectionOptions) {
    const { name, localName, peers, tables, longestMessage, awaitsOldProcess } = options;
    this.name = name;
    this.localName = localName;
    this.longestMessage = longestMessage;
    this.shards = options.shards;
    this.#warn = options.warn;
    this.peers = peers.map((peer) => new Peer(peer, peer.name === localName, tables));
    this.local = this.peers.find(({ local }) => local)!;
    this.resync = new Resync(awaitsOldProcess);
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  get complete(): boolean {
    return this.resync.finished;
  }

  /** Sessions under way, and those whose hello was answered. */
  get sessions(): { readonly active: number; readonly connected: number } {
    return { active: this.#sessions.size, connected: this.peers.filter(({ open }) => open).length };
  }

  /** A connection came in. `front`: TLS is spoken on it. */
  accept(conn: Conn, front: PeersFront | null): void {
    if (this.#strangers.size >= MOST_STRANGERS) {
      conn.destroy();
      return;
    }
    const session = new PeerSession(this, null, (events) => acceptLink(conn, front, events));
    this.#sessions.add(session);
    this.#strangers.add(session);
  }

  admit(session: PeerSession, hello: Hello): Peer | number {
    if (hello.to !== this.localName) return Status.localName;
    const peer = this.peers.find(({ name }) => name === hello.from);
    if (peer === undefined) return Status.remoteName;
    if (peer.session !== null) {
      if (peer.local) return Status.tryAgain;
      peer.counters.collisions++;
      const other = peer.session;
      peer.session = null;
      other.close();
      peer.reconnectAt = soon();
    }
    this.#strangers.delete(session);
    peer.downgraded = hello.minor === 0;
    peer.session = session;
    return peer;
  }

  opened(session: PeerSession, peer: Peer): void {
    const now = Date.now();
    peer.reset();
    peer.open = true;
    peer.status = LinkStatus.success;
    if (session.outgoing) peer.problem = null;
    peer.lastHandshake = now;
    peer.heartbeatAt = now + HEARTBEAT_MS;
    peer.learning = 'NOTASSIGNED';
    peer.notUpToDate = false;
    for (const lesson of peer.lessons) beginSession(lesson);
    if (!peer.local) this.resync.mayAsk(peer);
    else if (session.outgoing) startTeaching(peer);
    else this.resync.mayLearnFromLocal(peer);
  }

  refused(peer: Peer, status: number): void {
    peer.status = status;
    peer.lastHandshake = Date.now();
    if (status === Status.version) peer.downgraded = !peer.downgraded;
  }

  unsecured(peer: Peer, problem: string): void {
    if (peer.problem === problem) return;
    peer.problem = problem;
    this.#warn(`peers ${this.name}: no TLS with peer '${peer.name}': ${problem}`);
  }

  closed(session: PeerSession, peer: Peer | null): void {
    this.#sessions.delete(session);
    this.#strangers.delete(session);
    if (peer === null || peer.session !== session) return;
    peer.session = null;
    if (peer.open) peer.reconnectAt = soon();
    else if (peer.status === LinkStatus.connecting) peer.retryAt = Date.now() + TURN_AROUND_MS;
    peer.heartbeatAt = null;
    peer.reset();
    this.resync.lost(peer);
  }

  taughtUs(peer: Peer, complete: boolean): void {
    this.resync.taught(peer, complete);
  }

  confirmed(peer: Peer): void {
    if (peer.local && this.#handedOver !== null) this.#endHandOver();
  }

  /**
   * Teaches the process that takes over, which listens at the local peer's address; no other peer is taught any more. Resolves when that
   * one has all, or cannot be reached in five seconds.
   */
  handOver(): Promise<void> {
    for (const peer of this.peers) peer.session?.close();
    this.#handOverUntil = Date.now() + SILENCE_MS;
    this.local.reconnectAt = Date.now();
    return new Promise((resolve) => {
      this.#handedOver = resolve;
    });
  }

  #endHandOver(): void {
    this.#handedOver?.();
    this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const session of [...this.#sessions]) session.close();
    this.#handedOver?.();
    this.#handedOver = null;
  }

  #tick(): void {
    this.ticks++;
    const now = Date.now();
    for (const session of this.#sessions) {
      const most = session.connects ? CONNECT_MS : SILENCE_MS;
      if (now - session.heardAt > most) session.silent();
    }
    if (this.#handedOver !== null) return this.#tickHandOver(now);
    this.resync.tick(this.peers, now);
    for (const peer of this.peers) if (!peer.local) this.#tickPeer(peer, now);
  }

  #tickPeer(peer: Peer, now: number): void {
    if (peer.session === null) {
      if (peer.target === null) return;
      if (peer.reconnectAt === null || now >= peer.reconnectAt) this.#connect(peer, RECONNECT_MS);
      else if (peer.retryAt !== null && now >= peer.retryAt) this.#link(peer);
      return;
    }
    if (!peer.open) return;
    if (peer.learning === 'ASSIGNED' || (peer.learning === 'NOTASSIGNED' && !peer.teaching && peer.hasChanges())) {
      peer.heartbeatAt = now + HEARTBEAT_MS;
      peer.session.wake();
    } else if (peer.heartbeatAt !== null && now >= peer.heartbeatAt) {
      peer.heartbeatAt = now + HEARTBEAT_MS;
      peer.session.heartbeat();
    }
  }

  #tickHandOver(now: number): void {
    const { local } = this;
    if (local.session !== null) return;
    const { none, connected, success } = LinkStatus;
    const mayTry = [none, connected, success, Status.tryAgain].some((status) => status === local.status);
    if (now > this.#handOverUntil || !mayTry || local.target === null) this.#endHandOver();
    else if (now >= (local.reconnectAt ?? 0)) this.#connect(local, LOCAL_RECONNECT_MS);
  }

  #connect(peer: Peer, again: number): void {
    peer.counters.connects++;
    peer.reconnectAt = Date.now() + again;
    peer.heartbeatAt = null;
    peer.status = LinkStatus.connecting;
    peer.lastHandshake = Date.now();
    this.#link(peer);
  }

  #link(peer: Peer): void {
    peer.retryAt = null;
    peer.session = new PeerSession(this, peer, (events) => connectLink(peer.target!, events));
    this.#sessions.add(peer.session);
  }
}
