import {
  type Hello,
  helloText,
  LONGEST_HELLO,
  NEWEST_MINOR,
  readHello,
  readStatus,
  Status,
} from './codec/handshake.ts';
import { Class, ControlType, ErrorType, MessageStream, MessageTooLong, shortMessage } from './codec/messages.ts';
import { PeersProtocolError } from './codec/varint.ts';
import { hear, type Told } from './learn.ts';
import type { LinkEvents, PeerLink } from './link.ts';
import { LinkStatus, type Peer } from './peer.ts';
import { Outgoing, teach } from './teach.ts';
import { leaveTurns, takeTurns, type Worker } from './turns.ts';

/** What a section does for its sessions. */
export interface SessionOwner extends Told {
  /** The local peer's name. */
  readonly localName: string;
  /** Bytes of a message at most. */
  readonly longestMessage: number;
  /** What is taught is all there is. */
  readonly complete: boolean;
  /** Keys are spread over so many shards; 0: they are not. */
  readonly shards: number;
  /** Who said hello: the peer, whose session this is from now on, or the status that it is refused with. */
  admit(session: PeerSession, hello: Hello): Peer | number;
  /** Messages may come and go. */
  opened(session: PeerSession, peer: Peer): void;
  /** The answer to our hello, where it is not success. */
  refused(peer: Peer, status: number): void;
  /** TLS could not be spoken with a peer that was connected to. */
  unsecured(peer: Peer, problem: string): void;
  /** The connection is over; `peer` null: it never said who it is. */
  closed(session: PeerSession, peer: Peer | null): void;
}

/**
 * A connection with a peer. What comes is read in turns, and no more is taken from the socket before it is; what goes out is made when the socket
 * has room.
 */
export class PeerSession implements Worker, LinkEvents {
  readonly #owner: SessionOwner;
  readonly #link: PeerLink;
  readonly outgoing: boolean;
  peer: Peer | null;
  /** When anything came last, ms of Date.now(). */
  heardAt = Date.now();
  /** For `show peers`: how often it had a turn. */
  turns = 0;
  #stage: 'hello' | 'connecting' | 'status' | 'open' | 'closed';
  /** What was received of hello or status. */
  #text = '';
  #stream: MessageStream | null = null;
  #writing = false;

  /** `peer`: whom this side connects to, null for a connection that was accepted; `begin` makes or takes the connection. */
  constructor(owner: SessionOwner, peer: Peer | null, begin: (events: LinkEvents) => PeerLink) {
    this.#owner = owner;
    this.peer = peer;
    this.outgoing = peer !== null;
    this.#stage = 'connecting';
    this.#link = begin(this);
  }

  /** For `show peers`: how far the connection is, and its two ends. */
  get facts() {
    return { stage: this.#stage, ...this.#link.facts };
  }

  /** It is not known yet whether the peer can be reached. */
  get connects(): boolean {
    return this.outgoing && this.#stage === 'connecting' && !this.#link.connected;
  }

  onOpen(): void {
    if (this.outgoing) this.#greet();
    else this.#stage = 'hello';
  }

  onDrain(): void {
    this.#writing = false;
    this.wake();
  }

  onClosed(problem: string | null): void {
    if (problem !== null && this.outgoing) this.#owner.unsecured(this.peer!, problem);
    this.close();
  }

  /** There may be something to say. */
  wake(): void {
    if (this.#stage === 'open') takeTurns(this);
  }

  heartbeat(): void {
    if (this.#stage !== 'open' || this.#writing) return;
    this.peer!.counters.heartbeatsSent++;
    this.#write(shortMessage(Class.control, ControlType.heartbeat));
  }

  /** Ends the connection; nothing comes of it any more. */
  close(): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'closed';
    leaveTurns(this);
    this.#link.close();
    this.#owner.closed(this, this.peer);
  }

  /** Nothing came for too long. */
  silent(): void {
    if (this.#stage === 'open') this.peer!.counters.silences++;
    this.close();
  }

  turn(deadline: number): boolean {
    if (this.#stage !== 'open') return false;
    this.turns++;
    try {
      if (!this.#hear(deadline)) return true;
    } catch (error) {
      if (!(error instanceof PeersProtocolError)) throw error;
      this.#wrong(error);
      return false;
    }
    if (this.#stage !== 'open') return false;
    this.#link.resume();
    return this.#say(deadline);
  }

  #greet(): void {
    const { name, downgraded } = this.peer!;
    this.#stage = 'status';
    this.peer!.status = LinkStatus.connected;
    const hello = { minor: downgraded ? 0 : NEWEST_MINOR, to: name, from: this.#owner.localName };
    this.#write(helloText(hello, process.pid));
  }

  onBytes(bytes: Buffer): void {
    this.heardAt = Date.now();
    if (this.#stage === 'open') {
      this.#stream!.push(Buffer.from(bytes));
      this.#link.pause();
      takeTurns(this);
      return;
    }
    if (this.#stage === 'closed') return;
    this.#text += bytes.toString('latin1', 0, LONGEST_HELLO);
    const rest = bytes.subarray(LONGEST_HELLO);
    if (this.#stage === 'hello') this.#readHello(rest);
    else if (this.#stage === 'status') this.#readStatus(rest);
  }

  #readHello(rest: Buffer): void {
    const read = readHello(this.#text);
    if (read === null) return;
    const peer = typeof read === 'number' ? read : this.#owner.admit(this, read.hello);
    if (typeof peer === 'number') {
      this.#finish(`${peer}\n`);
      return;
    }
    this.peer = peer;
    this.#write(`${Status.success}\n`);
    this.#open((read as { length: number }).length, rest);
  }

  #readStatus(rest: Buffer): void {
    const read = readStatus(this.#text);
    if (read === null) return;
    if (read.status !== Status.success) {
      this.#owner.refused(this.peer!, read.status);
      this.close();
      return;
    }
    this.#open(read.length, rest);
  }

  /** `length` characters of what was received are the handshake; the rest are messages. */
  #open(length: number, rest: Buffer): void {
    this.#stage = 'open';
    this.#stream = new MessageStream(this.#owner.longestMessage);
    this.#stream.push(Buffer.concat([Buffer.from(this.#text.slice(length), 'latin1'), rest]));
    this.#text = '';
    this.#owner.opened(this, this.peer!);
    takeTurns(this);
  }

  /** Reads messages; false when the time is over before the last. */
  #hear(deadline: number): boolean {
    const stream = this.#stream!;
    for (let count = 1; ; count++) {
      const message = stream.next();
      if (message === null || this.#stage !== 'open') return true;
      hear(this.peer!, message, this.#owner);
      if (count % 64 === 0 && performance.now() > deadline) return false;
    }
  }

  /** Makes and writes what is to be said; true when there is more, and room for it. */
  #say(deadline: number): boolean {
    if (this.#writing) return false;
    const out = new Outgoing();
    const all = teach(this.peer!, out, deadline, this.#owner);
    if (out.length > 0) this.#write(out.bytes);
    return !all && !this.#writing;
  }

  #write(bytes: string | Uint8Array): void {
    if (!this.#link.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)) this.#writing = true;
  }

  #wrong(error: PeersProtocolError): void {
    this.peer!.counters.errors++;
    const type = error instanceof MessageTooLong ? ErrorType.size : ErrorType.protocol;
    this.#finish(shortMessage(Class.error, type));
  }

  /** Ends the connection with a last word. */
  #finish(word: string | Uint8Array): void {
    this.#write(word);
    this.#stage = 'closed';
    leaveTurns(this);
    this.#link.close(true);
    this.#owner.closed(this, this.peer);
  }
}
